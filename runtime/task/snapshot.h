// What a snapshot of a task is in bytes, and the copy that is taken while the task goes on.
//
// One stream per key group that holds anything, and one per item of list state (each split, then the task itself).
// Encodings are those of runtime/base/bytes.h. Each stream begins with its magic, whose last character is the version.
//
//   group  := "FGR1" state_count varint, state*
//   state  := name text, fingerprint u64, pane_count varint, pane*       only states that have entries in the group
//   pane   := start i64, entry_count varint, entry*                      in order of time; of a keyed state one, of 0
//   entry  := hash u64, bytes as LayoutCodec writes them                 as they lie in the table
//
//   item   := "FIT1" kind u8, split | task                               kind 1: split, 0: task
//   split  := name text, index u32, splits u32, cursor i64, newest i64, told i64, idle u8, finished u8,
//             has_decoder u8, decoder text
//   task   := index u32, watermark i64, port_count varint, port_watermark i64 *, counter varint * 6
//             counters: rows_in rows_out rows_written late bad skipped
//
// Strings stand in the entries themselves, so a group's stream needs nothing else. A state is found by its name; an
// entry's layout must have the same fingerprint.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/abi/flow_host.h"
#include "runtime/state/keyed_state.h"
#include "runtime/state/layout_codec.h"
#include "runtime/state/pane_set.h"
#include "runtime/state/table_copy.h"

namespace flow::runtime {

inline constexpr std::string_view group_magic = "FGR1";
inline constexpr std::string_view item_magic = "FIT1";
enum class ItemKind : uint8_t { task = 0, split = 1 };

// The entries of one pane, or of a keyed state's table, as they were. Begun by the task, the rest by whoever writes.
struct PaneCopy {
  PaneCopy(int64_t pane_start, std::shared_ptr<StateTable> of, CopyPool& pool)
      : start(pane_start), table(std::move(of)), entries(std::make_unique<TableCopy>(*table, pool)) {}

  // Those of which nothing is set are left out. `flags` is null for a pane, whose entries all count.
  void sort_by_group(const FlowHost& host, const SetFlags* flags);
  std::span<const uint32_t> entries_of(uint32_t group) const;

  struct Group {
    uint32_t group;
    uint64_t first, end; // in by_group
  };
  int64_t start;
  std::shared_ptr<StateTable> table; // the last window of the pane may close meanwhile
  std::unique_ptr<TableCopy> entries;
  std::vector<uint32_t> by_group; // entry numbers, by group, then as they lie in the table
  std::vector<Group> groups;      // ascending
};

struct StateCopy {
  StateCopy(const FlowState& declared, const LayoutCodec& layout) : state(&declared), codec(layout), flags(declared) {}
  bool is_keyed() const { return state->kind == FLOW_STATE_KEYED; }

  const FlowState* state;
  LayoutCodec codec; // a copy: the snapshot may outlive the task
  SetFlags flags;    // of a keyed state
  std::vector<PaneCopy> panes;
};

} // namespace flow::runtime

// Captured and released on the task's thread, written on any one thread. Holds what it needs of the task; the host must
// still be there to say which group an entry belongs to.
struct FlowSnapshot {
  // What the writer does first: saves what the task has not, and groups it.
  void prepare() const;

  uint64_t epoch = 0;
  std::shared_ptr<flow::runtime::CopyPool> pool; // the task's, of all its snapshots; it may outlive the task
  FlowHost host{};
  mutable bool is_prepared = false;
  mutable std::vector<flow::runtime::StateCopy> states;
  mutable std::vector<uint32_t> groups; // ascending
  std::vector<std::string> items;
};
