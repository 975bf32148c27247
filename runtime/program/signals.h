// StopSignals: SIGINT and SIGTERM as requests. The first one calls `on_stop`, on a thread of its own; the second one
// ends the process at once. SIGPIPE is ignored: a reader that went away is a failure of the write.
//
// The signals are blocked for every thread and waited for by one, so nothing runs inside a handler and nothing is
// global. Make it before the first thread.
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
  // One came, perhaps before listen().
  bool was_asked() const { return was_asked_.load(std::memory_order_acquire); }

private:
  void wait();

  std::function<void()> on_stop_;
  std::atomic<bool> was_asked_{false};
  std::atomic<bool> is_over_{false};
  std::thread thread_;
};

} // namespace flow::runtime
