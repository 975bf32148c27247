// Lists of rows that belong to an entry: what generated code walks through the vocabulary (also as bitcode).
//
//   entry   ... FlowListHead ...
//                 first -> FlowListChunk, rows -> FlowListChunk, rows -> … <- last
//
// A chunk is a cell of the table's memory (StringChunks), found by its offset from the table's heap. Chunks only grow:
// all but the last are full, `length` and `last_rows` say what is used, and what lies beyond belongs to nobody. So a
// copy of the head is a copy of the list: rows that are added later lie behind its end, and neither rows nor chunks
// before it are written again. The link of the last chunk is not read: it is the one that an addition writes.
#pragma once

#include <stdint.h>

#include "runtime/abi/flow_program.h"
#include "runtime/state/table_view.h"

struct FlowListHead {
  uint64_t first; // offsets of chunks; 0: the list is empty
  uint64_t last;
  uint32_t length;    // rows
  uint32_t last_rows; // in the last chunk
};
static_assert(sizeof(FlowListHead) == FLOW_LIST_BYTES, "what layouts reserve");

struct FlowListChunk {
  uint64_t next;
  uint32_t capacity; // rows
  uint32_t reserved;
};

namespace flow::runtime {

inline FlowListHead* list_head(uint8_t* list) { return reinterpret_cast<FlowListHead*>(list); }
inline const FlowListHead* list_head(const uint8_t* list) { return reinterpret_cast<const FlowListHead*>(list); }

inline FlowListChunk* list_chunk(uint8_t* heap, uint64_t offset) {
  return reinterpret_cast<FlowListChunk*>(heap + offset);
}
inline const FlowListChunk* list_chunk(const uint8_t* heap, uint64_t offset) {
  return reinterpret_cast<const FlowListChunk*>(heap + offset);
}

inline uint8_t* list_row(FlowListChunk* chunk, uint64_t row, uint32_t stride) {
  return reinterpret_cast<uint8_t*>(chunk + 1) + row * stride;
}
inline const uint8_t* list_row(const FlowListChunk* chunk, uint64_t row, uint32_t stride) {
  return reinterpret_cast<const uint8_t*>(chunk + 1) + row * stride;
}

// A place in a list: zeros at its beginning.
struct ListPlace {
  uint64_t chunk;
  uint64_t row; // in the chunk
};

// The row at this place, or null at the end. Moves a place behind a chunk to the next one.
__attribute__((always_inline)) inline const uint8_t* list_row_at(const uint8_t* heap, const FlowListHead* list,
                                                                 ListPlace* place, uint32_t stride) {
  if (place->chunk == 0) {
    if (list->first == 0) return nullptr;
    place->chunk = list->first;
  }
  const FlowListChunk* chunk = list_chunk(heap, place->chunk);
  if (place->chunk == list->last) return place->row < list->last_rows ? list_row(chunk, place->row, stride) : nullptr;
  if (place->row < chunk->capacity) return list_row(chunk, place->row, stride);
  place->chunk = chunk->next;
  place->row = 0;
  return list_row(list_chunk(heap, place->chunk), 0, stride);
}

// Whether the next row needs a chunk of its own (StateTable::grow_list).
__attribute__((always_inline)) inline bool is_list_full(const uint8_t* heap, const FlowListHead* list) {
  return list->last == 0 || list->last_rows == list_chunk(heap, list->last)->capacity;
}

// The next row, zeroed. REQUIRES: the list is not full.
__attribute__((always_inline)) inline uint8_t* take_list_row(uint8_t* heap, FlowListHead* list, uint32_t stride) {
  uint8_t* row = list_row(list_chunk(heap, list->last), list->last_rows, stride);
  list->last_rows++;
  list->length++;
  memset(row, 0, stride);
  return row;
}

// Calls visit(row) for every row, in their order.
template <typename Visit>
void for_each_list_row(const uint8_t* heap, const FlowListHead& list, uint32_t stride, Visit visit) {
  ListPlace place{};
  while (const uint8_t* row = list_row_at(heap, &list, &place, stride)) {
    visit(row);
    ++place.row;
  }
}

} // namespace flow::runtime
