// Mailbox: rare messages from any thread to one (per checkpoint, per failure; never per batch). Taken all at once, in
// the order in which they were posted.
#pragma once

#include <mutex>
#include <utility>
#include <vector>

#include "runtime/exchange/signal.h"

namespace flow::runtime {

template <typename Message> class Mailbox {
public:
  // `signal` of the reader may be null (simulation: readers look by themselves).
  explicit Mailbox(Signal* signal = nullptr) : signal_(signal) {}
  void set_signal(Signal* signal) { signal_ = signal; } // before any thread runs

  void post(Message message) {
    {
      std::lock_guard lock(mutex_);
      messages_.push_back(std::move(message));
    }
    if (signal_ != nullptr) signal_->notify();
  }

  std::vector<Message> take_all() {
    std::lock_guard lock(mutex_);
    return std::exchange(messages_, {});
  }

private:
  std::mutex mutex_;
  std::vector<Message> messages_;
  Signal* signal_;
};

} // namespace flow::runtime
