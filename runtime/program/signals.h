// StopSignals: SIGINT and SIGTERM as requests. While someone listens the first one calls `on_stop`, on a thread of its
// own; a second one, or one that nobody listens to yet, ends the process at once. SIGPIPE is ignored: a reader that
// went away is a failure of the write.
//
// The signals are blocked for every thread and waited for by one, so nothing runs inside a handler and nothing is
// global. Make it before any other thread.
#pragma once

#include <atomic>
#include <functional>
#include <thread>

namespace flow::runtime {

class StopSignals {
public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  // Until forget() or the end.
  void listen(std::function<void()> on_stop);
  void forget();

private:
  void wait();
  bool pass_over_echo(); // false: it is over

  std::function<void()> on_stop_;
  std::atomic<bool> is_listening_{false};
  std::atomic<bool> is_over_{false};
  std::thread thread_;
};

} // namespace flow::runtime
