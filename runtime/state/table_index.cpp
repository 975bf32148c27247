// The indexed form of StateTable: slots of numbers, entries in one array.
#include <stdlib.h>
#include <string.h>

#include <algorithm>

#include "runtime/base/assert.h"
#include "runtime/state/table.h"
#include "runtime/state/table_copy.h"

namespace flow::runtime {
namespace {

constexpr uint32_t entries_min = 8;
// A table of one number goes inline when its index has this size: some 160 entries.
constexpr uint64_t inline_from_slots = 256;

template <typename T> T* resized(T* memory, uint64_t count) {
  T* made = static_cast<T*>(realloc(memory, std::max<uint64_t>(count, 1) * sizeof(T)));
  FLOW_ASSERT(made != nullptr, "the memory for state is there");
  return made;
}

} // namespace

uint8_t* StateTable::insert_indexed(uint64_t hash, std::string_view key) {
  if (count == capacity) grow_entries();
  uint32_t index = count++;
  touch(index);
  uint8_t* entry = entries + uint64_t{index} * stride;
  if (uint64_t{capacity} * stride >= GrowingMemory::mapped_min) {
    entries_ahead_.follow(page_hook_, entry + stride, entries + uint64_t{capacity} * stride);
  }
  memset(entry, 0, stride);
  if (hashes != nullptr) write_hash(index, hash);
  if (key_.size == 0) return entry;
  add_to_index(sub_of(hash), hash, index);
  if (key_.is_bytes) {
    store_string(entry, key);
  } else {
    memcpy(entry, key.data(), key_.size);
  }
  return entry;
}

void StateTable::write_hash(uint32_t index, uint64_t hash) {
  if (copying_hashes_ != nullptr) save_before_write(copying_hashes_, uint64_t{index} * sizeof hash, sizeof hash);
  hashes[index] = hash;
}

void StateTable::add_to_index(SubTable& sub, uint64_t hash, uint32_t index) {
  uint32_t* numbers = sub.numbers();
  uint64_t slot = hash & sub.size;
  while (numbers[slot] != 0) slot = (slot + 1) & sub.size;
  numbers[slot] = index + 1;
  ++sub.count;
}

// Calls visit(number, hash) for the entries of a sub-table of the index.
template <typename Visit> void StateTable::for_each_indexed(const SubTable& sub, Visit visit) const {
  const uint32_t* numbers = sub.numbers();
  for (uint64_t slot = 0; slot <= sub.size; ++slot) {
    if (numbers[slot] == 0) continue;
    uint32_t index = numbers[slot] - 1;
    visit(index, hash_of(index, entries + uint64_t{index} * stride));
  }
}

// One more entry is coming. May turn the table inline.
void StateTable::make_room_in_index(uint64_t hash) {
  uint32_t number = number_of_sub(hash);
  const SubTable& sub = subs_[number];
  uint64_t slot_count = uint64_t{sub.size} + 1;
  if ((uint64_t{sub.count} + 1) * 8 <= slot_count * 5) return;
  if (slot_count >= inline_from_slots && can_go_inline()) return go_inline();
  if (slot_count < index_slots_max) return grow_index(number);
  if (can_split(sub)) return split_index(number);
  grow_index(number);
}

StateTable::Sides StateTable::sample_index(const SubTable& sub) const {
  Sides sides;
  const uint32_t* numbers = sub.numbers();
  for (uint32_t slot = 0; slot < split_sample; ++slot) {
    if (numbers[slot] == 0) continue;
    uint32_t index = numbers[slot] - 1;
    sides.count(sub.goes_right(hash_of(index, entries + uint64_t{index} * stride)));
  }
  return sides;
}

void StateTable::set_index(SubTable& sub, uint64_t slot_count) {
  sub.bytes = slot_count * sizeof(uint32_t);
  sub.memory = take_slots(sub.bytes);
  memset(sub.memory, 0, sub.bytes);
  sub.size = static_cast<uint32_t>(slot_count - 1);
  sub.count = 0;
}

void StateTable::grow_index(uint32_t number) {
  SubTable& sub = subs_[number];
  SubTable old = sub;
  set_index(sub, (uint64_t{old.size} + 1) * 2);
  for_each_indexed(old, [&](uint32_t index, uint64_t hash) { add_to_index(sub, hash, index); });
  give_up_slots(old);
  show(number);
}

// All entries may go to one side: each has room for them.
void StateTable::split_index(uint32_t number) {
  SubTable old = subs_[number];
  uint32_t right = add_sub(number);
  set_index(subs_[number], uint64_t{old.size} + 1);
  set_index(subs_[right], uint64_t{old.size} + 1);
  for_each_indexed(old, [&](uint32_t index, uint64_t hash) {
    add_to_index(subs_[old.goes_right(hash) ? right : number], hash, index);
  });
  give_up_slots(old);
  show(number);
  show(right);
}

// From some size on this copies nothing: memory.h.
void StateTable::grow_entries() {
  uint32_t limit = key_.size == 0 ? 1 : INT32_MAX;
  uint32_t wanted =
      static_cast<uint32_t>(std::min<uint64_t>(limit, std::max<uint64_t>(entries_min, uint64_t{capacity} * 2)));
  if (entries_memory_.grow(uint64_t{wanted} * stride)) {
    entries = entries_memory_.data();
    entries_ahead_ = PagesAhead();
    copying = nullptr; // what is being copied stays as it is, elsewhere
  }
  if (key_hash == FLOW_HASH_STORED) {
    if (hashes_memory_.grow(uint64_t{wanted} * sizeof(uint64_t))) copying_hashes_ = nullptr;
    hashes = reinterpret_cast<uint64_t*>(hashes_memory_.data());
  }
  if (dirty != nullptr) {
    dirty = resized(dirty, words(wanted));
    memset(dirty + words(capacity), 0, (words(wanted) - words(capacity)) * sizeof(uint64_t));
  }
  capacity = wanted;
}

uint64_t StateTable::slot_of_entry(uint64_t hash, uint32_t index) const {
  const SubTable& sub = sub_of(hash);
  const uint32_t* numbers = sub.numbers();
  uint64_t slot = hash & sub.size;
  while (numbers[slot] != index + 1) {
    FLOW_ASSERT(numbers[slot] != 0, "every entry has a slot");
    slot = (slot + 1) & sub.size;
  }
  return slot;
}

void StateTable::erase(uint32_t index) {
  FLOW_ASSERT(!is_inline() && index < count, "the entry to erase is there");
  FLOW_ASSERT(pins_ == 0 || allows_erase_, "who copies is ready for entries to be erased");
  uint32_t last = count - 1;
  const uint8_t* entry = entries + uint64_t{index} * stride;
  const uint8_t* last_entry = entries + uint64_t{last} * stride;
  if (key_.size > 0) {
    uint64_t hash = hash_of(index, entry), last_hash = hash_of(last, last_entry);
    uint64_t hole = slot_of_entry(hash, index);
    uint64_t last_slot = slot_of_entry(last_hash, last);
    SubTable& sub = sub_of(hash);
    uint32_t* numbers = sub.numbers();
    // Close the gap: an entry behind the hole moves into it unless its own place lies between hole and it.
    if (last != index) sub_of(last_hash).numbers()[last_slot] = index + 1;
    numbers[hole] = 0;
    for (uint64_t slot = (hole + 1) & sub.size; numbers[slot] != 0; slot = (slot + 1) & sub.size) {
      uint32_t moved = numbers[slot] - 1;
      uint64_t home = (moved == index ? last_hash : hash_of(moved, entries + uint64_t{moved} * stride)) & sub.size;
      if (((slot - home) & sub.size) < ((slot - hole) & sub.size)) continue;
      numbers[hole] = numbers[slot];
      numbers[slot] = 0;
      hole = slot;
    }
    --sub.count;
  }
  if (last != index) {
    memcpy(open_entry(index), last_entry, stride);
    if (hashes != nullptr) write_hash(index, hashes[last]);
    if (index < compaction_.place) look_at_entry(index);
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
  compaction_.place = std::min(compaction_.place, count);
}

} // namespace flow::runtime
