// Slow paths behind the hot half, in the archive only. They are part of line 1: generated code calls them by name once
// the hot half is inlined into it.
#pragma once

#include "runtime/abi/flow_abi.h"

struct FlowBlockCopy;

#ifdef __cplusplus
extern "C" {
#endif

/* An output without room for one more row with `heap_bytes` of strings: sends, takes, grows. The batch is the
 * output's current one afterwards. */
__attribute__((cold, noinline)) FlowBatch* flow_rt_out_room(FlowTask*, uint32_t output, uint64_t heap_bytes);
/* Channel of a hash output, told by a host that has no table of owners. */
__attribute__((cold, noinline)) uint32_t flow_rt_channel_of(FlowTask*, uint32_t output, uint64_t hash);
/* A sink's output without room for `bytes` more: the same. And one that is full: sends. */
__attribute__((cold, noinline)) FlowBatch* flow_rt_sink_room(FlowTask*, uint32_t output, uint64_t bytes);
__attribute__((cold, noinline)) void flow_rt_sink_send(FlowTask*, uint32_t output);
__attribute__((cold, noinline)) char* flow_rt_scratch_grow(FlowTask*, uint64_t bytes);
__attribute__((cold, noinline)) void flow_rt_scratch_trim(FlowTask*);
__attribute__((cold, noinline)) FlowTable* flow_rt_pane(FlowTask*, uint32_t state, int64_t pane_start);
__attribute__((noinline)) uint8_t* flow_rt_table_insert(FlowTable*, uint64_t hash, const char* key, uint64_t length);
/* The same for a key of 8 bytes. */
__attribute__((noinline)) uint8_t* flow_rt_table_insert_number(FlowTable*, uint64_t hash, uint64_t key);
/* Before the bytes at `offset` are changed: they are being copied, and not all of their blocks are saved. */
__attribute__((noinline)) void flow_rt_save_blocks(struct FlowBlockCopy*, uint64_t offset, uint64_t bytes);
__attribute__((cold, noinline)) void flow_rt_table_string(FlowTable*, uint8_t* slot, const char* data, uint64_t length);
/* A list without room for one more row. */
__attribute__((cold, noinline)) void flow_rt_list_grow(FlowTable*, uint8_t* list, uint32_t row_stride);
__attribute__((noinline)) uint64_t flow_rt_hash_bytes(const char* data, uint64_t length);

#ifdef __cplusplus
}
#endif
