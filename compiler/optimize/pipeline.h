// The passes over the graph, in order. Each can be switched off by name; the graph is verified after each.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "compiler/graph/graph.h"

namespace flow::optimize {

struct Options {
  std::vector<std::string> disabled;
};

/// The first disabled name that is no pass, or nothing.
std::optional<std::string> unknown_pass(const Options& options);
/// "fold_constants, push_filters, …"
std::string pass_names();

/// Changes the graph; new expressions live in `arena`. Returns what a pass broke, which is a mistake of the compiler.
/// REQUIRES: the graph verifies.
std::optional<std::string> run(graph::DataflowGraph& graph, const Options& options, lang::Arena& arena);

} // namespace flow::optimize
