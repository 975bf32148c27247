#include "runtime/exchange/channel.h"

#include <algorithm>

#include "runtime/abi/flow_host.h"
#include "runtime/base/assert.h"
#include "runtime/batch/batch.h"

namespace flow::runtime {
namespace {

constexpr uint64_t heap_bytes_default = 4096;
constexpr uint64_t in_flight_bytes = 512 * 1024;   // from one task by one edge: a quarter of the cache of a core
constexpr uint64_t batch_bytes_min = 2 * 1024;     // below, the batch itself costs more than its rows
constexpr uint64_t rows_min = 4;                   // of wide rows
constexpr uint64_t credit_min = 2;                 // one that is filled while another is read
constexpr uint64_t batch_bytes_kept_max = 1 << 20; // a batch that has grown beyond this is not used again

} // namespace

ChannelShape shape_of(uint32_t stride, uint32_t channels) {
  ChannelShape shape{.stride = stride};
  uint64_t share = in_flight_bytes / std::max<uint32_t>(1, channels);
  uint64_t batch_bytes = std::clamp<uint64_t>(share / shape.credit, batch_bytes_min, batch_row_bytes);
  shape.credit = static_cast<uint32_t>(std::clamp<uint64_t>(share / batch_bytes, credit_min, shape.credit));
  uint64_t rows = stride == 0 ? 0 : std::max(rows_min, batch_bytes / stride);
  shape.rows_max = static_cast<uint32_t>(std::min<uint64_t>(rows, batch_rows_target(stride)));
  return shape;
}

Channel::~Channel() {
  while (const Element* element = queue_.front()) {
    if (element->kind == ElementKind::batch) flow_batch_free(element->batch);
    queue_.pop();
  }
  for (; taken_ != returned_count_.load(std::memory_order_acquire); ++taken_) {
    flow_batch_free(returned_[taken_ % returned_max]);
  }
}

void Channel::set_signals(Signal* producer, Signal* consumer) {
  producer_ = producer;
  consumer_ = consumer;
}

FlowBatch* Channel::take_batch() {
  if (taken_ == seen_returned_) seen_returned_ = returned_count_.load(std::memory_order_acquire);
  if (taken_ == seen_returned_) return flow_batch_new(shape_.stride, shape_.rows_max, heap_bytes_default);
  FlowBatch* batch = returned_[taken_++ % returned_max];
  told_taken_.store(taken_, std::memory_order_release);
  flow_batch_reset(batch);
  return batch;
}

void Channel::give_back(FlowBatch* batch) {
  uint32_t count = returned_count_.load(std::memory_order_relaxed);
  if (count - seen_taken_ == returned_max) seen_taken_ = told_taken_.load(std::memory_order_acquire);
  if (count - seen_taken_ == returned_max || flow_batch_bytes(batch) > batch_bytes_kept_max) {
    flow_batch_free(batch);
  } else {
    returned_[count % returned_max] = batch;
    returned_count_.store(count + 1, std::memory_order_release);
  }
  uint32_t given_back = given_back_.load(std::memory_order_relaxed) + 1;
  given_back_.store(given_back, std::memory_order_seq_cst);
  if (producer_ != nullptr && is_starving_.load(std::memory_order_seq_cst)) call_starving_producer(given_back);
}

// A batch that was given back had been counted before it was sent, so the last one to come back is not missed.
void Channel::call_starving_producer(uint32_t given_back) {
  uint32_t sent = told_sent_.load(std::memory_order_relaxed);
  if (sent - given_back > shape_.credit / 2) return;
  if (is_starving_.exchange(false, std::memory_order_seq_cst)) producer_->notify();
}

bool Channel::finds_credit() {
  seen_back_ = given_back_.load(std::memory_order_acquire);
  if (sent_ - seen_back_ < shape_.credit) return true;
  if (producer_ == nullptr) return false;
  is_starving_.store(true, std::memory_order_seq_cst);
  seen_back_ = given_back_.load(std::memory_order_seq_cst);
  return sent_ - seen_back_ < shape_.credit;
}

bool Channel::send_batch(FlowBatch* batch) {
  send_waiting_watermark();
  told_sent_.store(++sent_, std::memory_order_relaxed); // put() hands it over together with the batch
  put({.kind = ElementKind::batch, .batch = batch});
  call_at_half();
  return has_credit();
}

void Channel::call_at_half() {
  uint32_t half = (shape_.credit + 1) / 2;
  if (sent_ - seen_back_ >= half) seen_back_ = given_back_.load(std::memory_order_acquire);
  bool is_half_full = sent_ - seen_back_ >= half;
  if (is_half_full && !has_called_at_half_) call_consumer();
  has_called_at_half_ = is_half_full;
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
