// inline_decoding: which sources are read by generated code. The answer is a matter of the format alone: what generated
// code does not read exactly as the runtime's decoder would, it leaves to that decoder, record by record.
#include "compiler/optimize/passes.h"

namespace flow::optimize {

void inline_decoding(graph::DataflowGraph& graph, lang::Arena&) {
  for (graph::Node& node : graph.nodes) {
    auto* source = std::get_if<graph::Source>(&node.op);
    if (source == nullptr) continue;
    const sema::Stream& stream = graph.program->streams[source->stream];
    source->decodes_inline = std::get<sema::Source>(stream.origin).format == "csv";
  }
}

} // namespace flow::optimize
