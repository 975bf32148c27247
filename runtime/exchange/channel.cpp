#include "runtime/exchange/channel.h"

#include <algorithm>

#include "runtime/base/assert.h"

namespace flow::runtime {

Channel::~Channel() {
  for (const Element& element : sent_) flow_batch_free(element.batch);
  for (const Element& element : received_) flow_batch_free(element.batch);
  for (FlowBatch* batch : returned_) flow_batch_free(batch);
  for (FlowBatch* batch : spare_) flow_batch_free(batch);
}

void Channel::connect(Waker* sender, Waker* receiver) {
  sender_ = sender;
  receiver_ = receiver;
}

FlowBatch* Channel::take_batch() {
  if (spare_.empty()) {
    std::lock_guard lock(mutex_);
    spare_.swap(returned_);
  }
  if (spare_.empty()) return flow_batch_new(shape_.stride, shape_.batch_rows, 0);
  FlowBatch* batch = spare_.back();
  spare_.pop_back();
  flow_batch_reset(batch);
  return batch;
}

bool Channel::send(FlowBatch* batch) {
  uint32_t before = in_flight_.fetch_add(1, std::memory_order_acq_rel);
  push({.kind = ElementKind::batch, .batch = batch});
  return before + 1 < shape_.credit;
}

void Channel::send_watermark(int64_t time_us, bool is_idle) {
  push({.kind = ElementKind::watermark, .is_idle = is_idle, .time_us = time_us});
}

void Channel::send_barrier(uint64_t epoch) { push({.kind = ElementKind::barrier, .epoch = epoch}); }

void Channel::push(const Element& element) {
  {
    std::lock_guard lock(mutex_);
    bool replaces = element.kind == ElementKind::watermark && !sent_.empty() && sent_.back().kind == ElementKind::watermark;
    if (replaces) {
      sent_.back() = element;
    } else {
      sent_.push_back(element);
    }
    waiting_.store(static_cast<uint32_t>(sent_.size()), std::memory_order_release);
  }
  if (receiver_ != nullptr) receiver_->notify();
}

bool Channel::has_element() {
  if (!received_.empty()) return true;
  if (waiting_.load(std::memory_order_acquire) == 0) return false;
  std::lock_guard lock(mutex_);
  received_.swap(sent_);
  waiting_.store(0, std::memory_order_relaxed);
  return true;
}

Element Channel::take() {
  FLOW_ASSERT(!received_.empty(), "an element is taken only where there is one");
  Element element = received_.front();
  received_.pop_front();
  return element;
}

void Channel::give_back(FlowBatch* batch) {
  {
    std::lock_guard lock(mutex_);
    returned_.push_back(batch);
  }
  uint32_t before = in_flight_.fetch_sub(1, std::memory_order_acq_rel);
  if (before >= shape_.credit && sender_ != nullptr) sender_->notify();
}

}  // namespace flow::runtime
