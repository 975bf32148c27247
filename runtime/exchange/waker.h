// Waker: how a thread that has nothing to do sleeps until another thread has something for it.
//
//   uint64_t ticket = waker.ticket();
//   … look at everything there might be to do, find nothing …
//   waker.park(ticket, 1000);          // at once back if notify() was called since ticket()
//
// Invariant: a notify() after ticket() is never lost. notify() costs an addition and a load while nobody sleeps.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace flow::runtime {

class Waker {
 public:
  uint64_t ticket() const { return sequence_.load(std::memory_order_seq_cst); }
  void notify();
  // Sleeps until a notify() later than the ticket, at most so long.
  void park(uint64_t ticket, int64_t at_most_us);

 private:
  std::atomic<uint64_t> sequence_{0};
  std::atomic<bool> is_parked_{false};
  std::mutex mutex_;
  std::condition_variable condition_;
};

}  // namespace flow::runtime
