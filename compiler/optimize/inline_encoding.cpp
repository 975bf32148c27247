// inline_encoding: which sinks are written by generated code: files, in the form that is known when the program is
// compiled. Options that would change it (a delimiter, a text for null) are left to the runtime's encoder, and so are
// names that JSON has to write with escapes.
#include <algorithm>

#include "compiler/optimize/passes.h"

namespace flow::optimize {

namespace {

constexpr size_t fields_max = 128; // what it takes to compile them grows with their number

bool is_known_option(const sema::Option& option) { return option.name == "path" || option.name == "header"; }

bool is_plain(std::string_view name) {
  return std::all_of(name.begin(), name.end(), [](char c) { return c != '"' && c != '\\' && (c < 0 || c >= ' '); });
}

bool encodes_inline(const sema::Sink& sink, const graph::Schema& schema) {
  bool is_written = sink.type == "file" && (sink.format == "csv" || sink.format == "json");
  bool has_known_form = std::all_of(sink.options.begin(), sink.options.end(), is_known_option) &&
                        std::all_of(sink.field_names.begin(), sink.field_names.end(), is_plain);
  return is_written && has_known_form && schema.columns.size() <= fields_max;
}

} // namespace

void inline_encoding(graph::DataflowGraph& graph, lang::Arena&) {
  for (graph::Node& node : graph.nodes) {
    auto* sink = std::get_if<graph::Sink>(&node.op);
    if (sink != nullptr) sink->encodes_inline = encodes_inline(graph.program->sinks[sink->sink], node.schema);
  }
}

} // namespace flow::optimize
