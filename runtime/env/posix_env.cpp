#include "runtime/env/posix_env.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>

#include "runtime/base/random.h"
#include "runtime/base/text.h"
#include "runtime/env/operation.h"

namespace flow::runtime {
namespace {

// Repeats a system call that a signal interrupted.
template <typename Call> auto retried(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

int64_t clock_us(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return now.tv_sec * 1'000'000 + now.tv_nsec / 1000;
}

FileKind kind_of_mode(mode_t mode) {
  if (S_ISREG(mode)) return FileKind::file;
  if (S_ISDIR(mode)) return FileKind::folder;
  return S_ISLNK(mode) ? FileKind::link : FileKind::other;
}

FileKind kind_of_entry(unsigned char type) {
  if (type == DT_REG) return FileKind::file;
  if (type == DT_DIR) return FileKind::folder;
  return type == DT_LNK ? FileKind::link : FileKind::other;
}

FileStat as_file_stat(const struct stat& from) {
  FileStat result;
  result.kind = kind_of_mode(from.st_mode);
  result.device = from.st_dev;
  result.inode = from.st_ino;
  result.size = static_cast<uint64_t>(from.st_size);
  result.modified_us = from.st_mtim.tv_sec * 1'000'000 + from.st_mtim.tv_nsec / 1000;
  result.is_ours = from.st_uid == geteuid();
  result.is_open_to_others = (from.st_mode & (S_IWGRP | S_IWOTH)) != 0;
  return result;
}

int open_flags(OpenMode mode, Access access) {
  int flags = O_CLOEXEC | O_NOCTTY;
  switch (mode) {
  case OpenMode::read: flags |= O_RDONLY; break;
  case OpenMode::create: flags |= O_WRONLY | O_CREAT | O_EXCL; break;
  case OpenMode::overwrite: flags |= O_WRONLY | O_CREAT | O_TRUNC; break;
  case OpenMode::append: flags |= O_WRONLY | O_CREAT | O_APPEND; break;
  }
  // A planted link or pipe where our own file should be must neither be followed nor waited for.
  if (access == Access::own) flags |= O_NOFOLLOW | O_NONBLOCK;
  return flags;
}

Status write_all(int fd, std::string_view bytes, std::string_view path, Operation operation) {
  while (!bytes.empty()) {
    ssize_t written = retried([&] { return ::write(fd, bytes.data(), bytes.size()); });
    if (written <= 0) return io_failure(operation, path, written < 0 ? errno : EIO);
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return Status();
}

class PosixFile final : public File {
public:
  PosixFile(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  ~PosixFile() override {
    if (fd_ >= 0) ::close(fd_);
  }
  PosixFile(const PosixFile&) = delete;
  PosixFile& operator=(const PosixFile&) = delete;

  Result<size_t> read(std::span<char> into) override {
    return counted(retried([&] { return ::read(fd_, into.data(), into.size()); }));
  }

  Result<size_t> pread(std::span<char> into, uint64_t offset) override {
    return counted(retried([&] { return ::pread(fd_, into.data(), into.size(), static_cast<off_t>(offset)); }));
  }

  Status write(std::string_view bytes) override { return write_all(fd_, bytes, path_, Operation::write); }

  Status fsync() override {
    // Not repeated after an interruption either: the kernel may have dropped what it could not write.
    return ::fsync(fd_) == 0 ? Status() : io_failure(Operation::fsync, path_, errno);
  }

  Result<FileStat> stat() override {
    struct stat found{};
    if (::fstat(fd_, &found) != 0) return io_failure(Operation::stat, path_, errno);
    return as_file_stat(found);
  }

  Status close() override {
    FLOW_ASSERT(fd_ >= 0, "a file is closed once");
    int result = ::close(std::exchange(fd_, -1));
    return result == 0 || errno == EINTR ? Status() : io_failure(Operation::close, path_, errno);
  }

  const std::string& path() const override { return path_; }

private:
  Result<size_t> counted(ssize_t count) {
    if (count < 0) return io_failure(Operation::read, path_, errno);
    return static_cast<size_t>(count);
  }

  int fd_;
  std::string path_;
};

class PosixLock final : public FileLock {
public:
  explicit PosixLock(int fd) : fd_(fd) {}
  ~PosixLock() override { ::close(fd_); } // the lock belongs to the open file and goes with it
  PosixLock(const PosixLock&) = delete;
  PosixLock& operator=(const PosixLock&) = delete;

private:
  int fd_;
};

// Whom to look for when the lock is taken: the owner writes its process id into the file.
std::string owner_in_lock_file(int fd) {
  char text[32];
  ssize_t size = ::pread(fd, text, sizeof(text), 0);
  if (size <= 0) return "another instance";
  std::string_view id(text, static_cast<size_t>(size));
  id = id.substr(0, id.find('\n'));
  return parse_u64(id) ? fmt::format("process {}", id) : "another instance";
}

void write_owner(int fd) {
  std::string id = fmt::format("{}\n", getpid());
  // For people only; the lock holds without it.
  if (::ftruncate(fd, 0) == 0) (void)write_all(fd, id, "", Operation::write);
}

} // namespace

PosixEnv::PosixEnv(std::optional<uint64_t> seed) {
  uint64_t value = 0;
  if (seed) {
    value = *seed;
  } else if (getrandom(&value, sizeof(value), 0) != sizeof(value)) {
    value = mix_u64(static_cast<uint64_t>(clock_us(CLOCK_REALTIME)) ^ (static_cast<uint64_t>(getpid()) << 40));
  }
  random_state_.store(value, std::memory_order_relaxed);
}

int64_t PosixEnv::monotonic_us() { return clock_us(CLOCK_MONOTONIC); }
int64_t PosixEnv::wall_us() { return clock_us(CLOCK_REALTIME); }

uint64_t PosixEnv::random() {
  return mix_u64(random_state_.fetch_add(random_step, std::memory_order_relaxed) + random_step);
}

Result<std::unique_ptr<File>> PosixEnv::open(const std::string& path, OpenMode mode, Access access) {
  Operation operation = mode == OpenMode::read ? Operation::open_read : Operation::open_write;
  mode_t permissions = access == Access::own ? 0600 : 0666;
  int fd = retried([&] { return ::open(path.c_str(), open_flags(mode, access), permissions); });
  if (fd < 0) return io_failure(operation, path, errno);
  auto file = std::make_unique<PosixFile>(fd, path);
  if (access == Access::own) {
    FLOW_TRY_ASSIGN(FileStat found, file->stat());
    if (found.kind != FileKind::file) return io_failure(operation, path, EINVAL).with("as it is not a plain file");
  }
  return std::unique_ptr<File>(std::move(file));
}

Result<FileStat> PosixEnv::stat(const std::string& path) {
  struct stat found{};
  if (::stat(path.c_str(), &found) != 0) return io_failure(Operation::stat, path, errno);
  return as_file_stat(found);
}

Result<std::vector<FolderEntry>> PosixEnv::read_folder(const std::string& path) {
  std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(path.c_str()), &::closedir);
  if (folder == nullptr) return io_failure(Operation::read_folder, path, errno);
  std::vector<FolderEntry> entries;
  errno = 0;
  while (dirent* entry = ::readdir(folder.get())) {
    std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    FileKind kind = kind_of_entry(entry->d_type);
    struct stat found{};
    // Some file systems leave the kind out of their folders.
    if (entry->d_type == DT_UNKNOWN &&
        ::fstatat(::dirfd(folder.get()), entry->d_name, &found, AT_SYMLINK_NOFOLLOW) == 0) {
      kind = kind_of_mode(found.st_mode);
    }
    entries.push_back({std::move(name), kind});
    errno = 0;
  }
  if (errno != 0) return io_failure(Operation::read_folder, path, errno);
  std::sort(entries.begin(), entries.end(), [](auto& a, auto& b) { return a.name < b.name; });
  return entries;
}

Status PosixEnv::rename(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) == 0) return Status();
  return io_failure(Operation::rename, two_paths(from, to), errno);
}

Status PosixEnv::link(const std::string& from, const std::string& to) {
  if (::link(from.c_str(), to.c_str()) == 0) return Status();
  return io_failure(Operation::link, two_paths(from, to), errno);
}

Status PosixEnv::remove_file(const std::string& path) {
  return ::unlink(path.c_str()) == 0 ? Status() : io_failure(Operation::remove_file, path, errno);
}

Status PosixEnv::make_folder(const std::string& path, Access access) {
  mode_t permissions = access == Access::own ? 0700 : 0777;
  return ::mkdir(path.c_str(), permissions) == 0 ? Status() : io_failure(Operation::make_folder, path, errno);
}

Status PosixEnv::remove_folder(const std::string& path) {
  return ::rmdir(path.c_str()) == 0 ? Status() : io_failure(Operation::remove_folder, path, errno);
}

Status PosixEnv::sync_folder(const std::string& path) {
  int fd = retried([&] { return ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
  if (fd < 0) return io_failure(Operation::sync_folder, path, errno);
  int error = ::fsync(fd) == 0 ? 0 : errno;
  ::close(fd);
  return error == 0 ? Status() : io_failure(Operation::sync_folder, path, error);
}

Result<std::unique_ptr<FileLock>> PosixEnv::lock(const std::string& path) {
  int fd = retried([&] { return ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600); });
  if (fd < 0) return io_failure(Operation::lock, path, errno);
  auto lock = std::make_unique<PosixLock>(fd);
  if (retried([&] { return ::flock(fd, LOCK_EX | LOCK_NB); }) != 0) {
    if (errno != EWOULDBLOCK) return io_failure(Operation::lock, path, errno);
    return Status(ExitCode::checkpoint_in_use, fmt::format("'{}' is held by {}", path, owner_in_lock_file(fd)),
                  EWOULDBLOCK);
  }
  write_owner(fd);
  return std::unique_ptr<FileLock>(std::move(lock));
}

Status PosixEnv::console_write(Console console, std::string_view bytes) {
  bool is_out = console == Console::out;
  return write_all(is_out ? STDOUT_FILENO : STDERR_FILENO, bytes, is_out ? "standard output" : "standard error",
                   Operation::console_write);
}

bool PosixEnv::is_terminal(Console console) {
  return ::isatty(console == Console::out ? STDOUT_FILENO : STDERR_FILENO) == 1;
}

} // namespace flow::runtime
