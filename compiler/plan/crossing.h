// What crosses to a stateful operator: the columns that it reads, then its computed keys.
//
// Keys must be columns where rows cross, so that the edge that partitions them, the table that looks them up and a
// foreign host all see the same value. A key that is computed becomes a last column "@key.NAME" of the crossing rows.
// Late rows, and the rows that `top` kept, carry it too until a projection behind their origin takes it off.
#pragma once

#include <set>

#include "compiler/plan/plan.h"

namespace flow::plan {

struct Crossing {
  std::vector<uint32_t> columns;     // of the node's input, rising
  std::vector<const Expr*> computed; // keys over the input
  std::vector<sema::Column> port;    // the rows as they arrive
  bool has_time = false;
  KeySpec key; // over `port`
};

/// `keeps_rows`: rows come out again as they went in (top; a window whose late rows are read), so all columns cross.
Crossing plan_crossing(const graph::DataflowGraph& graph, graph::NodeId node, bool keeps_rows, lang::Arena& arena);

/// The same for input `number` of a Process.
Crossing plan_process_crossing(const graph::DataflowGraph& graph, graph::NodeId node, size_t number,
                               lang::Arena& arena);

/// The same for a side of a Join.
Crossing plan_join_crossing(const graph::DataflowGraph& graph, graph::NodeId node, uint32_t side, lang::Arena& arena);
/// The columns of that side that the join looks at when its windows close.
std::set<uint32_t> kept_by_join(const graph::DataflowGraph& graph, graph::NodeId node, uint32_t side);

/// The values of the rows that cross, over the node's input.
std::vector<const Expr*> crossing_values(const Crossing& crossing, const graph::Schema& input, lang::SourceRange range,
                                         lang::Arena& arena);

/// The rows that a top fires: those that crossed, the window's bounds set or appended, the rank.
std::vector<sema::Column> fired_by_top(const Crossing& crossing, const graph::Node& node);

} // namespace flow::plan
