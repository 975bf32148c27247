#include "runtime/exchange/element_queue.h"

#include "runtime/base/assert.h"

namespace flow::runtime {

ElementQueue::ElementQueue() : last_(new Block), first_(last_) {}

ElementQueue::~ElementQueue() {
  while (first_ != nullptr) {
    Block* next = first_->next;
    delete first_;
    first_ = next;
  }
  delete spare_.load(std::memory_order_relaxed);
}

void ElementQueue::put(const Element& element) {
  if (last_used_ == block_elements) {
    Block* block = take_block();
    last_->next = block;
    last_ = block;
    last_used_ = 0;
  }
  last_->elements[last_used_++] = element;
  written_.store(written_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
}

const Element* ElementQueue::front() {
  if (read_ == seen_) {
    seen_ = written_.load(std::memory_order_acquire);
    if (read_ == seen_) return nullptr;
  }
  if (first_used_ == block_elements) {
    Block* empty = first_;
    first_ = empty->next;
    first_used_ = 0;
    return_block(empty);
  }
  return &first_->elements[first_used_];
}

void ElementQueue::pop() {
  FLOW_ASSERT(read_ != seen_, "only an element that was seen is taken away");
  ++first_used_;
  ++read_;
}

ElementQueue::Block* ElementQueue::take_block() {
  Block* block = spare_.exchange(nullptr, std::memory_order_acquire);
  return block != nullptr ? block : new Block;
}

void ElementQueue::return_block(Block* block) {
  block->next = nullptr;
  delete spare_.exchange(block, std::memory_order_acq_rel);
}

} // namespace flow::runtime
