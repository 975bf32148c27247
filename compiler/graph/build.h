// TypedProgram to DataflowGraph: named streams resolved, fan-out shared, errors and late rows as nodes of their own.
#pragma once

#include "compiler/graph/graph.h"

namespace flow::graph {

/// REQUIRES: `program` is free of errors and outlives the graph.
DataflowGraph build_graph(const sema::TypedProgram& program);

} // namespace flow::graph
