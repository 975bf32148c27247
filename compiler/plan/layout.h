// The only place that decides bytes.
//
// Fields keep their order in the list and are placed by falling alignment, so that no padding lies between them; null
// bits come last, one byte for eight nullable fields; the stride is a multiple of 8. A row with event time has a last
// field "@time".
#pragma once

#include <span>

#include "compiler/plan/plan.h"

namespace flow::plan {

/// Of rows on an edge, or kept by `top`.
Layout row_layout(std::string name, const std::vector<sema::Column>& columns, bool has_time);

/// Bytes of the key at the start of an entry; fills `size` and `is_bytes` of the spec from its columns.
void settle_key(KeySpec& key);

/// Of the entries of an aggregate: key, then what the accumulators need. Fills the accumulators' field numbers, and
/// `failed`, if it is given and panes may fail to be merged, and `seen`, if it is given.
Layout aggregate_layout(std::string name, const KeySpec& key, const std::vector<sema::AggregateCall>& calls,
                        bool has_time, std::vector<Accumulator>& accumulators, uint32_t* failed = nullptr,
                        uint32_t* seen = nullptr);

/// Of the entries of a running window. Fills field numbers likewise.
Layout running_layout(std::string name, const KeySpec& key, const std::vector<sema::AggregateCall>& calls,
                      std::vector<Accumulator>& accumulators, uint32_t& panes);

/// Of the entries of an operator's state: key, a byte for each cell and each timer (is it set?), the cells, each in
/// bytes of its own, then the timers' times and the cells' times of writing. Fills in `keyed` where they lie.
Layout keyed_layout(std::string name, const KeySpec& key, KeyedState& keyed);

/// Of the sessions of an aggregate: the key and which session it is, the accumulators. Fills in `keyed` and the
/// accumulators' field numbers, and `failed` if sessions may fail to be merged.
Layout session_layout(std::string name, const KeySpec& key, const std::vector<sema::AggregateCall>& calls,
                      bool has_time, KeyedState& keyed, std::vector<Accumulator>& accumulators, uint32_t& failed);
/// The key of a session's entry: that of its rows, and which session it is.
KeySpec session_key(KeySpec key);
/// Of the entries of a join: key, then a list of rows for each side. `rows`: their layouts, by side.
Layout join_layout(std::string name, const KeySpec& key, std::span<const uint32_t> rows,
                   const std::vector<Layout>& layouts);

/// Of the entries of a top: key, then the list of kept rows.
Layout top_layout(std::string name, const KeySpec& key, uint32_t count, uint32_t row_layout_number, const Layout& row);

} // namespace flow::plan
