#include "compiler/optimize/edit.h"

namespace flow::optimize {

using graph::DataflowGraph;
using graph::Node;
using graph::NodeId;

std::vector<uint32_t> count_readers(const DataflowGraph& graph) {
  std::vector<uint32_t> readers(graph.nodes.size(), 0);
  for (const Node& node : graph.nodes) {
    for (NodeId input : node.inputs) readers[input]++;
  }
  return readers;
}

void remove_nodes(DataflowGraph& graph, const std::vector<bool>& is_dead) {
  std::vector<NodeId> new_id(graph.nodes.size(), 0);
  std::vector<Node> kept;
  for (NodeId id = 0; id < graph.nodes.size(); id++) {
    if (is_dead[id]) {
      new_id[id] = new_id[graph.nodes[id].inputs[0]];
      continue;
    }
    new_id[id] = static_cast<NodeId>(kept.size());
    kept.push_back(std::move(graph.nodes[id]));
    for (NodeId& input : kept.back().inputs) input = new_id[input];
  }
  graph.nodes = std::move(kept);
}

bool is_same_place(const Node& a, const Node& b) { return a.on_error == b.on_error && a.parallelism == b.parallelism; }

} // namespace flow::optimize
