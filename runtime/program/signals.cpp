#include "runtime/program/signals.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

namespace flow::runtime {
namespace {

sigset_t stop_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  return set;
}

} // namespace

StopSignals::StopSignals() {
  signal(SIGPIPE, SIG_IGN);
  sigset_t set = stop_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  thread_ = std::thread([this] { wait(); });
}

StopSignals::~StopSignals() { forget(); }

void StopSignals::listen(std::function<void()> on_stop) {
  on_stop_ = std::move(on_stop);
  is_listening_.store(true, std::memory_order_release);
}

void StopSignals::forget() {
  if (!thread_.joinable()) return;
  is_over_.store(true, std::memory_order_release);
  pthread_kill(thread_.native_handle(), SIGTERM);
  thread_.join();
}

// Some tools signal the process and then its group: what comes at once with the first is the same request.
bool StopSignals::pass_over_echo() {
  constexpr timespec echo{.tv_sec = 0, .tv_nsec = 300'000'000};
  sigset_t set = stop_signals();
  while (sigtimedwait(&set, nullptr, &echo) > 0) {
    if (is_over_.load(std::memory_order_acquire)) return false;
  }
  return true;
}

void StopSignals::wait() {
  sigset_t set = stop_signals();
  while (true) {
    int number = 0;
    if (sigwait(&set, &number) != 0) continue;
    if (is_over_.load(std::memory_order_acquire)) return;
    constexpr int killed_by = 128; // what a shell says of a process that a signal ended
    if (!is_listening_.exchange(false, std::memory_order_acq_rel)) _exit(killed_by + number);
    on_stop_();
    if (!pass_over_echo()) return;
  }
}

} // namespace flow::runtime
