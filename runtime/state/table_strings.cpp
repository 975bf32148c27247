// The memory of a StateTable for strings and rows of lists. Strings: cells are only added, and never changed. Those
// that nothing points to any more are dropped by compaction, in cycles of two walks over all entries: the first
// measures what is live; if that is at most half, the second moves it into new chunks, and the old ones go. Whenever a
// chunk is begun, a portion of the walk is done, so no call looks at more than `portion_entries`, and a cycle ends
// before it has let the memory grow by some 30 bytes per entry.
//
// A table with lists is not compacted: their rows hold cells that no entry points to, and nothing of them dies before
// the table is cleared.
//
// The walk's place is an entry's number, or a sub-table and a slot. Entries that are moved across it (erase, splits)
// are looked at again; twice does no harm.
#include <string.h>

#include <algorithm>
#include <string>

#include "runtime/base/assert.h"
#include "runtime/state/table.h"
#include "runtime/state/table_copy.h"

namespace flow::runtime {
namespace {

constexpr uint64_t compaction_min = 64 * 1024; // less is not worth a walk over the entries
constexpr uint32_t portion_entries = 16 * 1024;
// A string of this size or more gets a chunk of its own, so that it does not cost the rest of another.
constexpr uint64_t alone_min = StringChunks::chunk_bytes / 4;
// Chunks of a list double from one row up to this: most lists of a join are short, and a long one needs few chunks.
constexpr uint64_t list_chunk_bytes_max = 32 * 1024;

} // namespace

void StateTable::store_string(uint8_t* slot, std::string_view text) {
  FLOW_ASSERT(text.size() <= UINT32_MAX, "a string fits its length");
  if (string_is_inline(text.size())) {
    write_inline_string(slot, text.data(), text.size());
    return;
  }
  if (text.size() <= heap_capacity - heap_used) {
    write_cell(slot, text.data(), text.size());
    return;
  }
  // The text may lie in an entry or a chunk of this very table, which compaction is about to change or to free.
  std::string kept(text);
  compact_portion();
  write_cell(slot, kept.data(), kept.size());
}

// No compaction happens here.
void StateTable::write_cell(uint8_t* slot, const char* data, uint64_t length) {
  uint64_t at = take_cell(length, 1);
  memcpy(heap + at, data, length);
  write_long_string(slot, data, length, at);
}

// The offset of a new cell, which counts from an address that is aligned to anything.
uint64_t StateTable::take_cell(uint64_t bytes, uint64_t alignment) {
  uint64_t at = (heap_used + alignment - 1) / alignment * alignment;
  if (at <= heap_capacity && bytes <= heap_capacity - at) {
    heap_used = at + bytes;
    return at;
  }
  StringChunks::Extent chunk = strings_.add(bytes);
  at = static_cast<uint64_t>(chunk.begin - heap);
  if (bytes < alone_min) {
    heap_used = at + bytes;
    heap_capacity = static_cast<uint64_t>(chunk.end - heap);
  }
  return at;
}

// ---- lists ----

uint8_t* StateTable::append_row(uint8_t* list, uint32_t row_stride) {
  if (is_list_full(heap, list_head(list))) grow_list(list, row_stride);
  return take_list_row(heap, list_head(list), row_stride);
}

void StateTable::grow_list(uint8_t* list, uint32_t row_stride) {
  FlowListHead& head = *list_head(list);
  FLOW_ASSERT(head.length < UINT32_MAX, "a list has fewer than 2^32 rows");
  uint64_t capacity = 1;
  if (head.last != 0) {
    uint64_t most = std::max<uint64_t>(1, list_chunk_bytes_max / row_stride);
    capacity = std::min(most, uint64_t{list_chunk(heap, head.last)->capacity} * 2);
  }
  uint64_t at = take_cell(sizeof(FlowListChunk) + capacity * row_stride, alignof(FlowListChunk));
  *list_chunk(heap, at) = {.next = 0, .capacity = static_cast<uint32_t>(capacity), .reserved = 0};
  (head.last == 0 ? head.first : list_chunk(heap, head.last)->next) = at;
  head.last = at;
  head.last_rows = 0;
}

// ---- compaction ----

void StateTable::compact_portion() {
  if (codec_.has_lists()) return;
  if (compaction_.phase == Compaction::Phase::idle) {
    if (strings_.bytes() < std::max(compaction_.from, compaction_min)) return;
    compaction_ = {.phase = Compaction::Phase::measuring, .bytes = strings_.bytes()};
  }
  if (!walk_portion()) return;
  if (compaction_.phase == Compaction::Phase::moving) {
    strings_.end_moving(pins_ > 0);
    compaction_ = {.from = strings_.bytes() * 2};
  } else if (compaction_.live * 2 <= compaction_.bytes) {
    compaction_ = {.phase = Compaction::Phase::moving};
    strings_.begin_moving();
    heap_used = heap_capacity = 0; // what is written from now on lies in new chunks
  } else {
    compaction_ = {.from = std::max(compaction_.live * 2, strings_.bytes() / 4 * 5)};
  }
}

// True: this was the last one.
bool StateTable::walk_portion() {
  uint32_t left = portion_entries;
  if (!is_inline()) {
    for (; left > 0 && compaction_.place < count; --left, ++compaction_.place) look_at_entry(compaction_.place);
    return compaction_.place == count;
  }
  for (; left > 0; --left) {
    if (compaction_.place == slots_of(subs_[compaction_.sub])) {
      compaction_.place = 0;
      if (++compaction_.sub == subs_.size()) return true;
    }
    SubTable& sub = subs_[compaction_.sub];
    uint8_t* entry = sub.memory + uint64_t{compaction_.place++} * stride;
    if (!is_empty(sub, entry)) look_at_strings(entry, sub.copying, static_cast<uint64_t>(entry - sub.memory));
  }
  return false;
}

void StateTable::look_at_entry(uint32_t index) {
  uint64_t offset = uint64_t{index} * stride;
  look_at_strings(entries + offset, copying, offset);
}

void StateTable::look_at_strings(uint8_t* entry, FlowBlockCopy* copy, uint64_t offset) {
  bool is_saved = copy == nullptr;
  codec_.for_each_string(entry, [&](uint8_t* slot) {
    FlowView text = read_string(slot, heap);
    if (string_is_inline(text.length)) return;
    if (compaction_.phase == Compaction::Phase::measuring) {
      compaction_.live += text.length;
      return;
    }
    if (!strings_.is_old(reinterpret_cast<const uint8_t*>(text.data))) return;
    if (!is_saved) save_before_write(copy, offset, stride);
    is_saved = true;
    write_cell(slot, text.data, text.length);
  });
}

void StateTable::abandon_compaction() {
  if (compaction_.phase == Compaction::Phase::moving) strings_.abandon_moving();
  compaction_ = {};
}

void StateTable::clear_strings() {
  strings_.clear();
  heap_used = heap_capacity = 0;
  compaction_ = {};
}

} // namespace flow::runtime
