#include "runtime/connectors/file_sink.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "runtime/base/crc32c.h"
#include "runtime/base/text.h"
#include "runtime/connectors/file_names.h"
#include "runtime/env/files.h"

namespace flow::runtime {
namespace {

constexpr size_t buffer_bytes = 128 * 1024;
constexpr size_t direct_bytes = 32 * 1024; // a full batch is written as it is
constexpr size_t marker_bytes_max = 4096;
constexpr std::string_view marker_title = "flow commit marker 1\n";

struct Folders {
  std::string output;
  std::string staging() const { return join_path(output, ".staging"); }
  std::string notes() const { return join_path(output, ".flow"); }
};

// Everything of one start that the sink's writers share.
struct FileSinkPlan {
  Folders folders;
  FileNames names;
  std::string header;
  uint64_t attempt;
};

class FileWriter final : public SinkWriter {
public:
  // `plan` outlives the writer.
  FileWriter(Env& env, const FileSinkPlan& plan, uint32_t task, uint64_t epoch)
      : env_(env), plan_(plan), task_(task), epoch_(epoch) {}

  Status write(std::string_view records) override {
    if (records.empty()) return Status();
    if (file_ == nullptr) FLOW_TRY(start_file());
    bool is_large = records.size() >= direct_bytes;
    if (is_large || buffer_.size() + records.size() > buffer_bytes) FLOW_TRY(flush());
    if (is_large) return write_out(records);
    buffer_.append(records);
    return Status();
  }

  Result<StagedOutput> close_epoch(uint64_t epoch) override {
    FLOW_ASSERT(epoch >= epoch_, "epochs are closed in their order");
    epoch_ = epoch + 1;
    if (file_ == nullptr) return StagedOutput(pending_, &env_, plan_.folders.staging(), nullptr);
    FLOW_TRY(flush());
    staged_.epoch = epoch;
    staged_.final_name = plan_.names.committed(epoch, task_);
    pending_.push_back(std::move(staged_));
    return StagedOutput(pending_, &env_, plan_.folders.staging(), std::move(file_));
  }

  void committed(uint64_t epoch) override {
    std::erase_if(pending_, [&](const StagedFile& file) { return file.epoch <= epoch; });
  }

private:
  Status start_file() {
    staged_ = StagedFile{};
    staged_.staged_name = plan_.names.staged(plan_.attempt, epoch_, task_, files_++);
    std::string path = join_path(plan_.folders.staging(), staged_.staged_name);
    FLOW_TRY_ASSIGN(file_, env_.open(path, OpenMode::create, Access::shared).as(ExitCode::output_failed));
    buffer_ = plan_.header;
    return Status();
  }

  Status flush() {
    if (!buffer_.empty()) FLOW_TRY(write_out(buffer_));
    buffer_.clear();
    return Status();
  }

  Status write_out(std::string_view bytes) {
    FLOW_TRY(file_->write(bytes).as(ExitCode::output_failed));
    staged_.length += bytes.size();
    staged_.crc = crc32c(bytes, staged_.crc);
    return Status();
  }

  Env& env_;
  const FileSinkPlan& plan_;
  uint32_t task_;
  uint64_t epoch_; // that is being written
  uint64_t files_ = 0;
  std::unique_ptr<File> file_;      // null: nothing was written in this epoch
  StagedFile staged_;               // of file_, as far as it is written
  std::string buffer_;              // of file_, not yet written
  std::vector<StagedFile> pending_; // closed and not known to be committed
};

class FileSink final : public Sink {
public:
  FileSink(FileSinkPlan plan, std::string job_id) : plan_(std::move(plan)), job_id_(std::move(job_id)) {}

  Status prepare(Env& env) override {
    FLOW_TRY(make_folders(env, plan_.folders.output, Access::shared));
    FLOW_TRY(make_folders(env, plan_.folders.staging(), Access::own));
    return make_folders(env, plan_.folders.notes(), Access::own);
  }

  Status lock(Env& env) override {
    Result<std::unique_ptr<FileLock>> taken = env.lock(join_path(plan_.folders.notes(), plan_.names.lock()));
    if (!taken.is_ok() && taken.status().code() == ExitCode::checkpoint_in_use) {
      return Status(ExitCode::checkpoint_in_use,
                    fmt::format("another running job writes to '{}': stop it, or give this one another folder",
                                plan_.folders.output));
    }
    if (!taken.is_ok()) return taken.status();
    lock_ = std::move(taken).value();
    return Status();
  }

  Result<std::unique_ptr<SinkWriter>> open(Env& env, uint32_t task, uint64_t epoch) override {
    return std::unique_ptr<SinkWriter>(new FileWriter(env, plan_, task, epoch));
  }

  bool is_exactly_once() const override { return true; }

  Status commit(Env& env, std::span<const StagedFile> files, uint64_t epoch) override {
    for (const StagedFile& file : files) FLOW_TRY(publish(env, file));
    if (!files.empty()) FLOW_TRY(env.sync_folder(plan_.folders.output));
    for (const StagedFile& file : files) FLOW_TRY(remove_if_there(env, staged_path(file)));
    std::string path = join_path(plan_.folders.notes(), plan_.names.marker());
    return write_file_durably(env, path, marker_text({job_id_, epoch}), Access::own).as(ExitCode::output_failed);
  }

  Status clean_up(Env& env, std::span<const StagedFile> keep) override {
    FLOW_TRY_ASSIGN(std::vector<FolderEntry> entries, entries_of(env, plan_.folders.staging()));
    for (const FolderEntry& entry : entries) {
      std::optional<uint64_t> attempt = plan_.names.attempt_of(entry.name);
      bool is_kept = std::any_of(keep.begin(), keep.end(), [&](auto& file) { return file.staged_name == entry.name; });
      if (!attempt || *attempt >= plan_.attempt || is_kept) continue;
      FLOW_TRY(remove_if_there(env, join_path(plan_.folders.staging(), entry.name)));
    }
    return Status();
  }

  Result<std::optional<CommitMarker>> marker(Env& env) override {
    std::string path = join_path(plan_.folders.notes(), plan_.names.marker());
    FLOW_TRY_ASSIGN(bool is_there, exists(env, path).as(ExitCode::output_failed));
    if (!is_there) return std::optional<CommitMarker>();
    FLOW_TRY_ASSIGN(std::string text, read_file(env, path, Access::own, marker_bytes_max));
    std::optional<CommitMarker> marker = parse_marker(text);
    if (marker) return marker;
    return Status(ExitCode::checkpoint_damaged,
                  fmt::format("'{}' says what is committed in this folder, and cannot be read", path));
  }

  Result<uint64_t> newest_output(Env& env) override {
    FLOW_TRY_ASSIGN(std::vector<FolderEntry> entries, entries_of(env, plan_.folders.output));
    uint64_t newest = 0;
    for (const FolderEntry& entry : entries) newest = std::max(newest, plan_.names.epoch_of(entry.name).value_or(0));
    return newest;
  }

  std::string place() const override { return plan_.folders.output; }

private:
  std::string staged_path(const StagedFile& file) const { return join_path(plan_.folders.staging(), file.staged_name); }
  std::string final_path(const StagedFile& file) const { return join_path(plan_.folders.output, file.final_name); }

  // Gives the file its final name, durable only after the folder's sync; the staged name stays.
  Status publish(Env& env, const StagedFile& file) {
    FLOW_TRY_ASSIGN(bool is_final, exists(env, final_path(file)).as(ExitCode::output_failed));
    if (is_final) return check_bytes(env, file, final_path(file));
    FLOW_TRY_ASSIGN(bool is_staged, exists(env, staged_path(file)).as(ExitCode::output_failed));
    if (!is_staged) {
      return Status(
          ExitCode::checkpoint_damaged,
          fmt::format("the output file '{}' is lost: the checkpoint lists it, and neither it nor '{}' is there",
                      final_path(file), staged_path(file)));
    }
    // What this start wrote itself is not read again: that would double the work of every epoch.
    bool is_own = plan_.names.attempt_of(file.staged_name) == plan_.attempt;
    FLOW_TRY(is_own ? check_length(env, file, staged_path(file)) : check_bytes(env, file, staged_path(file)));
    Status linked = env.link(staged_path(file), final_path(file));
    if (linked.is_ok()) return linked;
    int error = linked.os_error();
    bool has_no_links = error == EPERM || error == ENOTSUP || error == EOPNOTSUPP || error == ENOSYS || error == EMLINK;
    if (!has_no_links) return std::move(linked).as(ExitCode::output_failed);
    return env.rename(staged_path(file), final_path(file)).as(ExitCode::output_failed);
  }

  static Status check_length(Env& env, const StagedFile& listed, const std::string& path) {
    FLOW_TRY_ASSIGN(FileStat stat, env.stat(path).as(ExitCode::output_failed));
    return stat.size == listed.length ? Status() : differs(listed, path, fmt::format("{} bytes", stat.size));
  }

  static Status check_bytes(Env& env, const StagedFile& listed, const std::string& path) {
    FLOW_TRY_ASSIGN(std::unique_ptr<File> file,
                    env.open(path, OpenMode::read, Access::shared).as(ExitCode::output_failed));
    std::string buffer(buffer_bytes, '\0');
    uint64_t length = 0;
    uint32_t crc = 0;
    while (true) {
      FLOW_TRY_ASSIGN(size_t got, file->read(buffer).as(ExitCode::output_failed));
      if (got == 0) break;
      crc = crc32c(std::string_view(buffer).substr(0, got), crc);
      length += got;
    }
    if (length == listed.length && crc == listed.crc) return Status();
    return differs(listed, path, fmt::format("{} bytes, checksum {:08x}", length, crc));
  }

  static Status differs(const StagedFile& listed, const std::string& path, std::string_view found) {
    return Status(ExitCode::checkpoint_damaged,
                  fmt::format("the output file '{}' is not the one that the checkpoint lists: it has {}, and {} bytes, "
                              "checksum {:08x} are listed",
                              path, found, listed.length, listed.crc));
  }

  static Result<std::vector<FolderEntry>> entries_of(Env& env, const std::string& folder) {
    FLOW_TRY_ASSIGN(bool is_there, exists(env, folder).as(ExitCode::output_failed));
    if (!is_there) return std::vector<FolderEntry>();
    return env.read_folder(folder).as(ExitCode::output_failed);
  }

  static Status remove_if_there(Env& env, const std::string& path) {
    Status removed = env.remove_file(path);
    return removed.os_error() == ENOENT ? Status() : std::move(removed).as(ExitCode::output_failed);
  }

  static std::string marker_body(const CommitMarker& marker) {
    return fmt::format("{}job {}\nepoch {}\n", marker_title, marker.job_id, marker.epoch);
  }
  static std::string marker_text(const CommitMarker& marker) {
    std::string body = marker_body(marker);
    return body + fmt::format("checksum {:08x}\n", crc32c(body));
  }

  // A marker is what its values would be written as, byte for byte.
  static std::optional<CommitMarker> parse_marker(std::string_view text) {
    auto take = [&](std::string_view key) -> std::string_view {
      size_t end = text.find('\n');
      if (!text.starts_with(key) || end == std::string_view::npos) return {};
      std::string_view value = text.substr(key.size(), end - key.size());
      text.remove_prefix(end + 1);
      return value;
    };
    std::string_view whole = text;
    take(marker_title.substr(0, marker_title.size() - 1));
    CommitMarker marker;
    marker.job_id = take("job ");
    std::optional<uint64_t> epoch = parse_u64(take("epoch "));
    if (!epoch) return std::nullopt;
    marker.epoch = *epoch;
    return marker_text(marker) == whole ? std::optional(marker) : std::nullopt;
  }

  FileSinkPlan plan_;
  std::string job_id_;
  std::unique_ptr<FileLock> lock_;
};

} // namespace

Result<std::unique_ptr<Sink>> make_file_sink(const Options& options, std::string extension, std::string header,
                                             SinkJob job) {
  std::string_view path = options.text("path", "");
  if (path.empty()) return Status(ExitCode::usage, "the path of the output folder is empty");
  FileSinkPlan plan{
      {std::string(path)}, {std::move(job.suffix), std::move(extension), job.job_id}, std::move(header), job.attempt};
  return std::unique_ptr<Sink>(new FileSink(std::move(plan), std::move(job.job_id)));
}

} // namespace flow::runtime
