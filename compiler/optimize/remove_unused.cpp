// remove_unused: what leads to no sink, and what does nothing: `where true`, a projection that copies every column.
#include "compiler/optimize/edit.h"
#include "compiler/optimize/passes.h"

namespace flow::optimize {

using graph::DataflowGraph;
using graph::Node;
using graph::NodeId;

namespace {

bool is_true(const graph::Expr& expr) {
  return expr.kind == sema::ExprKind::constant && !expr.is_null && expr.int_value != 0;
}

/// The same columns under the same names.
bool copies_all(const DataflowGraph& graph, const Node& node, const graph::Project& project) {
  const graph::Schema& before = graph.nodes[node.inputs[0]].schema;
  if (project.values.size() != before.columns.size()) return false;
  for (uint32_t i = 0; i < project.values.size(); i++) {
    const graph::Expr& value = *project.values[i];
    if (value.kind != sema::ExprKind::column || value.index != i) return false;
    if (node.schema.columns[i].name != before.columns[i].name) return false;
  }
  return true;
}

/// One with a parallelism of its own is a crossing, which is not nothing.
bool does_nothing(const DataflowGraph& graph, const Node& node) {
  if (node.parallelism != 0) return false;
  if (const auto* filter = std::get_if<graph::Filter>(&node.op)) return is_true(*filter->condition);
  if (const auto* project = std::get_if<graph::Project>(&node.op)) return copies_all(graph, node, *project);
  return false;
}

void remove_unread(DataflowGraph& graph) {
  std::vector<bool> is_read(graph.nodes.size(), false);
  for (NodeId id = static_cast<NodeId>(graph.nodes.size()); id-- > 0;) {
    if (std::holds_alternative<graph::Sink>(graph.nodes[id].op)) is_read[id] = true;
    if (!is_read[id]) continue;
    for (NodeId input : graph.nodes[id].inputs) is_read[input] = true;
  }
  std::vector<NodeId> new_id(graph.nodes.size(), 0);
  std::vector<Node> kept;
  for (NodeId id = 0; id < graph.nodes.size(); id++) {
    if (!is_read[id]) continue;
    new_id[id] = static_cast<NodeId>(kept.size());
    kept.push_back(std::move(graph.nodes[id]));
    for (NodeId& input : kept.back().inputs) input = new_id[input];
  }
  graph.nodes = std::move(kept);
}

} // namespace

void remove_unused(DataflowGraph& graph, lang::Arena&) {
  remove_unread(graph);
  std::vector<bool> is_dead(graph.nodes.size(), false);
  for (NodeId id = 0; id < graph.nodes.size(); id++) is_dead[id] = does_nothing(graph, graph.nodes[id]);
  remove_nodes(graph, is_dead);
}

} // namespace flow::optimize
