#include "runtime/state/table.h"

#include <stdlib.h>
#include <string.h>

#include <algorithm>
#include <array>

#include "runtime/base/assert.h"
#include "runtime/state/table_copy.h"

namespace flow::runtime {
namespace {

constexpr uint64_t slots_min = 16;
constexpr uint32_t entries_min = 8;
constexpr uint64_t heap_min = 1024;
constexpr uint64_t compaction_min = 64 * 1024;  // a smaller arena is not worth a walk over the entries
constexpr uint64_t arena_block_min = 64 * 1024; // smaller slots are from malloc

// A sub-table of an index: 128 KB of slots, so that a split looks at some 20 000 entries (which lie anywhere).
constexpr uint64_t index_slots_max = 32 * 1024;
// A table of one number goes inline when its index has this size: some 160 entries.
constexpr uint64_t inline_from_slots = 256;
// Sub-tables at that depth (beyond some 40 GB) grow instead of splitting: the top bits of a hash, which may be equal
// for all keys of a task, are not reached.
constexpr uint32_t depth_max = 16;
// Larger entries gain less from lying in their slots, and lose more where slots are empty.
constexpr uint32_t inline_stride_max = 32;

// Inline sub-tables double until they are half this size or more, then split. So all blocks of a large table are equal,
// and one that is given up serves the next.
constexpr uint64_t inline_bytes_max = uint64_t{1} << 20;
constexpr uint64_t buckets_min = 64;

template <typename T> T* resized(T* memory, uint64_t count) {
  T* made = static_cast<T*>(realloc(memory, std::max<uint64_t>(count, 1) * sizeof(T)));
  FLOW_ASSERT(made != nullptr, "the memory for state is there");
  return made;
}

uint64_t words(uint64_t bits) { return (bits + 63) / 64; }

uint32_t* index_slots(uint8_t* memory) { return reinterpret_cast<uint32_t*>(memory); }

// Does an entry of this hash go to the right when a sub-table of this depth is split?
bool goes_right(uint64_t hash, uint32_t depth) { return (hash >> (directory_bit + depth) & 1) != 0; }

} // namespace

TableKey table_key(const FlowLayout& layout, uint32_t size, bool is_bytes) {
  TableKey key{.size = size, .is_bytes = is_bytes};
  if (is_bytes || size != 8 || layout.field_count == 0 || layout.fields[0].offset != 0) return key;
  if (layout.fields[0].null_bit != FLOW_NONE || layout.fields[0].kind > FLOW_ENUM) return key;
  // A second field of the key makes it one of several numbers.
  if (layout.field_count > 1 && layout.fields[1].offset < size) return key;
  switch (static_cast<FlowKind>(layout.fields[0].kind)) {
  case FLOW_STRING:
  case FLOW_BYTES: return key;
  case FLOW_BOOL:
  case FLOW_U8:
  case FLOW_U16:
  case FLOW_U32:
  case FLOW_U64:
  case FLOW_F32:
  case FLOW_F64: key.hash = FLOW_HASH_PLAIN; break;
  default: key.hash = FLOW_HASH_SIGNED;
  }
  switch (static_cast<FlowKind>(layout.fields[0].kind)) {
  case FLOW_BOOL:
  case FLOW_I8:
  case FLOW_U8: key.width = 1; break;
  case FLOW_I16:
  case FLOW_U16: key.width = 2; break;
  case FLOW_I32:
  case FLOW_U32:
  case FLOW_F32:
  case FLOW_DATE:
  case FLOW_ENUM: key.width = 4; break;
  default: key.width = 8;
  }
  return key;
}

StateTable::StateTable(const LayoutCodec& codec, TableKey key) : FlowTable{}, codec_(codec), key_(key) {
  stride = codec.stride();
  key_size = key.size;
  key_hash = static_cast<uint8_t>(key.hash);
  key_width = static_cast<uint8_t>(key.width);
  FLOW_ASSERT(key.size <= stride, "the key lies inside the entry");
  if (key.size == 0) return;
  subs_.emplace_back();
  set_index(subs_[0], slots_min);
  show(0);
}

StateTable::~StateTable() {
  for (const SubTable& sub : subs_) {
    if (sub.bytes < arena_block_min) free(sub.memory);
  }
  free(dirty);
}

// ---- the directory ----

uint32_t StateTable::number_of_sub(uint64_t hash) const {
  return directory == nullptr ? 0 : sub_table(this, hash)->number;
}

// Writes the sub-table into every place of the directory that leads to it.
void StateTable::show(uint32_t number) {
  const SubTable& sub = subs_[number];
  if (depth_ == 0) {
    slots = index_slots(sub.memory);
    mask = sub.size;
    return;
  }
  FlowSubTable view{
      .slots = sub.memory, .copying = sub.copying, .empty = sub.empty, .size = sub.size, .number = number};
  for (uint64_t place = sub.suffix; place < directory_.size(); place += uint64_t{1} << sub.depth) {
    directory_[place] = view;
  }
}

void StateTable::double_directory() {
  ++depth_;
  directory_.resize(uint64_t{1} << depth_);
  std::copy_n(directory_.begin(), directory_.size() / 2,
              directory_.begin() + static_cast<int64_t>(directory_.size() / 2));
  directory = directory_.data();
  directory_mask = (directory_.size() - 1) * sizeof(FlowSubTable);
  slots = nullptr;
}

// A new sub-table that takes half of what `number` answers to. Both are to be filled and shown.
uint32_t StateTable::add_sub(uint32_t number) {
  if (subs_[number].depth == depth_) double_directory();
  SubTable& left = subs_[number];
  SubTable right;
  right.suffix = left.suffix + (uint64_t{1} << left.depth);
  right.depth = ++left.depth;
  subs_.push_back(right);
  return static_cast<uint32_t>(subs_.size() - 1);
}

// Splitting helps only if both halves get something: many equal hashes would never come apart. A sample says it.
bool StateTable::can_split(const SubTable& sub) const {
  if (sub.depth >= depth_max) return false;
  constexpr uint32_t sample = 1024;
  uint32_t left = 0, all = 0;
  auto count_side = [&](uint64_t hash) {
    ++all;
    left += goes_right(hash, sub.depth) ? 0 : 1;
  };
  if (is_inline()) {
    const uint8_t* entry = sub.memory;
    for (uint32_t slot = 0; slot < sample; ++slot, entry += stride) {
      if (!is_empty(sub, entry)) count_side(hash_of_key(entry));
    }
  } else {
    const uint32_t* numbers = index_slots(sub.memory);
    for (uint32_t slot = 0; slot < sample; ++slot) {
      if (numbers[slot] == 0) continue;
      uint32_t index = numbers[slot] - 1;
      count_side(hash_of(index, entries + uint64_t{index} * stride));
    }
  }
  return left >= all / 16 && all - left >= all / 16;
}

uint8_t* StateTable::take_slots(uint64_t bytes) {
  if (bytes >= arena_block_min) return arena_.take(bytes);
  auto* memory = static_cast<uint8_t*>(aligned_alloc(64, bytes));
  FLOW_ASSERT(memory != nullptr, "the memory for state is there");
  return memory;
}

void StateTable::give_up_slots(const SubTable& sub) {
  if (sub.copying != nullptr) {
    retired_.push_back({sub.memory, sub.bytes});
  } else if (sub.bytes >= arena_block_min) {
    arena_.give_back(sub.memory, sub.bytes);
  } else {
    free(sub.memory);
  }
}

// ---- entries ----

uint64_t StateTable::hash_of(uint32_t index, const uint8_t* entry) const {
  return key_hash == FLOW_HASH_STORED ? hashes[index] : hash_of_key(entry);
}

bool StateTable::has_key(const uint8_t* entry, std::string_view key) const {
  if (!key_.is_bytes) return memcmp(entry, key.data(), key_.size) == 0;
  FlowView known = read_string(entry, heap);
  return known.length == key.size() && memcmp(known.data, key.data(), key.size()) == 0;
}

// The entry is about to change.
void StateTable::touch(uint32_t index) {
  if (dirty != nullptr) dirty[index / 64] |= uint64_t{1} << (index % 64);
  if (copying != nullptr) save_before_write(copying, uint64_t{index} * stride, stride);
}

uint8_t* StateTable::upsert(uint64_t hash, std::string_view key) {
  uint8_t* entry = lookup(hash, key);
  if (entry == nullptr) return insert(hash, key);
  if (is_inline()) {
    SubTable& sub = sub_of(hash);
    if (sub.copying != nullptr) save_before_write(sub.copying, static_cast<uint64_t>(entry - sub.memory), stride);
  } else {
    touch(static_cast<uint32_t>(static_cast<uint64_t>(entry - entries) / stride));
  }
  return entry;
}

uint8_t* StateTable::lookup(uint64_t hash, std::string_view key) const {
  if (!is_inline()) {
    int64_t index = find(hash, key);
    return index < 0 ? nullptr : entries + static_cast<uint64_t>(index) * stride;
  }
  const SubTable& sub = sub_of(hash);
  for (uint64_t bucket = hash & sub.size;; bucket = (bucket + 1) & sub.size) {
    for (uint64_t slot = bucket * bucket_entries; slot < (bucket + 1) * bucket_entries; ++slot) {
      uint8_t* entry = sub.memory + slot * stride;
      if (memcmp(entry, key.data(), sizeof(uint64_t)) == 0) return entry;
      if (is_empty(sub, entry)) return nullptr;
    }
  }
}

int64_t StateTable::find(uint64_t hash, std::string_view key) const {
  FLOW_ASSERT(!is_inline(), "entries in slots have no number");
  if (key_.size == 0) return count == 0 ? -1 : 0;
  const SubTable& sub = sub_of(hash);
  const uint32_t* index = index_slots(sub.memory);
  for (uint64_t slot = hash & sub.size; index[slot] != 0; slot = (slot + 1) & sub.size) {
    uint64_t number = index[slot] - 1;
    if (hashes != nullptr && hashes[number] != hash) continue;
    if (has_key(entries + number * stride, key)) return static_cast<int64_t>(number);
  }
  return -1;
}

uint8_t* StateTable::insert(uint64_t hash, std::string_view key) {
  FLOW_ASSERT(key_.size > 0 || count == 0, "a table without key has one entry");
  FLOW_ASSERT(count < INT32_MAX, "a table has fewer than 2^31 entries");
  if (key_.size > 0 && !is_inline()) make_room_in_index(hash);
  if (is_inline()) return insert_inline(hash, key);
  uint8_t* entry = insert_indexed(hash, key);
  if (on_miss_ != nullptr) on_miss_(miss_context_, this, hash, entry);
  return entry;
}

void StateTable::keep_numbers() {
  FLOW_ASSERT(!is_inline(), "numbers are kept from the start");
  keeps_numbers_ = true;
}

void StateTable::clear() {
  FLOW_ASSERT(pins_ == 0, "a table is cleared when nobody copies it");
  for (SubTable& sub : subs_) {
    if (is_inline()) {
      empty_slots(sub);
    } else {
      memset(sub.memory, 0, sub.bytes);
    }
    sub.count = 0;
  }
  if (dirty != nullptr) memset(dirty, 0, words(capacity) * sizeof(uint64_t));
  count = 0;
  heap_used = 0;
}

// ---- indexed ----

uint8_t* StateTable::insert_indexed(uint64_t hash, std::string_view key) {
  if (count == capacity) grow_entries();
  uint32_t index = count++;
  touch(index);
  uint8_t* entry = entries + uint64_t{index} * stride;
  memset(entry, 0, stride);
  if (hashes != nullptr) hashes[index] = hash;
  if (key_.size == 0) return entry;
  add_to_index(sub_of(hash), hash, index);
  if (key_.is_bytes) {
    store_string(entry, key);
  } else {
    memcpy(entry, key.data(), key_.size);
  }
  return entry;
}

void StateTable::add_to_index(SubTable& sub, uint64_t hash, uint32_t index) {
  uint32_t* numbers = index_slots(sub.memory);
  uint64_t slot = hash & sub.size;
  while (numbers[slot] != 0) slot = (slot + 1) & sub.size;
  numbers[slot] = index + 1;
  ++sub.count;
}

// Calls visit(number, hash) for the entries of a sub-table of the index.
template <typename Visit> void StateTable::for_each_indexed(const SubTable& sub, Visit visit) const {
  const uint32_t* numbers = index_slots(sub.memory);
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

void StateTable::split_index(uint32_t number) {
  SubTable old = subs_[number];
  uint32_t right = add_sub(number);
  set_index(subs_[number], index_slots_max);
  set_index(subs_[right], index_slots_max);
  for_each_indexed(old, [&](uint32_t index, uint64_t hash) {
    add_to_index(subs_[goes_right(hash, old.depth) ? right : number], hash, index);
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
    copying = nullptr; // what is being copied stays as it is, elsewhere
    watch();
  }
  if (key_hash == FLOW_HASH_STORED) {
    hashes_memory_.grow(uint64_t{wanted} * sizeof(uint64_t));
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
  const uint32_t* numbers = index_slots(sub.memory);
  uint64_t slot = hash & sub.size;
  while (numbers[slot] != index + 1) {
    FLOW_ASSERT(numbers[slot] != 0, "every entry has a slot");
    slot = (slot + 1) & sub.size;
  }
  return slot;
}

void StateTable::erase(uint32_t index) {
  FLOW_ASSERT(!is_inline() && index < count, "the entry to erase is there");
  FLOW_ASSERT(pins_ == 0, "entries are erased when nobody copies them");
  uint32_t last = count - 1;
  uint8_t* entry = entries + uint64_t{index} * stride;
  const uint8_t* last_entry = entries + uint64_t{last} * stride;
  if (key_.size > 0) {
    uint64_t hash = hash_of(index, entry), last_hash = hash_of(last, last_entry);
    uint64_t hole = slot_of_entry(hash, index);
    uint64_t last_slot = slot_of_entry(last_hash, last);
    SubTable& sub = sub_of(hash);
    uint32_t* numbers = index_slots(sub.memory);
    // Close the gap: an entry behind the hole moves into it unless its own place lies between hole and it.
    if (last != index) index_slots(sub_of(last_hash).memory)[last_slot] = index + 1;
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
    memcpy(entry, last_entry, stride);
    if (hashes != nullptr) hashes[index] = hashes[last];
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

// ---- inline ----

bool StateTable::can_go_inline() const {
  return !keeps_numbers_ && depth_ == 0 && key_hash != FLOW_HASH_STORED && stride <= inline_stride_max;
}

bool StateTable::is_empty(const SubTable& sub, const uint8_t* entry) const {
  return memcmp(entry, &sub.empty, sizeof sub.empty) == 0;
}

// A bucket that is full sends its entries to the next one. Small tables can afford that this is rare; in large ones
// less empty room means fewer bytes per key, and buckets of four bear it.
uint32_t StateTable::entries_max(const SubTable& sub) const {
  return static_cast<uint32_t>(slots_of(sub) * (sub.bytes * 2 <= inline_bytes_max ? 12 : 17) / 20);
}

// A number whose hash belongs to another sub-table.
uint64_t StateTable::foreign_number(const SubTable& sub) const {
  for (uint64_t number = 0;; ++number) {
    uint64_t hash = hash_of_number(number_key(this, reinterpret_cast<const uint8_t*>(&number)));
    if ((hash >> directory_bit & ((uint64_t{1} << sub.depth) - 1)) != sub.suffix) return number;
  }
}

void StateTable::set_inline(SubTable& sub, uint64_t buckets) {
  sub.bytes = buckets * bucket_entries * stride;
  sub.memory = take_slots(sub.bytes);
  sub.size = static_cast<uint32_t>(buckets - 1);
  sub.count = 0;
  sub.copying = nullptr;
  sub.empty = foreign_number(sub);
  empty_slots(sub);
}

void StateTable::empty_slots(const SubTable& sub) {
  uint8_t* end = sub.memory + slots_of(sub) * stride;
  for (uint8_t* entry = sub.memory; entry < end; entry += stride) memcpy(entry, &sub.empty, sizeof sub.empty);
}

// A slot for an entry that is not there. REQUIRES: an empty slot.
uint8_t* StateTable::place_inline(SubTable& sub, uint64_t hash) {
  uint64_t bucket = hash & sub.size;
  const uint64_t last = (bucket_entries - 1) * uint64_t{stride};
  while (!is_empty(sub, sub.memory + bucket * bucket_entries * stride + last)) bucket = (bucket + 1) & sub.size;
  uint8_t* entry = sub.memory + bucket * bucket_entries * stride;
  while (!is_empty(sub, entry)) entry += stride;
  ++sub.count;
  return entry;
}

// The entries of old slots go to the sub-tables that have taken their place.
void StateTable::take_over(const SubTable& old) {
  for_each_inline(old, [&](const uint8_t* entry) {
    uint64_t hash = hash_of_key(entry);
    memcpy(place_inline(sub_of(hash), hash), entry, stride);
  });
  give_up_slots(old);
}

// The only index becomes two sub-tables (two, since an empty slot needs a key that belongs elsewhere).
void StateTable::go_inline() {
  SubTable index = subs_[0];
  uint32_t right = add_sub(0);
  form = FLOW_TABLE_INLINE;
  for (uint32_t number : {0u, right}) {
    set_inline(subs_[number], buckets_min);
    show(number);
  }
  for (uint32_t i = 0; i < count; ++i) {
    const uint8_t* entry = entries + uint64_t{i} * stride;
    uint64_t hash = hash_of_key(entry);
    memcpy(slot_for(hash), entry, stride);
  }
  give_up_slots(index);
  entries_memory_.release();
  entries = nullptr;
  copying = nullptr;
  capacity = 0;
  watch();
}

// Room for an entry that is not there.
uint8_t* StateTable::slot_for(uint64_t hash) {
  uint32_t number = number_of_sub(hash);
  while (subs_[number].count >= entries_max(subs_[number])) {
    make_room_inline(number);
    number = number_of_sub(hash);
  }
  SubTable& sub = subs_[number];
  uint8_t* entry = place_inline(sub, hash);
  if (sub.copying != nullptr) save_before_write(sub.copying, static_cast<uint64_t>(entry - sub.memory), stride);
  return entry;
}

uint8_t* StateTable::insert_inline(uint64_t hash, std::string_view key) {
  uint8_t* entry = slot_for(hash);
  memset(entry, 0, stride);
  memcpy(entry, key.data(), sizeof(uint64_t));
  ++count;
  return entry;
}

void StateTable::make_room_inline(uint32_t number) {
  const SubTable& sub = subs_[number];
  if (sub.bytes * 2 <= inline_bytes_max || !can_split(sub)) return grow_inline(number);
  split_inline(number);
}

void StateTable::grow_inline(uint32_t number) {
  SubTable old = subs_[number];
  set_inline(subs_[number], (uint64_t{old.size} + 1) * 2);
  show(number);
  take_over(old);
}

// Each side gets about half.
void StateTable::split_inline(uint32_t number) {
  SubTable old = subs_[number];
  uint32_t right = add_sub(number);
  set_inline(subs_[number], uint64_t{old.size} + 1);
  set_inline(subs_[right], uint64_t{old.size} + 1);
  show(number);
  show(right);
  take_over(old);
}

uint32_t StateTable::open_portion(uint32_t from, uint32_t most) {
  uint32_t end = static_cast<uint32_t>(std::min<uint64_t>(count, uint64_t{from} + most));
  if (!is_inline()) return end;
  if (from == 0) portion_end_ = portion_sub_ = portion_slot_ = 0;
  if (from < portion_end_) return portion_end_;
  FLOW_ASSERT(from == portion_end_, "portions are read in order");
  portion_.resize(uint64_t{most} * stride);
  uint8_t* to = portion_.data();
  for (uint32_t read = from; read < end; ++portion_slot_) {
    if (portion_slot_ == slots_of(subs_[portion_sub_])) {
      ++portion_sub_;
      portion_slot_ = 0;
    }
    const SubTable& sub = subs_[portion_sub_];
    const uint8_t* entry = sub.memory + uint64_t{portion_slot_} * stride;
    if (is_empty(sub, entry)) continue;
    memcpy(to, entry, stride);
    to += stride;
    ++read;
  }
  entries = portion_.data();
  first = from;
  return portion_end_ = end;
}

// ---- strings ----

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

// ---- dirty marks, copies ----

void StateTable::track_dirty() {
  if (dirty != nullptr) return;
  keep_numbers();
  dirty = static_cast<uint64_t*>(calloc(std::max<uint64_t>(1, words(capacity)), sizeof(uint64_t)));
  FLOW_ASSERT(dirty != nullptr, "the memory for state is there");
  watch();
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

// Generated code looks at one byte to see whether anybody wants to know of changes.
void StateTable::watch() { is_watched = dirty != nullptr || copy_ != nullptr; }

void StateTable::pin() {
  ++pins_;
  entries_memory_.pin();
  hashes_memory_.pin();
  heap_memory_.pin();
}

void StateTable::unpin() {
  entries_memory_.unpin();
  hashes_memory_.unpin();
  heap_memory_.unpin();
  if (--pins_ > 0) return;
  for (const Block& block : retired_) {
    if (block.bytes >= arena_block_min) {
      arena_.give_back(block.memory, block.bytes);
    } else {
      free(block.memory);
    }
  }
  retired_.clear();
}

uint64_t StateTable::entry_bytes() const {
  if (!is_inline()) return uint64_t{count} * stride;
  uint64_t bytes = 0;
  for (const SubTable& sub : subs_) bytes += sub.bytes;
  return bytes;
}

uint64_t StateTable::memory_bytes() const {
  uint64_t small = 0;
  for (const SubTable& sub : subs_) small += sub.bytes < arena_block_min ? sub.bytes : 0;
  uint64_t own = sizeof *this + subs_.size() * sizeof(SubTable) + directory_.size() * sizeof(FlowSubTable);
  uint64_t per_entry = stride + (hashes == nullptr ? 0 : sizeof(uint64_t));
  // Large arrays take memory for what is used of them only.
  uint64_t used = capacity * uint64_t{stride} < GrowingMemory::mapped_min ? capacity : count;
  return own + small + arena_.bytes() + used * per_entry + std::min(heap_capacity, heap_used + (1 << 20));
}

} // namespace flow::runtime
