// inline_decoding: which sources are read by generated code. The answer is a matter of the format alone: what generated
// code does not read exactly as the runtime's decoder would, it leaves to that decoder, record by record.
#include "compiler/optimize/passes.h"

namespace flow::optimize {

namespace {

constexpr size_t fields_max = 128; // what it takes to compile them grows with their number

} // namespace

void inline_decoding(graph::DataflowGraph& graph, lang::Arena&) {
  for (graph::Node& node : graph.nodes) {
    auto* source = std::get_if<graph::Source>(&node.op);
    if (source == nullptr) continue;
    const sema::Stream& stream = graph.program->streams[source->stream];
    std::string_view format = std::get<sema::Source>(stream.origin).format;
    bool is_marked = format == "csv" || format == "json";
    source->decodes_inline = is_marked && node.schema.columns.size() <= fields_max;
  }
}

} // namespace flow::optimize
