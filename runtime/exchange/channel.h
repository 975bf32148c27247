// Channel: the way from one task to another. One sender, one receiver, elements in order.
//
// Batches need credit: so many may be on their way or being read. `send` never refuses; it says whether there is credit
// for another one, and a sender that has overdrawn waits until has_credit(). Control elements (watermarks, barriers)
// need none, so a barrier is never stuck behind a full channel's sender. A watermark that stands directly behind
// another one, unread, takes its place: the channel's length is bounded by batches and barriers.
//
// A batch that was read goes back to the sender, which fills it again.
//
// The two ends may be on different threads. The receiver takes all waiting elements at once, so a busy channel costs
// much less than a lock per element.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <mutex>
#include <vector>

#include "runtime/abi/flow_host.h"
#include "runtime/exchange/waker.h"

namespace flow::runtime {

enum class ElementKind : uint8_t { batch, watermark, barrier };

struct Element {
  ElementKind kind = ElementKind::batch;
  bool is_idle = false;        // of a watermark
  int64_t time_us = 0;         // of a watermark
  uint64_t epoch = 0;          // of a barrier
  FlowBatch* batch = nullptr;  // owned by whoever holds the element
};

struct ChannelShape {
  uint32_t credit = 8;      // batches
  uint32_t stride = 0;      // of the rows
  uint32_t batch_rows = 0;  // 0: as many as suit the stride
};

class Channel {
 public:
  explicit Channel(ChannelShape shape) : shape_(shape) {}
  ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  // Before the first element: whom to wake when there is something to read, or credit again. May be null.
  void connect(Waker* sender, Waker* receiver);

  // ---- the sender's end ----
  bool has_credit() const { return in_flight_.load(std::memory_order_acquire) < shape_.credit; }
  FlowBatch* take_batch();  // empty
  bool send(FlowBatch* batch);
  void send_watermark(int64_t time_us, bool is_idle);
  void send_barrier(uint64_t epoch);

  // ---- the receiver's end ----
  bool has_element();
  // REQUIRES: has_element().
  Element take();
  void give_back(FlowBatch* batch);

 private:
  void push(const Element& element);

  const ChannelShape shape_;
  Waker* sender_ = nullptr;
  Waker* receiver_ = nullptr;

  std::atomic<uint32_t> in_flight_{0};  // batches sent and not given back
  std::atomic<uint32_t> waiting_{0};    // elements in `sent_`

  std::mutex mutex_;
  std::deque<Element> sent_;             // GUARDED_BY(mutex_)
  std::vector<FlowBatch*> returned_;     // GUARDED_BY(mutex_)

  std::vector<FlowBatch*> spare_;   // the sender's
  std::deque<Element> received_;    // the receiver's
};

}  // namespace flow::runtime
