// Slow paths of the vocabulary that need nothing but the table or the bytes. Those of a task are in runtime/task.
#include "runtime/vocabulary/slow.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "runtime/state/table.h"
#include "runtime/state/table_copy.h"
#include "runtime/vocabulary/vocabulary.h"

using flow::runtime::StateTable;

extern "C" {

uint8_t* flow_rt_table_insert(FlowTable* table, uint64_t hash, const char* key, uint64_t length) {
  return StateTable::from(table)->insert(hash, {key, length});
}

uint8_t* flow_rt_table_insert_number(FlowTable* table, uint64_t hash, uint64_t key) {
  return StateTable::from(table)->insert(hash, {reinterpret_cast<const char*>(&key), sizeof key});
}

const uint8_t* flow_rt_table_lookup(FlowTable* table, uint64_t hash, const char* key, uint64_t length) {
  return StateTable::from(table)->lookup(hash, {key, length});
}

void flow_rt_save_blocks(FlowBlockCopy* copy, uint64_t offset, uint64_t bytes) {
  flow::runtime::save_blocks(*copy, offset, bytes);
}

void flow_rt_table_string(FlowTable* table, uint8_t* slot, const char* data, uint64_t length) {
  StateTable::from(table)->store_string(slot, {data, length});
}

void flow_rt_list_grow(FlowTable* table, uint8_t* list, uint32_t row_stride) {
  StateTable::from(table)->grow_list(list, row_stride);
}

uint64_t flow_rt_hash_bytes(const char* data, uint64_t length) { return XXH3_64bits(data, length); }

} // extern "C"
