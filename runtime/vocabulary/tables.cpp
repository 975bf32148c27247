// The hot half of the vocabulary: keyed state, hashes, exact sums. Compiled twice (hot.h).
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "runtime/batch/strings.h"
#include "runtime/state/table_view.h"
#include "runtime/task/task_view.h"
#include "runtime/vocabulary/hot.h"
#include "runtime/vocabulary/slow.h"
#include "runtime/vocabulary/vocabulary.h"

using namespace flow::runtime;

// ---- hashes ----

// SplitMix64: one step of its counter, then its mix. A bijection, so different integers never collide.
FLOW_HOT uint64_t flow_hash_i64(uint64_t value) {
  value += 0x9e3779b97f4a7c15u;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
  return value ^ (value >> 31);
}

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

static inline __attribute__((always_inline)) void mark(FlowTable* table, uint64_t index) {
  if (FLOW_UNLIKELY(table->dirty != nullptr)) table->dirty[index / 64] |= uint64_t{1} << (index % 64);
}

FLOW_HOT uint8_t* flow_table_upsert(FlowTable* table, uint64_t hash, const uint8_t* key, uint32_t key_size,
                                    uint32_t stride) {
  const uint32_t* slots = table->slots;
  uint8_t* entries = table->entries;
  uint64_t mask = table->mask;
  for (uint64_t slot = hash & mask;; slot = (slot + 1) & mask) {
    uint32_t number = slots[slot];
    if (FLOW_UNLIKELY(number == 0)) break;
    uint8_t* entry = entries + (number - uint64_t{1}) * stride;
    if (FLOW_LIKELY(memcmp(entry, key, key_size) == 0)) {
      mark(table, number - uint64_t{1});
      return entry;
    }
  }
  return flow_rt_table_insert(table, hash, reinterpret_cast<const char*>(key), key_size);
}

FLOW_HOT uint8_t* flow_table_upsert_bytes(FlowTable* table, uint64_t hash, const char* key, uint64_t length,
                                          uint32_t stride) {
  const uint32_t* slots = table->slots;
  const uint64_t* hashes = table->hashes;
  uint64_t mask = table->mask;
  for (uint64_t slot = hash & mask;; slot = (slot + 1) & mask) {
    uint32_t number = slots[slot];
    if (FLOW_UNLIKELY(number == 0)) break;
    uint64_t index = number - uint64_t{1};
    if (hashes[index] != hash) continue;
    uint8_t* entry = table->entries + index * stride;
    FlowView known = read_string(entry, table->heap);
    if (FLOW_LIKELY(known.length == length && memcmp(known.data, key, length) == 0)) {
      mark(table, index);
      return entry;
    }
  }
  return flow_rt_table_insert(table, hash, key, length);
}

FLOW_HOT uint8_t* flow_table_single(FlowTable* table, uint32_t stride) {
  (void)stride;
  if (FLOW_UNLIKELY(table->count == 0)) return flow_rt_table_insert(table, 0, "", 0);
  mark(table, 0);
  return table->entries;
}

FLOW_HOT uint8_t* flow_entry(FlowTable* table, int64_t index, uint32_t stride) {
  return table->entries + index * static_cast<int64_t>(stride);
}

FLOW_HOT uint64_t flow_entry_hash(FlowTable* table, int64_t index) { return table->hashes[index]; }

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

// ---- exact float sums ----
// pair[0] is the rounded sum, pair[1] the sum of what rounding took away; both additions are exact as long as
// magnitudes lie within about 2^50 of each other, so the pair stands for the exact sum whatever the order.

static inline __attribute__((always_inline)) void add_exactly(double* pair, double value) {
  double sum = pair[0] + value;
  double taken = sum - pair[0];
  double lost = (pair[0] - (sum - taken)) + (value - taken);
  pair[0] = sum;
  pair[1] += lost;
}

FLOW_HOT void flow_sum_add(double* pair, double value) { add_exactly(pair, value); }

FLOW_HOT void flow_sum_merge(double* pair, const double* other) {
  double rest = other[1];
  add_exactly(pair, other[0]);
  pair[1] += rest;
}

// Once the sum is infinite or not a number, the rest is not a number and means nothing.
FLOW_HOT double flow_sum_value(const double* pair) { return __builtin_isfinite(pair[0]) ? pair[0] + pair[1] : pair[0]; }
