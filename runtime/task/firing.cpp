#include "runtime/task/firing.h"

namespace flow::runtime {
namespace {

constexpr uint32_t portion_entries = 1024;

} // namespace

void Firing::begin(uint32_t state, PaneSet& panes, const DueWindow& window) {
  state_ = state;
  panes_ = &panes;
  window_ = window;
  sources_ = panes.panes_of(window);
  next_pane_ = 0;
  from_ = 0;
  if (sources_.size() > 1) merged_ = std::make_unique<StateTable>(panes.codec(), panes.key());
  skip_empty();
}

// A pane without entries needs no call; a window without entries is closed at once.
void Firing::skip_empty() {
  while (is_active() && from_ >= table()->count) advance(from_);
}

StateTable* Firing::table() const {
  if (is_merging()) return &sources_[next_pane_]->table;
  return merged_ != nullptr ? merged_.get() : &sources_.front()->table;
}

FlowDue Firing::due() {
  FlowDue due{};
  due.phase = is_merging() ? FLOW_DUE_MERGE : FLOW_DUE_EMIT;
  due.table = table();
  due.into = is_merging() ? merged_.get() : nullptr;
  due.count = table()->open_portion(static_cast<uint32_t>(from_), portion_entries);
  due.window_start = window_.start_us();
  due.window_end = panes_->state().window == FLOW_WINDOW_GLOBAL ? INT64_MAX : window_.end_us();
  return due;
}

void Firing::advance(int64_t reached) {
  from_ = reached;
  if (from_ < table()->count) return;
  from_ = 0;
  if (is_merging()) {
    ++next_pane_;
    skip_empty();
    return;
  }
  merged_.reset();
  sources_.clear();
  PaneSet* panes = panes_;
  panes_ = nullptr;
  panes->close(window_);
}

} // namespace flow::runtime
