#include "runtime/env/faulty_env.h"

#include <algorithm>

namespace flow::runtime {
namespace {

class FaultyFile final : public File {
public:
  FaultyFile(std::unique_ptr<File> inner, FaultPlan& faults) : inner_(std::move(inner)), faults_(faults) {}

  Result<size_t> read(std::span<char> into) override {
    return limited_read(into, [&](std::span<char> part) { return inner_->read(part); });
  }

  Result<size_t> pread(std::span<char> into, uint64_t offset) override {
    return limited_read(into, [&](std::span<char> part) { return inner_->pread(part, offset); });
  }

  Status write(std::string_view bytes) override {
    std::optional<FaultHit> hit = faults_.on_call(Operation::write, path());
    if (!hit) return inner_->write(bytes);
    FLOW_TRY(inner_->write(bytes.substr(0, hit->bytes)));
    return io_failure(Operation::write, path(), hit->os_error);
  }

  Status fsync() override {
    return checked(Operation::fsync, [&] { return inner_->fsync(); });
  }
  Status close() override {
    return checked(Operation::close, [&] { return inner_->close(); });
  }

  Result<FileStat> stat() override {
    if (auto hit = faults_.on_call(Operation::stat, path())) return io_failure(Operation::stat, path(), hit->os_error);
    return inner_->stat();
  }

  const std::string& path() const override { return inner_->path(); }

private:
  template <typename Read> Result<size_t> limited_read(std::span<char> into, Read read) {
    std::optional<FaultHit> hit = faults_.on_call(Operation::read, path());
    if (!hit) return read(into);
    if (hit->os_error != 0) return io_failure(Operation::read, path(), hit->os_error);
    return read(into.first(std::min<uint64_t>(into.size(), hit->bytes)));
  }

  template <typename Call> Status checked(Operation operation, Call call) {
    if (auto hit = faults_.on_call(operation, path())) return io_failure(operation, path(), hit->os_error);
    return call();
  }

  std::unique_ptr<File> inner_;
  FaultPlan& faults_;
};

} // namespace

Status FaultyEnv::check(Operation operation, std::string_view path) {
  if (auto hit = faults_.on_call(operation, path)) return io_failure(operation, path, hit->os_error);
  return Status();
}

Result<std::unique_ptr<File>> FaultyEnv::open(const std::string& path, OpenMode mode, Access access) {
  FLOW_TRY(check(mode == OpenMode::read ? Operation::open_read : Operation::open_write, path));
  FLOW_TRY_ASSIGN(std::unique_ptr<File> inner, inner_.open(path, mode, access));
  return std::unique_ptr<File>(std::make_unique<FaultyFile>(std::move(inner), faults_));
}

Result<FileStat> FaultyEnv::stat(const std::string& path) {
  FLOW_TRY(check(Operation::stat, path));
  return inner_.stat(path);
}

Result<std::vector<FolderEntry>> FaultyEnv::read_folder(const std::string& path) {
  FLOW_TRY(check(Operation::read_folder, path));
  return inner_.read_folder(path);
}

Status FaultyEnv::rename(const std::string& from, const std::string& to) {
  FLOW_TRY(check(Operation::rename, two_paths(from, to)));
  return inner_.rename(from, to);
}

Status FaultyEnv::link(const std::string& from, const std::string& to) {
  FLOW_TRY(check(Operation::link, two_paths(from, to)));
  return inner_.link(from, to);
}

Status FaultyEnv::remove_file(const std::string& path) {
  FLOW_TRY(check(Operation::remove_file, path));
  return inner_.remove_file(path);
}

Status FaultyEnv::make_folder(const std::string& path, Access access) {
  FLOW_TRY(check(Operation::make_folder, path));
  return inner_.make_folder(path, access);
}

Status FaultyEnv::remove_folder(const std::string& path) {
  FLOW_TRY(check(Operation::remove_folder, path));
  return inner_.remove_folder(path);
}

Status FaultyEnv::sync_folder(const std::string& path) {
  FLOW_TRY(check(Operation::sync_folder, path));
  return inner_.sync_folder(path);
}

Result<std::unique_ptr<FileLock>> FaultyEnv::lock(const std::string& path) {
  FLOW_TRY(check(Operation::lock, path));
  return inner_.lock(path);
}

Status FaultyEnv::console_write(Console console, std::string_view bytes) {
  FLOW_TRY(check(Operation::console_write, console == Console::out ? "standard output" : "standard error"));
  return inner_.console_write(console, bytes);
}

} // namespace flow::runtime
