// Part: what a host runs. A job is a set of parts (tasks, sinks, the writer of checkpoints, the coordinator), each of
// which does a little and returns; none ever waits. So the same parts run on threads (native_host.h) and under a
// seeded scheduler (sim_host.h), and what is simulated is what ships.
#pragma once

#include <cstdint>
#include <limits>

namespace flow::runtime {

enum class Progress : uint8_t {
  worked,  // something was done; ask again
  waiting, // nothing to do until another part acts or the deadline comes
};

constexpr int64_t no_deadline = std::numeric_limits<int64_t>::max();

class Part {
public:
  virtual ~Part() = default;

  // One action of bounded length. `now_us` is the Env's monotonic clock.
  virtual Progress step(int64_t now_us) = 0;

  // Nothing else is there to do on this part's thread: what was held back so as to send more at once goes out now.
  // `worked` if there was anything. Between two steps.
  virtual Progress rest(int64_t now_us) {
    (void)now_us;
    return Progress::waiting;
  }

  // The host turns to other parts: whom this one has sent something may be woken now.
  virtual void end_turn() {}

  // After `waiting`: the time at which there may be something to do though nobody acted.
  virtual int64_t deadline_us() const { return no_deadline; }
};

} // namespace flow::runtime
