// Env: everything the runtime does to the world. Clock, randomness, files, locks and console come in through this one
// interface and nothing else, so that a simulation (sim_env.h) can stand in for the machine, and faults (faulty_env.h)
// can be put between. The real one is posix_env.h. Waiting is not here: the host decides when to sleep or park.
//
// Contracts that all implementations keep and all callers rely on:
//   - Bytes written are durable after the file's fsync; names (created, renamed, linked, removed) after sync_folder of
//     the folder they are in, and the folder's own name after sync_folder of its parent. Neither implies the other.
//   - A failed fsync is final: the bytes may be lost although later ones succeed. Stop, never retry.
//   - read and pread may give less than asked for; 0 means the end. write writes all or fails, and then an unknown
//     part may have been written.
//   - rename replaces atomically. Both names must be on one device.
//   - Every failure names the path and the system's words, and keeps the errno in os_error(). Its exit code says
//     "input" for reading calls and "output" for changing ones; a caller that knows better uses as().
// An Env may be called from several threads at once (the simulated one from one only); a File from one at a time, save
// pread, which may run concurrently. Files and locks must not outlive their Env.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/status.h"

namespace flow::runtime {

enum class FileKind : uint8_t { file, folder, link, other };

struct FileStat {
  FileKind kind = FileKind::other;
  uint64_t device = 0;
  uint64_t inode = 0;
  uint64_t size = 0;
  int64_t modified_us = 0;        // wall clock
  bool is_ours = true;            // owned by the user we run as
  bool is_open_to_others = false; // others may write it

  // Whether both describe one file, whatever its name.
  bool is_same_file(const FileStat& other) const { return device == other.device && inode == other.inode; }
};

struct FolderEntry {
  std::string name;
  FileKind kind = FileKind::other;
  bool operator==(const FolderEntry&) const = default;
};

enum class OpenMode : uint8_t {
  read,
  create,    // must not exist
  overwrite, // created, or emptied
  append,    // created, or continued at its end
};

// Whose a file is. `own`: Flow's state, 0600 and folders 0700, and the last name of the path is a plain file or folder,
// never a link. `shared`: the user's input and output, permissions by the umask, links are followed.
enum class Access : uint8_t { own, shared };

enum class Console : uint8_t { out, error };

class File {
public:
  virtual ~File() = default; // closes, without saying whether that worked

  virtual Result<size_t> read(std::span<char> into) = 0;
  virtual Result<size_t> pread(std::span<char> into, uint64_t offset) = 0;
  virtual Status write(std::string_view bytes) = 0;
  virtual Status fsync() = 0;
  virtual Result<FileStat> stat() = 0;
  // The last call. Says what the destructor would keep to itself.
  virtual Status close() = 0;
  virtual const std::string& path() const = 0;
};

// Held until destroyed, or until the process dies in whatever way.
class FileLock {
public:
  virtual ~FileLock() = default;
};

class Env {
public:
  virtual ~Env() = default;

  virtual int64_t monotonic_us() = 0; // only differences within one process mean anything
  virtual int64_t wall_us() = 0;      // since 1970, UTC; may jump
  virtual uint64_t random() = 0;

  virtual Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode, Access access) = 0;
  virtual Result<FileStat> stat(const std::string& path) = 0; // follows links
  // The names in a folder, sorted; without "." and "..".
  virtual Result<std::vector<FolderEntry>> read_folder(const std::string& path) = 0;
  virtual Status rename(const std::string& from, const std::string& to) = 0;
  virtual Status link(const std::string& from, const std::string& to) = 0; // a hard link; `to` must not exist
  virtual Status remove_file(const std::string& path) = 0;
  virtual Status make_folder(const std::string& path, Access access) = 0; // must not exist; its parent must
  virtual Status remove_folder(const std::string& path) = 0;              // must be empty
  virtual Status sync_folder(const std::string& path) = 0;
  // Takes the lock file, creating it if need be. Fails with `checkpoint_in_use` if anyone, this process included,
  // holds it. The file stays when the lock goes.
  virtual Result<std::unique_ptr<FileLock>> lock(const std::string& path) = 0;

  virtual Status console_write(Console console, std::string_view bytes) = 0;
  virtual bool is_terminal(Console console) = 0;
};

} // namespace flow::runtime
