#include "runtime/state/timer_queue.h"

#include <algorithm>

#include "runtime/base/assert.h"

namespace flow::runtime {
namespace {

constexpr uint64_t timers_min = 16;

} // namespace

void TimerQueue::push(const QueuedTimer& timer) {
  if (count_ == capacity_) {
    capacity_ = std::max(timers_min, capacity_ * 2);
    if (memory_.grow(capacity_ * sizeof timer)) ahead_ = PagesAhead();
  }
  uint64_t place = count_++;
  if (capacity_ * sizeof timer >= GrowingMemory::mapped_min) {
    ahead_.follow(page_hook_, reinterpret_cast<uint8_t*>(timers() + count_),
                  reinterpret_cast<uint8_t*>(timers() + capacity_));
  }
  rise(place, timer);
}

// The place is free; those above it that come later move down.
void TimerQueue::rise(uint64_t place, const QueuedTimer& timer) {
  QueuedTimer* all = timers();
  while (place > 0) {
    uint64_t above = (place - 1) / 2;
    if (!(timer < all[above])) break;
    all[place] = all[above];
    place = above;
  }
  all[place] = timer;
}

void TimerQueue::sink(uint64_t place, const QueuedTimer& timer) {
  QueuedTimer* all = timers();
  for (uint64_t below = 2 * place + 1; below < count_; below = 2 * place + 1) {
    if (below + 1 < count_ && all[below + 1] < all[below]) ++below;
    if (!(all[below] < timer)) break;
    all[place] = all[below];
    place = below;
  }
  all[place] = timer;
}

void TimerQueue::remove(uint64_t place) {
  FLOW_ASSERT(place < count_, "the timer to remove is there");
  QueuedTimer last = timers()[--count_];
  if (place == count_) return;
  bool rises = place > 0 && last < timers()[(place - 1) / 2];
  rises ? rise(place, last) : sink(place, last);
}

uint64_t TimerQueue::memory_bytes() const {
  uint64_t used = capacity_ * sizeof(QueuedTimer) < GrowingMemory::mapped_min ? capacity_ : count_;
  return used * sizeof(QueuedTimer);
}

} // namespace flow::runtime
