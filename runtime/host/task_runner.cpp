#include "runtime/host/task_runner.h"

#include <fmt/format.h>

#include <algorithm>

#include "runtime/base/assert.h"
#include "runtime/batch/batch.h"

namespace flow::runtime {
namespace {

constexpr int64_t stats_interval_us = 20'000;

} // namespace

TaskRunner::TaskRunner(RunnerPlace place, std::unique_ptr<TaskOutputs> outputs, InputGate gate, const Control& control,
                       StateWriteBox* states, EventBox& events)
    : place_(place), outputs_(std::move(outputs)), gate_(std::move(gate)), control_(control), states_(states),
      events_(events) {}

// After the writer's thread has ended.
TaskRunner::~TaskRunner() {
  for (const auto& write : writes_) flow_snapshot_release(write->snapshot, 0);
  source_.reset();
  if (task_ != nullptr) flow_task_close(task_);
}

Progress TaskRunner::step(int64_t now_us) {
  if (has_failed_) return Progress::waiting;
  now_us_ = now_us;
  release_states();
  Progress progress = act(now_us);
  outputs_->publish();
  refresh_stats(now_us, false);
  return progress;
}

Progress TaskRunner::act(int64_t now_us) {
  if (!outputs_->have_credit()) return Progress::waiting;
  if (has_open_rows() && now_us - open_since_us_ >= place_.latency_us) {
    flush();
    return Progress::worked;
  }
  tell_clock(now_us);
  bool may_speak = !outputs_->has_spoken() && gate_.have_all_spoken();
  if (may_speak && (source_ == nullptr || !has_due_)) {
    outputs_->send_opening(flow_task_current_watermark(task_));
    return Progress::worked;
  }
  if (has_due_) return fire();
  if (take_due_epoch()) return Progress::worked;
  if (is_finished_) return Progress::waiting;
  Progress progress = source_ != nullptr ? read(now_us) : consume();
  if (progress == Progress::worked) note_rows();
  return progress;
}

// Not before those behind know the task's time: what a timer sends would stand before that, and they take no row
// without.
void TaskRunner::tell_clock(int64_t now_us) {
  if (!clock_offset_us_ || is_finished_ || !outputs_->has_spoken()) return;
  flow_task_clock(task_, now_us + *clock_offset_us_);
  has_due_ = has_due_ || timer_deadline_us() <= now_us;
}

// By the monotonic clock.
int64_t TaskRunner::timer_deadline_us() const {
  bool may_tell = clock_offset_us_ && outputs_->has_spoken();
  int64_t due_us = may_tell ? flow_task_next_deadline(task_) : no_deadline;
  if (due_us == no_deadline) return no_deadline;
  return __builtin_sub_overflow(due_us, *clock_offset_us_, &due_us) ? 0 : due_us;
}

Progress TaskRunner::rest(int64_t) {
  if (has_failed_ || !has_open_rows() || !outputs_->have_credit()) return Progress::waiting;
  flush();
  outputs_->publish();
  return Progress::worked;
}

// The action may have written rows, at `now_us_` at the earliest.
void TaskRunner::note_rows() {
  if (!has_open_rows()) open_since_us_ = now_us_;
  if (place_.latency_us == 0) flush();
}

Progress TaskRunner::fire() {
  int32_t answer = flow_task_step(task_);
  note_rows();
  if (answer < 0) {
    fail();
  } else if (answer == 0) {
    has_due_ = false;
    if (!is_finished_ && flow_task_is_finished(task_) != 0) finish();
  }
  return Progress::worked;
}

bool TaskRunner::take_due_epoch() {
  gate_.abandon(control_.abandoned_epoch.load(std::memory_order_acquire));
  if (source_ != nullptr || gate_.have_all_ended()) {
    uint64_t requested = control_.requested_epoch.load(std::memory_order_acquire);
    if (requested <= epoch_) return false;
    if (!drain()) take_epoch(requested);
    return true;
  }
  std::optional<uint64_t> aligned = gate_.aligned();
  if (!aligned) return false;
  if (drain()) return true;
  take_epoch(*aligned);
  gate_.pass();
  return true;
}

// Whether partial results have to be sent first.
bool TaskRunner::drain() {
  has_due_ = flow_task_drain(task_) != 0;
  return has_due_;
}

void TaskRunner::take_epoch(uint64_t epoch) {
  FLOW_ASSERT(epoch > epoch_, "epochs are taken in their order");
  FLOW_ASSERT(from_ == 0, "an epoch is taken between two elements");
  epoch_ = epoch;
  flush();
  hand_over_state(epoch);
  outputs_->send_barrier(epoch);
}

void TaskRunner::hand_over_state(uint64_t epoch) {
  auto write = std::make_unique<StateWrite>();
  write->epoch = epoch;
  write->runner = place_.runner;
  write->file_name = fmt::format("chain-{}-task-{}", place_.chain, place_.index);
  write->watermark = flow_task_current_watermark(task_);
  write->may_differ = gate_.has_seen_idle();
  if (source_ != nullptr) write->splits = source_->records();
  if (states_ == nullptr) {
    events_.post(StateStored{.epoch = epoch,
                             .runner = place_.runner,
                             .splits = std::move(write->splits),
                             .watermark = write->watermark,
                             .may_differ = write->may_differ});
    return;
  }
  write->snapshot = flow_task_capture(task_, epoch);
  writes_.push_back(std::move(write));
  states_->post(writes_.back().get());
}

void TaskRunner::release_states() {
  while (!writes_.empty()) {
    StateWrite& write = *writes_.front();
    bool is_kept = control_.is_committed(write.epoch);
    bool is_decided = is_kept || control_.is_abandoned(write.epoch);
    if (!is_decided || !write.is_done.load(std::memory_order_acquire)) return;
    flow_snapshot_release(write.snapshot, is_kept ? 1 : 0);
    writes_.pop_front();
  }
}

Progress TaskRunner::read(int64_t now_us) {
  if (is_behind_last_epoch()) return Progress::waiting;
  if (control_.is_draining.load(std::memory_order_acquire)) {
    has_due_ = source_->end_input();
    return has_due_ ? Progress::worked : Progress::waiting;
  }
  Result<Progress> progress = source_->step(now_us);
  if (!progress.is_ok()) {
    has_failed_ = true;
    events_.post(PartFailed{progress.status()});
    return Progress::worked;
  }
  if (flow_task_error(task_).code != 0) {
    fail();
    return Progress::worked;
  }
  has_due_ = *progress == Progress::worked; // cheap to ask for
  return *progress;
}

bool TaskRunner::is_behind_last_epoch() const {
  uint64_t last = control_.last_epoch.load(std::memory_order_acquire);
  return last != 0 && epoch_ >= last;
}

Progress TaskRunner::consume() {
  std::optional<InputGate::Next> next = gate_.next();
  if (!next) return Progress::waiting;
  ElementKind kind = next->element->kind;
  if (kind == ElementKind::batch && !push(*next)) return Progress::worked;
  gate_.take(*next);
  if (kind == ElementKind::watermark) tell_time(next->port);
  if (kind == ElementKind::end) {
    if (gate_.has_ended(next->port)) {
      flow_task_end(task_, next->port);
      has_due_ = true;
    } else {
      tell_time(next->port);
    }
  }
  return Progress::worked;
}

// Whether the whole batch has been taken.
bool TaskRunner::push(const InputGate::Next& next) {
  const FlowBatch* batch = next.element->batch;
  int64_t reached = flow_task_push(task_, next.port, batch, from_);
  if (reached < 0) {
    fail();
    return false;
  }
  has_due_ = true; // partial results, if they are many: cheap to ask for
  bool is_whole = reached == batch->rows;
  from_ = is_whole ? 0 : reached;
  return is_whole;
}

void TaskRunner::tell_time(uint32_t port) {
  std::optional<PortTime> time = gate_.changed_time(port);
  if (!time) return;
  flow_task_watermark(task_, port, time->watermark, time->is_idle ? 1 : 0);
  has_due_ = true;
}

void TaskRunner::flush() {
  flow_task_flush(task_);
  open_since_us_ = no_deadline;
}

void TaskRunner::finish() {
  flush();
  outputs_->send_end();
  is_finished_ = true;
  refresh_stats(now_us_, true);
  events_.post(TaskFinished{place_.runner});
}

void TaskRunner::fail() {
  has_failed_ = true;
  refresh_stats(now_us_, true);
  FlowTaskError error = flow_task_error(task_);
  events_.post(PartFailed{Status(static_cast<ExitCode>(error.code), error.text)});
}

int64_t TaskRunner::deadline_us() const {
  if (is_finished_ || has_failed_ || !outputs_->have_credit()) return no_deadline;
  int64_t deadline_us = has_open_rows() ? open_since_us_ + place_.latency_us : no_deadline;
  deadline_us = std::min(deadline_us, timer_deadline_us());
  bool reads = source_ != nullptr && !is_behind_last_epoch();
  return reads ? std::min(deadline_us, source_->deadline_us()) : deadline_us;
}

void TaskRunner::refresh_stats(int64_t now_us, bool is_exact) {
  if (!is_exact && now_us - stats_us_ < stats_interval_us) return;
  stats_us_ = now_us;
  FlowTaskCounters now = flow_task_counters(task_);
  stats_.rows_in.store(now.rows_in, std::memory_order_relaxed);
  stats_.rows_written.store(now.rows_written, std::memory_order_relaxed);
  stats_.late.store(now.late, std::memory_order_relaxed);
  stats_.bad.store(now.bad, std::memory_order_relaxed);
  stats_.skipped.store(now.skipped, std::memory_order_relaxed);
  stats_.watermark.store(flow_task_current_watermark(task_), std::memory_order_relaxed);
  if (source_ == nullptr) return;
  SplitProgress progress = source_->progress();
  stats_.input_done.store(progress.done, std::memory_order_relaxed);
  stats_.input_total.store(progress.total, std::memory_order_relaxed);
}

} // namespace flow::runtime
