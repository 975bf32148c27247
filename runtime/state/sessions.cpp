#include "runtime/state/sessions.h"

#include <string.h>

#include <algorithm>
#include <string>

#include "runtime/base/assert.h"
#include "runtime/batch/strings.h"

namespace flow::runtime {
namespace {

constexpr uint64_t number_bytes = sizeof(int64_t);

int64_t later(int64_t time, int64_t by) {
  int64_t sum;
  return __builtin_add_overflow(time, by, &sum) ? INT64_MAX : sum;
}

// The last instant of a session that lasts until a gap after this row.
int64_t last_instant(int64_t time, int64_t gap) { return later(time, gap - 1); }

class Sessions {
public:
  explicit Sessions(KeyedState& keyed)
      : keyed_(keyed), table_(keyed.table()), start_(keyed.state().session_start),
        last_(keyed.state().timers[0].time_offset), gap_(keyed.state().size) {}

  bool is_of(const uint8_t* entry, std::string_view key) const {
    if (!table_.key().is_bytes) return memcmp(entry, key.data(), key.size()) == 0;
    FlowView stored = read_string(entry, table_.heap);
    return stored.length == key.size() + number_bytes && memcmp(stored.data, key.data(), key.size()) == 0;
  }
  int64_t start(const uint8_t* entry) const { return entry_time(entry, start_); }
  int64_t last(const uint8_t* entry) const { return entry_time(entry, last_); }
  bool touches(const uint8_t* entry, int64_t time) const {
    return time <= later(last(entry), 1) && later(time, gap_) >= start(entry);
  }

  uint8_t* make(uint64_t hash, std::string_view key, int64_t time) {
    std::string whole(key);
    whole.append(reinterpret_cast<const char*>(&time), number_bytes);
    uint8_t* entry = table_.insert(hash, whole);
    entry[keyed_.state().cells[0].set_offset] = 1;
    set_start(entry, time);
    keyed_.set_timer(0, entry, hash, last_instant(time, gap_));
    return entry;
  }
  void widen(uint8_t* entry, uint64_t hash, int64_t start_time, int64_t last_time) {
    if (start_time < start(entry)) set_start(entry, start_time);
    if (last_time > last(entry)) keyed_.set_timer(0, entry, hash, last_time);
  }

private:
  void set_start(uint8_t* entry, int64_t time) { set_entry_time(entry, start_, time); }

  KeyedState& keyed_;
  StateTable& table_;
  uint32_t start_, last_;
  int64_t gap_;
};

} // namespace

TouchedSessions touch_session(KeyedState& keyed, uint64_t hash, std::string_view key, int64_t time_us,
                              int64_t watermark) {
  FLOW_ASSERT(keyed.state().session_start != 0, "the state is one of session windows");
  StateTable& table = keyed.table();
  Sessions sessions(keyed);
  int64_t gap_us = keyed.state().size;
  char no_key[8] = {};
  if (key.empty() && !table.key().is_bytes) key = {no_key, sizeof no_key};
  uint32_t found[2], count = 0;
  table.visit_hash(hash, [&](uint32_t index) {
    const uint8_t* entry = table.entries + uint64_t{index} * table.stride;
    if (!sessions.is_of(entry, key) || !sessions.touches(entry, time_us)) return false;
    FLOW_ASSERT(count < 2, "a row touches at most two sessions");
    found[count++] = index;
    return false;
  });
  if (count == 0) {
    if (last_instant(time_us, gap_us) <= watermark) return {};
    return {.session = sessions.make(hash, key, time_us)};
  }
  // The one that stays is the earlier: which it is then does not depend on where they lie in the table.
  TouchedSessions touched{.session = table.open_entry(found[0])};
  if (count == 2) touched.other = table.open_entry(found[1]);
  if (count == 2 && sessions.start(touched.other) < sessions.start(touched.session))
    std::swap(touched.session, touched.other);
  sessions.widen(touched.session, hash, time_us, last_instant(time_us, gap_us));
  if (count == 2) sessions.widen(touched.session, hash, sessions.start(touched.other), sessions.last(touched.other));
  return touched;
}

uint8_t* drop_session(KeyedState& keyed, uint8_t* other, uint8_t* session) {
  StateTable& table = keyed.table();
  uint32_t last = table.count - 1, gone = table.number_of(other), stays = table.number_of(session);
  other[keyed.state().cells[0].set_offset] = 0;
  other[keyed.state().timers[0].set_offset] = 0;
  keyed.settle(other);
  return table.entries + uint64_t{stays == last ? gone : stays} * table.stride;
}

} // namespace flow::runtime
