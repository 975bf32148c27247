// FlowTable: one table of keyed state, what generated code walks through the vocabulary (also as bitcode). table.h
// makes, fills and frees it.
//
// A small index of u32 slots over dense entries in insertion order, hashes beside, strings in one arena.
//   slots    open addressing, linear probing from the hash's low bits; 0 is free, else the entry's number + 1
//   entries  count * stride bytes; the key is the first field; entries may move at an insertion
//   heap     the arena of the strings in the entries: a cell is never changed once written, a change writes a new one
// The top bits of a hash choose the task (key group), so the slot is chosen by the low ones.
#pragma once

#include <stdint.h>

#include "runtime/abi/flow_abi.h"

struct FlowTable {
  uint32_t* slots;
  uint64_t mask; // number of slots - 1
  uint8_t* entries;
  uint64_t* hashes;
  uint8_t* heap;
  uint64_t heap_used;
  uint64_t heap_capacity;
  uint64_t* dirty; // a bit per entry, or null: nobody wants to know
  uint32_t count;
  uint32_t capacity; // of entries
  uint32_t stride;
  uint32_t reserved;
};

namespace flow::runtime {

inline uint8_t* table_entry(const FlowTable* table, uint64_t index) { return table->entries + index * table->stride; }

} // namespace flow::runtime
