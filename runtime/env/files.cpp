#include "runtime/env/files.h"

#include <errno.h>
#include <fmt/format.h>

#include "runtime/env/operation.h"

namespace flow::runtime {
namespace {

constexpr int folder_depth_max = 64; // of remove_tree: Flow's own trees are three deep

std::string_view without_last_slashes(std::string_view path) {
  while (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
  return path;
}

Status remove_folder_with_all(Env& env, const std::string& path, int depth) {
  if (depth > folder_depth_max) {
    return Status(ExitCode::output_failed, fmt::format("'{}' is too deep to be removed", path), ELOOP);
  }
  FLOW_TRY_ASSIGN(std::vector<FolderEntry> entries, env.read_folder(path));
  for (const FolderEntry& entry : entries) {
    std::string inner = join_path(path, entry.name);
    FLOW_TRY(entry.kind == FileKind::folder ? remove_folder_with_all(env, inner, depth + 1) : env.remove_file(inner));
  }
  return env.remove_folder(path);
}

Status write_and_sync(Env& env, const std::string& path, std::string_view bytes, Access access) {
  FLOW_TRY_ASSIGN(std::unique_ptr<File> file, env.open(path, OpenMode::overwrite, access));
  FLOW_TRY(file->write(bytes));
  FLOW_TRY(file->fsync());
  return file->close();
}

} // namespace

std::string join_path(std::string_view folder, std::string_view name) {
  if (folder.empty() || folder == ".") return std::string(name);
  return fmt::format("{}{}{}", folder, folder.back() == '/' ? "" : "/", name);
}

std::string parent_of(std::string_view path) {
  path = without_last_slashes(path);
  size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  return std::string(slash == 0 ? "/" : without_last_slashes(path.substr(0, slash)));
}

std::string base_name(std::string_view path) {
  path = without_last_slashes(path);
  size_t slash = path.rfind('/');
  return std::string(slash == std::string_view::npos || path.size() == 1 ? path : path.substr(slash + 1));
}

bool is_plain_name(std::string_view name) {
  bool has_bad_byte = name.find('/') != std::string_view::npos || name.find('\0') != std::string_view::npos;
  return !name.empty() && !has_bad_byte && name != "." && name != "..";
}

Result<bool> exists(Env& env, const std::string& path) {
  Result<FileStat> found = env.stat(path);
  if (found.is_ok()) return true;
  if (is_not_found(found.status())) return false;
  return std::move(found).status();
}

Result<std::string> read_file(Env& env, const std::string& path, Access access, uint64_t bytes_max) {
  FLOW_TRY_ASSIGN(std::unique_ptr<File> file, env.open(path, OpenMode::read, access));
  FLOW_TRY_ASSIGN(FileStat found, file->stat());
  // The size is a hint: a file may grow meanwhile, and a pipe has none.
  std::string bytes(std::min<uint64_t>(found.size, bytes_max) + 1, '\0');
  size_t size = 0;
  while (true) {
    FLOW_TRY_ASSIGN(size_t count, file->read(std::span(bytes).subspan(size)));
    size += count;
    if (size > bytes_max) {
      return Status(ExitCode::input_missing, fmt::format("'{}' is larger than {} bytes", path, bytes_max), EFBIG);
    }
    if (count == 0) break;
    if (size == bytes.size()) bytes.resize(std::min<uint64_t>(bytes.size() * 2, bytes_max + 1));
  }
  bytes.resize(size);
  return bytes;
}

Result<size_t> read_fully(File& file, std::span<char> into, uint64_t offset) {
  size_t size = 0;
  while (size < into.size()) {
    FLOW_TRY_ASSIGN(size_t count, file.pread(into.subspan(size), offset + size));
    if (count == 0) break;
    size += count;
  }
  return size;
}

Status write_file_durably(Env& env, const std::string& path, std::string_view bytes, Access access) {
  std::string folder = parent_of(path);
  std::string beside = join_path(folder, fmt::format(".{}.new", base_name(path)));
  // A leftover of an earlier crash must go first where it could be a planted link.
  FLOW_TRY(remove_tree(env, beside));
  FLOW_TRY(write_and_sync(env, beside, bytes, access));
  FLOW_TRY(env.rename(beside, path));
  return env.sync_folder(folder);
}

Status make_folders(Env& env, const std::string& path, Access access) {
  Result<FileStat> found = env.stat(path);
  if (found.is_ok()) {
    if (found->kind != FileKind::folder) return io_failure(Operation::make_folder, path, ENOTDIR);
    // An earlier start may have made it and died before its name was durable. (Of those above it the names are: they
    // were synced before this one was made.) A parent that we may not read is not one that we made folders in.
    Status synced = env.sync_folder(parent_of(path));
    return synced.os_error() == EACCES ? Status() : synced;
  }
  if (!is_not_found(found.status())) return std::move(found).status();
  std::string parent = parent_of(path);
  if (parent == path) return std::move(found).status();
  FLOW_TRY(make_folders(env, parent, access));
  Status made = env.make_folder(path, access);
  // Another process may have been quicker.
  if (!made.is_ok() && made.os_error() != EEXIST) return made;
  return env.sync_folder(parent);
}

Status remove_tree(Env& env, const std::string& path) {
  Status removed = env.remove_file(path);
  if (removed.is_ok() || is_not_found(removed)) return Status();
  // Linux says EISDIR of a folder, POSIX says EPERM.
  if (removed.os_error() != EISDIR && removed.os_error() != EPERM) return removed;
  return remove_folder_with_all(env, path, 0);
}

} // namespace flow::runtime
