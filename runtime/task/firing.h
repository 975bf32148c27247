// Firing: the window that is being closed, and how far that has come, as a list of work: portions of one table each.
//
//   one pane          read where it is
//   several           merged first into a table of its own, pane by pane in order of time, then read
//   a join `within`   the pane that is judged is read where it is, its neighbours through the vocabulary
//   a running window  panes that have come in are added to it, it is read, panes that leave with this window are taken
//                     out of it (if all of them leave, it is emptied)
//
// An entry may have any number of results (`join`): the function may stop within one, with a note of how far it came.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "runtime/state/pane_set.h"

namespace flow::runtime {

class Firing {
public:
  // Starts with a window of `panes`, the state at position `state` of its chain.
  void begin(uint32_t state, PaneSet& panes, const DueWindow& window);
  bool is_active() const { return panes_ != nullptr; }

  // The next portion of work: what to call the chain's fire function with.
  FlowDue due();
  int64_t from() const { return from_; }
  // The last call stopped within an entry.
  bool is_within_entry() const;
  // The function came to `reached`. Moves to the next piece of work; closes the window after the last.
  void advance(int64_t reached);

  uint32_t state() const { return state_; }
  const FlowState& declared() const { return panes_->state(); }

private:
  struct Work {
    uint32_t phase = FLOW_DUE_EMIT;
    StateTable* table = nullptr;
    StateTable* into = nullptr; // of EMIT null
    Pane* pane = nullptr;       // whose `table` it is, where that matters for the running window
  };

  void plan_running(StateTable& running);
  void skip_empty();
  void finish_work();
  void finish();

  uint32_t state_ = 0;
  PaneSet* panes_ = nullptr;
  DueWindow window_;
  std::vector<Work> work_;
  size_t next_ = 0;
  bool all_leave_ = false; // the running window is empty afterwards
  std::unique_ptr<StateTable> merged_;
  int64_t from_ = 0;
  uint64_t cursor_[FLOW_CURSOR_WORDS] = {}; // within that entry: the function's own
};

} // namespace flow::runtime
