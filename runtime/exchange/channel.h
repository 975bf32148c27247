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
// Calls. Waking a thread costs more than a batch does. A consumer is called when half of the credit is in flight, and
// whenever the producer says so, at the end of its turn; a producer that waits for credit when half of it is back.
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
  bool has_credit() const { return in_flight_.load(std::memory_order_acquire) < shape_.credit; }
  // A mistake on purpose (runtime/host/canaries.h): watermarks wait longer, and a barrier goes before one that waits.
  void let_barriers_overtake() { barriers_overtake_ = true; }

  // ---- the consumer's ----
  const Element* front() { return queue_.front(); }
  void pop() { queue_.pop(); }
  void give_back(FlowBatch* batch); // the batch of an element that was taken away

  // For reports and tests.
  uint32_t in_flight() const { return in_flight_.load(std::memory_order_acquire); }

private:
  static constexpr uint32_t returned_max = 8;

  void put(const Element& element);
  bool is_half_full(uint32_t in_flight) const { return in_flight == (shape_.credit + 1) / 2; }
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
  int64_t watermark_ = INT64_MIN;
  int64_t last_watermark_ = INT64_MIN; // asserted to never fall

  alignas(64) std::atomic<uint32_t> in_flight_{0};
  // Batches on their way back: a ring with one writer (the consumer) and one reader (the producer).
  FlowBatch* returned_[returned_max] = {};
  alignas(64) std::atomic<uint32_t> returned_written_{0};
  std::atomic<uint32_t> returned_read_{0};
};

} // namespace flow::runtime
