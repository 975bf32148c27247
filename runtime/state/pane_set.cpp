#include "runtime/state/pane_set.h"

#include <algorithm>

#include "runtime/base/assert.h"

namespace flow::runtime {
namespace {

constexpr WideTime nothing_closed = static_cast<WideTime>(INT64_MIN) * 4;
constexpr uint64_t spare_bytes_max = uint64_t{16} << 20;
constexpr uint64_t running_spare_entries = 1024;
constexpr WideTime all_closed = static_cast<WideTime>(INT64_MAX) * 4; // beyond the end of every window

// At the end of time the watermark closes what ends behind it, too.
WideTime closes_through(int64_t watermark) { return watermark == INT64_MAX ? all_closed : watermark; }

WideTime floor_to(WideTime value, WideTime step) {
  WideTime rest = value % step;
  return value - (rest < 0 ? rest + step : rest);
}

int64_t cut(WideTime time) {
  if (time < INT64_MIN) return INT64_MIN;
  if (time > INT64_MAX) return INT64_MAX;
  return static_cast<int64_t>(time);
}

bool starts_before(const std::shared_ptr<Pane>& pane, WideTime time) { return pane->start < time; }

} // namespace

int64_t DueWindow::start_us() const { return cut(start); }
int64_t DueWindow::end_us() const { return cut(end); }

PaneSet::PaneSet(const FlowProgram& program, const FlowState& state, const PageHook& pages)
    : state_(state), codec_(program, program.layouts[state.layout], state.key_is_bytes != 0),
      key_(table_key(codec_.layout(), state.key_size, state.key_is_bytes != 0)), page_hook_(pages),
      closed_through_(nothing_closed) {
  FLOW_ASSERT(state.window == FLOW_WINDOW_GLOBAL || state.size > 0, "a window has a size");
  FLOW_ASSERT(state.late_allow == 0 || state.window == FLOW_WINDOW_TUMBLING || state.window == FLOW_WINDOW_SAME,
              "windows of one pane are kept for late rows");
  FLOW_ASSERT(state.window != FLOW_WINDOW_HOPPING || state.slide > 0, "a hopping window has a slide");
  bool is_cumulate = state.window == FLOW_WINDOW_CUMULATE || state.window == FLOW_WINDOW_SAME_CUMULATE;
  FLOW_ASSERT(!is_cumulate || (state.slide > 0 && state.size % state.slide == 0), "steps fill the longest window");
  if (state.running_layout == FLOW_NONE) return;
  bool is_bytes = state.key_is_bytes != 0;
  running_codec_ = std::make_unique<LayoutCodec>(program, program.layouts[state.running_layout], is_bytes);
  running_ =
      std::make_unique<StateTable>(*running_codec_, table_key(running_codec_->layout(), state.key_size, is_bytes));
  running_->set_page_hook(pages);
  running_->keep_numbers(); // it is read whole for every window: where it is, and in order
}

Pane& PaneSet::open(int64_t start) {
  if (state_.window == FLOW_WINDOW_GLOBAL) start = INT64_MIN;
  auto at = std::lower_bound(panes_.begin(), panes_.end(), start, starts_before);
  if (at != panes_.end() && (*at)->start == start) {
    if ((*at)->is_running) empty_running();
    return **at;
  }
  std::shared_ptr<Pane> pane = std::move(spare_);
  if (pane == nullptr) {
    pane = std::make_shared<Pane>(start, codec_, key_);
    pane->table.set_page_hook(page_hook_);
    // A pane of several windows is read several times, in the order of its entries.
    if (has_several_panes()) pane->table.keep_numbers();
  }
  pane->start = start;
  return **panes_.insert(at, std::move(pane));
}

Pane* PaneSet::find(int64_t start) const {
  auto at = std::lower_bound(panes_.begin(), panes_.end(), start, starts_before);
  return at != panes_.end() && (*at)->start == start ? at->get() : nullptr;
}

Pane* PaneSet::judged(const DueWindow& window) const {
  if (state_.judged < 0) return nullptr;
  WideTime start = window.start + state_.judged;
  // The start of the first pane of all is cut: it lies behind where it would be.
  auto at = std::lower_bound(panes_.begin(), panes_.end(), start, starts_before);
  return at != panes_.end() && (*at)->start < start + state_.pane ? at->get() : nullptr;
}

// Nobody needs the pane. Its table serves the next one, unless it is large or still being written to a snapshot: to
// empty it costs less than to let another grow.
void PaneSet::retire(std::shared_ptr<Pane> pane) {
  if (spare_ != nullptr || pane.use_count() > 1 || pane->table.memory_bytes() > spare_bytes_max) return;
  pane->table.clear();
  spare_ = std::move(pane);
}

std::optional<DueWindow> PaneSet::next_due(int64_t watermark) const {
  WideTime through = closes_through(watermark);
  auto pane = panes_.begin();
  if (state_.late_allow > 0) {
    // In front stand those that are kept for late rows, perhaps many.
    auto is_closed = [&](const std::shared_ptr<Pane>& kept) { return !first_open_window(kept->start); };
    pane = std::partition_point(panes_.begin(), panes_.end(), is_closed);
  }
  for (; pane != panes_.end(); ++pane) {
    std::optional<DueWindow> window = first_open_window((*pane)->start);
    if (!window) continue;                              // a gap between windows, or a pane that came too late
    if (window->end - 1 > through) return std::nullopt; // later panes have later windows
    return window;
  }
  return std::nullopt;
}

std::optional<DueWindow> PaneSet::next_held() const {
  FLOW_ASSERT(is_partial(), "only partial results leave before their window closes");
  if (panes_.empty()) return std::nullopt;
  return first_open_window(panes_.front()->start);
}

std::optional<DueWindow> PaneSet::first_open_window(int64_t pane_start) const {
  if (state_.window == FLOW_WINDOW_HOPPING) return hopping_window_after(pane_start);
  if (state_.window == FLOW_WINDOW_CUMULATE) return cumulate_window_after(pane_start);
  DueWindow window{pane_start, static_cast<WideTime>(pane_start) + state_.size};
  if (state_.window == FLOW_WINDOW_SAME_CUMULATE) window = cumulated_window(pane_start);
  // The global window closes at the end of time and not before.
  if (state_.window == FLOW_WINDOW_GLOBAL) window.end = static_cast<WideTime>(INT64_MAX) + 1;
  if (window.end - 1 <= closed_through_) return std::nullopt;
  return window;
}

// The first window that contains the pane and is not closed: its start lies in (pane - size, pane] on the grid.
std::optional<DueWindow> PaneSet::hopping_window_after(int64_t pane_start) const {
  WideTime after = std::max(static_cast<WideTime>(pane_start) - state_.size, closed_through_ + 1 - state_.size);
  WideTime start = floor_to(after - state_.offset, state_.slide) + state_.offset + state_.slide;
  if (start > pane_start) return std::nullopt;
  return DueWindow{start, start + state_.size};
}

// The shortest window that ends with the pane. A pane at the beginning of time starts before it.
DueWindow PaneSet::cumulated_window(int64_t pane_start) const {
  WideTime from_origin = static_cast<WideTime>(pane_start) - state_.offset;
  return {floor_to(from_origin, state_.size) + state_.offset,
          floor_to(from_origin, state_.slide) + state_.slide + state_.offset};
}

// The first window that contains the pane and is not closed: it ends with the pane, or with the first step that is
// open.
std::optional<DueWindow> PaneSet::cumulate_window_after(int64_t pane_start) const {
  DueWindow window = cumulated_window(pane_start);
  WideTime first_open_end = floor_to(closed_through_ + 1 - state_.offset, state_.slide) + state_.slide + state_.offset;
  window.end = std::max(window.end, first_open_end);
  if (window.end > window.start + state_.size) return std::nullopt;
  return window;
}

bool PaneSet::has_several_panes() const {
  return state_.window == FLOW_WINDOW_HOPPING || state_.window == FLOW_WINDOW_CUMULATE;
}

std::vector<Pane*> PaneSet::panes_of(const DueWindow& window) const {
  std::vector<Pane*> found;
  // Windows of one pane may begin where others have theirs (`window same` behind hopping or cumulate windows).
  WideTime first = state_.window == FLOW_WINDOW_SAME_CUMULATE ? window.end - state_.slide : window.start;
  auto at = std::lower_bound(panes_.begin(), panes_.end(), first, starts_before);
  for (; at != panes_.end() && (*at)->start < window.end; ++at) {
    found.push_back(at->get());
    if (!has_several_panes()) break;
  }
  return found;
}

std::vector<Pane*> PaneSet::leaving(const DueWindow& window) const {
  if (state_.window == FLOW_WINDOW_CUMULATE) {
    bool is_longest = window.end == window.start + state_.size;
    return is_longest ? panes_of(window) : std::vector<Pane*>{};
  }
  std::vector<Pane*> found;
  for (Pane* pane : panes_of(window)) {
    if (pane->start < window.start + state_.slide) found.push_back(pane);
  }
  return found;
}

bool PaneSet::is_running_worn() const {
  uint64_t in_panes = 0; // and no more keys than that are in the window
  for (const auto& pane : panes_) in_panes += pane->is_running ? pane->table.count : 0;
  return running_->count > 2 * in_panes + running_spare_entries;
}

void PaneSet::empty_running() {
  for (const auto& pane : panes_) pane->is_running = false;
  running_->clear();
}

void PaneSet::close(const DueWindow& window) {
  if (is_partial()) {
    auto at = std::lower_bound(panes_.begin(), panes_.end(), window.start, starts_before);
    retire(std::move(*at));
    panes_.erase(at);
    ++frees_;
    return;
  }
  closed_through_ = std::max(closed_through_, window.end - 1);
  free_closed();
}

void PaneSet::close_through(int64_t watermark) {
  if (is_partial()) return;
  WideTime through = closes_through(watermark);
  if (through <= closed_through_) return;
  closed_through_ = through;
  free_closed();
}

bool PaneSet::is_needed(const Pane& pane) const {
  if (first_open_window(pane.start)) return true;
  if (state_.late_allow == 0) return false;
  return static_cast<WideTime>(pane.start) + state_.size - 1 + state_.late_allow > closed_through_;
}

void PaneSet::free_closed() {
  // Panes are in order of time, and so are their last windows: those to free stand in front.
  auto needed = panes_.begin();
  while (needed != panes_.end() && !is_needed(**needed)) ++needed;
  if (needed == panes_.begin()) return;
  FLOW_ASSERT(std::none_of(panes_.begin(), needed, [](const auto& pane) { return pane->is_running; }),
              "a pane leaves the running window before it is freed");
  for (auto pane = panes_.begin(); pane != needed; ++pane) retire(std::move(*pane));
  panes_.erase(panes_.begin(), needed);
  ++frees_;
}

uint64_t PaneSet::entries() const {
  uint64_t sum = 0;
  for (const auto& pane : panes_) sum += pane->table.count;
  return sum;
}

uint64_t PaneSet::held_bytes() const {
  uint64_t sum = 0;
  for (const auto& pane : panes_) sum += uint64_t{pane->table.count} * pane->table.stride + pane->table.string_bytes();
  return sum;
}

uint64_t PaneSet::memory_bytes() const {
  uint64_t sum = running_ != nullptr ? running_->memory_bytes() : 0;
  for (const auto& pane : panes_) sum += pane->table.memory_bytes();
  return sum;
}

} // namespace flow::runtime
