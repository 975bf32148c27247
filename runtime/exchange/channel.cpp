#include "runtime/exchange/channel.h"

#include "runtime/abi/flow_host.h"
#include "runtime/base/assert.h"

namespace flow::runtime {
namespace {

constexpr uint64_t heap_bytes_default = 4096;
constexpr uint64_t batch_bytes_kept_max = 1 << 20; // a batch that has grown beyond this is not used again

} // namespace

Channel::~Channel() {
  while (const Element* element = queue_.front()) {
    if (element->kind == ElementKind::batch) flow_batch_free(element->batch);
    queue_.pop();
  }
  uint32_t end = returned_written_.load(std::memory_order_acquire);
  for (uint32_t i = returned_read_.load(std::memory_order_relaxed); i != end; ++i) {
    flow_batch_free(returned_[i % returned_max]);
  }
}

void Channel::set_signals(Signal* producer, Signal* consumer) {
  producer_ = producer;
  consumer_ = consumer;
}

FlowBatch* Channel::take_batch() {
  uint32_t read = returned_read_.load(std::memory_order_relaxed);
  if (read == returned_written_.load(std::memory_order_acquire)) {
    return flow_batch_new(shape_.stride, shape_.rows_max, heap_bytes_default);
  }
  FlowBatch* batch = returned_[read % returned_max];
  returned_read_.store(read + 1, std::memory_order_release);
  flow_batch_reset(batch);
  return batch;
}

void Channel::give_back(FlowBatch* batch) {
  uint32_t written = returned_written_.load(std::memory_order_relaxed);
  bool is_ring_full = written - returned_read_.load(std::memory_order_acquire) == returned_max;
  if (is_ring_full || flow_batch_bytes(batch) > batch_bytes_kept_max) {
    flow_batch_free(batch);
  } else {
    returned_[written % returned_max] = batch;
    returned_written_.store(written + 1, std::memory_order_release);
  }
  uint32_t left = in_flight_.fetch_sub(1, std::memory_order_acq_rel) - 1;
  if (producer_ != nullptr && left == shape_.credit / 2) producer_->notify();
}

bool Channel::send_batch(FlowBatch* batch) {
  send_waiting_watermark();
  uint32_t in_flight = in_flight_.fetch_add(1, std::memory_order_acq_rel) + 1;
  put({.kind = ElementKind::batch, .batch = batch});
  if (is_half_full(in_flight)) call_consumer();
  return has_credit();
}

void Channel::send_watermark(int64_t time_us, bool is_idle) {
  FLOW_ASSERT(time_us >= last_watermark_, "watermarks of a channel never fall");
  last_watermark_ = time_us;
  has_watermark_ = true;
  watermark_ = time_us;
  is_idle_ = is_idle;
}

void Channel::send_barrier(uint64_t epoch) {
  if (!barriers_overtake_) send_waiting_watermark();
  put({.kind = ElementKind::barrier, .value = static_cast<int64_t>(epoch)});
  if (barriers_overtake_) send_waiting_watermark();
}

void Channel::send_end() {
  send_waiting_watermark();
  put({.kind = ElementKind::end});
  has_ended_ = true;
}

void Channel::publish() {
  if (!barriers_overtake_) send_waiting_watermark();
}

void Channel::send_waiting_watermark() {
  if (!has_watermark_) return;
  has_watermark_ = false;
  put({.kind = ElementKind::watermark, .is_idle = is_idle_, .value = watermark_});
}

void Channel::put(const Element& element) {
  FLOW_ASSERT(!has_ended_, "nothing follows the end of a channel");
  queue_.put(element);
  owes_call_ = true;
}

void Channel::call_consumer() {
  if (!owes_call_) return;
  owes_call_ = false;
  if (consumer_ != nullptr) consumer_->notify();
}

} // namespace flow::runtime
