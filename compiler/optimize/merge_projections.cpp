// merge_projections: two neighbouring projections become one, if nobody reads what is between.
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

void count_uses(const Expr& expr, std::vector<uint32_t>& uses) {
  if (expr.kind == sema::ExprKind::column) uses[expr.index]++;
  for (const Expr* arg : expr.args) count_uses(*arg, uses);
}

bool has_let(const Expr& expr) {
  if (expr.kind == sema::ExprKind::let) return true;
  for (const Expr* arg : expr.args) {
    if (has_let(*arg)) return true;
  }
  return false;
}

/// Nothing fails in the first, what it computes is used at most once, and none of its locals would get among those of
/// the second.
bool can_merge(const graph::Project& first, const graph::Project& second, const sema::TypedProgram& program) {
  if (can_fail(first, program)) return false;
  std::vector<uint32_t> uses(first.values.size(), 0);
  for (const Expr* value : second.values) count_uses(*value, uses);
  for (size_t i = 0; i < uses.size(); i++) {
    if (uses[i] > 0 && has_let(*first.values[i])) return false;
    bool is_cheap = first.values[i]->args.empty();
    if (uses[i] > 1 && !is_cheap) return false;
  }
  return true;
}

/// The projection before `node`, if only `node` reads it and both run alike.
const graph::Project* own_projection(const DataflowGraph& graph, const Node& node,
                                     const std::vector<uint32_t>& readers) {
  const Node& before = graph.nodes[node.inputs[0]];
  bool is_own = readers[node.inputs[0]] == 1 && is_same_place(before, node);
  return is_own ? std::get_if<graph::Project>(&before.op) : nullptr;
}

} // namespace

void merge_projections(DataflowGraph& graph, lang::Arena& arena) {
  std::vector<uint32_t> readers = count_readers(graph);
  std::vector<bool> is_dead(graph.nodes.size(), false);
  for (Node& node : graph.nodes) {
    auto* second = std::get_if<graph::Project>(&node.op);
    if (second == nullptr) continue;
    const graph::Project* first = own_projection(graph, node, readers);
    if (first == nullptr || !can_merge(*first, *second, *graph.program)) continue;
    for (const Expr*& value : second->values) {
      value = graph::replace_columns(*value, [&](const Expr& column) { return first->values[column.index]; }, arena);
    }
    is_dead[node.inputs[0]] = true;
    node.inputs = graph.nodes[node.inputs[0]].inputs;
  }
  remove_nodes(graph, is_dead);
}

} // namespace flow::optimize
