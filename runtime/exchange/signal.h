// Signal: how a thread that has nothing to do waits for news. One thread waits on it, any may notify.
//
//   uint32_t seen = signal.generation();
//   … look everywhere for work …
//   signal.wait(seen, timeout_us);   // returns at once if there was a notify after `seen` was read
//
// The waiter announces itself before it looks at the generation again, and a notifier raises the generation before it
// looks for a waiter: whatever the order, one of them sees the other, so no wake-up is lost.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace flow::runtime {

class Signal {
public:
  uint32_t generation() const { return generation_.load(std::memory_order_seq_cst); }

  // Cheap while nobody waits.
  void notify() {
    generation_.fetch_add(1, std::memory_order_seq_cst);
    if (is_waited_for_.load(std::memory_order_seq_cst)) wake();
  }

  // Waits for a notify after `seen`, at most so long. For the one thread whose signal this is.
  void wait(uint32_t seen, int64_t timeout_us);

private:
  void wake();

  std::atomic<uint32_t> generation_{0};
  std::atomic<bool> is_waited_for_{false};
  std::mutex mutex_;
  std::condition_variable changed_;
};

} // namespace flow::runtime
