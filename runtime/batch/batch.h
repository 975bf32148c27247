// FlowBatch: rows of one layout with a heap for their long strings, or encoded bytes; one block of memory.
//
//   block  := header, rows, heap
//   header := 64 bytes, the struct below and zeros
//   rows   := rows_max * stride bytes, of which rows * stride are in use
//   heap   := heap_capacity bytes, of which heap_used are in use; starts at heap_offset, a multiple of 16
//
// A block holds no pointer, so its bytes may be copied, sent and stored as they are. A batch of encoded bytes has
// stride 0: the bytes are the heap and `rows` counts records. A batch has one owner; the owner's pointer changes when
// the heap grows, so nobody else may keep one.
#pragma once

#include <stdint.h>

#include "runtime/abi/flow_abi.h"

struct FlowBatch {
  uint32_t rows;
  uint32_t rows_max;
  uint32_t stride;
  uint32_t reserved;
  uint64_t heap_offset;
  uint64_t heap_used;
  uint64_t heap_capacity;
};

enum { FLOW_BATCH_HEADER_BYTES = 64 };

namespace flow::runtime {

constexpr uint32_t batch_row_bytes = 16 * 1024; // of the rows of a full batch
constexpr uint64_t batch_heap_bytes_min = 4 * 1024;
constexpr uint64_t batch_heap_bytes_max = 64 * 1024;
constexpr uint32_t string_bytes_max = FLOW_TEXT_BYTES_MAX;

// How many rows a batch of this stride holds: about 16 KB, from 16 to 1024 rows.
uint32_t batch_rows_target(uint32_t stride);

// A batch whose heap is as large goes out; one row may exceed it. Of rows: as much as the rows themselves may take, so
// that a batch stays small whatever its strings. Of encoded bytes: what is worth a call of the system.
inline uint64_t batch_heap_full(const FlowBatch* batch) {
  if (batch->stride == 0) return batch_heap_bytes_max;
  uint64_t row_bytes = static_cast<uint64_t>(batch->rows_max) * batch->stride;
  if (row_bytes < batch_heap_bytes_min) return batch_heap_bytes_min;
  return row_bytes < batch_heap_bytes_max ? row_bytes : batch_heap_bytes_max;
}

inline uint8_t* batch_row(FlowBatch* batch, uint32_t row) {
  return reinterpret_cast<uint8_t*>(batch) + FLOW_BATCH_HEADER_BYTES + static_cast<uint64_t>(row) * batch->stride;
}
inline uint8_t* batch_heap(FlowBatch* batch) { return reinterpret_cast<uint8_t*>(batch) + batch->heap_offset; }

// The same batch with room for `bytes` more in its heap; may be another block, the old pointer is dead then.
[[nodiscard]] FlowBatch* batch_reserve(FlowBatch* batch, uint64_t bytes);

// Makes `to` hold what `from` holds. Returns `to`, perhaps moved. REQUIRES: equal strides.
[[nodiscard]] FlowBatch* batch_assign(FlowBatch* to, const FlowBatch* from);

} // namespace flow::runtime
