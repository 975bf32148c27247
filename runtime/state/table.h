// StateTable: owner of a FlowTable (table_view.h), with everything that is not on the path of an event.
//
// Invariants. Entry i has its key in entries[i] and its hash in hashes[i]; every entry is found from its hash; the
// order of entries is the order of their insertion, except that erase() puts the last entry in the place of the erased
// one. An entry pointer lives until the next insertion or erase. Cells of the arena are never changed once written;
// cells that nothing points to any more are dropped when the arena would have to grow (compaction), so a string's
// address lives until the next string is stored.
//
// For backends that keep more than memory holds: `on_miss` is asked for the value of a key that is not here, dirty
// marks tell which entries may have changed since they were taken, erase() makes room.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "runtime/state/layout_codec.h"
#include "runtime/state/table_view.h"

namespace flow::runtime {

struct TableKey {
  uint32_t size = 0;     // bytes in the entry, 0: the table has one entry
  bool is_bytes = false; // a FlowString of the canonical bytes
};

// Fills the entry (zeros but for its key) of a key that is not in the table; true if it was elsewhere. Strings go
// through flow_entry_string.
using TableMissHook = bool (*)(void* context, FlowTable* table, uint64_t hash, uint8_t* entry);

class StateTable : public FlowTable {
public:
  // `codec` outlives the table.
  StateTable(const LayoutCodec& codec, TableKey key);
  ~StateTable();
  StateTable(const StateTable&) = delete;
  StateTable& operator=(const StateTable&) = delete;

  // The entry of a key, made if it is not there. `key`: key_size bytes, or the canonical bytes.
  uint8_t* upsert(uint64_t hash, std::string_view key);
  // Its number, or -1. No miss is told.
  int64_t find(uint64_t hash, std::string_view key) const;

  // Adds an entry that is known to be new.
  uint8_t* insert(uint64_t hash, std::string_view key);
  // Removes entry `index`; the last entry takes its number. The dirty mark moves with it: a backend that must learn of
  // the erasure notes the key itself.
  void erase(uint32_t index);
  void clear();

  void store_string(uint8_t* slot, std::string_view text);

  // Dirty marks: off until tracked. taken: those since the last time, by entry number; giving back merges them.
  void track_dirty();
  std::vector<uint64_t> take_dirty();
  void give_back_dirty(const std::vector<uint64_t>& marks);
  bool is_dirty(uint32_t index) const { return dirty != nullptr && (dirty[index / 64] >> (index % 64) & 1) != 0; }

  void set_miss_hook(TableMissHook hook, void* context) {
    on_miss_ = hook;
    miss_context_ = context;
  }

  const LayoutCodec& codec() const { return codec_; }
  TableKey key() const { return key_; }
  uint64_t memory_bytes() const;

  static StateTable* from(FlowTable* table) { return static_cast<StateTable*>(table); }

private:
  bool has_key(uint64_t index, uint64_t hash, std::string_view key) const;
  uint64_t slot_of_entry(uint64_t hash, uint32_t index) const;
  void grow_entries();
  void grow_slots();
  void rebuild_slots(uint64_t slot_count);
  void reserve_heap(uint64_t bytes);
  bool compact_heap(uint64_t bytes);
  uint64_t live_heap_bytes() const;

  const LayoutCodec& codec_;
  TableKey key_;
  TableMissHook on_miss_ = nullptr;
  void* miss_context_ = nullptr;
};

} // namespace flow::runtime
