#include "runtime/connectors/rate_limiter.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace flow::runtime {
namespace {

constexpr double burst_us = 1'000'000;
// The sums of many small steps may stay below a whole event by rounding; this much is forgiven.
constexpr double rounding = 1e-9;
constexpr double rate_max = 1e12; // more is as good as no limit

} // namespace

RateLimiter::RateLimiter(double events_per_second, int64_t now_us)
    : us_per_event_(events_per_second > 0 && events_per_second <= rate_max ? 1e6 / events_per_second : 0),
      burst_(is_unlimited() ? 0 : std::max(1.0, burst_us / us_per_event_)), last_us_(now_us) {}

int64_t RateLimiter::allowed(int64_t now_us) {
  if (is_unlimited()) return std::numeric_limits<int64_t>::max();
  if (now_us > last_us_) {
    due_ = std::min(burst_, due_ + static_cast<double>(now_us - last_us_) / us_per_event_);
    last_us_ = now_us;
  }
  return static_cast<int64_t>(std::max(0.0, std::floor(due_ + rounding)));
}

void RateLimiter::spend(int64_t events) {
  if (!is_unlimited()) due_ -= static_cast<double>(events);
}

int64_t RateLimiter::next_us() const {
  if (is_unlimited()) return last_us_;
  double wait_us = std::ceil((1 - rounding / 2 - due_) * us_per_event_);
  constexpr double wait_us_max = 1e15; // for rates of less than an event in thirty years
  return last_us_ + static_cast<int64_t>(std::clamp(wait_us, 0.0, wait_us_max));
}

} // namespace flow::runtime
