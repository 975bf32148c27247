#include "runtime/exchange/signal.h"

#include <linux/futex.h>
#include <linux/time_types.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace flow::runtime {
namespace {

static_assert(sizeof(long) == 8, "the system takes a time of 64 bits");
static_assert(sizeof(std::atomic<uint32_t>) == sizeof(uint32_t) && std::atomic<uint32_t>::is_always_lock_free,
              "the system watches the word itself");

// Every outcome (woken, changed before, timed out, interrupted) means the same to the callers: look again.
void futex(std::atomic<uint32_t>* word, int operation, uint32_t value, const __kernel_timespec* timeout) {
  (void)syscall(SYS_futex, word, operation, value, timeout, nullptr, 0);
}

} // namespace

void Signal::wait(uint32_t seen, int64_t timeout_us) {
  if (timeout_us <= 0 || generation() != seen) return;
  __kernel_timespec timeout{.tv_sec = timeout_us / 1'000'000, .tv_nsec = timeout_us % 1'000'000 * 1000};
  is_waited_for_.store(true, std::memory_order_seq_cst);
  futex(&generation_, FUTEX_WAIT_PRIVATE, seen, &timeout);
  is_waited_for_.store(false, std::memory_order_seq_cst);
}

void Signal::wake() {
  if (is_waited_for_.exchange(false, std::memory_order_seq_cst)) futex(&generation_, FUTEX_WAKE_PRIVATE, 1, nullptr);
}

} // namespace flow::runtime
