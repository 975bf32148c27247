// Changes to a graph that keep its nodes in order.
#pragma once

#include <vector>

#include "compiler/graph/graph.h"

namespace flow::optimize {

/// How many inputs of other nodes each node is.
std::vector<uint32_t> count_readers(const graph::DataflowGraph& graph);

/// Takes nodes out; who read one of them reads its first input from then on. REQUIRES: every dead node has an input.
void remove_nodes(graph::DataflowGraph& graph, const std::vector<bool>& is_dead);

/// Do both run in the same tasks, and treat failures alike?
bool is_same_place(const graph::Node& a, const graph::Node& b);

} // namespace flow::optimize
