// InputGate: the channels into one task, seen as its ports. It merges watermarks per port, aligns barriers, and says
// which element comes next. Pure bookkeeping, no task: what follows from an element is told by its return value.
//
// Watermarks. A port's watermark is the minimum over its channels that are neither idle nor ended; when all that are
// left are idle, the port is idle.
//
// Opening. Every sender speaks first: a watermark or its end, before any row. Until all channels have spoken no batch
// is given out, else rows of a quick sender would meet a time that slower ones still hold back, and which rows are late
// would depend on who started first.
//
// Alignment. The first barrier of an epoch blocks its channel; the epoch is aligned when every channel that has not
// ended is blocked by it (an ended channel counts as having delivered every later barrier). A barrier of a later epoch,
// or the epoch being given up, ends an alignment that did not succeed. Blocked channels are not read.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "runtime/exchange/channel.h"

namespace flow::runtime {

struct PortTime {
  int64_t watermark = INT64_MIN;
  bool is_idle = false;
  bool operator==(const PortTime&) const = default;
};

class InputGate {
public:
  // Channels in the order in which they are added; ports without a channel have ended from the start.
  void set_ports(uint32_t count) { ports_.resize(count); }
  void add(Channel* channel, uint32_t port);

  struct Next {
    uint32_t input;
    uint32_t port;
    const Element* element;
  };
  // The next element, channels in turn; stays until take(). Nothing: none is there.
  std::optional<Next> next();
  // The element of next() is dealt with (of a batch: all its rows; it goes back to the sender).
  void take(const Next& next);

  // What take() of a watermark or end has changed, once: the port's new time.
  std::optional<PortTime> changed_time(uint32_t port);
  bool has_ended(uint32_t port) const { return ports_[port].open_channels == 0; }
  bool have_all_ended() const { return open_channels_ == 0; }
  bool have_all_spoken() const { return silent_ == 0; }
  // Somebody was idle, so that this task and its siblings may have seen different times.
  bool has_seen_idle() const { return has_seen_idle_; }
  void note_idle() { has_seen_idle_ = true; }

  // The epoch whose barriers have all come; it stays until pass().
  std::optional<uint64_t> aligned() const;
  void pass();
  // Gives up what is being aligned, if it is this epoch or an older one.
  void abandon(uint64_t epoch);

private:
  struct Input {
    Channel* channel;
    uint32_t port;
    PortTime time = {};
    bool is_blocked = false;
    bool has_ended = false;
    bool has_spoken = false;
  };
  struct Port {
    uint32_t open_channels = 0;
    PortTime told = {};
  };
  void meet_barrier(Input& input, uint64_t epoch);
  void unblock();
  PortTime merged(uint32_t port) const;

  std::vector<Input> inputs_;
  std::vector<Port> ports_;
  uint32_t turn_ = 0;
  uint32_t open_channels_ = 0;
  uint32_t silent_ = 0; // channels that have not spoken
  uint32_t blocked_ = 0;
  uint64_t aligning_ = 0; // 0: nothing
  uint64_t passed_ = 0;   // barriers up to here are of the past
  bool has_seen_idle_ = false;
};

} // namespace flow::runtime
