// push_filters: rows that are dropped need not be made, nor sent. A filter changes places with a projection before it,
// and goes to the inputs of a union, as long as nobody else reads what is between.
#include <set>

#include "compiler/graph/rewrite.h"
#include "compiler/optimize/edit.h"
#include "compiler/optimize/failures.h"
#include "compiler/optimize/passes.h"

namespace flow::optimize {

using graph::DataflowGraph;
using graph::Expr;
using graph::Node;
using graph::NodeId;

namespace {

bool reads_only_copies(const Expr& expr, const graph::Project& project) {
  std::set<uint32_t> columns;
  graph::collect_columns(expr, columns);
  for (uint32_t column : columns) {
    if (project.values[column]->kind != sema::ExprKind::column) return false;
  }
  return true;
}

/// The projection that the filter may go before. One that may fail stays where it is: its failures are part of the
/// program.
graph::Project* projection_before(DataflowGraph& graph, const Node& filter, const std::vector<uint32_t>& readers) {
  NodeId input = filter.inputs[0];
  Node& before = graph.nodes[input];
  auto* project = std::get_if<graph::Project>(&before.op);
  if (project == nullptr || readers[input] != 1 || !is_same_place(before, filter)) return nullptr;
  if (can_fail(*project, *graph.program)) return nullptr;
  return reads_only_copies(*std::get<graph::Filter>(filter.op).condition, *project) ? project : nullptr;
}

/// The two change places: names and places in the text go with what the nodes now do.
bool push_before_projection(DataflowGraph& graph, Node& node, const std::vector<uint32_t>& readers,
                            lang::Arena& arena) {
  auto* filter = std::get_if<graph::Filter>(&node.op);
  if (filter == nullptr) return false;
  graph::Project* project = projection_before(graph, node, readers);
  if (project == nullptr) return false;
  Node& before = graph.nodes[node.inputs[0]];
  graph::Filter moved{graph::replace_columns(
      *filter->condition, [&](const Expr& column) { return project->values[column.index]; }, arena)};
  node.op = std::move(*project);
  before.op = moved;
  before.schema = graph.nodes[before.inputs[0]].schema;
  before.changes = node.changes;
  std::swap(node.name, before.name);
  std::swap(node.range, before.range);
  return true;
}

/// A filter that alone reads a union, or none. One with a parallelism of its own would run elsewhere.
NodeId filter_behind_union(const DataflowGraph& graph, const std::vector<uint32_t>& readers) {
  for (NodeId id = 0; id < graph.nodes.size(); id++) {
    const Node& node = graph.nodes[id];
    if (!std::holds_alternative<graph::Filter>(node.op) || node.parallelism != 0) continue;
    NodeId input = node.inputs[0];
    if (std::holds_alternative<graph::Union>(graph.nodes[input].op) && readers[input] == 1) return id;
  }
  return static_cast<NodeId>(graph.nodes.size());
}

/// Rebuilds the graph with a copy of the filter before each input of its union.
void push_below_union(DataflowGraph& graph, NodeId filter) {
  NodeId united = graph.nodes[filter].inputs[0];
  std::vector<Node> made;
  std::vector<NodeId> new_id(graph.nodes.size());
  for (NodeId id = 0; id < graph.nodes.size(); id++) {
    if (id == filter) {
      new_id[id] = new_id[united];
      continue;
    }
    Node node = graph.nodes[id];
    for (size_t i = 0; i < node.inputs.size(); i++) {
      NodeId& input = node.inputs[i];
      input = new_id[input];
      if (id != united) continue;
      Node copy = graph.nodes[filter];
      copy.name += "@" + std::to_string(i + 1);
      copy.schema = made[input].schema;
      copy.inputs = {input};
      input = static_cast<NodeId>(made.size());
      made.push_back(std::move(copy));
    }
    new_id[id] = static_cast<NodeId>(made.size());
    made.push_back(std::move(node));
  }
  graph.nodes = std::move(made);
}

bool push_once(DataflowGraph& graph, lang::Arena& arena) {
  std::vector<uint32_t> readers = count_readers(graph);
  bool has_changed = false;
  for (Node& node : graph.nodes) has_changed |= push_before_projection(graph, node, readers, arena);
  NodeId filter = filter_behind_union(graph, readers);
  if (filter == graph.nodes.size()) return has_changed;
  push_below_union(graph, filter);
  return true;
}

} // namespace

void push_filters(DataflowGraph& graph, lang::Arena& arena) {
  while (push_once(graph, arena)) {
  }
}

} // namespace flow::optimize
