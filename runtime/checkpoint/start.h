// How a job starts: the table of flags, the state that is there, and what follows. Reads only; nothing is changed
// before the caller has compared the plan with the sinks' markers.
//
//   flag                  state there                                nothing there
//   none, latest          resume the newest whole epoch              start empty
//   --restore PATH        resume exactly there, or refuse            refuse
//   --restore none        refuse                                     start empty
//   --fresh               a new job beside the old one               start empty
//
// "State" is a complete epoch. A job that was started here and never completed one keeps its identity and starts empty.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/checkpoint/store.h"

namespace flow::runtime {

enum class RestoreMode : uint8_t { automatic, latest, path, none };

struct StartRequest {
  RestoreMode restore = RestoreMode::automatic;
  std::string path; // of RestoreMode::path: the folder of an epoch
  bool is_fresh = false;
  bool allows_lossy = false;           // state that has no place in the program may be dropped
  std::optional<uint32_t> group_count; // if the user gave one
  uint32_t parallelism = 1;
  bool is_parallelism_asked_for = true; // else no more than there are key groups

  std::string program;
  uint64_t random = 0; // makes the new job's id, if there is a new job
  int64_t wall_us = 0;
};

struct StartPlan {
  JobRecord record;                // with this start's attempt; to be written before anything runs
  std::optional<StoredEpoch> from; // nothing: start empty
  bool is_new_job = false;
  bool was_asked_for = false; // --restore PATH: an older epoch may have been chosen on purpose
  Status damage;              // what was wrong with newer epochs, if the plan falls back behind them
};

Result<StartPlan> plan_start(Env& env, CheckpointStore& store, const StartRequest& request);

// A job without a checkpoint folder.
StartPlan plan_unsaved(const StartRequest& request);

} // namespace flow::runtime
