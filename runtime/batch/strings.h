// Strings in rows and entries: how a FlowString is written and read. Shared by batches, tables and the vocabulary
// (also as bitcode: no library calls beyond memcpy).
#pragma once

#include <stdint.h>
#include <string.h>

#include "runtime/abi/flow_abi.h"

namespace flow::runtime {

inline bool string_is_inline(uint64_t length) { return length <= FLOW_STRING_INLINE_MAX; }

inline uint64_t string_heap_bytes(uint64_t length) { return string_is_inline(length) ? 0 : length; }

// A string of at most 12 bytes, the rest zero. Overlapping loads instead of a copy of variable size.
inline void write_inline_string(uint8_t* slot, const char* data, uint64_t length) {
  uint64_t low = 0;  // bytes 0 to 7
  uint32_t high = 0; // bytes 8 to 11
  if (length >= 8) {
    uint32_t last;
    memcpy(&low, data, 8);
    memcpy(&last, data + length - 4, 4);
    high = static_cast<uint32_t>(static_cast<uint64_t>(last) >> (8 * (12 - length)));
  } else if (length >= 4) {
    uint32_t first, last;
    memcpy(&first, data, 4);
    memcpy(&last, data + length - 4, 4);
    low = first | static_cast<uint64_t>(last) << (8 * (length - 4));
  } else if (length > 0) {
    const uint8_t* bytes = reinterpret_cast<const uint8_t*>(data);
    low = static_cast<uint64_t>(bytes[0]) | static_cast<uint64_t>(bytes[length / 2]) << (8 * (length / 2)) |
          static_cast<uint64_t>(bytes[length - 1]) << (8 * (length - 1));
  }
  uint32_t stored = static_cast<uint32_t>(length);
  memcpy(slot, &stored, 4);
  memcpy(slot + 4, &low, 8);
  memcpy(slot + 12, &high, 4);
}

// A longer one, whose bytes lie at `offset` of the heap.
inline void write_long_string(uint8_t* slot, const char* data, uint64_t length, uint64_t offset) {
  FlowString string;
  string.length = static_cast<uint32_t>(length);
  memcpy(string.prefix, data, 4);
  string.tail.offset = offset;
  memcpy(slot, &string, sizeof string);
}

// Lives as long as the slot and the heap do.
inline FlowView read_string(const uint8_t* slot, const uint8_t* heap) {
  uint32_t length;
  memcpy(&length, slot, sizeof length);
  if (string_is_inline(length)) return {reinterpret_cast<const char*>(slot) + 4, length};
  uint64_t offset;
  memcpy(&offset, slot + 8, sizeof offset);
  return {reinterpret_cast<const char*>(heap) + offset, length};
}

} // namespace flow::runtime
