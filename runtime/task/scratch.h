// RowScratch: memory for the strings that one row computes. A bump allocator in the task's view; a reset per row gives
// everything back, a row that needs more than the block gets larger ones.
#pragma once

#include <cstdint>
#include <vector>

#include "runtime/task/task_view.h"

namespace flow::runtime {

class RowScratch {
public:
  explicit RowScratch(FlowTask* view);
  ~RowScratch();
  RowScratch(const RowScratch&) = delete;
  RowScratch& operator=(const RowScratch&) = delete;

  // A piece of `bytes` that the current block has no room for. The pieces given before stay where they are.
  char* grow(uint64_t bytes);
  void reset() {
    if (view_->scratch_is_split) trim();
    view_->scratch_next = view_->scratch_begin;
  }
  // Keeps only the last, largest block, unless it is huge.
  void trim();

private:
  void use(uint64_t bytes);

  FlowTask* view_;
  std::vector<char*> blocks_;
};

} // namespace flow::runtime
