// PaneSet: the panes of one FlowState. Tells which windows close at a watermark, in order of their end, and frees a
// pane when its last window has closed.
//
// A pane is a table of the rows of one slice of event time; a window is one pane (tumbling, same, global) or several in
// a row (hopping, cumulate). A window [start, end) closes when the watermark reaches end - 1, the last instant in it;
// at the end of time everything closes. Windows are computed in 128 bits, so the ends of the time axis need no special
// care; what is told of them is cut to 64 bits.
//
// A running window is a table of its own that panes are added to and subtracted from (runtime/task/firing.h does it);
// what it holds follows from the panes whose is_running is set. Of windows `cumulate` all panes leave with the last and
// longest of them. It starts again from them when a row comes to one of
// those, and when most of its keys are in none of them any more.
//
// With `late_allow` a closed window is kept that much longer: its pane takes late rows, which the caller tells of
// itself; the window is not due again.
//
// Of a partial state (FLOW_STATE_PARTIAL) a pane may be sent before its window closes, and begun again after that: its
// panes are held until they have been fired, and nothing counts as closed.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "runtime/state/table.h"

namespace flow::runtime {

using WideTime = __int128;

struct Pane {
  Pane(int64_t pane_start, const LayoutCodec& codec, TableKey key) : start(pane_start), table(codec, key) {}
  int64_t start;
  StateTable table;
  bool is_running = false; // it has been added to the running window
};

struct DueWindow {
  WideTime start = 0;
  WideTime end = 0;
  // Cut to what generated code sees.
  int64_t start_us() const;
  int64_t end_us() const;
};

class PaneSet {
public:
  // `pages` lives as long as its panes.
  PaneSet(const FlowProgram& program, const FlowState& state, const PageHook& pages = {});

  // The pane that starts there, made if it is not there.
  Pane& open(int64_t start);
  // Or null.
  Pane* find(int64_t start) const;

  // The first window by end that is open, holds a pane, and closes at this watermark.
  std::optional<DueWindow> next_due(int64_t watermark) const;
  // The window of the first pane, due or not. REQUIRES: a partial state.
  std::optional<DueWindow> next_held() const;
  // Its panes, in order of time.
  std::vector<Pane*> panes_of(const DueWindow& window) const;
  // The one whose rows are judged when it closes, or null. REQUIRES: the state of a join `within`.
  Pane* judged(const DueWindow& window) const;
  // The window has been dealt with; panes that no open window needs are freed.
  void close(const DueWindow& window);
  // Every window that this watermark closes has been dealt with.
  void close_through(int64_t watermark);

  const std::vector<std::shared_ptr<Pane>>& panes() const { return panes_; }
  const FlowState& state() const { return state_; }
  const LayoutCodec& codec() const { return codec_; }
  TableKey key() const { return key_; }
  bool is_partial() const { return state_.kind == FLOW_STATE_PARTIAL; }
  // The running window, or null: the panes of each window are merged. Empty after a restore.
  StateTable* running() const { return running_.get(); }
  void empty_running();
  // Most of its keys are in no pane any more.
  bool is_running_worn() const;
  // Its panes that no later window needs.
  std::vector<Pane*> leaving(const DueWindow& window) const;
  // Bytes of entries and of their texts.
  uint64_t held_bytes() const;
  uint64_t entries() const;
  uint64_t memory_bytes() const;
  // Counts up whenever a pane is freed: pointers to panes are dead then.
  uint64_t frees() const { return frees_; }

private:
  std::optional<DueWindow> first_open_window(int64_t pane_start) const;
  std::optional<DueWindow> hopping_window_after(int64_t pane_start) const;
  std::optional<DueWindow> cumulate_window_after(int64_t pane_start) const;
  DueWindow cumulated_window(int64_t pane_start) const;
  bool has_several_panes() const;
  bool is_needed(const Pane& pane) const;
  void free_closed();
  void retire(std::shared_ptr<Pane> pane);

  const FlowState& state_;
  LayoutCodec codec_;
  TableKey key_;
  PageHook page_hook_;
  std::unique_ptr<LayoutCodec> running_codec_;
  std::unique_ptr<StateTable> running_;
  std::vector<std::shared_ptr<Pane>> panes_; // by start; a snapshot that is being written holds them, too
  std::shared_ptr<Pane> spare_;              // an empty one, for the next pane
  WideTime closed_through_;                  // windows whose last instant is at or before this are closed
  uint64_t frees_ = 0;
};

} // namespace flow::runtime
