// What a snapshot of a task is in bytes, and the copy that is taken while the task goes on.
//
// One stream per key group that holds anything, and one per item of list state (each split, then the task itself).
// Encodings are those of runtime/base/bytes.h. Each stream begins with its magic, whose last character is the version.
//
//   group  := "FGR1" state_count varint, state*
//   state  := name text, fingerprint u64, pane_count varint, pane*       only states that have entries in the group
//   pane   := start i64, entry_count varint, entry*                      in order of time
//   entry  := hash u64, bytes as LayoutCodec writes them                 in order of insertion
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
#include <string>
#include <string_view>
#include <vector>

#include "runtime/abi/flow_host.h"
#include "runtime/state/layout_codec.h"
#include "runtime/state/pane_set.h"

namespace flow::runtime {

inline constexpr std::string_view group_magic = "FGR1";
inline constexpr std::string_view item_magic = "FIT1";
enum class ItemKind : uint8_t { task = 0, split = 1 };

// The entries of one pane as they were, in an order in which those of a group lie together.
struct PaneCopy {
  int64_t start = 0;
  std::vector<uint8_t> entries;
  std::vector<uint64_t> hashes;
  std::vector<uint8_t> heap;
  std::vector<uint32_t> groups;   // by entry
  std::vector<uint32_t> by_group; // entry numbers, by group, then by insertion

  std::pair<const uint32_t*, const uint32_t*> entries_of(uint32_t group) const;
};

struct StateCopy {
  StateCopy(const FlowState& declared, const LayoutCodec& layout) : state(&declared), codec(layout) {}
  const FlowState* state;
  LayoutCodec codec; // a copy: the snapshot may outlive the task
  std::vector<PaneCopy> panes;
};

} // namespace flow::runtime

// Complete in itself: written on any thread, also after the task was closed.
struct FlowSnapshot {
  uint64_t epoch = 0;
  std::vector<flow::runtime::StateCopy> states;
  std::vector<uint32_t> groups; // ascending
  std::vector<std::string> items;
};
