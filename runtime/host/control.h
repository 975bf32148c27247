// What the parts of a job tell one another about epochs. The coordinator speaks through Control (numbers that only
// grow, read by everyone between two actions); the others answer with events in its mailbox.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "runtime/base/status.h"
#include "runtime/checkpoint/manifest.h"
#include "runtime/connectors/sink.h"
#include "runtime/exchange/mailbox.h"

namespace flow::runtime {

struct Control {
  std::atomic<uint64_t> requested_epoch{0}; // sources send the barrier of this epoch; 0: none yet
  std::atomic<uint64_t> abandoned_epoch{0}; // an epoch up to this one that is still in flight has been given up
  std::atomic<uint64_t> committed_epoch{0}; // done: decided and visible
  std::atomic<uint64_t> last_epoch{0};      // not 0: sources read nothing behind the barrier of this epoch
  std::atomic<bool> is_draining{false};     // sources end where they are, as if their input did

  bool is_abandoned(uint64_t epoch) const { return abandoned_epoch.load(std::memory_order_acquire) >= epoch; }
  bool is_committed(uint64_t epoch) const { return committed_epoch.load(std::memory_order_acquire) >= epoch; }
};

// A task's state of an epoch is durable (or, in a job without checkpoints, the task has passed the barrier).
struct StateStored {
  uint64_t epoch = 0;
  uint32_t runner = 0;
  StateFile file = {};
  std::vector<SplitRecord> splits = {};
  int64_t watermark = 0;
  bool may_differ = false; // a channel was idle: tasks of one chain need not hold the same watermark
};

// A sink task's output of an epoch is durable.
struct OutputStaged {
  uint64_t epoch = 0;
  uint32_t sink_part = 0;
  std::vector<StagedFile> files;
};

struct TaskFinished {
  uint32_t runner = 0;
};

// The epoch cannot be completed; the job goes on and its output joins the next.
struct EpochFailed {
  uint64_t epoch = 0;
  Status status;
};

// The job cannot go on.
struct PartFailed {
  Status status;
};

// What becomes of the job when its savepoint is there.
enum class SavepointEnd : uint8_t {
  go_on,
  stop,  // suspended: no window fires early
  drain, // the input ends here: windows and timers fire, the job finishes
};

// Somebody wants a savepoint in a folder. `answer` is called once, on the coordinator's thread: the epoch, or why there
// is no savepoint. A job that ends before may leave it uncalled.
struct SavepointAsked {
  std::string folder;
  SavepointEnd end = SavepointEnd::go_on;
  std::function<void(const Result<uint64_t>& epoch)> answer;
};

using Event = std::variant<StateStored, OutputStaged, TaskFinished, EpochFailed, PartFailed, SavepointAsked>;
using EventBox = Mailbox<Event>;

} // namespace flow::runtime
