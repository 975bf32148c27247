#include "compiler/optimize/pipeline.h"

#include <algorithm>

#include "compiler/graph/verify.h"
#include "compiler/optimize/passes.h"

namespace flow::optimize {

namespace {

struct Pass {
  const char* name;
  void (*run)(graph::DataflowGraph&, lang::Arena&);
};

/// The order and its reasons.
constexpr Pass passes[] = {
    {"fold_constants", fold_constants},       // conditions become plain, so that the others see what is copied
    {"push_filters", push_filters},           // projections become neighbours
    {"merge_projections", merge_projections}, // few large projections instead of many small ones
    {"prune_fields", prune_fields},           // what nobody reads any more is not even decoded
    {"remove_unused", remove_unused},         // what the others made idle
    {"combine_first", combine_first},         // of the steps that are left, when it is known whose late rows are read
    {"inline_decoding", inline_decoding},     // of the sources that are left; no other pass looks at it
    {"inline_encoding", inline_encoding},     // the same of sinks
};

bool is_disabled(const Options& options, const char* name) {
  return std::find(options.disabled.begin(), options.disabled.end(), name) != options.disabled.end();
}

} // namespace

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

std::optional<std::string> run(graph::DataflowGraph& graph, const Options& options, lang::Arena& arena) {
  for (const Pass& pass : passes) {
    if (is_disabled(options, pass.name)) continue;
    pass.run(graph, arena);
    if (auto broken = graph::verify(graph)) return std::string("after the pass ") + pass.name + ": " + *broken;
  }
  return std::nullopt;
}

} // namespace flow::optimize
