#include "runtime/state/table.h"

#include <stdlib.h>
#include <string.h>

#include <algorithm>

#include "runtime/base/assert.h"
#include "runtime/state/table_copy.h"

namespace flow::runtime {
namespace {

// Strings lie in chunks at any address; their offsets count from one that is below all of them, and not null.
constexpr uintptr_t heap_base = 16;
// Sub-tables at that depth (beyond some 40 GB) grow instead of splitting: the top bits of a hash, which may be equal
// for all keys of a task, are not reached.
constexpr uint32_t depth_max = 16;

// How a key that is one number is stored.
TableKey number_key_of(FlowKind kind, uint32_t size) {
  auto number = [size](FlowKeyHash hash, uint32_t width) {
    return TableKey{.size = size, .hash = hash, .width = width};
  };
  switch (kind) {
  case FLOW_BOOL:
  case FLOW_U8: return number(FLOW_HASH_PLAIN, 1);
  case FLOW_I8: return number(FLOW_HASH_SIGNED, 1);
  case FLOW_U16: return number(FLOW_HASH_PLAIN, 2);
  case FLOW_I16: return number(FLOW_HASH_SIGNED, 2);
  case FLOW_U32:
  case FLOW_F32: return number(FLOW_HASH_PLAIN, 4);
  case FLOW_I32:
  case FLOW_DATE:
  case FLOW_ENUM: return number(FLOW_HASH_SIGNED, 4);
  case FLOW_U64:
  case FLOW_F64: return number(FLOW_HASH_PLAIN, 8);
  default: return number(FLOW_HASH_SIGNED, 8);
  }
}

} // namespace

TableKey table_key(const FlowLayout& layout, uint32_t size, bool is_bytes) {
  TableKey several{.size = size, .is_bytes = is_bytes};
  if (is_bytes || size != 8 || layout.field_count == 0 || layout.fields[0].offset != 0) return several;
  if (layout.fields[0].null_bit != FLOW_NONE || layout.fields[0].kind > FLOW_ENUM) return several;
  // A second field of the key makes it one of several numbers.
  if (layout.field_count > 1 && layout.fields[1].offset < size) return several;
  auto kind = static_cast<FlowKind>(layout.fields[0].kind);
  return kind == FLOW_STRING || kind == FLOW_BYTES ? several : number_key_of(kind, size);
}

StateTable::StateTable(const LayoutCodec& codec, TableKey key) : FlowTable{}, codec_(codec), key_(key) {
  stride = codec.stride();
  heap = reinterpret_cast<uint8_t*>(uintptr_t{heap_base});
  key_size = key.size;
  key_hash = static_cast<uint8_t>(key.hash);
  key_width = static_cast<uint8_t>(key.width);
  FLOW_ASSERT(key.size <= stride, "the key lies inside the entry");
  if (key.size == 0) return;
  subs_.emplace_back();
  set_index(subs_[0], index_slots_min);
  show(0);
}

StateTable::~StateTable() {
  for (const SubTable& sub : subs_) {
    if (!is_from_arena(sub.bytes)) free(sub.memory);
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
    slots = sub.numbers();
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

// Splitting helps only if both halves get something: many equal hashes would never come apart. A sample says it. Hashes
// of numbers are never equal: there one empty half only says that keys come in the order of their hashes, as they do
// out of another table, and it will be filled.
bool StateTable::can_split(const SubTable& sub) const {
  if (sub.depth >= depth_max) return false;
  if (key_hash != FLOW_HASH_STORED) return true;
  Sides sides = is_inline() ? sample_inline(sub) : sample_index(sub);
  uint32_t all = sides.left + sides.right;
  return sides.left >= all / 16 && sides.right >= all / 16;
}

uint8_t* StateTable::take_slots(uint64_t bytes) {
  if (is_from_arena(bytes)) return arena_.take(bytes);
  auto* memory = static_cast<uint8_t*>(aligned_alloc(64, bytes));
  FLOW_ASSERT(memory != nullptr, "the memory for state is there");
  return memory;
}

void StateTable::free_slots(uint8_t* memory, uint64_t bytes) {
  if (is_from_arena(bytes)) {
    arena_.give_back(memory, bytes);
  } else {
    free(memory);
  }
}

void StateTable::give_up_slots(const SubTable& sub) {
  if (sub.copying != nullptr) {
    retired_.push_back({sub.memory, sub.bytes});
  } else {
    free_slots(sub.memory, sub.bytes);
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
    touch(number_of(entry));
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
  const uint32_t* index = sub.numbers();
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

void StateTable::allow_erase() {
  FLOW_ASSERT(pins_ == 0, "whether hashes are saved is said before the first copy");
  keep_numbers();
  allows_erase_ = true;
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
  clear_strings();
}

// ---- dirty marks, copies ----

void StateTable::track_dirty() {
  if (dirty != nullptr) return;
  keep_numbers();
  dirty = static_cast<uint64_t*>(calloc(std::max<uint64_t>(1, words(capacity)), sizeof(uint64_t)));
  FLOW_ASSERT(dirty != nullptr, "the memory for state is there");
  __atomic_fetch_or(&watchers, FLOW_WATCHER_DIRTY, __ATOMIC_RELAXED);
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

// One copy at a time is being taken. Numbers come round, but not while anybody still has one.
uint8_t StateTable::begin_copy(TableCopy& copy) {
  copy_ = &copy;
  copy_number_ = copy_number_ % 127 + 1;
  uint8_t kept = watchers & FLOW_WATCHER_DIRTY;
  __atomic_store_n(&watchers, static_cast<uint8_t>(copy_number_ << 1 | kept), __ATOMIC_RELAXED);
  return copy_number_;
}

void StateTable::end_copy(uint8_t number) {
  uint8_t now = __atomic_load_n(&watchers, __ATOMIC_RELAXED);
  while (now >> 1 == number) {
    auto rest = static_cast<uint8_t>(now & FLOW_WATCHER_DIRTY);
    if (__atomic_compare_exchange_n(&watchers, &now, rest, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED)) return;
  }
}

void StateTable::pin() {
  ++pins_;
  entries_memory_.pin();
  hashes_memory_.pin();
}

void StateTable::unpin() {
  entries_memory_.unpin();
  hashes_memory_.unpin();
  if (--pins_ > 0) return;
  for (const Block& block : retired_) free_slots(block.memory, block.bytes);
  retired_.clear();
  strings_.free_retired();
}

uint64_t StateTable::entry_bytes() const {
  if (!is_inline()) return uint64_t{count} * stride;
  uint64_t bytes = 0;
  for (const SubTable& sub : subs_) bytes += sub.bytes;
  return bytes;
}

uint64_t StateTable::memory_bytes() const {
  uint64_t small = 0;
  for (const SubTable& sub : subs_) small += is_from_arena(sub.bytes) ? 0 : sub.bytes;
  uint64_t own = sizeof *this + subs_.size() * sizeof(SubTable) + directory_.size() * sizeof(FlowSubTable);
  uint64_t per_entry = stride + (hashes == nullptr ? 0 : sizeof(uint64_t));
  // Large arrays take memory for what is used of them only.
  uint64_t used = capacity * uint64_t{stride} < GrowingMemory::mapped_min ? capacity : count;
  return own + small + arena_.bytes() + used * per_entry + strings_.bytes();
}

} // namespace flow::runtime
