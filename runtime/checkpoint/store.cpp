#include "runtime/checkpoint/store.h"

#include <fmt/format.h>

#include <algorithm>

#include "runtime/base/text.h"
#include "runtime/checkpoint/savepoint.h"
#include "runtime/checkpoint/state_file.h"
#include "runtime/env/files.h"

namespace flow::runtime {
namespace {

constexpr std::string_view manifest_name = "manifest";
constexpr std::string_view epoch_prefix = "epoch-";
constexpr uint64_t manifest_bytes_max = 1ull << 30;
constexpr uint64_t record_bytes_max = 64 * 1024;
constexpr size_t epochs_kept = 2;

} // namespace

std::string epoch_folder_name(uint64_t epoch) { return fmt::format("{}{}", epoch_prefix, epoch); }

std::optional<uint64_t> epoch_of_folder(std::string_view name) {
  if (!name.starts_with(epoch_prefix)) return std::nullopt;
  std::optional<uint64_t> epoch = parse_u64(name.substr(epoch_prefix.size()));
  return epoch && epoch_folder_name(*epoch) == name ? epoch : std::nullopt;
}

Result<std::unique_ptr<CheckpointStore>> CheckpointStore::open(Env& env, const std::string& folder) {
  auto store = std::unique_ptr<CheckpointStore>(new CheckpointStore(env, folder));
  FLOW_TRY(store->claim());
  FLOW_TRY(store->read_record());
  return store;
}

// State is ours alone: a folder that others may write could hand us anything.
Status CheckpointStore::claim() {
  FLOW_TRY(make_folders(env_, folder_, Access::own).as(ExitCode::output_failed));
  FLOW_TRY_ASSIGN(FileStat stat, env_.stat(folder_).as(ExitCode::output_failed));
  if (stat.kind != FileKind::folder) {
    return Status(ExitCode::output_failed, fmt::format("'{}' is to hold checkpoints and is not a folder", folder_));
  }
  if (!stat.is_ours || stat.is_open_to_others) {
    return Status(ExitCode::start_refused,
                  fmt::format("the checkpoint folder '{}' is {}: give a folder that only you can write", folder_,
                              stat.is_ours ? "writable by others" : "not yours"));
  }
  FLOW_TRY_ASSIGN(lock_, env_.lock(join_path(folder_, "lock")));
  return Status();
}

Status CheckpointStore::read_record() {
  std::string path = join_path(folder_, "job");
  FLOW_TRY_ASSIGN(bool is_there, exists(env_, path).as(ExitCode::checkpoint_damaged));
  if (!is_there) return Status();
  FLOW_TRY_ASSIGN(std::string bytes,
                  read_file(env_, path, Access::own, record_bytes_max).as(ExitCode::checkpoint_damaged));
  FLOW_TRY_ASSIGN(record_, decode_job_record(bytes, path));
  return Status();
}

Status CheckpointStore::write_record(const JobRecord& record) {
  if (!record.folder.empty()) {
    FLOW_TRY(make_folders(env_, join_path(folder_, record.folder), Access::own).as(ExitCode::output_failed));
  }
  FLOW_TRY(write_file_durably(env_, join_path(folder_, "job"), encode_job_record(record), Access::own)
               .as(ExitCode::output_failed));
  record_ = record;
  return Status();
}

std::string CheckpointStore::job_folder() const {
  bool is_beside = record_ && !record_->folder.empty();
  return is_beside ? join_path(folder_, record_->folder) : folder_;
}

std::string CheckpointStore::epoch_folder(uint64_t epoch) const {
  return join_path(job_folder(), epoch_folder_name(epoch));
}

// Newest first.
Result<std::vector<uint64_t>> CheckpointStore::epoch_folders() {
  FLOW_TRY_ASSIGN(std::vector<FolderEntry> entries, env_.read_folder(job_folder()).as(ExitCode::checkpoint_damaged));
  std::vector<uint64_t> epochs;
  for (const FolderEntry& entry : entries) {
    if (std::optional<uint64_t> epoch = epoch_of_folder(entry.name)) epochs.push_back(*epoch);
  }
  std::sort(epochs.rbegin(), epochs.rend());
  return epochs;
}

Result<std::vector<uint64_t>> CheckpointStore::complete_epochs() {
  FLOW_TRY_ASSIGN(std::vector<uint64_t> folders, epoch_folders());
  std::vector<uint64_t> complete;
  for (uint64_t epoch : folders) {
    FLOW_TRY_ASSIGN(bool has_manifest,
                    exists(env_, join_path(epoch_folder(epoch), manifest_name)).as(ExitCode::checkpoint_damaged));
    if (has_manifest) complete.push_back(epoch);
  }
  return complete;
}

Status CheckpointStore::discard_after(uint64_t epoch) {
  FLOW_TRY_ASSIGN(std::vector<uint64_t> folders, epoch_folders());
  FLOW_TRY_ASSIGN(std::vector<uint64_t> complete, complete_epochs());
  for (uint64_t other : folders) {
    bool is_complete = std::find(complete.begin(), complete.end(), other) != complete.end();
    if (other > epoch || !is_complete) FLOW_TRY(remove_epoch(other));
  }
  return env_.sync_folder(job_folder()).as(ExitCode::output_failed);
}

// The manifest first, durably: a folder that is half removed must not look like an epoch.
Status CheckpointStore::remove_epoch(uint64_t epoch) {
  std::string folder = epoch_folder(epoch);
  FLOW_TRY_ASSIGN(bool has_manifest, exists(env_, join_path(folder, manifest_name)).as(ExitCode::output_failed));
  if (has_manifest) {
    FLOW_TRY(env_.remove_file(join_path(folder, manifest_name)).as(ExitCode::output_failed));
    FLOW_TRY(env_.sync_folder(folder).as(ExitCode::output_failed));
  }
  return remove_tree(env_, folder).as(ExitCode::output_failed);
}

Result<StoredEpoch> CheckpointStore::adopt(StoredEpoch epoch) {
  uint64_t number = epoch.manifest.epoch;
  std::string folder = epoch_folder(number);
  FLOW_TRY_ASSIGN(bool is_taken, exists(env_, folder).as(ExitCode::checkpoint_damaged));
  if (is_taken) {
    FLOW_TRY_ASSIGN(FileStat ours, env_.stat(folder).as(ExitCode::checkpoint_damaged));
    FLOW_TRY_ASSIGN(FileStat theirs, env_.stat(epoch.folder).as(ExitCode::checkpoint_damaged));
    if (ours.is_same_file(theirs)) return epoch;
  }
  // Beside it first: the epoch of this number goes only when the copy is whole.
  std::string beside = join_path(job_folder(), ".adopted");
  FLOW_TRY(remove_tree(env_, beside).as(ExitCode::output_failed));
  FLOW_TRY(env_.make_folder(beside, Access::own).as(ExitCode::output_failed));
  FLOW_TRY(copy_epoch(env_, epoch, epoch.manifest, beside));
  if (is_taken) FLOW_TRY(remove_epoch(number));
  FLOW_TRY(env_.rename(beside, folder).as(ExitCode::output_failed));
  FLOW_TRY(env_.sync_folder(job_folder()).as(ExitCode::output_failed));
  epoch.folder = folder;
  return epoch;
}

Status CheckpointStore::begin(uint64_t epoch) {
  FLOW_TRY(env_.make_folder(epoch_folder(epoch), Access::own).as(ExitCode::output_failed));
  return env_.sync_folder(job_folder()).as(ExitCode::output_failed);
}

Status CheckpointStore::check_owner() {
  std::string path = join_path(folder_, "job");
  FLOW_TRY_ASSIGN(std::string bytes, read_file(env_, path, Access::own, record_bytes_max).as(ExitCode::output_failed));
  FLOW_TRY_ASSIGN(JobRecord record, decode_job_record(bytes, path));
  if (record_ && record.job_id == record_->job_id && record.attempt == record_->attempt) return Status();
  return Status(
      ExitCode::checkpoint_in_use,
      fmt::format("another instance has taken over the checkpoint folder '{}': this one stops, and what it had "
                  "not committed is the other's to do",
                  folder_));
}

Status CheckpointStore::complete(const Manifest& manifest) {
  FLOW_TRY(check_owner());
  std::string path = join_path(epoch_folder(manifest.epoch), manifest_name);
  return write_file_durably(env_, path, encode_manifest(manifest), Access::own).as(ExitCode::output_failed);
}

void CheckpointStore::abandon(uint64_t epoch) {
  if (!check_owner().is_ok()) return; // another instance may have an epoch of this number
  static_cast<void>(remove_tree(env_, epoch_folder(epoch)).is_ok());
}

Status CheckpointStore::retire(uint64_t committed) {
  FLOW_TRY_ASSIGN(std::vector<uint64_t> complete, complete_epochs());
  size_t kept = 0;
  for (uint64_t epoch : complete) {
    if (epoch > committed || kept++ < epochs_kept) continue;
    FLOW_TRY(remove_epoch(epoch));
  }
  return Status();
}

Status make_durable(Env& env, const StoredEpoch& epoch) {
  FLOW_TRY(env.sync_folder(epoch.folder).as(ExitCode::output_failed));
  return env.sync_folder(parent_of(epoch.folder)).as(ExitCode::output_failed);
}

Result<StoredEpoch> read_epoch(Env& env, const std::string& folder) {
  std::string path = join_path(folder, manifest_name);
  FLOW_TRY_ASSIGN(std::string bytes,
                  read_file(env, path, Access::own, manifest_bytes_max).as(ExitCode::checkpoint_damaged));
  FLOW_TRY_ASSIGN(Manifest manifest, decode_manifest(bytes, path));
  StoredEpoch stored{std::move(manifest), folder};
  for (const ChainRecord& chain : stored.manifest.chains) {
    for (const StateFile& file : chain.files) FLOW_TRY(verify_state_file(env, folder, stored.place_of(file), file));
  }
  return stored;
}

} // namespace flow::runtime
