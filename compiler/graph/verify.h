// What holds of every graph. Run after building and after each pass: what it finds is a mistake of the compiler.
#pragma once

#include <optional>
#include <string>

#include "compiler/graph/graph.h"

namespace flow::graph {

/// A sentence about the first thing that does not hold, or nothing.
std::optional<std::string> verify(const DataflowGraph& graph);

/// Every expression that an operator evaluates over the rows of its input. Not those of a Join or a
/// Process, which have several.
std::vector<const Expr*> expressions_of(const Node& node);
bool is_stateful(const Node& node);
/// The kinds of change that the node's rows are of, given its inputs.
ChangeKinds changes_made(const DataflowGraph& graph, const Node& node);

} // namespace flow::graph
