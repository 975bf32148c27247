// Channel: the way from one task to one other. One producer, one consumer, each on its own thread or both on one.
//
// Order. What is sent arrives in that order. A watermark waits at the producer's side until something else follows or
// publish() is called, so that of several without rows between only the last is sent; a batch, a barrier and the end
// always send it first: whatever overtakes a watermark would break alignment.
//
// Credit. At most `credit` batches are in flight. The producer asks has_credit() before it works; what one call sends
// beyond that is paid back before the next. A batch is in flight until the consumer gives it back, whole; given back
// it is used again. Watermarks, barriers and the end need no credit.
//
// Each side counts for itself and looks at the other's count only when what it saw of it last does not suffice: most
// batches cross with no more traffic between the cores than their own bytes.
//
// Calls. Waking a thread costs more than a batch does. A consumer is called when half of the credit is in flight, and
// whenever the producer says so, at the end of its turn; a producer that has found no credit when half of it is back.
// It says that it has found none before it looks a last time, and the consumer counts before it looks whether it has:
// whatever the order, one sees the other.
#pragma once

#include <atomic>
#include <cstdint>

#include "runtime/abi/flow_abi.h"
#include "runtime/exchange/element_queue.h"
#include "runtime/exchange/signal.h"

namespace flow::runtime {

struct ChannelShape {
  uint32_t stride = 0;   // of the rows; 0: encoded bytes
  uint32_t rows_max = 0; // of a batch; 0: what fits the layout
  uint32_t credit = 8;   // batches
};

// For one of so many channels that leave a task by one edge: 8 batches of 16 KB of rows, smaller and then fewer where
// all that is in flight would leave the cache of a core.
ChannelShape shape_of(uint32_t stride, uint32_t channels);

class Channel {
public:
  explicit Channel(ChannelShape shape) : shape_(shape) {}
  ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  // Whom to wake: null where both ends are on one thread. Before any thread runs.
  void set_signals(Signal* producer, Signal* consumer);

  // ---- the producer's ----
  FlowBatch* take_batch();           // empty; never null
  bool send_batch(FlowBatch* batch); // whether there is credit for another one
  void send_watermark(int64_t time_us, bool is_idle);
  void send_barrier(uint64_t epoch);
  void send_end();
  void publish();
  // Wakes the consumer if something was sent that it was not called for.
  void call_consumer();
  bool has_credit() { return sent_ - seen_back_ < shape_.credit || finds_credit(); }
  // A mistake on purpose (runtime/host/canaries.h): watermarks wait longer, and a barrier goes before one that waits.
  void let_barriers_overtake() { barriers_overtake_ = true; }

  // ---- the consumer's ----
  const Element* front() { return queue_.front(); }
  void pop() { queue_.pop(); }
  void give_back(FlowBatch* batch); // the batch of an element that was taken away

  // For reports and tests.
  uint32_t in_flight() const {
    return told_sent_.load(std::memory_order_acquire) - given_back_.load(std::memory_order_acquire);
  }

private:
  static constexpr uint32_t returned_max = 8;

  void put(const Element& element);
  bool finds_credit();
  void call_at_half();
  void call_starving_producer(uint32_t given_back);
  void send_waiting_watermark();

  ChannelShape shape_;
  Signal* producer_ = nullptr;
  Signal* consumer_ = nullptr;
  ElementQueue queue_;

  // the producer's
  bool has_watermark_ = false;
  bool is_idle_ = false;
  bool has_ended_ = false;
  bool barriers_overtake_ = false;
  bool owes_call_ = false;
  bool has_called_at_half_ = false;
  int64_t watermark_ = INT64_MIN;
  int64_t last_watermark_ = INT64_MIN; // asserted to never fall
  uint32_t sent_ = 0;                  // batches, modulo 2^32 like all counts here
  uint32_t seen_back_ = 0;             // of given_back_
  uint32_t taken_ = 0;                 // of returned_
  uint32_t seen_returned_ = 0;         // of returned_count_

  // the producer's, which the consumer reads now and then
  alignas(apart_bytes) std::atomic<uint32_t> told_sent_{0};
  std::atomic<uint32_t> told_taken_{0};
  std::atomic<bool> is_starving_{false}; // set by the producer, taken away by the consumer

  // the consumer's, which the producer reads now and then
  alignas(apart_bytes) std::atomic<uint32_t> given_back_{0};
  std::atomic<uint32_t> returned_count_{0};
  uint32_t seen_taken_ = 0;                // of told_taken_
  FlowBatch* returned_[returned_max] = {}; // on their way back: a ring
};

} // namespace flow::runtime
