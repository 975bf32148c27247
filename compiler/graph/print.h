// --emit=graph: the dataflow graph as text; and expressions as text, for all printed stages.
#pragma once

#include <span>
#include <string>

#include "compiler/graph/graph.h"

namespace flow::graph {

std::string print(const DataflowGraph& graph);

/// `names`: those of the columns that it reads.
std::string print_expr(const Expr& expr, std::span<const sema::Column> columns, const sema::TypedProgram& program);

/// "sum(tip where tip > 0)"
std::string print_call(const sema::AggregateCall& call, std::span<const sema::Column> columns,
                       const sema::TypedProgram& program);

/// "tumbling(1h)", "hopping(3h, 1h)", "same", "global".
std::string print_window(const sema::Window& window);
/// "1h30min", "200ms": as a literal of the language.
std::string print_duration(int64_t micros);
const char* name_of(sema::AggregateKind kind);

} // namespace flow::graph
