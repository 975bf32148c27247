#include "runtime/env/sim_env.h"

#include <errno.h>
#include <fmt/format.h>

#include <algorithm>

#include "runtime/env/files.h"

namespace flow::runtime {
namespace {

constexpr int64_t wall_at_start_us = 1'577'880'000'000'000; // 2020-01-01T12:00:00Z

Status as_status(Operation operation, std::string_view path, int os_error) {
  return os_error == 0 ? Status() : io_failure(operation, path, os_error);
}

constexpr uint64_t preload_bytes_max = uint64_t{1} << 32;

} // namespace

// --- The machine ---

SimMachine::SimMachine(uint64_t seed) : random_(seed), faults_(mix_u64(seed + 1)), wall_offset_us_(wall_at_start_us) {}

SimMachine::~SimMachine() { FLOW_ASSERT(processes_.empty(), "processes end before their machine"); }

void SimMachine::advance_us(int64_t us) {
  FLOW_ASSERT(us >= 0, "time goes forward; jump_wall_us moves the wall clock");
  now_us_ += us;
}

Status SimMachine::preload(Env& from, const std::string& from_path, const std::string& to_path) {
  FLOW_TRY_ASSIGN(FileStat found, from.stat(from_path));
  if (found.kind != FileKind::folder) {
    FLOW_TRY_ASSIGN(std::string text, read_file(from, from_path, Access::shared, preload_bytes_max));
    preload_text(to_path, text);
    return Status();
  }
  FLOW_TRY_ASSIGN(std::vector<FolderEntry> entries, from.read_folder(from_path));
  for (const FolderEntry& entry : entries) {
    FLOW_TRY(preload(from, join_path(from_path, entry.name), join_path(to_path, entry.name)));
  }
  return Status();
}

void SimMachine::preload_text(const std::string& path, std::string_view text) {
  for (size_t slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    int error = disk_.make_folder(path.substr(0, slash), wall_us());
    FLOW_ASSERT(error == 0 || error == EEXIST, "the folders of a preloaded file can be made");
  }
  SimDisk::Found made = disk_.create(path, false, wall_us());
  FLOW_ASSERT(made.error == 0, "a preloaded file can be made");
  disk_.truncate(made.inode, wall_us());
  size_t written = disk_.write(made.inode, text, 0, wall_us());
  FLOW_ASSERT(written == text.size(), "a preloaded file fits on the disk");
  disk_.sync_all();
}

void SimMachine::lose_power(PowerLoss kind) {
  while (!processes_.empty()) processes_.back()->kill();
  disk_.lose_power(kind, random_);
}

// --- A process ---

// An open file. It refers to its inode only while the process lives: afterwards the inode may be gone.
class SimFile final : public File {
public:
  SimFile(SimEnv& env, SimDisk::Inode inode, OpenMode mode, std::string path)
      : env_(env), inode_(inode), mode_(mode), path_(std::move(path)) {
    env_.retain(inode_);
  }
  ~SimFile() override {
    if (is_open_) env_.release(inode_);
  }
  SimFile(const SimFile&) = delete;
  SimFile& operator=(const SimFile&) = delete;

  Result<size_t> read(std::span<char> into) override {
    FLOW_TRY_ASSIGN(size_t count, pread(into, position_));
    position_ += count;
    return count;
  }

  Result<size_t> pread(std::span<char> into, uint64_t offset) override {
    FaultHit hit{.bytes = into.size()};
    FLOW_TRY(env_.enter(Operation::read, path_, &hit));
    if (hit.os_error != 0) return io_failure(Operation::read, path_, hit.os_error);
    if (mode_ != OpenMode::read) return io_failure(Operation::read, path_, EBADF);
    if (disk().stat(inode_).kind == FileKind::folder) return io_failure(Operation::read, path_, EISDIR);
    return disk().read(inode_, into.first(std::min<uint64_t>(into.size(), hit.bytes)), offset);
  }

  Status write(std::string_view bytes) override {
    FaultHit hit{.bytes = bytes.size()};
    Status entered = env_.enter(Operation::write, path_, &hit);
    bool dies_here = env_.is_dead() && hit.os_error != 0;
    if (!entered.is_ok() && !dies_here) return entered;
    if (mode_ == OpenMode::read) return io_failure(Operation::write, path_, EBADF);
    std::string_view part = bytes.substr(0, hit.bytes);
    uint64_t offset = mode_ == OpenMode::append ? disk().stat(inode_).size : position_;
    size_t written = disk().write(inode_, part, offset, env_.wall_us());
    position_ = offset + written;
    if (hit.os_error != 0) return io_failure(Operation::write, path_, hit.os_error);
    return as_status(Operation::write, path_, written == part.size() ? 0 : ENOSPC);
  }

  Status fsync() override {
    FaultHit hit;
    FLOW_TRY(env_.enter(Operation::fsync, path_, &hit));
    if (hit.os_error != 0) {
      disk().forget_pending(inode_);
      return io_failure(Operation::fsync, path_, hit.os_error);
    }
    disk().fsync(inode_);
    return Status();
  }

  Result<FileStat> stat() override {
    FLOW_TRY(env_.enter(Operation::stat, path_));
    return disk().stat(inode_);
  }

  Status close() override {
    FLOW_ASSERT(is_open_, "a file is closed once");
    Status entered = env_.enter(Operation::close, path_);
    is_open_ = false;
    env_.release(inode_);
    return entered;
  }

  const std::string& path() const override { return path_; }

private:
  SimDisk& disk() { return env_.machine_.disk(); }

  SimEnv& env_;
  SimDisk::Inode inode_;
  OpenMode mode_;
  std::string path_;
  uint64_t position_ = 0;
  bool is_open_ = true;
};

class SimLock final : public FileLock {
public:
  SimLock(SimEnv& env, SimDisk::Inode inode) : env_(env), inode_(inode) {}
  ~SimLock() override { env_.unlock(inode_); }
  SimLock(const SimLock&) = delete;
  SimLock& operator=(const SimLock&) = delete;

private:
  SimEnv& env_;
  SimDisk::Inode inode_;
};

SimEnv::SimEnv(SimMachine& machine)
    : machine_(machine), random_(machine.random_.next()),
      monotonic_offset_us_(machine.random_.between(0, 1'000'000'000'000)) {
  machine_.processes_.push_back(this);
}

SimEnv::~SimEnv() { kill(); }

void SimEnv::kill() {
  if (is_dead_) return;
  is_dead_ = true;
  std::erase(machine_.processes_, this);
  std::erase_if(machine_.locks_, [&](const auto& lock) { return lock.second == this; });
  for (SimDisk::Inode inode : open_) machine_.disk_.release(inode);
  open_.clear();
}

void SimEnv::retain(SimDisk::Inode inode) {
  machine_.disk_.retain(inode);
  open_.insert(inode);
}

void SimEnv::release(SimDisk::Inode inode) {
  if (is_dead_) return; // all was closed at the death
  machine_.disk_.release(inode);
  open_.erase(open_.find(inode));
}

void SimEnv::unlock(SimDisk::Inode inode) {
  if (is_dead_) return; // the lock went with the process and may be another's by now
  machine_.locks_.erase(inode);
  release(inode);
}

bool SimEnv::reaches_crash_point(Operation operation) {
  if (!is_changing(operation)) return false;
  return ++changing_operations_ == dies_before_;
}

// A write that dies half way leaves `hit` with the bytes that still got through and an error to return.
Status SimEnv::enter(Operation operation, std::string_view path, FaultHit* hit) {
  if (is_dead_) return io_failure(operation, path, EIO).with("as the simulated process is dead");
  if (reaches_crash_point(operation)) {
    kill();
    if (operation == Operation::write) *hit = {.os_error = EIO, .bytes = machine_.random_.below(hit->bytes + 1)};
    return io_failure(operation, path, EIO).with("as the simulated process dies here");
  }
  std::optional<FaultHit> fault = machine_.faults_.on_call(operation, path);
  if (!fault) return Status();
  if (hit == nullptr) return io_failure(operation, path, fault->os_error);
  *hit = *fault;
  return Status();
}

Result<std::unique_ptr<File>> SimEnv::open(const std::string& path, OpenMode mode, Access access) {
  Operation operation = mode == OpenMode::read ? Operation::open_read : Operation::open_write;
  FLOW_TRY(enter(operation, path));
  SimDisk& disk = machine_.disk_;
  SimDisk::Found found =
      mode == OpenMode::read ? disk.find(path) : disk.create(path, mode == OpenMode::create, wall_us());
  if (found.error != 0) return io_failure(operation, path, found.error);
  if (access == Access::own && disk.stat(found.inode).kind != FileKind::file) {
    return io_failure(operation, path, EINVAL).with("as it is not a plain file");
  }
  if (mode == OpenMode::overwrite) disk.truncate(found.inode, wall_us());
  return std::unique_ptr<File>(std::make_unique<SimFile>(*this, found.inode, mode, path));
}

Result<FileStat> SimEnv::stat(const std::string& path) {
  FLOW_TRY(enter(Operation::stat, path));
  SimDisk::Found found = machine_.disk_.find(path);
  if (found.error != 0) return io_failure(Operation::stat, path, found.error);
  return machine_.disk_.stat(found.inode);
}

Result<std::vector<FolderEntry>> SimEnv::read_folder(const std::string& path) {
  FLOW_TRY(enter(Operation::read_folder, path));
  SimDisk::Found found = machine_.disk_.find(path);
  if (found.error != 0) return io_failure(Operation::read_folder, path, found.error);
  if (machine_.disk_.stat(found.inode).kind != FileKind::folder) {
    return io_failure(Operation::read_folder, path, ENOTDIR);
  }
  return machine_.disk_.entries(found.inode);
}

Status SimEnv::rename(const std::string& from, const std::string& to) {
  FLOW_TRY(enter(Operation::rename, two_paths(from, to)));
  return as_status(Operation::rename, two_paths(from, to), machine_.disk_.rename(from, to, wall_us()));
}

Status SimEnv::link(const std::string& from, const std::string& to) {
  FLOW_TRY(enter(Operation::link, two_paths(from, to)));
  return as_status(Operation::link, two_paths(from, to), machine_.disk_.link(from, to, wall_us()));
}

Status SimEnv::remove_file(const std::string& path) {
  FLOW_TRY(enter(Operation::remove_file, path));
  return as_status(Operation::remove_file, path, machine_.disk_.remove_file(path, wall_us()));
}

Status SimEnv::make_folder(const std::string& path, Access) {
  FLOW_TRY(enter(Operation::make_folder, path));
  return as_status(Operation::make_folder, path, machine_.disk_.make_folder(path, wall_us()));
}

Status SimEnv::remove_folder(const std::string& path) {
  FLOW_TRY(enter(Operation::remove_folder, path));
  return as_status(Operation::remove_folder, path, machine_.disk_.remove_folder(path, wall_us()));
}

Status SimEnv::sync_folder(const std::string& path) {
  FaultHit hit;
  FLOW_TRY(enter(Operation::sync_folder, path, &hit));
  return as_status(Operation::sync_folder, path, hit.os_error != 0 ? hit.os_error : machine_.disk_.sync_folder(path));
}

Result<std::unique_ptr<FileLock>> SimEnv::lock(const std::string& path) {
  FLOW_TRY(enter(Operation::lock, path));
  SimDisk::Found found = machine_.disk_.create(path, false, wall_us());
  if (found.error != 0) return io_failure(Operation::lock, path, found.error);
  if (!machine_.locks_.emplace(found.inode, this).second) {
    return Status(ExitCode::checkpoint_in_use, fmt::format("'{}' is held by another instance", path), EWOULDBLOCK);
  }
  retain(found.inode);
  return std::unique_ptr<FileLock>(std::make_unique<SimLock>(*this, found.inode));
}

Status SimEnv::console_write(Console console, std::string_view bytes) {
  FLOW_TRY(enter(Operation::console_write, console == Console::out ? "standard output" : "standard error"));
  console_[static_cast<size_t>(console)].append(bytes);
  return Status();
}

} // namespace flow::runtime
