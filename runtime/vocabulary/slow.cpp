// Slow paths of the vocabulary that need nothing but the table or the bytes. Those of a task are in runtime/task.
#include "runtime/vocabulary/slow.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "runtime/state/table.h"

using flow::runtime::StateTable;

extern "C" {

uint8_t* flow_rt_table_insert(FlowTable* table, uint64_t hash, const char* key, uint64_t length) {
  return StateTable::from(table)->insert(hash, {key, length});
}

void flow_rt_table_string(FlowTable* table, uint8_t* slot, const char* data, uint64_t length) {
  StateTable::from(table)->store_string(slot, {data, length});
}

uint64_t flow_rt_hash_bytes(const char* data, uint64_t length) { return XXH3_64bits(data, length); }

} // extern "C"
