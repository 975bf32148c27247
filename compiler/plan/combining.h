// What follows from the algebra of an aggregate: how its rows are combined before they cross, how panes become windows.
#pragma once

#include "compiler/plan/plan.h"

namespace flow::plan {

/// Partial results of an aggregate as rows: the key's columns, then the accumulators' fields of its entries.
std::vector<sema::Column> partial_columns(const KeySpec& key, const Layout& entry, lang::Arena& names);

/// `key` over the partial results.
KeySpec key_of_partials(KeySpec key);

/// The window of the partial state in front of `state`: every pane by itself.
sema::Window pane_window(const State& state);

/// Whether panes are added to a running window and subtracted from it: where that is exact (counts, sums of integers in
/// 128 bits) and a window has so many panes that merging them again and again would cost more.
bool keeps_running(const State& state, const std::vector<sema::AggregateCall>& calls);

} // namespace flow::plan
