// Coordinator: the life of epochs (architecture, "the life of an epoch"). One at a time:
//
//   request   sources send its barrier                        Control.requested_epoch
//   collect   every task's state and every sink's output are durable
//   decide    the manifest is written; this alone decides
//   commit    sinks make the epoch's output visible, each idempotent
//   tell      Control.committed_epoch; older checkpoints go
//
// An epoch that takes too long or fails is abandoned: nothing was shown, its output joins the next. After the last task
// has finished one more epoch makes the end durable. A stop is an epoch after which sources read nothing more.
// Without a checkpoint folder there is only the last epoch, and nothing is written but the sinks' output.
// A savepoint is the next epoch, copied when it is committed: until then nobody is told, and the job itself never needs
// the copy. If it was to be the last, the job ends with that epoch whether or not the copy could be written.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/checkpoint/store.h"
#include "runtime/connectors/sink.h"
#include "runtime/env/log.h"
#include "runtime/host/canaries.h"
#include "runtime/host/control.h"
#include "runtime/host/part.h"

namespace flow::runtime {

enum class Outcome : uint8_t { running, finished, stopped, failed };

struct EpochPlan {
  int64_t interval_us = 10'000'000;
  int64_t timeout_us = 600'000'000;
  uint32_t failures_max = 3; // epochs in a row that fail; then the job stops
};

// What the coordinator must know of the job.
struct JobShape {
  Manifest header;         // all that is the same in every manifest of this start
  uint64_t last_epoch = 0; // decided and committed by the time the job starts; 0: none
  struct RunnerInfo {
    uint32_t chain;
    uint32_t index;
  };
  struct ChainInfo {
    std::string uid;
    uint32_t parallelism;
    bool shares_watermark; // every task has a channel from every task before it: all must hold the same watermark
  };
  struct SinkInfo {
    std::string name;
    Sink* sink;
  };
  std::vector<RunnerInfo> runners;
  std::vector<ChainInfo> chains;
  std::vector<SinkInfo> sinks;        // those that are exactly once
  std::vector<uint32_t> sink_of_part; // by sink part: index of `sinks`
};

// For the progress line.
struct EpochStats {
  std::atomic<uint64_t> completed{0};
  std::atomic<uint64_t> last_epoch{0};
  std::atomic<int64_t> last_us{0}; // when it was committed
};

enum class EpochKind : uint8_t {
  periodic,
  stop, // sources read nothing behind it
  end,  // all input is read, all windows have fired
};

// The epoch that is being collected.
struct EpochFlight {
  uint64_t epoch = 0;
  int64_t start_us = 0;
  EpochKind kind = EpochKind::periodic;
  std::vector<std::optional<StateStored>> states;
  std::vector<std::optional<OutputStaged>> outputs;
  size_t missing = 0;
  bool is_for_savepoint = false; // it is the one that was asked for
};

class Coordinator final : public Part {
public:
  // `store` is null in a job without checkpoints.
  Coordinator(Env& env, CheckpointStore* store, JobShape shape, EpochPlan plan, Control& control, EventBox& events,
              Log& log, Canaries canaries);

  Progress step(int64_t now_us) override;
  int64_t deadline_us() const override;

  // Asks for an orderly stop: one more epoch, then the end.
  void request_stop() { is_stop_requested_.store(true, std::memory_order_release); }

  Outcome outcome() const { return outcome_; }
  const Status& failure() const { return failure_; } // of Outcome::failed
  const EpochStats& stats() const { return stats_; }

private:
  bool take_events();
  void take(StateStored event);
  void take(OutputStaged event);
  void take(TaskFinished event);
  void take(EpochFailed event);
  void take(PartFailed event);
  void take(SavepointAsked event);
  bool begin_due_epoch(int64_t now_us);
  bool drain(int64_t now_us);
  bool is_savepoint_due() const;
  void keep_savepoint(const Manifest& manifest);
  void answer_savepoint(const Result<uint64_t>& epoch);
  void begin_epoch(int64_t now_us, EpochKind kind);
  void give_up(std::string_view why);
  void give_up_failed(const Status& why);
  void complete(int64_t now_us);
  Status decide_and_commit();
  Status commit();
  Status check_watermarks() const;
  Manifest manifest_of_flight() const;
  std::vector<StagedFile> staged_files(uint32_t sink) const;
  void fail(Status status);
  bool is_stop_requested() const { return is_stop_requested_.load(std::memory_order_acquire); }
  bool have_all_finished() const { return finished_tasks_ == shape_.runners.size(); }

  Env& env_;
  CheckpointStore* store_;
  JobShape shape_;
  EpochPlan plan_;
  Control& control_;
  EventBox& events_;
  Log& log_;
  Canaries canaries_;

  std::atomic<bool> is_stop_requested_{false};
  std::optional<EpochFlight> flight_;
  std::optional<SavepointAsked> savepoint_; // asked for and not answered
  uint64_t next_epoch_;
  uint64_t committed_;
  int64_t next_start_us_ = no_deadline;
  size_t finished_tasks_ = 0;
  uint32_t failures_ = 0;
  Outcome outcome_ = Outcome::running;
  Status failure_;
  EpochStats stats_;
};

} // namespace flow::runtime
