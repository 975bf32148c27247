// The arena of a StateTable's strings: cells are only added; those that nothing points to are dropped when it is full.
#include <string.h>

#include <algorithm>
#include <string>
#include <vector>

#include "runtime/base/assert.h"
#include "runtime/state/table.h"

namespace flow::runtime {
namespace {

constexpr uint64_t heap_min = 1024;
constexpr uint64_t compaction_min = 64 * 1024; // a smaller arena is not worth a walk over the entries

} // namespace

void StateTable::store_string(uint8_t* slot, std::string_view text) {
  FLOW_ASSERT(text.size() <= UINT32_MAX, "a string fits its length");
  if (string_is_inline(text.size())) {
    write_inline_string(slot, text.data(), text.size());
    return;
  }
  if (heap_used + text.size() > heap_capacity) {
    // The text may lie in this very arena or entry, which is about to move.
    std::string kept(text);
    reserve_heap(kept.size());
    memcpy(heap + heap_used, kept.data(), kept.size());
  } else {
    memcpy(heap + heap_used, text.data(), text.size());
  }
  write_long_string(slot, reinterpret_cast<const char*>(heap) + heap_used, text.size(), heap_used);
  heap_used += text.size();
}

void StateTable::reserve_heap(uint64_t bytes) {
  // Compaction changes every entry: it waits for copies that are being taken.
  if (heap_used >= compaction_min && pins_ == 0 && compact_heap(bytes)) return;
  heap_capacity = std::max({heap_min, heap_capacity * 2, heap_used + bytes});
  heap_memory_.grow(heap_capacity);
  heap = heap_memory_.data();
}

uint64_t StateTable::live_heap_bytes() const {
  uint64_t live = 0;
  for_each_entry([&](const uint8_t* entry) {
    codec_.for_each_string(entry,
                           [&](const uint8_t* slot) { live += string_heap_bytes(read_string(slot, heap).length); });
  });
  return live;
}

// Writes the cells that entries point to into a new arena, if at least half of this one is garbage.
bool StateTable::compact_heap(uint64_t bytes) {
  uint64_t live = live_heap_bytes();
  if (live * 2 > heap_used) return false;
  std::vector<char> fresh(live);
  uint64_t used = 0;
  for_each_entry([&](uint8_t* entry) {
    codec_.for_each_string(entry, [&](uint8_t* slot) {
      FlowView text = read_string(slot, heap);
      if (string_is_inline(text.length)) return;
      memcpy(fresh.data() + used, text.data, text.length);
      write_long_string(slot, text.data, text.length, used);
      used += text.length;
    });
  });
  if (used > 0) memcpy(heap, fresh.data(), used);
  heap_used = used;
  heap_capacity = std::max(heap_capacity, live + bytes);
  heap_memory_.grow(heap_capacity);
  heap = heap_memory_.data();
  return true;
}

} // namespace flow::runtime
