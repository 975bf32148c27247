// The hot half of the vocabulary: keyed state, hashes, exact sums. Compiled twice (hot.h).
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "runtime/batch/strings.h"
#include "runtime/state/lists.h"
#include "runtime/state/table_view.h"
#include "runtime/task/task_view.h"
#include "runtime/vocabulary/bytes.h"
#include "runtime/vocabulary/hot.h"
#include "runtime/vocabulary/slow.h"
#include "runtime/vocabulary/vocabulary.h"

using namespace flow::runtime;

// ---- hashes ----

FLOW_HOT uint64_t flow_hash_i64(uint64_t value) { return hash_of_number(value); }

// XXH3 64 without seed. Short texts in line, the rest behind a call.
FLOW_HOT uint64_t flow_hash_bytes(const char* data, uint64_t length) {
  if (FLOW_LIKELY(length <= 16)) {
    return XXH3_len_0to16_64b(reinterpret_cast<const xxh_u8*>(data), length, XXH3_kSecret, 0);
  }
  return flow_rt_hash_bytes(data, length);
}

FLOW_HOT double flow_canonical_f64(double value) {
  if (value != value) return __builtin_nan("");
  return value == 0 ? 0.0 : value;
}

// ---- state ----

FLOW_HOT FlowTable* flow_pane(FlowTask* task, uint32_t state, int64_t pane_start) {
  FlowStateView* view = &task->states[state];
  if (FLOW_LIKELY(view->pane != nullptr && view->pane_start == pane_start)) return view->pane;
  return flow_rt_pane(task, state, pane_start);
}

FLOW_HOT uint64_t* flow_row_cursor(FlowTask* task) { return task->row_cursor; }

FLOW_HOT FlowTable* flow_keyed(FlowTask* task, uint32_t state) { return task->states[state].pane; }

FLOW_HOT uint8_t flow_sends_alone(FlowTask* task, uint32_t state) { return task->states[state].sends_alone; }

FLOW_HOT void flow_count_combined(FlowTask* task, uint32_t state, uint64_t rows) {
  task->states[state].rows_in += rows;
}

// The entry is about to change: for whoever copies the table, or wants to know which entries have changed.
static inline __attribute__((always_inline)) void save(FlowBlockCopy* copy, uint64_t offset, uint32_t stride) {
  if (FLOW_UNLIKELY(!are_blocks_saved(copy, offset, stride))) flow_rt_save_blocks(copy, offset, stride);
}

static inline __attribute__((always_inline)) void touch(FlowTable* table, uint64_t index, uint32_t stride) {
  if (FLOW_LIKELY(!is_watched(table))) return;
  if (table->dirty != nullptr) table->dirty[index / 64] |= uint64_t{1} << (index % 64);
  if (table->copying != nullptr) save(table->copying, index * stride, stride);
}

static inline __attribute__((always_inline)) uint64_t key_at(const uint8_t* entry) {
  uint64_t key;
  memcpy(&key, entry, sizeof key);
  return key;
}

// From so many sub-tables on, of up to 1 MB each, entries are not in the nearest caches, so it is worth asking for them
// early.
constexpr uint64_t large_directory_mask = (4 - 1) * sizeof(FlowSubTable);

static inline __attribute__((always_inline)) uint8_t* upsert_inline(FlowTable* table, uint64_t hash, const uint8_t* key,
                                                                    uint32_t stride) {
  const FlowSubTable* sub = sub_table(table, hash);
  uint64_t wanted = key_at(key);
  uint8_t* begin = sub->slots;
  uint8_t* bucket = begin + (hash & sub->size) * bucket_entries * stride;
  for (;;) {
    // Which of the four it is decides no branch: that would be guessed wrong too often, and all four are in one line.
    uint8_t* entry = bucket;
    for (uint64_t i = 1; i < bucket_entries; ++i) {
      if (__builtin_unpredictable(key_at(bucket + i * stride) == wanted)) entry = bucket + i * stride;
    }
    if (FLOW_LIKELY(key_at(entry) == wanted)) {
      if (FLOW_UNLIKELY(is_watched(table)) && sub->copying != nullptr)
        save(sub->copying, static_cast<uint64_t>(entry - begin), stride);
      return entry;
    }
    // A bucket fills from its front.
    if (key_at(bucket + (bucket_entries - 1) * uint64_t{stride}) == sub->empty) break;
    bucket += bucket_entries * uint64_t{stride};
    if (FLOW_UNLIKELY(bucket == begin + (sub->size + uint64_t{1}) * bucket_entries * stride)) bucket = begin;
  }
  return flow_rt_table_insert_number(table, hash, wanted);
}

FLOW_HOT uint8_t* flow_table_upsert(FlowTable* table, uint64_t hash, const uint8_t* key, uint32_t key_size,
                                    uint32_t stride) {
  if (key_size == sizeof(uint64_t) && table->form == FLOW_TABLE_INLINE) {
    return upsert_inline(table, hash, key, stride);
  }
  const uint32_t* slots = table->slots;
  uint64_t mask = table->mask;
  if (table->directory != nullptr) {
    const FlowSubTable* sub = sub_table(table, hash);
    slots = reinterpret_cast<const uint32_t*>(sub->slots);
    mask = sub->size;
  }
  uint8_t* entries = table->entries;
  for (uint64_t slot = hash & mask;; slot = (slot + 1) & mask) {
    uint32_t number = slots[slot];
    if (FLOW_UNLIKELY(number == 0)) break;
    uint8_t* entry = entries + (number - uint64_t{1}) * stride;
    if (FLOW_LIKELY(memcmp(entry, key, key_size) == 0)) {
      touch(table, number - uint64_t{1}, stride);
      return entry;
    }
  }
  // By value: the key then need not lie in memory.
  if (key_size == sizeof(uint64_t)) return flow_rt_table_insert_number(table, hash, key_at(key));
  return flow_rt_table_insert(table, hash, reinterpret_cast<const char*>(key), key_size);
}

FLOW_HOT FlowTable* flow_large_pane(FlowTask* task, uint32_t state) {
  FlowTable* table = task->states[state].pane;
  return table != nullptr && table->form == FLOW_TABLE_INLINE && table->directory_mask >= large_directory_mask
             ? table
             : nullptr;
}

FLOW_HOT void flow_table_ahead(FlowTable* table, uint64_t hash, uint32_t stride) {
  const FlowSubTable* sub = sub_table(table, hash);
  const uint8_t* bucket = sub->slots + (hash & sub->size) * bucket_entries * stride;
  __builtin_prefetch(bucket, 1);
  __builtin_prefetch(bucket + 64, 1);
}

FLOW_HOT uint8_t* flow_table_upsert_bytes(FlowTable* table, uint64_t hash, const char* key, uint64_t length,
                                          uint32_t stride) {
  const uint32_t* slots = table->slots;
  const uint64_t* hashes = table->hashes;
  uint64_t mask = table->mask;
  if (table->directory != nullptr) {
    const FlowSubTable* sub = sub_table(table, hash);
    slots = reinterpret_cast<const uint32_t*>(sub->slots);
    mask = sub->size;
  }
  for (uint64_t slot = hash & mask;; slot = (slot + 1) & mask) {
    uint32_t number = slots[slot];
    if (FLOW_UNLIKELY(number == 0)) break;
    uint64_t index = number - uint64_t{1};
    if (hashes[index] != hash) continue;
    uint8_t* entry = table->entries + index * stride;
    FlowView known = read_string(entry, table->heap);
    if (FLOW_LIKELY(known.length == length && same_bytes(known.data, key, length))) {
      touch(table, index, stride);
      return entry;
    }
  }
  return flow_rt_table_insert(table, hash, key, length);
}

FLOW_HOT uint8_t* flow_table_single(FlowTable* table, uint32_t stride) {
  if (FLOW_UNLIKELY(table->count == 0)) return flow_rt_table_insert(table, 0, "", 0);
  touch(table, 0, stride);
  return table->entries;
}

FLOW_HOT uint8_t* flow_entry(FlowTable* table, int64_t index, uint32_t stride) {
  return table->entries + (index - static_cast<int64_t>(table->first)) * static_cast<int64_t>(stride);
}

FLOW_HOT uint64_t flow_entry_hash(FlowTable* table, int64_t index) {
  if (table->key_hash == FLOW_HASH_STORED) return table->hashes[index];
  return hash_of_number(number_key(table, table_entry(table, static_cast<uint64_t>(index))));
}

FLOW_HOT const uint8_t* flow_table_heap(FlowTable* table) { return table->heap; }

FLOW_HOT void flow_entry_string(FlowTable* table, uint8_t* slot, const char* data, uint64_t length) {
  if (string_is_inline(length)) {
    write_inline_string(slot, data, length);
    return;
  }
  uint64_t offset = table->heap_used;
  if (FLOW_UNLIKELY(length > table->heap_capacity - offset)) {
    flow_rt_table_string(table, slot, data, length);
    return;
  }
  memcpy(table->heap + offset, data, length);
  write_long_string(slot, data, length, offset);
  table->heap_used = offset + length;
}

FLOW_HOT uint8_t* flow_list_insert(uint8_t* count, uint8_t* rows, uint32_t position, uint32_t row_stride,
                                   uint32_t max) {
  uint32_t used;
  memcpy(&used, count, sizeof used);
  if (used < max) {
    used++;
    memcpy(count, &used, sizeof used);
  }
  uint8_t* row = rows + uint64_t{position} * row_stride;
  memmove(row + row_stride, row, (used - position - uint64_t{1}) * row_stride);
  memset(row, 0, row_stride);
  return row;
}

FLOW_HOT uint8_t* flow_list_append(FlowTable* table, uint8_t* list, uint32_t row_stride) {
  if (FLOW_UNLIKELY(is_list_full(table->heap, list_head(list)))) flow_rt_list_grow(table, list, row_stride);
  return take_list_row(table->heap, list_head(list), row_stride);
}

FLOW_HOT const uint8_t* flow_list_at(FlowTable* table, const uint8_t* list, uint64_t* place, uint32_t row_stride) {
  return list_row_at(table->heap, list_head(list), reinterpret_cast<ListPlace*>(place), row_stride);
}

// ---- exact float sums ----
// pair[0] is the rounded sum, pair[1] the sum of what rounding took away; both additions are exact as long as
// magnitudes lie within about 2^50 of each other, so the pair stands for the exact sum whatever the order.
// A pair lies in an entry, whose bytes generated code reads and writes as well, by its own types.
typedef double __attribute__((may_alias)) AliasedDouble;

static inline __attribute__((always_inline)) void add_exactly(AliasedDouble* pair, double value) {
  double sum = pair[0] + value;
  double taken = sum - pair[0];
  double lost = (pair[0] - (sum - taken)) + (value - taken);
  pair[0] = sum;
  pair[1] += lost;
}

FLOW_HOT void flow_sum_add(double* pair, double value) { add_exactly(pair, value); }

FLOW_HOT void flow_sum_merge(double* pair, const double* other) {
  const AliasedDouble* from = other;
  AliasedDouble* to = pair;
  double rest = from[1];
  add_exactly(to, from[0]);
  to[1] += rest;
}

// Once the sum is infinite or not a number, the rest is not a number and means nothing.
FLOW_HOT double flow_sum_value(const double* pair) {
  const AliasedDouble* of = pair;
  return __builtin_isfinite(of[0]) ? of[0] + of[1] : of[0];
}
