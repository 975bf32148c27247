// TaskRunner: one task with its inputs, outputs and splits. Each step is one action, the first of these that there is:
//
//   1. without credit on all outputs: nothing
//   2. open batches whose oldest row has waited for as long as a row may
//   3. the opening: its time, to those behind, once all before it have told theirs; ahead of what the last of their
//      words made due, whose rows would stand before it. A source tells the time that it was restored with by 4.
//   4. what is due (windows that closed)
//   5. an epoch, if its barrier is due: flush, snapshot, barrier to all outputs at once
//   6. the next element, or rows of the next split
//
// So a batch leaves for one of three reasons: it is full (the core sends it), its oldest row is as old as the latency
// bound (2), or the thread has nothing else to do (rest). The bound is looked at between two actions: a row waits for
// the bound and one action more at most, as long as there is credit.
//
// A task with timers in processing time is told the time before each action, and has a deadline at the next of them.
// Its clock is the monotonic one, set by the wall clock when the job was opened: it never jumps while the job runs.
//
// A task whose input has ended stays: it takes part in every later epoch, on the coordinator's word.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <optional>

#include "runtime/abi/flow_host.h"
#include "runtime/host/checkpoint_writer.h"
#include "runtime/host/control.h"
#include "runtime/host/input_gate.h"
#include "runtime/host/part.h"
#include "runtime/host/source_runner.h"
#include "runtime/host/task_outputs.h"

namespace flow::runtime {

// What a task tells those who report; written by its thread, read by any.
struct TaskStats {
  std::atomic<uint64_t> rows_in{0}, rows_written{0}, late{0}, bad{0}, skipped{0};
  std::atomic<int64_t> watermark{INT64_MIN};
  std::atomic<uint64_t> input_done{0}, input_total{0}; // of a source; total 0: unknown
};

struct RunnerPlace {
  uint32_t runner = 0; // among all tasks of the job
  uint32_t chain = 0;
  uint32_t index = 0;     // among the chain's tasks
  int64_t latency_us = 0; // how long a row waits in an open batch while the thread is busy; 0: not at all
};

class TaskRunner final : public Part {
public:
  // `states` is null in a job without checkpoints.
  TaskRunner(RunnerPlace place, std::unique_ptr<TaskOutputs> outputs, InputGate gate, const Control& control,
             StateWriteBox* states, EventBox& events);
  ~TaskRunner() override;

  // Set-up, before the first step.
  void set_task(FlowTask* task) { task_ = task; }
  void set_source(std::unique_ptr<SourceRunner> source) { source_ = std::move(source); }
  // The task has timers in processing time, which is that of the monotonic clock and so much.
  void follow_clock(int64_t offset_us) { clock_offset_us_ = offset_us; }

  Progress step(int64_t now_us) override;
  Progress rest(int64_t now_us) override;
  void end_turn() override { outputs_->call_consumers(); }
  int64_t deadline_us() const override;

  FlowTask* task() const { return task_; }
  TaskOutputs& outputs() { return *outputs_; }
  const InputGate& gate() const { return gate_; }
  // Before the first step.
  void note_idle() { gate_.note_idle(); }
  const RunnerPlace& place() const { return place_; }
  const TaskStats& stats() const { return stats_; }

private:
  Progress act(int64_t now_us);
  void tell_clock(int64_t now_us);
  int64_t timer_deadline_us() const;
  Progress fire();
  bool take_due_epoch();
  bool drain();
  void take_epoch(uint64_t epoch);
  void hand_over_state(uint64_t epoch);
  Progress read(int64_t now_us);
  Progress consume();
  bool push(const InputGate::Next& next);
  void tell_time(uint32_t port);
  bool is_behind_last_epoch() const;
  void note_rows();
  bool has_open_rows() const { return open_since_us_ != no_deadline; }
  void flush();
  void finish();
  void fail();
  void release_states();
  void refresh_stats(int64_t now_us, bool is_exact);

  RunnerPlace place_;
  std::unique_ptr<TaskOutputs> outputs_;
  InputGate gate_;
  const Control& control_;
  StateWriteBox* states_;
  EventBox& events_;
  FlowTask* task_ = nullptr;
  std::unique_ptr<SourceRunner> source_;
  std::optional<int64_t> clock_offset_us_; // none: the task asks for no clock

  std::deque<std::unique_ptr<StateWrite>> writes_; // snapshots not yet released, by epoch
  uint64_t epoch_ = 0;                             // the last one taken
  int64_t from_ = 0;                               // rows of the front batch that the task has taken
  bool has_due_ = true;                            // something may be due; after a restore the watermark is
  bool is_finished_ = false;
  bool has_failed_ = false;
  int64_t open_since_us_ = no_deadline; // since when rows may wait in open batches; no_deadline: none does
  int64_t now_us_ = 0;
  int64_t stats_us_ = 0;
  TaskStats stats_;
};

} // namespace flow::runtime
