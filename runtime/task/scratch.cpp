#include "runtime/task/scratch.h"

#include <stdlib.h>

#include <algorithm>

#include "runtime/base/assert.h"

namespace flow::runtime {
namespace {

constexpr uint64_t block_bytes = 16 * 1024;
constexpr uint64_t kept_bytes_max = 4 * 1024 * 1024; // a larger block was one row's and is not kept

} // namespace

RowScratch::RowScratch(FlowTask* view) : view_(view) { use(block_bytes); }

RowScratch::~RowScratch() {
  for (char* block : blocks_) free(block);
}

void RowScratch::use(uint64_t bytes) {
  char* block = static_cast<char*>(malloc(bytes));
  FLOW_ASSERT(block != nullptr, "the memory for one row is there");
  blocks_.push_back(block);
  view_->scratch_begin = view_->scratch_next = block;
  view_->scratch_end = block + bytes;
  view_->scratch_is_split = blocks_.size() > 1;
}

char* RowScratch::grow(uint64_t bytes) {
  uint64_t size = static_cast<uint64_t>(view_->scratch_end - view_->scratch_begin);
  use(std::max(bytes, 2 * size));
  view_->scratch_next += bytes;
  return view_->scratch_begin;
}

void RowScratch::trim() {
  bool is_huge = static_cast<uint64_t>(view_->scratch_end - view_->scratch_begin) > kept_bytes_max;
  char* last = blocks_.back();
  blocks_.pop_back();
  for (char* block : blocks_) free(block);
  blocks_.clear();
  if (is_huge) {
    free(last);
    use(block_bytes);
    return;
  }
  blocks_.push_back(last);
  view_->scratch_next = view_->scratch_begin;
  view_->scratch_is_split = 0;
}

} // namespace flow::runtime
