#include "runtime/state/table.h"

#include <stdlib.h>
#include <string.h>

#include <algorithm>

#include "runtime/base/assert.h"

namespace flow::runtime {
namespace {

constexpr uint64_t slots_min = 16;
constexpr uint32_t entries_min = 8;
constexpr uint64_t heap_min = 1024;
constexpr uint64_t compaction_min = 64 * 1024; // a smaller arena is not worth a walk over the entries

template <typename T> T* resized(T* memory, uint64_t count) {
  T* made = static_cast<T*>(realloc(memory, std::max<uint64_t>(count, 1) * sizeof(T)));
  FLOW_ASSERT(made != nullptr, "the memory for state is there");
  return made;
}

uint64_t words(uint64_t bits) { return (bits + 63) / 64; }

} // namespace

StateTable::StateTable(const LayoutCodec& codec, TableKey key) : FlowTable{}, codec_(codec), key_(key) {
  stride = codec.stride();
  FLOW_ASSERT(key.size <= stride, "the key lies inside the entry");
  if (key.size > 0) rebuild_slots(slots_min);
}

StateTable::~StateTable() {
  free(slots);
  free(entries);
  free(hashes);
  free(heap);
  free(dirty);
}

uint8_t* StateTable::upsert(uint64_t hash, std::string_view key) {
  int64_t index = find(hash, key);
  if (index < 0) return insert(hash, key);
  if (dirty != nullptr) dirty[index / 64] |= uint64_t{1} << (index % 64);
  return table_entry(this, static_cast<uint64_t>(index));
}

int64_t StateTable::find(uint64_t hash, std::string_view key) const {
  if (key_.size == 0) return count == 0 ? -1 : 0;
  for (uint64_t slot = hash & mask; slots[slot] != 0; slot = (slot + 1) & mask) {
    uint64_t index = slots[slot] - 1;
    if (has_key(index, hash, key)) return static_cast<int64_t>(index);
  }
  return -1;
}

bool StateTable::has_key(uint64_t index, uint64_t hash, std::string_view key) const {
  if (hashes[index] != hash) return false;
  const uint8_t* entry = table_entry(this, index);
  if (!key_.is_bytes) return memcmp(entry, key.data(), key_.size) == 0;
  FlowView known = read_string(entry, heap);
  return known.length == key.size() && memcmp(known.data, key.data(), key.size()) == 0;
}

uint8_t* StateTable::insert(uint64_t hash, std::string_view key) {
  FLOW_ASSERT(key_.size > 0 || count == 0, "a table without key has one entry");
  FLOW_ASSERT(count < UINT32_MAX - 1, "a table has fewer than 2^32 entries");
  if (count == capacity) grow_entries();
  if (key_.size > 0 && (count + 1) * uint64_t{8} > (mask + 1) * 5) grow_slots();
  uint32_t index = count++;
  uint8_t* entry = table_entry(this, index);
  memset(entry, 0, stride);
  hashes[index] = hash;
  if (key_.size > 0) {
    uint64_t slot = hash & mask;
    while (slots[slot] != 0) slot = (slot + 1) & mask;
    slots[slot] = index + 1;
    if (key_.is_bytes) {
      store_string(entry, key);
    } else {
      memcpy(entry, key.data(), key_.size);
    }
  }
  if (dirty != nullptr) dirty[index / 64] |= uint64_t{1} << (index % 64);
  if (on_miss_ != nullptr) on_miss_(miss_context_, this, hash, entry);
  return entry;
}

uint64_t StateTable::slot_of_entry(uint64_t hash, uint32_t index) const {
  uint64_t slot = hash & mask;
  while (slots[slot] != index + 1) {
    FLOW_ASSERT(slots[slot] != 0, "every entry has a slot");
    slot = (slot + 1) & mask;
  }
  return slot;
}

void StateTable::erase(uint32_t index) {
  FLOW_ASSERT(index < count, "the entry to erase is there");
  uint32_t last = count - 1;
  if (key_.size > 0) {
    uint64_t hole = slot_of_entry(hashes[index], index);
    if (last != index) slots[slot_of_entry(hashes[last], last)] = index + 1;
    // Close the gap: an entry behind the hole moves into it unless its own place lies between hole and it.
    slots[hole] = 0;
    for (uint64_t slot = (hole + 1) & mask; slots[slot] != 0; slot = (slot + 1) & mask) {
      uint32_t moved = slots[slot] - 1;
      uint64_t home = hashes[moved == index ? last : moved] & mask;
      if (((slot - home) & mask) < ((slot - hole) & mask)) continue;
      slots[hole] = slots[slot];
      slots[slot] = 0;
      hole = slot;
    }
  }
  if (last != index) {
    memcpy(table_entry(this, index), table_entry(this, last), stride);
    hashes[index] = hashes[last];
  }
  if (dirty != nullptr) {
    uint64_t mark = dirty[last / 64] >> (last % 64) & 1;
    dirty[last / 64] &= ~(uint64_t{1} << (last % 64));
    if (last != index) {
      dirty[index / 64] &= ~(uint64_t{1} << (index % 64));
      dirty[index / 64] |= mark << (index % 64);
    }
  }
  count = last;
}

void StateTable::clear() {
  if (slots != nullptr) memset(slots, 0, (mask + 1) * sizeof(uint32_t));
  if (dirty != nullptr) memset(dirty, 0, words(capacity) * sizeof(uint64_t));
  count = 0;
  heap_used = 0;
}

void StateTable::grow_entries() {
  uint32_t limit = key_.size == 0 ? 1 : UINT32_MAX;
  uint32_t wanted =
      static_cast<uint32_t>(std::min<uint64_t>(limit, std::max<uint64_t>(entries_min, uint64_t{capacity} * 2)));
  entries = resized(entries, static_cast<uint64_t>(wanted) * stride);
  hashes = resized(hashes, wanted);
  if (dirty != nullptr) {
    dirty = resized(dirty, words(wanted));
    memset(dirty + words(capacity), 0, (words(wanted) - words(capacity)) * sizeof(uint64_t));
  }
  capacity = wanted;
}

void StateTable::grow_slots() { rebuild_slots((mask + 1) * 2); }

void StateTable::rebuild_slots(uint64_t slot_count) {
  free(slots);
  slots = static_cast<uint32_t*>(calloc(slot_count, sizeof(uint32_t)));
  FLOW_ASSERT(slots != nullptr, "the memory for state is there");
  mask = slot_count - 1;
  for (uint32_t index = 0; index < count; ++index) {
    uint64_t slot = hashes[index] & mask;
    while (slots[slot] != 0) slot = (slot + 1) & mask;
    slots[slot] = index + 1;
  }
}

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
  if (heap_used >= compaction_min && compact_heap(bytes)) return;
  uint64_t wanted = std::max({heap_min, heap_capacity * 2, heap_used + bytes});
  heap = resized(heap, wanted);
  heap_capacity = wanted;
}

uint64_t StateTable::live_heap_bytes() const {
  uint64_t live = 0;
  for (uint32_t index = 0; index < count; ++index) {
    codec_.for_each_string(table_entry(this, index),
                           [&](const uint8_t* slot) { live += string_heap_bytes(read_string(slot, heap).length); });
  }
  return live;
}

// Writes the cells that entries point to into a new arena, if at least half of this one is garbage.
bool StateTable::compact_heap(uint64_t bytes) {
  uint64_t live = live_heap_bytes();
  if (live * 2 > heap_used) return false;
  uint64_t wanted = std::max(heap_capacity, live + bytes);
  uint8_t* fresh = resized<uint8_t>(nullptr, wanted);
  uint64_t used = 0;
  for (uint32_t index = 0; index < count; ++index) {
    codec_.for_each_string(table_entry(this, index), [&](uint8_t* slot) {
      FlowView text = read_string(slot, heap);
      if (string_is_inline(text.length)) return;
      memcpy(fresh + used, text.data, text.length);
      write_long_string(slot, text.data, text.length, used);
      used += text.length;
    });
  }
  free(heap);
  heap = fresh;
  heap_used = used;
  heap_capacity = wanted;
  return true;
}

void StateTable::track_dirty() {
  if (dirty != nullptr) return;
  dirty = static_cast<uint64_t*>(calloc(std::max<uint64_t>(1, words(capacity)), sizeof(uint64_t)));
  FLOW_ASSERT(dirty != nullptr, "the memory for state is there");
}

std::vector<uint64_t> StateTable::take_dirty() {
  if (dirty == nullptr) return {};
  std::vector<uint64_t> marks(dirty, dirty + words(count));
  memset(dirty, 0, words(capacity) * sizeof(uint64_t));
  return marks;
}

void StateTable::give_back_dirty(const std::vector<uint64_t>& marks) {
  if (dirty == nullptr) return;
  for (uint64_t word = 0; word < std::min<uint64_t>(marks.size(), words(count)); ++word) dirty[word] |= marks[word];
}

uint64_t StateTable::memory_bytes() const {
  uint64_t index_bytes = slots == nullptr ? 0 : (mask + 1) * sizeof(uint32_t);
  return sizeof(*this) + index_bytes + uint64_t{capacity} * (stride + sizeof(uint64_t)) + heap_capacity;
}

} // namespace flow::runtime
