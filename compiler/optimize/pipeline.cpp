#include "compiler/optimize/pipeline.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "compiler/graph/verify.h"
#include "compiler/optimize/passes.h"

namespace flow::optimize {

namespace {

struct Pass {
  const char* name;
  void (*run)(graph::DataflowGraph&, lang::Arena&);
};

/// Filters first, so that projections become neighbours; then fewer, larger projections; then the columns that the
/// others left unread.
constexpr Pass passes[] = {
    {"push_filters", push_filters},
    {"merge_projections", merge_projections},
    {"prune_fields", prune_fields},
};

bool is_disabled(const Options& options, const char* name) {
  return std::find(options.disabled.begin(), options.disabled.end(), name) != options.disabled.end();
}

/// A pass that breaks the graph is a mistake of ours: better no program than a wrong one.
void require_sound(const graph::DataflowGraph& graph, const char* pass) {
  auto broken = graph::verify(graph);
  if (!broken) return;
  std::fprintf(stderr, "flowc: internal error after the pass %s: %s\n", pass, broken->c_str());
  std::abort();
}

}  // namespace

std::optional<std::string> unknown_pass(const Options& options) {
  for (const std::string& name : options.disabled) {
    auto is_it = [&](const Pass& pass) { return name == pass.name; };
    if (std::none_of(std::begin(passes), std::end(passes), is_it)) return name;
  }
  return std::nullopt;
}

std::string pass_names() {
  std::string names;
  for (const Pass& pass : passes) names += (names.empty() ? "" : ", ") + std::string(pass.name);
  return names;
}

graph::DataflowGraph run(graph::DataflowGraph graph, const Options& options, lang::Arena& arena) {
  for (const Pass& pass : passes) {
    if (is_disabled(options, pass.name)) continue;
    pass.run(graph, arena);
    require_sound(graph, pass.name);
  }
  return graph;
}

}  // namespace flow::optimize
