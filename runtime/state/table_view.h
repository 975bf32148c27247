// FlowTable: one table of keyed state, what generated code walks through the vocabulary (also as bitcode). table.h
// makes, fills and frees it.
//
// Two forms behind one view:
//   indexed   u32 slots (open addressing, linear probing from the hash's low bits; 0 is free, else the entry's number
//             + 1) over dense entries in insertion order, all in one array
//   inline    the entries themselves lie in buckets of four, that of their hash or one behind it. A bucket fills from
//   its
//             front and is searched without a branch per slot. For keys of one number; mostly one line of memory per
//             access instead of two
// A small table is indexed and has no directory. A larger one has a directory over bits of the hash: to a sub-table of
// slots each, which split one by one. Which form it is then, table.h says.
//
// What of a hash serves what. Its top bits choose key group and task, so nothing here relies on them: a slot or bucket
// is chosen by the low bits, the sub-table by those from bit 16 on.
//
// An empty slot of an inline sub-table holds in its key a number that belongs to another sub-table: nobody ever looks
// for it there, and no key is forbidden.
#pragma once

#include <stdint.h>
#include <string.h>

#include "runtime/abi/flow_abi.h"

// A stretch of memory that is being copied in blocks while the task goes on (table_copy.h). Before the task writes into
// a block that is not saved, it saves it.
struct FlowBlockCopy {
  const uint8_t* source;
  uint8_t* copy;
  uint64_t bytes;
  uint8_t* states; // FlowBlockState by block, atomic
};

enum { FLOW_BLOCK_OPEN = 0, FLOW_BLOCK_TAKEN = 1, FLOW_BLOCK_SAVED = 2 };

struct FlowSubTable {
  uint8_t* slots;         // indexed: its u32 slots; inline: its entries
  FlowBlockCopy* copying; // inline: the copy that is being taken of them, or null
  uint64_t empty;         // inline: the key of an empty slot
  uint32_t size;          // number of slots (indexed) or buckets (inline) - 1
  uint32_t number;
};

enum { FLOW_TABLE_INDEXED = 0, FLOW_TABLE_INLINE = 1 };

// How the hash of a key follows from its bytes.
enum FlowKeyHash {
  FLOW_HASH_STORED = 0, // it does not: kept beside the entry
  FLOW_HASH_PLAIN = 1,  // one number, zero-extended
  FLOW_HASH_SIGNED = 2, // one number, sign-extended
};

struct FlowTable {
  FlowSubTable* directory; // null: `slots` and `mask` are the one index
  uint32_t* slots;
  uint64_t mask; // number of slots - 1
  uint8_t* entries;
  uint64_t first;     // number of the entry at `entries`; not 0 only while inline entries are read in portions
  uint64_t* hashes;   // by entry; null: made from the key
  uint8_t* heap;      // what offsets of strings count from
  uint64_t heap_used; // the next string's offset, if it fits
  uint64_t heap_capacity;
  uint64_t* dirty;         // a bit per entry, or null: nobody wants to know
  FlowBlockCopy* copying;  // indexed: the copy that is being taken of the entries, or null
  uint64_t directory_mask; // (places of the directory - 1) * 32
  uint8_t form;
  // Who wants to know of changes, atomic. Bit 0: dirty marks are kept. The others: the number of the copy that has not
  // saved everything yet. The thread that has saved it takes that off, so the task need not be told.
  uint8_t watchers;
  uint8_t key_hash;  // FlowKeyHash
  uint8_t key_width; // bytes of a key that is one number
  uint32_t count;
  uint32_t capacity; // of entries
  uint32_t stride;
  uint32_t key_size;
};

namespace flow::runtime {

constexpr uint64_t copy_block_bytes = 4096;
constexpr uint32_t bucket_entries = 4;

enum { FLOW_WATCHER_DIRTY = 1 };

__attribute__((always_inline)) inline bool is_watched(const FlowTable* table) {
  return __atomic_load_n(&table->watchers, __ATOMIC_ACQUIRE) != 0;
}

inline uint8_t* table_entry(const FlowTable* table, uint64_t index) {
  return table->entries + (index - table->first) * table->stride;
}

// Bit 16 of a hash and those above it choose the sub-table: with every split one more of them.
constexpr uint32_t directory_bit = 16;

// `directory_mask` counts in bytes, which saves a multiplication.
inline const FlowSubTable* sub_table(const FlowTable* table, uint64_t hash) {
  static_assert(sizeof(FlowSubTable) == 32, "so that a place of the directory is found by a shift of 5");
  uint64_t offset = hash >> (directory_bit - 5) & table->directory_mask;
  return reinterpret_cast<const FlowSubTable*>(reinterpret_cast<const uint8_t*>(table->directory) + offset);
}

// SplitMix64: one step of its counter, then its mix. A bijection, so different integers never collide.
inline uint64_t hash_of_number(uint64_t value) {
  value += 0x9e3779b97f4a7c15u;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
  return value ^ (value >> 31);
}

// The number at the start of an entry, as 64 bits.
inline uint64_t number_key(const FlowTable* table, const uint8_t* entry) {
  uint64_t value = 0;
  memcpy(&value, entry, sizeof value);
  uint32_t unused = 64 - 8 * uint32_t{table->key_width};
  value <<= unused;
  return table->key_hash == FLOW_HASH_SIGNED ? static_cast<uint64_t>(static_cast<int64_t>(value) >> unused)
                                             : value >> unused;
}

// May these bytes be written? Else save_blocks (table_copy.h) comes first. What lies behind the copied stretch may.
__attribute__((always_inline)) inline bool are_blocks_saved(const FlowBlockCopy* copy, uint64_t offset,
                                                            uint64_t bytes) {
  if (offset >= copy->bytes) return true;
  uint64_t first = offset / copy_block_bytes, last = (offset + bytes - 1) / copy_block_bytes;
  if (last - first > 1 || last * copy_block_bytes >= copy->bytes) return false;
  return __atomic_load_n(&copy->states[first], __ATOMIC_ACQUIRE) == FLOW_BLOCK_SAVED &&
         __atomic_load_n(&copy->states[last], __ATOMIC_ACQUIRE) == FLOW_BLOCK_SAVED;
}

} // namespace flow::runtime
