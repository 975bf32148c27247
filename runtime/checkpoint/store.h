// CheckpointStore: the folder of a job's checkpoints on disk, owned by one instance at a time.
//
//   DIR/lock              held while a job runs
//   DIR/job               whose state it is, the last attempt (job_record.h)
//   DIR/epoch-N/manifest  the decision that epoch N has happened (manifest.h)
//   DIR/epoch-N/…         one state file per task (state_file.h)
//   DIR/<job id>/epoch-N  the same for a job that was started with --fresh beside an older one's state
//
// Order of an epoch: begin (folder, durable), state files (written and fsynced by whoever has them), complete (manifest
// written beside, fsynced, renamed, folder synced), commit of the sinks (not here), retire. An epoch folder without a
// manifest never happened; the next start removes it. Folders are 0700, files 0600.
// begin, complete, abandon and retire are called from one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/checkpoint/job_record.h"
#include "runtime/checkpoint/manifest.h"
#include "runtime/env/env.h"

namespace flow::runtime {

// An epoch that was read back and found whole.
struct StoredEpoch {
  Manifest manifest;
  std::string folder;
  std::string place_of(const StateFile& file) const {
    return section_place(manifest.job_id, manifest.epoch, file.name);
  }
};

class CheckpointStore {
public:
  // Makes the folder if need be, takes the lock and reads whose state is there.
  static Result<std::unique_ptr<CheckpointStore>> open(Env& env, const std::string& folder);

  // What DIR/job says; nothing: no job was started here.
  const std::optional<JobRecord>& record() const { return record_; }
  // Durable when it returns. From here on epochs are those of this job.
  Status write_record(const JobRecord& record);

  const std::string& folder() const { return folder_; }
  std::string epoch_folder(uint64_t epoch) const;

  // Epochs of the current job that have a manifest, newest first.
  Result<std::vector<uint64_t>> complete_epochs();
  // Removes what lies behind `epoch`, and all that was never completed. 0: everything.
  Status discard_after(uint64_t epoch);

  // Makes an epoch that lies elsewhere one of the folder's own, in place of one of this number that is another; gives
  // it as it lies here. Durable when it returns. One that is here already is left as it is.
  Result<StoredEpoch> adopt(StoredEpoch epoch);

  Status begin(uint64_t epoch);
  Status complete(const Manifest& manifest);
  // The epoch has not happened: its folder goes, as far as possible.
  void abandon(uint64_t epoch);
  // Keeps the two newest up to `committed`.
  Status retire(uint64_t committed);

private:
  CheckpointStore(Env& env, std::string folder) : env_(env), folder_(std::move(folder)) {}
  Status claim();
  Status read_record();
  std::string job_folder() const;
  Result<std::vector<uint64_t>> epoch_folders();
  Status remove_epoch(uint64_t epoch);

  Env& env_;
  std::string folder_;
  std::unique_ptr<FileLock> lock_;
  std::optional<JobRecord> record_;
};

// A process that was killed may have left its decision written but not durable. Whoever acts on an epoch that was read
// back makes it durable first: else a power loss would take the epoch and leave the output that followed from it.
Status make_durable(Env& env, const StoredEpoch& epoch);

// Reads the epoch in this folder, every byte of it: manifest and state files.
Result<StoredEpoch> read_epoch(Env& env, const std::string& folder);

std::string epoch_folder_name(uint64_t epoch);
std::optional<uint64_t> epoch_of_folder(std::string_view name); // nothing: it is not the name of an epoch's folder

} // namespace flow::runtime
