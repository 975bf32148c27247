#include "runtime/checkpoint/savepoint.h"

#include <fmt/format.h>

#include "runtime/checkpoint/state_file.h"
#include "runtime/env/files.h"

namespace flow::runtime {
namespace {

constexpr size_t piece_bytes = 256 * 1024;

Status copy_file(Env& env, const std::string& from, const std::string& to) {
  FLOW_TRY_ASSIGN(std::unique_ptr<File> source,
                  env.open(from, OpenMode::read, Access::own).as(ExitCode::checkpoint_damaged));
  FLOW_TRY_ASSIGN(std::unique_ptr<File> copy, env.open(to, OpenMode::create, Access::own).as(ExitCode::output_failed));
  std::string piece(piece_bytes, '\0');
  while (true) {
    FLOW_TRY_ASSIGN(size_t got, source->read(piece).as(ExitCode::checkpoint_damaged));
    if (got == 0) break;
    FLOW_TRY(copy->write(std::string_view(piece).substr(0, got)).as(ExitCode::output_failed));
  }
  FLOW_TRY(copy->fsync().as(ExitCode::output_failed));
  return copy->close().as(ExitCode::output_failed);
}

// The manifest first: what is half removed must not look like an epoch.
void remove_files(Env& env, const StoredEpoch& epoch, const std::string& folder) {
  for (const char* name : {"manifest", ".manifest.new"})
    static_cast<void>(env.remove_file(join_path(folder, name)).is_ok());
  for (const ChainRecord& chain : epoch.manifest.chains) {
    for (const StateFile& file : chain.files) static_cast<void>(env.remove_file(join_path(folder, file.name)).is_ok());
  }
}

} // namespace

Status prepare_savepoint(Env& env, const std::string& folder, const std::string& state_folder) {
  Result<FileStat> own = env.stat(state_folder);
  for (std::string above = folder, below; own.is_ok() && above != below; above = parent_of(below = above)) {
    Result<FileStat> stat = env.stat(above);
    if (!stat.is_ok() || !stat->is_same_file(*own)) continue;
    return Status(ExitCode::request_refused,
                  fmt::format("'{}' lies in the checkpoint folder of the job: give a folder elsewhere", folder));
  }
  Result<FileStat> stat = env.stat(folder);
  if (stat.is_ok() && stat->kind != FileKind::folder) {
    return Status(ExitCode::request_refused, fmt::format("'{}' is to hold a savepoint and is not a folder", folder));
  }
  FLOW_TRY(make_folders(env, folder, Access::own).as(ExitCode::output_failed));
  FLOW_TRY_ASSIGN(std::vector<FolderEntry> entries, env.read_folder(folder).as(ExitCode::output_failed));
  if (entries.empty()) return Status();
  return Status(
      ExitCode::request_refused,
      fmt::format("'{}' is to hold a savepoint and is not empty: give a folder that is, or is not there yet", folder));
}

Status copy_epoch(Env& env, const StoredEpoch& epoch, const Manifest& manifest, const std::string& folder) {
  for (const ChainRecord& chain : manifest.chains) {
    for (const StateFile& file : chain.files) {
      FLOW_TRY(copy_file(env, join_path(epoch.folder, file.name), join_path(folder, file.name)));
      FLOW_TRY(verify_state_file(env, folder, epoch.place_of(file), file));
    }
  }
  FLOW_TRY(env.sync_folder(folder).as(ExitCode::output_failed));
  return write_file_durably(env, join_path(folder, "manifest"), encode_manifest(manifest), Access::own)
      .as(ExitCode::output_failed);
}

Status write_savepoint(Env& env, const StoredEpoch& epoch, const std::string& folder) {
  Manifest manifest = epoch.manifest;
  manifest.is_savepoint = true;
  manifest.committed_epoch = manifest.epoch;
  for (SinkRecord& sink : manifest.sinks) sink.files.clear();
  Status copied = copy_epoch(env, epoch, manifest, folder);
  if (!copied.is_ok()) remove_files(env, epoch, folder);
  return copied;
}

} // namespace flow::runtime
