// TimerQueue: the timers of a state in the order in which they become due: a heap of (time, number, hash of the key).
//
// It does not know keys or entries. Who uses it keeps in the entry under which time the queue holds a timer, and passes
// over what no entry answers to any more.
#pragma once

#include <cstdint>

#include "runtime/state/memory.h"

namespace flow::runtime {

struct QueuedTimer {
  int64_t time; // microseconds
  uint64_t hash;
  uint32_t timer; // its number among those of the state
  uint32_t reserved = 0;

  bool operator<(const QueuedTimer& other) const {
    if (time != other.time) return time < other.time;
    return timer != other.timer ? timer < other.timer : hash < other.hash;
  }
};

class TimerQueue {
public:
  void set_page_hook(const PageHook& hook) { page_hook_ = hook; }

  void push(const QueuedTimer& timer);
  bool is_empty() const { return count_ == 0; }
  uint64_t count() const { return count_; }
  // REQUIRES: not empty.
  const QueuedTimer& first() const { return timers()[0]; }
  void pop() { remove(0); }

  // Places, 0 to count() - 1, in no order, for looking through all: pushing and removing moves others.
  const QueuedTimer& at(uint64_t place) const { return timers()[place]; }
  void remove(uint64_t place);

  uint64_t memory_bytes() const;

private:
  QueuedTimer* timers() const { return reinterpret_cast<QueuedTimer*>(memory_.data()); }
  void rise(uint64_t place, const QueuedTimer& timer);
  void sink(uint64_t place, const QueuedTimer& timer);

  GrowingMemory memory_; // grows without a pause, and does not shrink
  PagesAhead ahead_;
  PageHook page_hook_;
  uint64_t count_ = 0;
  uint64_t capacity_ = 0;
};

} // namespace flow::runtime
