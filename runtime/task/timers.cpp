// Timers of a keyed state: set by rows and timers, fired in portions when the watermark or the clock reaches them.
//
// A row may set a timer for a time that has come: it fires before the next row, or results would depend on how many
// rows a call brings. So the process function is told to return, as if outputs were full, and the host steps before it
// goes on. At the end of input all timers in event time fire; those in processing time that are still set then are
// dropped with the task, since nobody waits for the clock.
#include <algorithm>

#include "runtime/base/assert.h"
#include "runtime/task/task.h"
#include "runtime/vocabulary/vocabulary.h"

namespace flow::runtime {
namespace {

constexpr uint32_t portion_timers = 1024;

} // namespace

void Task::take_clock(int64_t now_us) { now = std::max(now, now_us); }

int64_t Task::next_deadline() const {
  bool is_over = keyed_ == nullptr || is_finished();
  return is_over ? INT64_MAX : keyed_->next_deadline();
}

void Task::set_timer(uint32_t state, uint32_t timer, uint8_t* entry, uint64_t hash, int64_t at_us) {
  FLOW_ASSERT(state == 0 && keyed_ != nullptr, "timers belong to the keyed state of their chain");
  int64_t instant = keyed_->set_timer(timer, entry, hash, at_us);
  if (instant <= (keyed_->is_processing_time(timer) ? now : watermark)) is_full = 1;
}

void Task::settle_entry(uint32_t state, uint8_t* entry) {
  FLOW_ASSERT(state == 0 && keyed_ != nullptr, "the entry is one of the keyed state of its chain");
  keyed_->settle(entry);
}

TouchedSessions Task::touch_session(uint32_t state, uint64_t hash, std::string_view key, int64_t time_us) {
  FLOW_ASSERT(state == 0 && keyed_ != nullptr, "sessions are the keyed state of their chain");
  return runtime::touch_session(*keyed_, hash, key, time_us, watermark);
}

uint8_t* Task::drop_session(uint32_t state, uint8_t* other, uint8_t* session) {
  FLOW_ASSERT(state == 0 && keyed_ != nullptr, "sessions are the keyed state of their chain");
  return runtime::drop_session(*keyed_, other, session);
}

int32_t Task::step_timers() {
  uint32_t steps = portion_timers;
  while (is_full == 0) {
    std::optional<DueTimer> due = keyed_->take_due(target_, now, &steps);
    if (!due) break;
    if (!fire_timer(*due)) return -1;
  }
  outputs_of->send_full();
  settle_states(portion_timers - steps);
  if (is_full != 0 || has_due()) return 1;
  finish_progress();
  return 0;
}

bool Task::fire_timer(const DueTimer& timer) {
  StateTable& table = keyed_->table();
  FlowDue due{};
  due.phase = FLOW_DUE_TIMER;
  due.table = &table;
  due.count = 1;
  due.window_start = timer.time;
  due.entry = table.entries + uint64_t{timer.index} * table.stride;
  due.hash = timer.hash;
  due.timer = timer.timer;
  scratch.reset();
  int64_t reached = chain->fire(this, keyed_->state().trigger, &due, 0);
  if (reached < 0 || !error_.is_ok()) {
    stop_without_reason("fire");
    return false;
  }
  FLOW_ASSERT(reached == 1, "a timer is handled in one call");
  FLOW_ASSERT(timer.index < table.count, "the handler of a timer makes and erases no entries");
  keyed_->settle(table.entries + uint64_t{timer.index} * table.stride);
  return true;
}

} // namespace flow::runtime

using flow::runtime::Task;

extern "C" {

void flow_timer_set(FlowTask* task, uint32_t state, uint32_t timer, uint8_t* entry, uint64_t hash, int64_t at_us) {
  Task::from(task)->set_timer(state, timer, entry, hash, at_us);
}

void flow_settle_entry(FlowTask* task, uint32_t state, uint8_t* entry) { Task::from(task)->settle_entry(state, entry); }

uint8_t* flow_session(FlowTask* task, uint32_t state, uint64_t hash, const char* key, uint64_t key_size,
                      int64_t time_us, uint8_t** other) {
  flow::runtime::TouchedSessions touched = Task::from(task)->touch_session(state, hash, {key, key_size}, time_us);
  *other = touched.other;
  return touched.session;
}

uint8_t* flow_session_drop(FlowTask* task, uint32_t state, uint8_t* other, uint8_t* session) {
  return Task::from(task)->drop_session(state, other, session);
}

} // extern "C"
