// Firing: the window that is being closed, and how far that has come. A window of one pane is read where it is; one of
// several panes is merged first into a table of its own, pane by pane in order of time, then read.
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
  // The function came to `reached`. Moves to the next pane or phase; closes the window after the last.
  void advance(int64_t reached);

  uint32_t state() const { return state_; }
  const FlowState& declared() const { return panes_->state(); }

private:
  void skip_empty();
  StateTable* table() const;
  bool is_merging() const { return merged_ != nullptr && next_pane_ < sources_.size(); }

  uint32_t state_ = 0;
  PaneSet* panes_ = nullptr;
  DueWindow window_;
  std::vector<Pane*> sources_;
  size_t next_pane_ = 0;
  std::unique_ptr<StateTable> merged_;
  int64_t from_ = 0;
};

} // namespace flow::runtime
