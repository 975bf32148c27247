// How a task's time goes on: watermarks of ports or splits to one target, windows that it closes, then the watermark
// itself to those behind.
#include <algorithm>

#include "runtime/base/assert.h"
#include "runtime/task/task.h"

namespace flow::runtime {

void Task::take_watermark(uint32_t port, int64_t time_us, bool is_idle) {
  FLOW_ASSERT(port < ports_.size(), "the port is one of the chain's");
  Port& told = ports_[port];
  told.watermark = std::max(told.watermark, time_us);
  told.is_idle = is_idle;
  refresh();
}

void Task::end_port(uint32_t port) {
  if (chain->source != FLOW_NONE) {
    no_more_splits_ = true; // of a source chain: no further split will be opened
  } else {
    FLOW_ASSERT(port < ports_.size(), "the port is one of the chain's");
    ports_[port].has_ended = true;
  }
  refresh();
}

void Task::set_split_idle(Split& split, bool is_idle) {
  split.is_idle = is_idle;
  refresh();
}

void Task::tell_split(Split& split, int64_t time_us) {
  split.pending = std::max(split.pending, time_us);
  split.take();
  is_told_at_once_ = true; // no row may overtake it
  refresh();
}

void Task::end_split(Split& split) {
  split.is_finished = true;
  refresh();
}

bool Task::is_finished() const {
  if (!error_.is_ok() || watermark != INT64_MAX || firing_.is_active()) return false;
  if (chain->source == FLOW_NONE) {
    return std::all_of(ports_.begin(), ports_.end(), [](const Port& port) { return port.has_ended; });
  }
  return (no_more_splits_ || !splits_.empty()) &&
         std::all_of(splits_.begin(), splits_.end(), [](const auto& split) { return split->is_finished; });
}

namespace {

// The minimum over inputs that are neither idle nor at their end.
struct Merge {
  int64_t minimum = INT64_MAX;
  bool has_active = false;
  bool has_idle = false;
  void add(int64_t watermark, bool is_idle, bool has_ended) {
    if (has_ended) return;
    if (is_idle) {
      has_idle = true;
      return;
    }
    has_active = true;
    minimum = std::min(minimum, watermark);
  }
};

} // namespace

void Task::refresh() {
  if (!error_.is_ok()) return;
  settle_restored();
  Merge merge;
  for (const Port& port : ports_) merge.add(port.watermark, port.is_idle, port.has_ended);
  for (const auto& split : splits_) merge.add(split->taken, split->is_idle, split->is_finished);
  bool is_open = merge.has_active || merge.has_idle;
  // A source whose splits are still to come is open, though nothing speaks for it yet.
  if (chain->source != FLOW_NONE && splits_.empty() && !no_more_splits_) return;
  is_idle_ = is_open && !merge.has_active;
  if (!is_idle_) target_ = std::max(target_, merge.minimum);
  // Those behind will not wait for a task that is idle: what it holds goes before the word that it is.
  if (is_idle_ && !sent_idle_) drain();
  if (!has_due()) finish_progress();
}

bool Task::has_due_timer() const { return keyed_ != nullptr && keyed_->has_due(target_, now); }

bool Task::has_due() const {
  if (has_due_timer()) return true;
  return firing_.is_active() || next_window().has_value();
}

// The due window that ends first; of equal ends that of the state that comes first in the chain. Behind them, while
// draining, what is held.
std::optional<std::pair<uint32_t, DueWindow>> Task::next_window() const {
  std::optional<std::pair<uint32_t, DueWindow>> first;
  if (target_ != watermark) {
    for (uint32_t i = 0; i < states_.size(); ++i) {
      std::optional<DueWindow> due = states_[i]->next_due(target_);
      if (due && (!first || due->end < first->second.end)) first = {i, *due};
    }
  }
  if (first || !is_draining_) return first;
  for (uint32_t i = 0; i < states_.size(); ++i) {
    if (!states_[i]->is_partial()) continue;
    if (std::optional<DueWindow> held = states_[i]->next_held()) return std::pair{i, *held};
  }
  return std::nullopt;
}

bool Task::begin_window() {
  auto window = next_window();
  if (!window) return false;
  auto& [state, due] = *window;
  PaneSet& panes = *states_[state];
  if (panes.is_partial()) {
    uint64_t results = program.layouts[panes.state().layout].repeat.max; // of an entry: 0 is one
    combining_[state].send(panes.panes_of(due).front()->table.count * std::max<uint64_t>(results, 1));
    is_draining_ = is_draining_ || combining_[state].is_in_vain();
  }
  firing_.begin(state, panes, due);
  if (!firing_.is_active()) forget_freed_panes();
  return true;
}

bool Task::holds_partials() const {
  return std::any_of(states_.begin(), states_.end(),
                     [](const auto& panes) { return panes->is_partial() && !panes->panes().empty(); });
}

bool Task::drain() {
  if (!holds_partials()) return false;
  is_draining_ = true;
  return true;
}

void Task::settle_states(uint64_t rows) {
  if (keyed_ != nullptr) keyed_->clean(watermark, rows);
  settle_partials();
}

void Task::settle_partials() {
  for (uint32_t i = 0; i < states_.size(); ++i) {
    if (!states_[i]->is_partial()) continue;
    FlowStateView& view = view_of(i);
    combining_[i].take(view.rows_in);
    view.rows_in = 0;
    view.sends_alone = combining_[i].is_off() ? 1 : 0;
    if (states_[i]->held_bytes() > Combining::bytes_max) is_draining_ = true;
  }
}

// Everything has been sent: the moment to change one's mind.
void Task::finish_draining() {
  is_draining_ = false;
  for (uint32_t i = 0; i < states_.size(); ++i) {
    if (!states_[i]->is_partial()) continue;
    combining_[i].judge();
    view_of(i).sends_alone = combining_[i].is_off() ? 1 : 0;
  }
}

int32_t Task::step() {
  if (!begin_call()) return -1;
  refresh(); // after a restore this is where the watermark is told to those behind
  if (!firing_.is_active() && has_due_timer()) return step_timers();
  while (!firing_.is_active()) {
    if (begin_window()) continue;
    finish_progress();
    return 0;
  }
  if (!fire_portion()) return -1;
  if (is_full != 0 || has_due()) return 1;
  finish_progress();
  return 0;
}

bool Task::fire_portion() {
  FlowDue due = firing_.due();
  int64_t from = firing_.from();
  int64_t reached = chain->fire(this, firing_.declared().trigger, &due, from);
  if (reached < 0 || !error_.is_ok()) {
    stop_without_reason("fire");
    return false;
  }
  FLOW_ASSERT(reached >= from && reached <= due.count, "a trigger stops inside its entries");
  FLOW_ASSERT(reached > from || is_full != 0 || firing_.is_within_entry(), "a trigger that was not stopped goes on");
  settle_partials();
  firing_.advance(reached);
  if (!firing_.is_active()) forget_freed_panes();
  outputs_of->send_full();
  return true;
}

void Task::finish_progress() {
  if (is_draining_) finish_draining();
  if (watermark != target_) {
    watermark = target_;
    for (const auto& panes : states_) panes->close_through(watermark);
    forget_freed_panes();
    if (keyed_ != nullptr) keyed_->clean(watermark, 0); // also where no rows come
  }
  if (!may_announce_later()) announce();
}

bool Task::may_announce_later() const {
  return chain->source != FLOW_NONE && !is_told_at_once_ && is_idle_ == sent_idle_ && watermark != INT64_MAX;
}

void Task::forget_freed_panes() {
  for (uint32_t i = 0; i < states_.size(); ++i) view_of(i).pane = nullptr;
}

// What those behind may go by: rows that wait for a partner come out with their own time.
int64_t Task::watermark_behind() const {
  if (watermark == INT64_MAX) return INT64_MAX;
  int64_t behind;
  return __builtin_sub_overflow(watermark, hold_, &behind) ? INT64_MIN : behind;
}

void Task::announce() {
  is_told_at_once_ = false;
  // While windows are due `watermark` is an older one: what is taken but not reached has not been told.
  if (watermark == target_) {
    for (const auto& split : splits_) split->tell();
  }
  int64_t behind = watermark_behind();
  if (behind == sent_watermark_ && is_idle_ == sent_idle_) return;
  outputs_of->send_edges();
  host.send_watermark(host.context, behind, is_idle_);
  sent_watermark_ = behind;
  sent_idle_ = is_idle_;
}

} // namespace flow::runtime
