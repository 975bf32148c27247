// The inline form of StateTable: entries in buckets of four, in sub-tables of up to 1 MB.
#include <string.h>

#include <algorithm>

#include "runtime/base/assert.h"
#include "runtime/state/table.h"
#include "runtime/state/table_copy.h"

namespace flow::runtime {
namespace {

// Larger entries gain less from lying in their slots, and lose more where slots are empty.
constexpr uint32_t inline_stride_max = 32;
constexpr uint64_t buckets_min = 64;

} // namespace

bool StateTable::can_go_inline() const {
  return !keeps_numbers_ && depth_ == 0 && key_hash != FLOW_HASH_STORED && stride <= inline_stride_max;
}

bool StateTable::is_empty(const SubTable& sub, const uint8_t* entry) const {
  return memcmp(entry, &sub.empty, sizeof sub.empty) == 0;
}

// A bucket that is full sends its entries to the next one. Small tables can afford that this is rare; in large ones
// less empty room means fewer bytes per key, and buckets of four bear it.
uint32_t StateTable::entries_max(const SubTable& sub) const {
  uint64_t slots = slots_of(sub);
  return static_cast<uint32_t>(sub.bytes * 2 <= inline_bytes_max ? slots * 3 / 5 : slots * 6 / 7);
}

// A number whose hash belongs to another sub-table.
uint64_t StateTable::foreign_number(const SubTable& sub) const {
  for (uint64_t number = 0;; ++number) {
    uint64_t hash = hash_of_number(number_key(this, reinterpret_cast<const uint8_t*>(&number)));
    if ((hash >> directory_bit & ((uint64_t{1} << sub.depth) - 1)) != sub.suffix) return number;
  }
}

StateTable::Sides StateTable::sample_inline(const SubTable& sub) const {
  Sides sides;
  const uint8_t* entry = sub.memory;
  for (uint32_t slot = 0; slot < split_sample; ++slot, entry += stride) {
    if (!is_empty(sub, entry)) sides.count(sub.goes_right(hash_of_key(entry)));
  }
  return sides;
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
  abandon_compaction();
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
  compact_again(number);
  show(number);
  take_over(old);
}

// All entries may go to one side: each has room for them.
void StateTable::split_inline(uint32_t number) {
  SubTable old = subs_[number];
  uint32_t right = add_sub(number);
  set_inline(subs_[number], uint64_t{old.size} + 1);
  set_inline(subs_[right], uint64_t{old.size} + 1);
  compact_again(number);
  show(number);
  show(right);
  take_over(old);
}

// The buckets in an order far from that of the hashes. Whoever reads a table often fills another one with what he
// reads: entries in the order of their hashes would all go to one stretch of its slots as long as it is small, and each
// insertion would walk over those before it.
static uint32_t scattered(uint32_t slot, uint64_t slots) {
  constexpr uint32_t golden = 0x9e3779b1; // odd: every bucket once
  uint32_t bucket = slot / bucket_entries, buckets = static_cast<uint32_t>(slots / bucket_entries);
  return ((bucket * golden) & (buckets - 1)) * bucket_entries + slot % bucket_entries;
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
    const uint8_t* entry = sub.memory + uint64_t{scattered(portion_slot_, slots_of(sub))} * stride;
    if (is_empty(sub, entry)) continue;
    memcpy(to, entry, stride);
    to += stride;
    ++read;
  }
  entries = portion_.data();
  first = from;
  return portion_end_ = end;
}

} // namespace flow::runtime
