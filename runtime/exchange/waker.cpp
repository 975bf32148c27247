#include "runtime/exchange/waker.h"

namespace flow::runtime {

// Either the addition comes before park() compares, which then does not sleep; or it comes after park() has said that it
// sleeps, and the lock below waits until it really does.
void Waker::notify() {
  sequence_.fetch_add(1, std::memory_order_seq_cst);
  if (!is_parked_.load(std::memory_order_seq_cst)) return;
  std::lock_guard lock(mutex_);
  condition_.notify_all();
}

void Waker::park(uint64_t ticket_then, int64_t at_most_us) {
  std::unique_lock lock(mutex_);
  is_parked_.store(true, std::memory_order_seq_cst);
  condition_.wait_for(lock, std::chrono::microseconds(at_most_us), [&] { return ticket() != ticket_then; });
  is_parked_.store(false, std::memory_order_seq_cst);
}

}  // namespace flow::runtime
