// Session windows over a KeyedState: an entry is a session, its key that of the rows and a number that tells the
// sessions of one key apart. All sessions of a key have the hash of the rows' key, so one walk over that hash finds
// them.
//
// A row at t covers [t, t + gap]. Sessions that it touches become one, as in Flink: rows exactly `gap` apart belong
// together. At most two can be touched, since two sessions of a key never touch one another and each is at least a gap
// long. The number of a session is the time of the row that made it: as long as it lives no other row of its key makes
// a session at that time.
#pragma once

#include <cstdint>
#include <string_view>

#include "runtime/state/keyed_state.h"

namespace flow::runtime {

struct TouchedSessions {
  uint8_t* session = nullptr; // null: the row is late
  uint8_t* other = nullptr;   // to be added to it and dropped, or null
};

// The session of a row, made or widened. Times in microseconds. `key`: the bytes of the rows' key.
TouchedSessions touch_session(KeyedState& keyed, uint64_t hash, std::string_view key, int64_t time_us,
                              int64_t watermark);
// Erases `other`. Where `session` lies now.
uint8_t* drop_session(KeyedState& keyed, uint8_t* other, uint8_t* session);

} // namespace flow::runtime
