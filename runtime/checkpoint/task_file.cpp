#include "runtime/checkpoint/task_file.h"

#include <fmt/format.h>

#include "runtime/base/crc32c.h"
#include "runtime/env/files.h"
#include "runtime/env/operation.h"

namespace flow::runtime {
namespace {

constexpr std::string_view magic = "FLOWTASK";
constexpr size_t buffer_bytes = 256 * 1024;

// Begins with the folder's and the file's name, so that a file which strayed is noticed.
uint32_t crc_begin(const std::string& folder, std::string_view name) {
  return crc32c(fmt::format("{}/{}:", base_name(folder), name));
}

}  // namespace

Result<std::unique_ptr<TaskFileWriter>> TaskFileWriter::create(Env& env, const std::string& folder,
                                                               const std::string& name) {
  FLOW_TRY_ASSIGN(std::unique_ptr<File> file, env.open(join_path(folder, name), OpenMode::create, Access::own));
  std::unique_ptr<TaskFileWriter> writer(new TaskFileWriter(std::move(file), name, crc_begin(folder, name)));
  FLOW_TRY(writer->put(magic));
  return writer;
}

Status TaskFileWriter::section(SectionKind kind, uint32_t group, std::string_view bytes) {
  ByteWriter head;
  head.u8(static_cast<uint8_t>(kind));
  head.u32(group);
  head.u64(bytes.size());
  FLOW_TRY(put(head.view()));
  return put(bytes);
}

Status TaskFileWriter::put(std::string_view bytes) {
  crc_ = crc32c(bytes, crc_);
  length_ += bytes.size();
  buffer_.append(bytes);
  return buffer_.size() >= buffer_bytes ? flush() : Status();
}

Status TaskFileWriter::flush() {
  FLOW_TRY(file_->write(buffer_));
  buffer_.clear();
  return Status();
}

Result<TaskFile> TaskFileWriter::finish(uint32_t index, bool with_fsync) {
  FLOW_TRY(put(std::string_view("\0", 1)));
  FLOW_TRY(flush());
  if (with_fsync) FLOW_TRY(file_->fsync());
  FLOW_TRY(file_->close());
  return TaskFile{.index = index, .name = name_, .length = length_, .crc = crc_};
}

Result<std::string> read_task_file(Env& env, const std::string& folder, const TaskFile& listed) {
  std::string path = join_path(folder, listed.name);
  auto damaged = [&](std::string_view what) {
    return Status(ExitCode::checkpoint_damaged, fmt::format("the checkpoint file '{}' is damaged: {}", path, what));
  };
  Result<FileStat> stat = env.stat(path);
  if (!stat.is_ok()) {
    if (is_not_found(stat.status())) return damaged("it is missing");
    return std::move(stat).status().as(ExitCode::checkpoint_damaged);
  }
  // Known before it is read, so that a wrong file costs no memory.
  if (stat->size != listed.length) {
    return damaged(fmt::format("it has {} bytes, and {} are listed", stat->size, listed.length));
  }
  FLOW_TRY_ASSIGN(std::string bytes, read_file(env, path, Access::own, listed.length).as(ExitCode::checkpoint_damaged));
  if (bytes.size() != listed.length || crc32c(bytes, crc_begin(folder, listed.name)) != listed.crc) {
    return damaged("its checksum is wrong");
  }
  return bytes;
}

Status for_each_section(std::string_view bytes, std::string_view path,
                        const std::function<Status(SectionKind, uint32_t, std::string_view)>& take) {
  ByteReader in(bytes);
  if (in.raw(magic.size()) != magic) in.fail();
  while (!in.has_failed()) {
    auto kind = static_cast<SectionKind>(in.u8());
    if (kind == SectionKind::end) break;
    if (kind != SectionKind::group && kind != SectionKind::item) in.fail();
    uint32_t group = in.u32();
    uint64_t length = in.u64();
    std::string_view content = in.raw(length);
    if (in.has_failed()) break;
    FLOW_TRY(take(kind, group, content));
  }
  return in.finish(fmt::format("the checkpoint file '{}'", path));
}

}  // namespace flow::runtime
