// StateTable: owner of a FlowTable (table_view.h), with everything that is not on the path of an event.
//
// Which form. A table begins indexed. From some 160 entries on it goes inline if it can: the key is one number, the
// entry small, and nobody asked for numbers that stay (keep_numbers). Otherwise its index grows, and gets a directory
// from some 20 000 entries on; the entries remain one array, which grows without being copied (memory.h). Every
// sub-table then grows and splits alone, so no call takes longer than one of about 1 MB does.
//
// Invariants. Every entry is found from its hash. Indexed: entry i lies at entries[i], in the order of insertion,
// except that erase() puts the last entry in the place of the erased one. Inline: entries have no lasting number; for
// reading all of them they are numbered by sub-table and slot, a portion at a time. An entry pointer lives until the
// next insertion or erase. Cells of the arena of strings are never changed once written; cells that nothing points to
// any more are dropped when the arena would have to grow (compaction), so a string's address lives until the next
// string is stored. The rows of lists (lists.h) are cells there, too: they stay until the table is cleared, and so do
// the strings of a table that has lists. While a copy is taken (table_copy.h), nothing that it reads is moved, changed
// or freed before it is saved.
//
// For backends that keep more than memory holds: `on_miss` is asked for the value of a key that is not here, dirty
// marks tell which entries may have changed since they were taken, erase() makes room. Such a table stays indexed.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "runtime/state/layout_codec.h"
#include "runtime/state/memory.h"
#include "runtime/state/string_chunks.h"
#include "runtime/state/table_view.h"

namespace flow::runtime {

struct TableKey {
  uint32_t size = 0;     // bytes in the entry, 0: the table has one entry
  bool is_bytes = false; // a FlowString of the canonical bytes
  FlowKeyHash hash = FLOW_HASH_STORED;
  uint32_t width = 0; // of a key that is one number: its bytes, the rest of `size` is zero
};

// What the entries of this layout have as key.
TableKey table_key(const FlowLayout& layout, uint32_t size, bool is_bytes);

// Fills the entry (zeros but for its key) of a key that is not in the table; true if it was elsewhere. Strings go
// through flow_entry_string.
using TableMissHook = bool (*)(void* context, FlowTable* table, uint64_t hash, uint8_t* entry);

class TableCopy;

class StateTable : public FlowTable {
public:
  // `codec` outlives the table's use, not the table: it is not looked at when the table is freed.
  StateTable(const LayoutCodec& codec, TableKey key);
  ~StateTable();
  StateTable(const StateTable&) = delete;
  StateTable& operator=(const StateTable&) = delete;

  // The entry of a key, made if it is not there. `key`: key_size bytes, or the canonical bytes.
  uint8_t* upsert(uint64_t hash, std::string_view key);
  // Null if it is not there. No miss is told; not for writing.
  uint8_t* lookup(uint64_t hash, std::string_view key) const;
  // Its number, or -1. REQUIRES: indexed.
  int64_t find(uint64_t hash, std::string_view key) const;

  // Adds an entry that is known to be new.
  uint8_t* insert(uint64_t hash, std::string_view key);
  // Removes entry `index`; the last entry takes its number. The dirty mark moves with it: a backend that must learn of
  // the erasure notes the key itself. REQUIRES: indexed; while copies live, allow_erase.
  void erase(uint32_t index);
  // REQUIRES: no copy is being taken.
  void clear();

  void store_string(uint8_t* slot, std::string_view text);
  // One more row at the end of a list of an entry that is about to change, zeroed.
  uint8_t* append_row(uint8_t* list, uint32_t row_stride);
  void grow_list(uint8_t* list, uint32_t row_stride); // room for one more

  // Entries have a number and keep it. Before the table is large.
  void keep_numbers();
  // Keeps numbers, and entries may be erased while the table is copied: a copy then saves stored hashes, too. Before
  // the first copy.
  void allow_erase();
  // Entry `index`, about to be changed. REQUIRES: indexed.
  uint8_t* open_entry(uint32_t index) {
    touch(index);
    return entries + uint64_t{index} * stride;
  }
  uint32_t number_of(const uint8_t* entry) const {
    return static_cast<uint32_t>(static_cast<uint64_t>(entry - entries) / stride);
  }
  // Calls visit(number) for the entries of this hash, of whatever key, until it says true. Did it? REQUIRES: indexed.
  template <typename Visit> bool visit_hash(uint64_t hash, Visit visit) const;
  // Makes the entries [from, returned) readable by flow_entry, at most `most` of them. Portions are read in order, from
  // 0 on, without an insertion in between.
  uint32_t open_portion(uint32_t from, uint32_t most);
  template <typename Visit> void for_each_entry(Visit visit) const;

  // Dirty marks: off until tracked. taken: those since the last time, by entry number; giving back merges them.
  void track_dirty();
  std::vector<uint64_t> take_dirty();
  void give_back_dirty(const std::vector<uint64_t>& marks);
  bool is_dirty(uint32_t index) const { return dirty != nullptr && (dirty[index / 64] >> (index % 64) & 1) != 0; }

  void set_miss_hook(TableMissHook hook, void* context) {
    keep_numbers();
    on_miss_ = hook;
    miss_context_ = context;
  }

  void set_page_hook(const PageHook& hook) {
    page_hook_ = hook;
    arena_.set_page_hook(hook);
    strings_.set_page_hook(hook);
  }

  const LayoutCodec& codec() const { return codec_; }
  TableKey key() const { return key_; }
  // Of entry `index`; of a key that is one number the entry alone says it.
  uint64_t hash_of(uint32_t index, const uint8_t* entry) const;
  uint64_t hash_of_key(const uint8_t* entry) const { return hash_of_number(number_key(this, entry)); }
  uint64_t memory_bytes() const;
  uint64_t string_bytes() const { return strings_.bytes(); } // live or not
  // What a copy has to save.
  uint64_t entry_bytes() const;

  static StateTable* from(FlowTable* table) { return static_cast<StateTable*>(table); }

private:
  friend class TableCopy;

  static constexpr uint64_t index_slots_min = 16;
  // A sub-table of an index: 128 KB of slots, so that a split looks at some 20 000 entries (which lie anywhere).
  static constexpr uint64_t index_slots_max = 32 * 1024;
  // Inline sub-tables double until they are more than half of this size, then split. So all blocks of a large table are
  // equal, and one that is given up serves the next.
  static constexpr uint64_t inline_bytes_max = uint64_t{1} << 20;
  static constexpr uint32_t split_sample = 1024;

  struct SubTable {
    uint8_t* memory = nullptr;
    uint64_t bytes = 0;
    uint32_t size = 0; // as in FlowSubTable
    uint32_t count = 0;
    uint32_t depth = 0;  // how many bits of the directory it answers to
    uint64_t suffix = 0; // which
    uint64_t empty = 0;
    FlowBlockCopy* copying = nullptr;

    uint32_t* numbers() const { return reinterpret_cast<uint32_t*>(memory); } // indexed
    // Does an entry of this hash go to the right when this is split?
    bool goes_right(uint64_t hash) const { return (hash >> (directory_bit + depth) & 1) != 0; }
  };
  struct Sides { // of a split, over a sample of the entries
    uint32_t left = 0, right = 0;
    void count(bool is_right) { ++(is_right ? right : left); }
  };
  struct Block {
    uint8_t* memory;
    uint64_t bytes;
  };

  bool is_inline() const { return form == FLOW_TABLE_INLINE; }
  uint32_t number_of_sub(uint64_t hash) const;
  SubTable& sub_of(uint64_t hash) { return subs_[number_of_sub(hash)]; }
  const SubTable& sub_of(uint64_t hash) const { return subs_[number_of_sub(hash)]; }
  void show(uint32_t number);
  void double_directory();
  uint32_t add_sub(uint32_t number);
  bool can_split(const SubTable& sub) const;
  uint8_t* take_slots(uint64_t bytes);
  // Only blocks of the size that a large table consists of; what a table outgrows on its way there goes back to malloc.
  bool is_from_arena(uint64_t bytes) const {
    return is_inline() ? bytes > inline_bytes_max / 2 : bytes >= index_slots_max * sizeof(uint32_t);
  }
  void free_slots(uint8_t* memory, uint64_t bytes);
  void give_up_slots(const SubTable& sub);

  bool has_key(const uint8_t* entry, std::string_view key) const;
  void touch(uint32_t index);
  static uint64_t words(uint64_t bits) { return (bits + 63) / 64; }

  // indexed
  uint8_t* insert_indexed(uint64_t hash, std::string_view key);
  void write_hash(uint32_t index, uint64_t hash);
  void add_to_index(SubTable& sub, uint64_t hash, uint32_t index);
  uint64_t slot_of_entry(uint64_t hash, uint32_t index) const;
  void make_room_in_index(uint64_t hash);
  template <typename Visit> void for_each_indexed(const SubTable& sub, Visit visit) const;
  Sides sample_index(const SubTable& sub) const;
  void set_index(SubTable& sub, uint64_t slot_count);
  void grow_index(uint32_t number);
  void split_index(uint32_t number);
  void grow_entries();

  // inline
  bool can_go_inline() const;
  void go_inline();
  uint8_t* insert_inline(uint64_t hash, std::string_view key);
  uint8_t* place_inline(SubTable& sub, uint64_t hash);
  void make_room_inline(uint32_t number);
  uint8_t* slot_for(uint64_t hash);
  Sides sample_inline(const SubTable& sub) const;
  void set_inline(SubTable& sub, uint64_t buckets);
  void empty_slots(const SubTable& sub);
  void take_over(const SubTable& old);
  void grow_inline(uint32_t number);
  void split_inline(uint32_t number);
  static uint64_t slots_of(const SubTable& sub) { return (uint64_t{sub.size} + 1) * bucket_entries; }
  template <typename Visit> void for_each_inline(const SubTable& sub, Visit visit) const;
  uint32_t entries_max(const SubTable& sub) const;
  uint64_t foreign_number(const SubTable& sub) const;
  bool is_empty(const SubTable& sub, const uint8_t* entry) const;

  void pin();
  void unpin();
  uint8_t begin_copy(TableCopy& copy);
  void end_copy(uint8_t number); // any thread

  // strings
  struct Compaction {
    enum class Phase : uint8_t { idle, measuring, moving };
    Phase phase = Phase::idle;
    uint32_t sub = 0, place = 0; // where the walk is: sub-table (inline) and slot, or entry
    uint64_t bytes = 0;          // measuring: of strings when it began
    uint64_t live = 0;           // measuring: of those so far
    uint64_t from = 0;           // idle: when there is so much again
  };
  uint64_t take_cell(uint64_t bytes, uint64_t alignment);
  void write_cell(uint8_t* slot, const char* data, uint64_t length);
  void compact_portion();
  bool walk_portion();
  void look_at_entry(uint32_t index);
  void look_at_strings(uint8_t* entry, FlowBlockCopy* copy, uint64_t offset);
  void abandon_compaction();
  void clear_strings();
  // Entries of this sub-table lie elsewhere now.
  void compact_again(uint32_t number) {
    if (number == compaction_.sub) compaction_.place = 0;
  }

  const LayoutCodec& codec_;
  TableKey key_;
  bool keeps_numbers_ = false;
  bool allows_erase_ = false;
  TableMissHook on_miss_ = nullptr;
  void* miss_context_ = nullptr;

  std::vector<SubTable> subs_;
  std::vector<FlowSubTable> directory_;
  uint32_t depth_ = 0;
  GrowingMemory entries_memory_, hashes_memory_;
  FlowBlockCopy* copying_hashes_ = nullptr; // the copy that is being taken of `hashes`, or null
  StringChunks strings_;
  Compaction compaction_;
  BlockArena arena_;         // of slots of large tables
  PagesAhead entries_ahead_; // in entries_memory_
  PageHook page_hook_;

  TableCopy* copy_ = nullptr;  // the last that was begun, unless it is gone
  uint8_t copy_number_ = 0;    // of that
  uint32_t pins_ = 0;          // copies that read this table
  std::vector<Block> retired_; // slots that a copy may still read

  std::vector<uint8_t> portion_;
  uint32_t portion_end_ = 0;
  uint32_t portion_sub_ = 0, portion_slot_ = 0; // where the next one begins
};

template <typename Visit> void StateTable::for_each_entry(Visit visit) const {
  if (!is_inline()) {
    for (uint32_t index = 0; index < count; ++index) visit(entries + uint64_t{index} * stride);
    return;
  }
  for (const SubTable& sub : subs_) for_each_inline(sub, visit);
}

template <typename Visit> bool StateTable::visit_hash(uint64_t hash, Visit visit) const {
  if (key_.size == 0) return count > 0 && hash == hash_of(0, entries) && visit(0u);
  const SubTable& sub = sub_of(hash);
  const uint32_t* index = sub.numbers();
  for (uint64_t slot = hash & sub.size; index[slot] != 0; slot = (slot + 1) & sub.size) {
    uint32_t number = index[slot] - 1;
    if (hash_of(number, entries + uint64_t{number} * stride) == hash && visit(number)) return true;
  }
  return false;
}

template <typename Visit> void StateTable::for_each_inline(const SubTable& sub, Visit visit) const {
  uint8_t* end = sub.memory + slots_of(sub) * stride;
  for (uint8_t* entry = sub.memory; entry < end; entry += stride) {
    if (!is_empty(sub, entry)) visit(entry);
  }
}

} // namespace flow::runtime
