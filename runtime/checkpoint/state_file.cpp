#include "runtime/checkpoint/state_file.h"

#include <fmt/format.h>

#include <algorithm>

#include "runtime/base/crc32c.h"
#include "runtime/env/files.h"

namespace flow::runtime {
namespace {

constexpr size_t buffer_bytes = 256 * 1024;

Status damaged(const std::string& path, std::string_view what) {
  return Status(ExitCode::checkpoint_damaged, fmt::format("the state file '{}' is damaged: {}", path, what));
}

uint64_t offset_of(const StateFile& file, size_t section) {
  uint64_t offset = 0;
  for (size_t i = 0; i < section; ++i) offset += file.sections[i].length;
  return offset;
}

// Opened, and of the length that is listed.
Result<std::unique_ptr<File>> open_listed(Env& env, const std::string& path, const StateFile& listed) {
  FLOW_TRY_ASSIGN(std::unique_ptr<File> file,
                  env.open(path, OpenMode::read, Access::own).as(ExitCode::checkpoint_damaged));
  FLOW_TRY_ASSIGN(FileStat stat, file->stat().as(ExitCode::checkpoint_damaged));
  if (stat.size != listed.length()) {
    return damaged(path, fmt::format("it has {} bytes instead of {}", stat.size, listed.length()));
  }
  return file;
}

// Hands the section to `take` in pieces of at most `buffer`'s size.
template <typename Take>
Status read_pieces(File& file, std::string& buffer, uint64_t offset, uint64_t length, Take take) {
  while (length > 0) {
    size_t wanted = static_cast<size_t>(std::min<uint64_t>(length, buffer.size()));
    FLOW_TRY_ASSIGN(size_t got,
                    read_fully(file, std::span(buffer).first(wanted), offset).as(ExitCode::checkpoint_damaged));
    if (got < wanted) return damaged(file.path(), "it ends too early");
    take(std::string_view(buffer).substr(0, got));
    offset += got;
    length -= got;
  }
  return Status();
}

} // namespace

StateFileWriter::StateFileWriter(std::unique_ptr<File> file, const std::string& name, std::string place)
    : file_(std::move(file)), place_(std::move(place)) {
  written_.name = name;
}

Result<StateFileWriter> StateFileWriter::create(Env& env, const std::string& folder, const std::string& name,
                                                std::string place) {
  FLOW_TRY_ASSIGN(std::unique_ptr<File> file, env.open(join_path(folder, name), OpenMode::create, Access::own));
  return StateFileWriter(std::move(file), name, std::move(place));
}

void StateFileWriter::begin_section(uint32_t group) {
  written_.sections.push_back({.group = group, .length = 0, .crc = crc32c_of_block(place_, offset_, "")});
}

void StateFileWriter::append(std::string_view bytes) {
  StateSection& section = written_.sections.back();
  section.length += bytes.size();
  section.crc = crc32c(bytes, section.crc);
  buffer_.append(bytes);
  if (buffer_.size() >= buffer_bytes) flush();
}

void StateFileWriter::end_section() { offset_ += written_.sections.back().length; }

void StateFileWriter::flush() {
  if (failure_.is_ok()) failure_ = file_->write(buffer_);
  buffer_.clear();
}

Result<StateFile> StateFileWriter::finish() {
  flush();
  if (!failure_.is_ok()) return failure_;
  return written_;
}

Status StateFileWriter::sync() {
  FLOW_TRY(file_->fsync());
  return file_->close();
}

Status verify_state_file(Env& env, const std::string& folder, const std::string& place, const StateFile& file) {
  FLOW_TRY_ASSIGN(std::unique_ptr<File> opened, open_listed(env, join_path(folder, file.name), file));
  std::string buffer(buffer_bytes, '\0');
  uint64_t offset = 0;
  for (const StateSection& section : file.sections) {
    uint32_t crc = crc32c_of_block(place, offset, "");
    FLOW_TRY(read_pieces(*opened, buffer, offset, section.length,
                         [&](std::string_view piece) { crc = crc32c(piece, crc); }));
    if (crc != section.crc) return damaged(opened->path(), fmt::format("wrong checksum at byte {}", offset));
    offset += section.length;
  }
  return Status();
}

Result<std::string> read_section(Env& env, const std::string& folder, const std::string& place, const StateFile& file,
                                 size_t section) {
  FLOW_TRY_ASSIGN(std::unique_ptr<File> opened, open_listed(env, join_path(folder, file.name), file));
  uint64_t offset = offset_of(file, section);
  const StateSection& listed = file.sections[section];
  std::string bytes(listed.length, '\0');
  FLOW_TRY_ASSIGN(size_t got, read_fully(*opened, bytes, offset).as(ExitCode::checkpoint_damaged));
  if (got < bytes.size() || crc32c_of_block(place, offset, bytes) != listed.crc) {
    return damaged(opened->path(), fmt::format("wrong checksum at byte {}", offset));
  }
  return bytes;
}

} // namespace flow::runtime
