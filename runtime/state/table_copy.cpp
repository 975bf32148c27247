#include "runtime/state/table_copy.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include <algorithm>

#include "runtime/base/assert.h"

namespace flow::runtime {
namespace {

uint64_t blocks_of(uint64_t bytes) { return (bytes + copy_block_bytes - 1) / copy_block_bytes; }

// Whoever gets the block copies it.
void save_block(FlowBlockCopy& copy, uint64_t block) {
  uint8_t open = FLOW_BLOCK_OPEN;
  if (!__atomic_compare_exchange_n(&copy.states[block], &open, FLOW_BLOCK_TAKEN, false, __ATOMIC_ACQUIRE,
                                   __ATOMIC_ACQUIRE)) {
    return;
  }
  uint64_t from = block * copy_block_bytes;
  memcpy(copy.copy + from, copy.source + from, std::min(copy_block_bytes, copy.bytes - from));
  __atomic_store_n(&copy.states[block], FLOW_BLOCK_SAVED, __ATOMIC_RELEASE);
}

// The other thread has it: that is a microsecond.
void await_block(const FlowBlockCopy& copy, uint64_t block) {
  while (__atomic_load_n(&copy.states[block], __ATOMIC_ACQUIRE) != FLOW_BLOCK_SAVED) sched_yield();
}

void save_all(FlowBlockCopy& copy) {
  for (uint64_t block = 0; block < blocks_of(copy.bytes); ++block) save_block(copy, block);
}

void await_all(const FlowBlockCopy& copy) {
  for (uint64_t block = 0; block < blocks_of(copy.bytes); ++block) await_block(copy, block);
}

} // namespace

void save_blocks(FlowBlockCopy& copy, uint64_t offset, uint64_t bytes) {
  uint64_t end = std::min(blocks_of(copy.bytes), blocks_of(offset + bytes));
  for (uint64_t block = offset / copy_block_bytes; block < end; ++block) {
    save_block(copy, block);
    await_block(copy, block);
  }
}

TableCopy::TableCopy(StateTable& table, CopyPool& pool)
    : table_(table), stride_(table.stride), has_gaps_(table.is_inline()), count_(table.count), hashes_(table.hashes),
      heap_(table.heap), pool_(pool) {
  // An earlier copy whose epoch was given up may still be under way.
  if (table.copy_ != nullptr) {
    table.copy_->finish();
    table.copy_->stop_watching();
  }
  uint64_t entries = 0, blocks = 0;
  auto plan = [&](uint64_t part_entries) {
    entries += part_entries;
    blocks += blocks_of(part_entries * stride_);
  };
  if (has_gaps_) {
    for (const auto& sub : table.subs_) plan(StateTable::slots_of(sub));
  } else {
    plan(count_);
  }
  FLOW_ASSERT(entries < UINT32_MAX, "the entries of a copy have numbers");
  piece_ = pool_.take(entries * stride_);
  states_.resize(blocks);
  parts_.reserve(has_gaps_ ? table.subs_.size() : 1); // the table points to them
  if (has_gaps_) {
    for (auto& sub : table.subs_) {
      add_part(sub.memory, static_cast<uint32_t>(StateTable::slots_of(sub)), sub.empty);
      sub.copying = &parts_.back();
    }
    for (uint32_t number = 0; number < table.subs_.size(); ++number) table.show(number);
  } else if (count_ > 0) {
    add_part(table.entries, count_, 0);
    table.copying = &parts_.back();
    if (hashes_ != nullptr && table.allows_erase_) copy_hashes();
  }
  number_ = table.begin_copy(*this);
  table.pin();
}

void TableCopy::add_part(const uint8_t* source, uint32_t entries, uint64_t empty) {
  uint32_t first = parts_.empty() ? 0 : parts_.back().first + parts_.back().entries;
  uint8_t* states = parts_.empty() ? states_.data() : parts_.back().states + blocks_of(parts_.back().bytes);
  Part part;
  part.source = source;
  part.copy = piece_.memory + uint64_t{first} * stride_;
  part.bytes = uint64_t{entries} * stride_;
  part.states = states;
  part.first = first;
  part.entries = entries;
  part.empty = empty;
  parts_.push_back(part);
}

void TableCopy::copy_hashes() {
  uint64_t bytes = uint64_t{count_} * sizeof(uint64_t);
  hashes_piece_ = pool_.take(bytes);
  hashes_states_.resize(blocks_of(bytes));
  hashes_copy_ = {.source = reinterpret_cast<const uint8_t*>(hashes_),
                  .copy = hashes_piece_.memory,
                  .bytes = bytes,
                  .states = hashes_states_.data()};
  table_.copying_hashes_ = &hashes_copy_;
  hashes_ = reinterpret_cast<const uint64_t*>(hashes_piece_.memory);
}

TableCopy::~TableCopy() {
  stop_watching();
  table_.unpin();
  free_entries();
}

void TableCopy::stop_watching() {
  if (table_.copy_ != this) return;
  table_.copy_ = nullptr;
  table_.end_copy(number_);
  table_.copying = nullptr;
  table_.copying_hashes_ = nullptr;
  if (has_gaps_) {
    for (uint32_t number = 0; number < table_.subs_.size(); ++number) {
      table_.subs_[number].copying = nullptr;
      table_.show(number);
    }
  }
}

void TableCopy::finish() {
  for (Part& part : parts_) save_all(part);
  save_all(hashes_copy_);
  for (const Part& part : parts_) await_all(part);
  await_all(hashes_copy_);
  table_.end_copy(number_);
}

uint64_t TableCopy::hash(uint32_t number) const {
  return hashes_ != nullptr ? hashes_[number] : table_.hash_of_key(entry(number));
}

void TableCopy::free_entries() {
  for (CopyPool::Piece* piece : {&piece_, &hashes_piece_}) {
    if (piece->memory != nullptr) pool_.give_back(*piece);
    *piece = {};
  }
}

} // namespace flow::runtime
