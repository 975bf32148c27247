// `count(distinct x)` in a window, made of aggregates that know nothing of it.
//
//   alone      rows → aggregate by key and x (its values) → aggregate by key, in the same window: count
//   beside     rows → the other calls, by key ───────────────────────────────────────────┐
//   others     rows → those that count → by key and x → count by key, in the same window ─┴ union → one row a key
//
// So equal values meet in one task however large a key is, they are forgotten with their window, and whatever windows
// there are have distinct counts. The first of the two stateful nodes that take the rows themselves has the late ones.
#pragma once

#include "compiler/graph/graph.h"

namespace flow::graph {

/// Replaces every aggregate with a distinct call. REQUIRES: its window is neither global nor a session, and rows that
/// fail stop the job.
void expand_distinct(DataflowGraph& graph, lang::Arena& arena);

} // namespace flow::graph
