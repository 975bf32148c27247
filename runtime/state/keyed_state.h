// KeyedState: what an operator keeps for each key: one table (FLOW_STATE_KEYED), with the timers that are set in it and
// the clean-up of what has expired.
//
//   entry := key, a flag per cell and per timer, the cells' fields, `time` and `queued` per timer, `written` per cell
//            that expires (FlowStateCell, FlowStateTimer say where)
//
// An entry none of whose flags is set means nothing: it is erased (settle), in no snapshot and never restored.
//
// A timer is its flag and its time, in its entry. The queues are derived: rebuilt at restore, stored nowhere. `queued`
// is the time under which a queue holds the timer; an element whose time no entry of its hash has as `queued` is stale
// and passed over. So a timer moved to a later time stays where it is in the queue and is put in again when it comes
// out; cancelling costs nothing; an entry may be erased and come again. Stale elements are looked for once they are
// more than the others.
//
// The first instant of time stands for "never reached": a timer set for it is due when any watermark is there.
#pragma once

#include <string.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "runtime/state/table.h"
#include "runtime/state/timer_queue.h"

namespace flow::runtime {

// A time in an entry, microseconds.
inline int64_t entry_time(const uint8_t* entry, uint32_t offset) {
  int64_t value;
  memcpy(&value, entry + offset, sizeof value);
  return value;
}
inline void set_entry_time(uint8_t* entry, uint32_t offset, int64_t value) {
  memcpy(entry + offset, &value, sizeof value);
}

// Which entries of a state mean something.
class SetFlags {
public:
  SetFlags() = default;
  explicit SetFlags(const FlowState& state);
  bool is_any_set(const uint8_t* entry) const;

private:
  std::vector<uint32_t> offsets_;
};

// A timer that fires. It is not set any more; the entry may be changed.
struct DueTimer {
  uint32_t index; // of the entry
  uint32_t timer;
  uint64_t hash;
  int64_t time;
};

class KeyedState {
public:
  // `pages` lives as long as the table.
  KeyedState(const FlowProgram& program, const FlowState& state, const PageHook& pages = {});

  const FlowState& state() const { return state_; }
  const LayoutCodec& codec() const { return codec_; }
  const SetFlags& flags() const { return flags_; }
  StateTable& table() { return *table_; }
  // A snapshot holds it, too.
  const std::shared_ptr<StateTable>& shared_table() const { return table_; }

  // ---- timers; times in microseconds ----
  // The entry, which may be changed, has this hash. Gives when the timer is due.
  int64_t set_timer(uint32_t timer, uint8_t* entry, uint64_t hash, int64_t at_us);
  bool is_processing_time(uint32_t timer) const { return declared(timer).is_processing_time != 0; }
  // Whether take_due has work at this watermark and clock.
  bool has_due(int64_t watermark, int64_t now_us) const;
  // The next timer that is due, by time, number and hash, those in event time first. Nothing: none is, or `*steps`,
  // which counts down with each element of a queue, is used up.
  std::optional<DueTimer> take_due(int64_t watermark, int64_t now_us, uint32_t* steps);
  // When the clock makes a timer due (or shows that it was moved or cancelled); INT64_MAX: none.
  int64_t next_deadline() const;

  // ---- entries ----
  // Erases the entry if nothing of it is set: the pointer is dead then.
  void settle(uint8_t* entry);
  // Entry `index` comes from outside: queues its timers. False: it is not one that can be.
  bool adopt(uint32_t index, uint64_t hash);
  // Does a portion of the clean-up that is due at this watermark: at least twice as many entries as `rows` have been
  // handled since, so that the table cannot grow away from it. Takes nothing that any row or timer could still see.
  void clean(int64_t watermark, uint64_t rows);

  uint64_t queued_timers() const { return event_queue_.count() + clock_queue_.count(); }
  uint64_t memory_bytes() const;

private:
  const FlowStateTimer& declared(uint32_t timer) const { return state_.timers[timer]; }
  TimerQueue& queue_of(uint32_t timer) { return is_processing_time(timer) ? clock_queue_ : event_queue_; }
  void enqueue(uint32_t timer, uint8_t* entry, uint64_t hash, int64_t instant);
  std::optional<uint32_t> entry_of(const QueuedTimer& element) const;
  std::optional<DueTimer> take_first(TimerQueue& queue);
  void erase(uint32_t index);
  void owe(int64_t watermark);
  void clean_entry(uint32_t index, int64_t watermark);
  void clean_queue(TimerQueue& queue, uint64_t* place, uint64_t steps, int64_t watermark);
  bool is_possible(const uint8_t* entry) const;

  const FlowState& state_;
  LayoutCodec codec_;
  SetFlags flags_;
  std::shared_ptr<StateTable> table_;
  TimerQueue event_queue_, clock_queue_;
  uint64_t stale_ = 0; // elements of both queues that no entry answers to

  int64_t shortest_expiry_ = INT64_MAX;        // of its cells; INT64_MAX: none expires
  int64_t cleaned_to_ = INT64_MIN;             // the watermark up to which clean-up has been owed
  uint64_t owed_ = 0;                          // entries to look at
  uint32_t place_ = 0;                         // looked at, downwards: those from here on
  uint32_t round_entries_ = 0;                 // when this round began
  uint64_t event_place_ = 0, clock_place_ = 0; // the same in the queues
};

} // namespace flow::runtime
