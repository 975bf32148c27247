// What crosses to a stateful operator when each task of its input combines its rows first (graph: combines_first).
#pragma once

#include "compiler/plan/plan.h"

namespace flow::plan {

/// Partial results of an aggregate as rows: the key's columns, then the accumulators' fields of its entries.
std::vector<sema::Column> partial_columns(const KeySpec& key, const Layout& entry, lang::Arena& names);

/// `key` over the partial results.
KeySpec key_of_partials(KeySpec key);

/// The window of the partial state in front of `state`: every pane by itself.
sema::Window pane_window(const State& state);

} // namespace flow::plan
