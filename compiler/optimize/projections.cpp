// push_filters and merge_projections: both look at a node and the projection before it, which no one else may read.
#include <set>

#include "compiler/graph/rewrite.h"
#include "compiler/optimize/passes.h"

namespace flow::optimize {

using graph::DataflowGraph;
using graph::Expr;
using graph::Node;
using graph::NodeId;

namespace {

std::vector<uint32_t> count_readers(const DataflowGraph& graph) {
  std::vector<uint32_t> readers(graph.nodes.size(), 0);
  for (const Node& node : graph.nodes) {
    for (NodeId input : node.inputs) readers[input]++;
  }
  return readers;
}

bool may_any_fail(const graph::Project& project) {
  for (const Expr* value : project.values) {
    if (sema::may_fail(*value)) return true;
  }
  return false;
}

bool is_same_place(const Node& a, const Node& b) { return a.on_error == b.on_error && a.parallelism == b.parallelism; }

/// The projection before `node`, if only `node` reads it and both run alike.
graph::Project* own_projection(DataflowGraph& graph, const Node& node, const std::vector<uint32_t>& readers) {
  if (node.inputs.size() != 1 || readers[node.inputs[0]] != 1) return nullptr;
  Node& before = graph.nodes[node.inputs[0]];
  return is_same_place(before, node) ? std::get_if<graph::Project>(&before.op) : nullptr;
}

bool reads_only_copies(const Expr& expr, const graph::Project& project) {
  std::set<uint32_t> columns;
  graph::collect_columns(expr, columns);
  for (uint32_t column : columns) {
    if (project.values[column]->kind != sema::ExprKind::column) return false;
  }
  return true;
}

/// `expr` over the projection's input.
const Expr* look_through(const Expr& expr, const graph::Project& project, lang::Arena& arena) {
  return graph::replace_columns(expr, [&](const Expr& column) { return project.values[column.index]; }, arena);
}

void count_uses(const Expr& expr, std::vector<uint32_t>& uses) {
  if (expr.kind == sema::ExprKind::column) uses[expr.index]++;
  for (const Expr* arg : expr.args) count_uses(*arg, uses);
}

/// Nothing fails in the first, and what it computes is used at most once.
bool can_merge(const graph::Project& first, const graph::Project& second) {
  if (may_any_fail(first)) return false;
  std::vector<uint32_t> uses(first.values.size(), 0);
  for (const Expr* value : second.values) count_uses(*value, uses);
  for (size_t i = 0; i < uses.size(); i++) {
    bool is_cheap = first.values[i]->args.empty();
    if (uses[i] > 1 && !is_cheap) return false;
  }
  return true;
}

}  // namespace

void push_filters(DataflowGraph& graph, lang::Arena& arena) {
  std::vector<uint32_t> readers = count_readers(graph);
  for (Node& node : graph.nodes) {
    auto* filter = std::get_if<graph::Filter>(&node.op);
    if (filter == nullptr) continue;
    graph::Project* project = own_projection(graph, node, readers);
    if (project == nullptr || may_any_fail(*project) || !reads_only_copies(*filter->condition, *project)) continue;
    // The two change places: names and schemas go with what the node now does.
    Node& before = graph.nodes[node.inputs[0]];
    graph::Filter moved{look_through(*filter->condition, *project, arena)};
    node.op = std::move(*project);
    before.op = moved;
    before.schema = graph.nodes[before.inputs[0]].schema;
    std::swap(node.name, before.name);
    std::swap(node.range, before.range);
  }
}

void merge_projections(DataflowGraph& graph, lang::Arena& arena) {
  std::vector<uint32_t> readers = count_readers(graph);
  std::vector<bool> is_dead(graph.nodes.size(), false);
  for (Node& node : graph.nodes) {
    auto* second = std::get_if<graph::Project>(&node.op);
    if (second == nullptr) continue;
    graph::Project* first = own_projection(graph, node, readers);
    if (first == nullptr || !can_merge(*first, *second)) continue;
    for (const Expr*& value : second->values) value = look_through(*value, *first, arena);
    is_dead[node.inputs[0]] = true;
    node.inputs = graph.nodes[node.inputs[0]].inputs;
  }
  // Dead nodes leave; the others are renumbered.
  std::vector<NodeId> new_id(graph.nodes.size(), 0);
  std::vector<Node> kept;
  for (NodeId id = 0; id < graph.nodes.size(); id++) {
    if (is_dead[id]) continue;
    new_id[id] = static_cast<NodeId>(kept.size());
    kept.push_back(std::move(graph.nodes[id]));
    for (NodeId& input : kept.back().inputs) input = new_id[input];
  }
  graph.nodes = std::move(kept);
}

}  // namespace flow::optimize
