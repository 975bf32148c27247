// Signal: how a thread that has nothing to do waits for news. One thread waits on it, any may notify.
//
//   uint32_t seen = signal.generation();
//   … look everywhere for work …
//   signal.wait(seen, timeout_us);   // returns at once if there was a notify after `seen` was read
//
// The waiter announces itself before the system compares the generation once more, and a notifier raises the generation
// before it looks for a waiter: whatever the order, one of them sees the other, so no wake-up is lost. The notifier
// that finds the waiter takes the announcement away: however many notify a sleeping thread, one of them wakes it.
#pragma once

#include <atomic>
#include <cstdint>

namespace flow::runtime {

class Signal {
public:
  uint32_t generation() const { return generation_.load(std::memory_order_seq_cst); }

  // Cheap while nobody waits. Any thread.
  void notify() {
    generation_.fetch_add(1, std::memory_order_seq_cst);
    if (is_waited_for_.load(std::memory_order_seq_cst)) wake();
  }

  // Waits for a notify after `seen`, at most so long; may also return early. For the one thread whose signal this is.
  void wait(uint32_t seen, int64_t timeout_us);

private:
  void wake();

  std::atomic<uint32_t> generation_{0}; // what the system watches
  std::atomic<bool> is_waited_for_{false};
};

} // namespace flow::runtime
