#include "runtime/batch/batch.h"

#include <stdlib.h>
#include <string.h>

#include <algorithm>

#include "runtime/abi/flow_host.h"
#include "runtime/base/assert.h"

static_assert(sizeof(FlowBatch) <= FLOW_BATCH_HEADER_BYTES);

namespace flow::runtime {
namespace {

constexpr uint64_t heap_step_min = 4096;

uint64_t rows_bytes(uint32_t stride, uint32_t rows_max) {
  return (static_cast<uint64_t>(stride) * rows_max + 15) / 16 * 16;
}

uint64_t block_bytes(const FlowBatch* batch) { return batch->heap_offset + batch->heap_capacity; }

FlowBatch* checked(void* memory) {
  FLOW_ASSERT(memory != nullptr, "the memory for a batch is there");
  return static_cast<FlowBatch*>(memory);
}

FlowBatch* make(uint32_t stride, uint32_t rows_max, uint64_t heap_bytes) {
  uint64_t heap_offset = FLOW_BATCH_HEADER_BYTES + rows_bytes(stride, rows_max);
  FlowBatch* batch = checked(malloc(heap_offset + heap_bytes));
  memset(static_cast<void*>(batch), 0, FLOW_BATCH_HEADER_BYTES);
  *batch = {.rows = 0,
            .rows_max = rows_max,
            .stride = stride,
            .reserved = 0,
            .heap_offset = heap_offset,
            .heap_used = 0,
            .heap_capacity = heap_bytes};
  return batch;
}

} // namespace

uint32_t batch_rows_target(uint32_t stride) {
  if (stride == 0) return 0;
  return std::clamp<uint32_t>(batch_row_bytes / stride, 16, 1024);
}

FlowBatch* batch_reserve(FlowBatch* batch, uint64_t bytes) {
  uint64_t needed = batch->heap_used + bytes;
  if (needed <= batch->heap_capacity) return batch;
  uint64_t capacity = std::max({needed, 2 * batch->heap_capacity, heap_step_min});
  batch = checked(realloc(batch, batch->heap_offset + capacity));
  batch->heap_capacity = capacity;
  return batch;
}

FlowBatch* batch_assign(FlowBatch* to, const FlowBatch* from) {
  FLOW_ASSERT(to->stride == from->stride, "a batch is copied to one of the same layout");
  if (to->rows_max < from->rows) {
    flow_batch_free(to);
    to = make(from->stride, from->rows, from->heap_used);
  }
  flow_batch_reset(to);
  to = batch_reserve(to, from->heap_used);
  memcpy(batch_row(to, 0), reinterpret_cast<const uint8_t*>(from) + FLOW_BATCH_HEADER_BYTES,
         static_cast<uint64_t>(from->rows) * from->stride);
  if (from->heap_used > 0) {
    memcpy(batch_heap(to), reinterpret_cast<const uint8_t*>(from) + from->heap_offset, from->heap_used);
  }
  to->rows = from->rows;
  to->heap_used = from->heap_used;
  return to;
}

} // namespace flow::runtime

using namespace flow::runtime;

extern "C" {

FlowBatch* flow_batch_new(uint32_t stride, uint32_t rows_max, uint64_t heap_bytes) {
  if (rows_max == 0) rows_max = batch_rows_target(stride);
  return make(stride, rows_max, heap_bytes);
}

void flow_batch_free(FlowBatch* batch) { free(batch); }

void flow_batch_reset(FlowBatch* batch) {
  batch->rows = 0;
  batch->heap_used = 0;
}

FlowBatch* flow_batch_copy(const FlowBatch* batch) {
  return batch_assign(make(batch->stride, batch->rows_max, batch->heap_used), batch);
}

uint64_t flow_batch_bytes(const FlowBatch* batch) { return block_bytes(batch); }

const uint8_t* flow_batch_data(const FlowBatch* batch, uint64_t* bytes) {
  *bytes = batch->heap_used;
  return reinterpret_cast<const uint8_t*>(batch) + batch->heap_offset;
}

} // extern "C"
