// TableCopy: the entries of a table as they were when the copy was begun, while the task goes on changing them.
//
// Begun between two calls, it costs the task no more than a note per sub-table. Then two threads save blocks of 4 KB:
// whoever writes the checkpoint, all of them in order (finish), and the task, a block that it is about to change. A
// block is taken by one of them with a compare-and-swap; the other waits for it, or passes by.
//
// Strings are not copied: cells do not change, and the table is pinned, so that what it gives up (arrays that move,
// slots of sub-tables that grow or split) stays as it is until the copy is gone. Stored hashes are read where they are,
// since those of entries that stay do not change; where entries are erased (allow_erase), they are saved like entries.
//
//   task's thread    begin: the constructor · save_blocks before a write · end: the destructor
//   any one thread   finish, then everything that reads, then free_entries
#pragma once

#include <cstdint>
#include <vector>

#include "runtime/state/table.h"

namespace flow::runtime {

// Saves the blocks that hold `bytes` from `offset`, if need be.
void save_blocks(FlowBlockCopy& copy, uint64_t offset, uint64_t bytes);

inline void save_before_write(FlowBlockCopy* copy, uint64_t offset, uint64_t bytes) {
  if (!are_blocks_saved(copy, offset, bytes)) save_blocks(*copy, offset, bytes);
}

class TableCopy {
public:
  // The table and the pool outlive the copy.
  TableCopy(StateTable& table, CopyPool& pool);
  ~TableCopy();
  TableCopy(const TableCopy&) = delete;
  TableCopy& operator=(const TableCopy&) = delete;

  void finish(); // from here on the task pays nothing for the copy
  // The task need not look at blocks any more. REQUIRES: finished, or nobody will read.
  void stop_watching();

  // Entries are numbered, with gaps. Calls visit(number).
  template <typename Visit> void for_each_entry(Visit visit) const;
  const uint8_t* entry(uint32_t number) const { return piece_.memory + uint64_t{number} * stride_; }
  uint64_t hash(uint32_t number) const;
  const uint8_t* heap() const { return heap_; }
  uint32_t count() const { return count_; }

  void free_entries();

private:
  struct Part : FlowBlockCopy {
    uint32_t first;   // number of its first entry
    uint32_t entries; // with gaps
    uint64_t empty;   // of inline parts: the key of a gap
  };
  void add_part(const uint8_t* source, uint32_t entries, uint64_t empty);
  void copy_hashes();

  StateTable& table_;
  uint8_t number_ = 0; // among the table's copies
  const uint32_t stride_;
  const bool has_gaps_;
  const uint32_t count_;
  const uint64_t* hashes_; // of the table or, once saved, in hashes_piece_; null: made from the keys
  const uint8_t* heap_;
  std::vector<Part> parts_; // one after the other in the piece
  std::vector<uint8_t> states_;
  CopyPool& pool_;
  CopyPool::Piece piece_;       // no memory: given back
  FlowBlockCopy hashes_copy_{}; // no bytes: they are read in place
  std::vector<uint8_t> hashes_states_;
  CopyPool::Piece hashes_piece_;
};

template <typename Visit> void TableCopy::for_each_entry(Visit visit) const {
  for (const Part& part : parts_) {
    for (uint32_t number = part.first; number < part.first + part.entries; ++number) {
      if (!has_gaps_ || memcmp(entry(number), &part.empty, sizeof part.empty) != 0) visit(number);
    }
  }
}

} // namespace flow::runtime
