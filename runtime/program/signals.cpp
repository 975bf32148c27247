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
}

StopSignals::~StopSignals() { forget(); }

void StopSignals::listen(std::function<void()> on_stop) {
  on_stop_ = std::move(on_stop);
  thread_ = std::thread([this] { wait(); });
}

void StopSignals::forget() {
  if (!thread_.joinable()) return;
  is_over_.store(true, std::memory_order_release);
  pthread_kill(thread_.native_handle(), SIGTERM);
  thread_.join();
}

void StopSignals::wait() {
  sigset_t set = stop_signals();
  while (true) {
    int number = 0;
    if (sigwait(&set, &number) != 0) continue;
    if (is_over_.load(std::memory_order_acquire)) return;
    constexpr int killed_by = 128; // what a shell says of a process that a signal ended
    if (was_asked_.exchange(true, std::memory_order_acq_rel)) _exit(killed_by + number);
    on_stop_();
  }
}

} // namespace flow::runtime
