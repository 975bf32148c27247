// So many events a second: for sources with the option `rate`. The clock is the host's; nothing waits in here.
//
//   int64_t rows = limiter.allowed(env.monotonic_us());   // 0: ask again at next_us()
//   … read at most so many …
//   limiter.spend(rows_read);
#pragma once

#include <cstdint>

namespace flow::runtime {

class RateLimiter {
public:
  // The rate may be a fraction of an event a second; 0 or less: no limit.
  RateLimiter(double events_per_second, int64_t now_us);

  // What has become due and was not spent. A pause of up to a second is made up for, so that the schedule is kept on a
  // machine that stalls now and then; of a longer one, a second's worth (or one event, where that is more).
  int64_t allowed(int64_t now_us);
  void spend(int64_t events);

  // When `allowed` will give at least one event, if none is due now.
  int64_t next_us() const;
  bool is_unlimited() const { return us_per_event_ <= 0; }

private:
  double us_per_event_;
  double burst_;    // events
  double due_ = 0;  // events, below 0 after more was spent than allowed
  int64_t last_us_; // when `due_` was brought up to date
};

} // namespace flow::runtime
