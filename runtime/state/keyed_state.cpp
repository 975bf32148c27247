#include "runtime/state/keyed_state.h"

#include <string.h>

#include <algorithm>

#include "runtime/base/assert.h"

namespace flow::runtime {
namespace {

constexpr uint64_t clean_portion = 2048; // entries that one call looks at
constexpr uint64_t queue_portion = 64;   // elements of a queue, each of which is looked up
constexpr uint64_t stale_min = 1024;     // fewer stale elements are not looked for
constexpr int64_t first_instant = INT64_MIN + 1;

// When a timer set for this time is due. Never INT64_MIN, which in `queued` stands for "in no queue".
int64_t instant_of(int64_t time) { return std::max(time, first_instant); }

// `queued` as it lies in an entry: zero while the timer is in no queue.
int64_t read_queued(const uint8_t* entry, const FlowStateTimer& timer) {
  return entry_time(entry, timer.queued_offset) ^ INT64_MIN;
}
void write_queued(uint8_t* entry, const FlowStateTimer& timer, int64_t instant) {
  set_entry_time(entry, timer.queued_offset, instant ^ INT64_MIN);
}
constexpr int64_t in_no_queue = INT64_MIN;

bool is_zero(const uint8_t* begin, const uint8_t* end) {
  return std::all_of(begin, end, [](uint8_t byte) { return byte == 0; });
}

bool has_expired(const FlowStateCell& cell, const uint8_t* entry, int64_t watermark) {
  if (cell.written_offset == FLOW_NONE || entry[cell.set_offset] == 0) return false;
  int64_t end;
  return !__builtin_add_overflow(entry_time(entry, cell.written_offset), cell.expires, &end) && end <= watermark;
}

} // namespace

SetFlags::SetFlags(const FlowState& state) {
  for (uint32_t i = 0; i < state.cell_count; ++i) offsets_.push_back(state.cells[i].set_offset);
  for (uint32_t i = 0; i < state.timer_count; ++i) offsets_.push_back(state.timers[i].set_offset);
}

bool SetFlags::is_any_set(const uint8_t* entry) const {
  return std::any_of(offsets_.begin(), offsets_.end(), [&](uint32_t offset) { return entry[offset] != 0; });
}

KeyedState::KeyedState(const FlowProgram& program, const FlowState& state, const PageHook& pages)
    : state_(state), codec_(program, program.layouts[state.layout], state.key_is_bytes != 0), flags_(state),
      table_(
          std::make_shared<StateTable>(codec_, table_key(codec_.layout(), state.key_size, state.key_is_bytes != 0))) {
  table_->set_page_hook(pages);
  table_->allow_erase();
  event_queue_.set_page_hook(pages);
  clock_queue_.set_page_hook(pages);
  for (uint32_t i = 0; i < state.cell_count; ++i) {
    const FlowStateCell& cell = state.cells[i];
    FLOW_ASSERT(cell.begin <= cell.end && cell.end <= codec_.stride(), "a cell lies inside its entry");
    if (cell.written_offset != FLOW_NONE) shortest_expiry_ = std::min(shortest_expiry_, cell.expires);
  }
}

// ---- timers ----

int64_t KeyedState::set_timer(uint32_t timer, uint8_t* entry, uint64_t hash, int64_t at_us) {
  const FlowStateTimer& of = declared(timer);
  entry[of.set_offset] = 1;
  set_entry_time(entry, of.time_offset, at_us);
  int64_t instant = instant_of(at_us);
  enqueue(timer, entry, hash, instant);
  return instant;
}

// Unless it is in the queue already, at that time or before.
void KeyedState::enqueue(uint32_t timer, uint8_t* entry, uint64_t hash, int64_t instant) {
  int64_t queued = read_queued(entry, declared(timer));
  if (queued != in_no_queue) {
    if (queued <= instant) return;
    ++stale_;
  }
  queue_of(timer).push({.time = instant, .hash = hash, .timer = timer});
  write_queued(entry, declared(timer), instant);
}

bool KeyedState::has_due(int64_t watermark, int64_t now_us) const {
  return (!event_queue_.is_empty() && event_queue_.first().time <= watermark) ||
         (!clock_queue_.is_empty() && clock_queue_.first().time <= now_us);
}

std::optional<DueTimer> KeyedState::take_due(int64_t watermark, int64_t now_us, uint32_t* steps) {
  while (*steps > 0 && has_due(watermark, now_us)) {
    --*steps;
    bool is_event = !event_queue_.is_empty() && event_queue_.first().time <= watermark;
    if (std::optional<DueTimer> due = take_first(is_event ? event_queue_ : clock_queue_)) return due;
  }
  return std::nullopt;
}

// The number of the entry that answers to it. Of several keys of one hash whose timers are queued for one time, any:
// there are as many elements.
std::optional<uint32_t> KeyedState::entry_of(const QueuedTimer& element) const {
  uint32_t found = 0;
  bool is_there = table_->visit_hash(element.hash, [&](uint32_t index) {
    found = index;
    return read_queued(table_->entries + uint64_t{index} * table_->stride, declared(element.timer)) == element.time;
  });
  if (!is_there) return std::nullopt;
  return found;
}

// The timer that is first in the queue, if it is one that fires now: its time had come when it was put in.
std::optional<DueTimer> KeyedState::take_first(TimerQueue& queue) {
  QueuedTimer first = queue.first();
  queue.pop();
  std::optional<uint32_t> index = entry_of(first);
  if (!index) {
    --stale_;
    return std::nullopt;
  }
  const FlowStateTimer& timer = declared(first.timer);
  uint8_t* entry = table_->open_entry(*index);
  write_queued(entry, timer, in_no_queue);
  if (entry[timer.set_offset] == 0) return std::nullopt;
  int64_t time = entry_time(entry, timer.time_offset);
  if (instant_of(time) > first.time) { // it was moved
    enqueue(first.timer, entry, first.hash, instant_of(time));
    return std::nullopt;
  }
  entry[timer.set_offset] = 0;
  set_entry_time(entry, timer.time_offset, 0);
  return DueTimer{.index = *index, .timer = first.timer, .hash = first.hash, .time = time};
}

int64_t KeyedState::next_deadline() const { return clock_queue_.is_empty() ? INT64_MAX : clock_queue_.first().time; }

// ---- entries ----

void KeyedState::settle(uint8_t* entry) {
  if (!flags_.is_any_set(entry)) erase(table_->number_of(entry));
}

void KeyedState::erase(uint32_t index) {
  const uint8_t* entry = table_->entries + uint64_t{index} * table_->stride;
  for (uint32_t timer = 0; timer < state_.timer_count; ++timer) {
    if (read_queued(entry, declared(timer)) != in_no_queue) ++stale_;
  }
  table_->erase(index);
}

bool KeyedState::is_possible(const uint8_t* entry) const {
  for (uint32_t i = 0; i < state_.cell_count; ++i) {
    const FlowStateCell& cell = state_.cells[i];
    if (entry[cell.set_offset] > 1) return false;
    if (entry[cell.set_offset] == 0 && !is_zero(entry + cell.begin, entry + cell.end)) return false;
  }
  for (uint32_t i = 0; i < state_.timer_count; ++i) {
    const FlowStateTimer& timer = state_.timers[i];
    if (entry[timer.set_offset] > 1) return false;
    if (entry[timer.set_offset] == 0 && entry_time(entry, timer.time_offset) != 0) return false;
  }
  return true;
}

bool KeyedState::adopt(uint32_t index, uint64_t hash) {
  uint8_t* entry = table_->open_entry(index);
  if (!is_possible(entry)) return false;
  for (uint32_t timer = 0; timer < state_.timer_count; ++timer) {
    write_queued(entry, declared(timer), in_no_queue);
    if (entry[declared(timer).set_offset] == 0) continue;
    enqueue(timer, entry, hash, instant_of(entry_time(entry, declared(timer).time_offset)));
  }
  return true;
}

// ---- clean-up ----

// One look at every entry per half of the shortest life span. So what has expired is gone after one and a half of it.
void KeyedState::owe(int64_t watermark) {
  if (watermark <= cleaned_to_ || watermark == INT64_MAX) return;
  auto moved = static_cast<unsigned __int128>(static_cast<uint64_t>(watermark) - static_cast<uint64_t>(cleaned_to_));
  auto half = static_cast<uint64_t>(std::max<int64_t>(1, shortest_expiry_ / 2));
  uint64_t round = std::max(table_->count, round_entries_); // the table shrinks while one is under way
  unsigned __int128 entries = moved * round / half;
  if (entries == 0) return; // until the movements add up to one
  owed_ = static_cast<uint64_t>(std::min<unsigned __int128>(round, entries + owed_));
  cleaned_to_ = watermark;
}

void KeyedState::clean(int64_t watermark, uint64_t rows) {
  uint64_t portion = std::max(clean_portion, 2 * rows);
  if (shortest_expiry_ != INT64_MAX) {
    owe(watermark);
    uint64_t now = std::min(owed_, portion);
    owed_ -= now;
    for (; now > 0 && table_->count > 0; --now) {
      // Downwards: an entry that takes the number of an erased one has been looked at.
      if (place_ == 0) place_ = round_entries_ = table_->count;
      place_ = std::min(place_, table_->count) - 1;
      clean_entry(place_, watermark);
    }
  }
  if (stale_ < stale_min || stale_ * 2 < queued_timers()) return;
  clean_queue(event_queue_, &event_place_, std::max(queue_portion, 4 * rows), watermark);
  clean_queue(clock_queue_, &clock_place_, std::max(queue_portion, 4 * rows), INT64_MIN);
}

void KeyedState::clean_entry(uint32_t index, int64_t watermark) {
  for (uint32_t i = 0; i < state_.cell_count; ++i) {
    const FlowStateCell& cell = state_.cells[i];
    if (!has_expired(cell, table_->entries + uint64_t{index} * table_->stride, watermark)) continue;
    uint8_t* entry = table_->open_entry(index);
    entry[cell.set_offset] = 0;
    memset(entry + cell.begin, 0, cell.end - cell.begin);
    set_entry_time(entry, cell.written_offset, 0);
  }
  settle(table_->entries + uint64_t{index} * table_->stride);
}

// Removes stale elements, wherever they are. What moves past the place is found in the next round. Of an entry that was
// erased and made again for one time over and over all elements are equal: so the one that is met first goes in anew, a
// microsecond earlier, and the others answer to nothing from then on. Not if it would be due then, at `watermark`:
// nobody would look for it.
void KeyedState::clean_queue(TimerQueue& queue, uint64_t* place, uint64_t steps, int64_t watermark) {
  for (; steps > 0 && !queue.is_empty(); --steps) {
    if (*place == 0) *place = queue.count();
    *place = std::min(*place, queue.count()) - 1;
    QueuedTimer element = queue.at(*place);
    std::optional<uint32_t> index = entry_of(element);
    if (index && (element.time == first_instant || element.time - 1 <= watermark)) continue;
    queue.remove(*place);
    if (!index) {
      --stale_;
      continue;
    }
    --element.time;
    queue.push(element);
    write_queued(table_->open_entry(*index), declared(element.timer), element.time);
  }
}

uint64_t KeyedState::memory_bytes() const {
  return table_->memory_bytes() + event_queue_.memory_bytes() + clock_queue_.memory_bytes();
}

} // namespace flow::runtime
