#include "runtime/exchange/signal.h"

namespace flow::runtime {

void Signal::wait(uint32_t seen, int64_t timeout_us) {
  std::unique_lock lock(mutex_);
  is_waited_for_.store(true, std::memory_order_seq_cst);
  changed_.wait_for(lock, std::chrono::microseconds(timeout_us), [&] { return generation() != seen; });
  is_waited_for_.store(false, std::memory_order_seq_cst);
}

void Signal::wake() {
  // The lock makes sure that the waiter is either before its look at the generation or already asleep.
  std::lock_guard lock(mutex_);
  changed_.notify_one();
}

} // namespace flow::runtime
