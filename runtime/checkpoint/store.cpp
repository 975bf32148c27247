#include "runtime/checkpoint/store.h"

#include <fmt/format.h>

#include <algorithm>

#include "runtime/env/files.h"

namespace flow::runtime {
namespace {

constexpr uint64_t record_bytes_max = 64 * 1024;
constexpr uint64_t manifest_bytes_max = 256 * 1024 * 1024;
constexpr std::string_view manifest_name = "manifest";

}  // namespace

Result<std::unique_ptr<CheckpointStore>> CheckpointStore::open(Env& env, std::string folder) {
  FLOW_TRY(make_folders(env, folder, Access::own).with("to keep checkpoints in"));
  auto lock = env.lock(join_path(folder, "lock"));
  if (!lock.is_ok()) {
    Status status = std::move(lock).status();
    if (status.code() != ExitCode::checkpoint_in_use) return status;
    return Status(ExitCode::checkpoint_in_use,
                  fmt::format("another instance of the job uses the checkpoint folder '{}': stop it first, or give this "
                              "one a folder of its own",
                              folder));
  }
  return std::unique_ptr<CheckpointStore>(new CheckpointStore(env, std::move(folder), std::move(lock).value()));
}

std::string CheckpointStore::path_of(uint64_t epoch) const { return join_path(folder_, epoch_folder(epoch)); }

Result<std::optional<JobRecord>> CheckpointStore::read_job() {
  std::string path = join_path(folder_, "job");
  FLOW_TRY_ASSIGN(bool is_there, exists(env_, path));
  if (!is_there) return std::optional<JobRecord>();
  FLOW_TRY_ASSIGN(std::string bytes, read_file(env_, path, Access::own, record_bytes_max).as(ExitCode::checkpoint_damaged));
  FLOW_TRY_ASSIGN(JobRecord record, JobRecord::decode(bytes, path));
  return std::optional(std::move(record));
}

FoundEpoch CheckpointStore::look_at(uint64_t epoch) {
  FoundEpoch found{.epoch = epoch};
  std::string path = join_path(path_of(epoch), manifest_name);
  Result<bool> is_there = exists(env_, path);
  found.has_manifest = !is_there.is_ok() || *is_there;
  if (!found.has_manifest) return found;
  auto bytes = read_file(env_, path, Access::own, manifest_bytes_max).as(ExitCode::checkpoint_damaged);
  if (!bytes.is_ok()) {
    found.problem = bytes.status();
    return found;
  }
  auto manifest = Manifest::decode(*bytes, epoch, path);
  if (manifest.is_ok()) {
    found.manifest = std::move(manifest).value();
  } else {
    found.problem = manifest.status();
  }
  return found;
}

Result<std::vector<FoundEpoch>> CheckpointStore::find_epochs() {
  FLOW_TRY_ASSIGN(std::vector<FolderEntry> entries, env_.read_folder(folder_).as(ExitCode::checkpoint_damaged));
  std::vector<FoundEpoch> found;
  for (const FolderEntry& entry : entries) {
    uint64_t epoch = 0;
    if (entry.kind == FileKind::folder && parse_epoch_folder(entry.name, &epoch)) found.push_back(look_at(epoch));
  }
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.epoch > b.epoch; });
  return found;
}

Status CheckpointStore::verify(const Manifest& manifest) {
  for (const ManifestChain& chain : manifest.chains) {
    for (const TaskFile& file : chain.files) {
      FLOW_TRY_ASSIGN(std::string bytes, read(manifest.epoch, file));
    }
  }
  return Status();
}

Result<std::string> CheckpointStore::read(uint64_t epoch, const TaskFile& file) {
  return read_task_file(env_, path_of(epoch), file);
}

Status CheckpointStore::begin(const JobRecord& record) {
  return write_file_durably(env_, join_path(folder_, "job"), record.encode(), Access::own);
}

// First every manifest, each name's absence made durable, so that half an epoch is never taken for a whole one.
Status CheckpointStore::discard(const std::vector<uint64_t>& epochs) {
  for (uint64_t epoch : epochs) {
    std::string path = join_path(path_of(epoch), manifest_name);
    FLOW_TRY_ASSIGN(bool is_there, exists(env_, path));
    if (!is_there) continue;
    FLOW_TRY(env_.remove_file(path));
    FLOW_TRY(env_.sync_folder(path_of(epoch)));
  }
  for (uint64_t epoch : epochs) FLOW_TRY(remove_tree(env_, path_of(epoch)));
  return Status();
}

Status CheckpointStore::begin_epoch(uint64_t epoch) { return make_folders(env_, path_of(epoch), Access::own); }

Result<std::unique_ptr<TaskFileWriter>> CheckpointStore::create_task_file(uint64_t epoch, uint32_t chain, uint32_t index) {
  return TaskFileWriter::create(env_, path_of(epoch), fmt::format("task-{}-{}", chain, index));
}

Status CheckpointStore::complete(const Manifest& manifest) {
  std::string folder = path_of(manifest.epoch);
  FLOW_TRY(env_.sync_folder(folder));
  return write_file_durably(env_, join_path(folder, manifest_name), manifest.encode(), Access::own);
}

}  // namespace flow::runtime
