#include "runtime/task/firing.h"

#include <algorithm>
#include <iterator>

namespace flow::runtime {
namespace {

constexpr uint32_t portion_entries = 1024;

} // namespace

void Firing::begin(uint32_t state, PaneSet& panes, const DueWindow& window) {
  state_ = state;
  panes_ = &panes;
  window_ = window;
  next_ = 0;
  from_ = 0;
  work_.clear();
  if (panes.state().is_interval != 0) {
    Pane* judged = panes.judged(window);
    if (judged == nullptr) return finish();
    work_.push_back({.table = &judged->table});
    return skip_empty();
  }
  std::vector<Pane*> sources = panes.panes_of(window);
  if (StateTable* running = panes.running()) {
    plan_running(*running);
  } else if (sources.size() == 1) {
    work_.push_back({.table = &sources.front()->table});
  } else {
    merged_ = std::make_unique<StateTable>(panes.codec(), panes.key());
    for (Pane* pane : sources) {
      work_.push_back({.phase = FLOW_DUE_MERGE, .table = &pane->table, .into = merged_.get()});
    }
    work_.push_back({.table = merged_.get()});
  }
  skip_empty();
}

void Firing::plan_running(StateTable& running) {
  for (Pane* pane : panes_->panes_of(window_)) {
    if (pane->is_running) continue;
    work_.push_back({.phase = FLOW_DUE_MERGE, .table = &pane->table, .into = &running, .pane = pane});
  }
  work_.push_back({.table = &running});
  std::vector<Pane*> leaving = panes_->leaving(window_);
  all_leave_ = leaving.size() == panes_->panes_of(window_).size();
  if (all_leave_) return;
  for (Pane* pane : leaving) {
    work_.push_back({.phase = FLOW_DUE_SUBTRACT, .table = &pane->table, .into = &running, .pane = pane});
  }
}

// A pane without entries needs no call; a window without entries is closed at once.
void Firing::skip_empty() {
  while (is_active() && from_ >= work_[next_].table->count) advance(from_);
}

bool Firing::is_within_entry() const {
  return std::any_of(std::begin(cursor_), std::end(cursor_), [](uint64_t word) { return word != 0; });
}

FlowDue Firing::due() {
  const Work& work = work_[next_];
  FlowDue due{};
  due.phase = work.phase;
  due.table = work.table;
  due.into = work.into;
  due.count = work.table->open_portion(static_cast<uint32_t>(from_), portion_entries);
  due.window_start = window_.start_us();
  due.cursor = cursor_;
  due.window_end = panes_->state().window == FLOW_WINDOW_GLOBAL ? INT64_MAX : window_.end_us();
  return due;
}

void Firing::advance(int64_t reached) {
  from_ = reached;
  if (from_ < work_[next_].table->count) return;
  finish_work();
  from_ = 0;
  if (++next_ < work_.size()) return skip_empty();
  finish();
}

void Firing::finish() {
  merged_.reset();
  work_.clear();
  PaneSet* panes = panes_;
  panes_ = nullptr;
  if (panes->running() != nullptr && (all_leave_ || panes->is_running_worn())) panes->empty_running();
  panes->close(window_);
}

void Firing::finish_work() {
  const Work& work = work_[next_];
  if (work.pane != nullptr) work.pane->is_running = work.phase == FLOW_DUE_MERGE;
}

} // namespace flow::runtime
