// CheckpointStore: the folder of --checkpoint-dir, all through Env.
//
//   DIR/lock                 held by the running instance
//   DIR/job                  JobRecord: durable with the new attempt before anything else happens
//   DIR/epoch-7/task-0-1     state of task 1 of chain 0
//   DIR/epoch-7/manifest     written as .manifest.new, fsynced, renamed, folder fsynced: *the* decision
//
// Order of one epoch: begin_epoch (folder, durable) · task files (fsynced) · complete (folder fsynced, manifest). An
// epoch's number is used once in a folder, whatever happened to it. Calls for one epoch's task files may come from
// another thread than the rest.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/checkpoint/manifest.h"
#include "runtime/checkpoint/task_file.h"
#include "runtime/env/env.h"

namespace flow::runtime {

// One epoch folder as it was found.
struct FoundEpoch {
  uint64_t epoch = 0;
  bool has_manifest = false;
  std::optional<Manifest> manifest;  // if it is valid
  Status problem;                    // if it is not
};

class CheckpointStore {
 public:
  // Makes the folder at need and locks it: fails with `checkpoint_in_use` if another instance has it.
  static Result<std::unique_ptr<CheckpointStore>> open(Env& env, std::string folder);

  Result<std::optional<JobRecord>> read_job();
  // All epoch folders, newest first, with what their manifests say.
  Result<std::vector<FoundEpoch>> find_epochs();
  // Whether everything that the manifest lists is there and whole.
  Status verify(const Manifest& manifest);
  Result<std::string> read(uint64_t epoch, const TaskFile& file);

  // A new start: its record becomes durable.
  Status begin(const JobRecord& record);
  // Takes the manifests of these away, durably, then all that belongs to them.
  Status discard(const std::vector<uint64_t>& epochs);

  Status begin_epoch(uint64_t epoch);
  Result<std::unique_ptr<TaskFileWriter>> create_task_file(uint64_t epoch, uint32_t chain, uint32_t index);
  Status complete(const Manifest& manifest);

  std::string path_of(uint64_t epoch) const;
  const std::string& folder() const { return folder_; }

 private:
  CheckpointStore(Env& env, std::string folder, std::unique_ptr<FileLock> lock)
      : env_(env), folder_(std::move(folder)), lock_(std::move(lock)) {}
  FoundEpoch look_at(uint64_t epoch);

  Env& env_;
  std::string folder_;
  std::unique_ptr<FileLock> lock_;
};

}  // namespace flow::runtime
