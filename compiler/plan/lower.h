// DataflowGraph to PhysicalPlan: where rows must cross to other tasks, which operators share one loop, what each state
// is called and which bytes it has.
//
// A chain goes on from operator to operator until rows must cross: before a stateful operator (by hash of its key, or
// all to one task), after `rebalance` and `broadcast`, at a union, and where the parallelism changes. Key expressions
// that are no plain columns are made before the crossing, and only columns that the other side reads cross.
#pragma once

#include "compiler/plan/plan.h"

namespace flow::plan {

/// REQUIRES: the graph verifies; its program outlives the plan. New expressions live in `arena`.
PhysicalPlan lower(const graph::DataflowGraph& graph, lang::Arena& arena);

} // namespace flow::plan
