#include "compiler/graph/verify.h"

#include <set>

#include <fmt/core.h>

namespace flow::graph {

namespace {

template <typename Op>
bool is(const Node& node) {
  return std::holds_alternative<Op>(node.op);
}

/// The schema that the node's expressions read.
const Schema& input_schema(const DataflowGraph& graph, const Node& node) { return graph.nodes[node.inputs[0]].schema; }

std::optional<std::string> check_columns(const Expr& expr, const Schema& schema, const Node& node) {
  if (expr.kind == sema::ExprKind::column) {
    if (expr.index >= schema.columns.size()) return fmt::format("{}: an expression reads column {} of {}", node.name, expr.index, schema.columns.size());
    if (!(schema.columns[expr.index].type == expr.type)) {
      return fmt::format("{}: column {} is {}, the expression takes it for {}", node.name, schema.columns[expr.index].name,
                         sema::text_of(schema.columns[expr.index].type), sema::text_of(expr.type));
    }
  }
  for (const Expr* arg : expr.args) {
    if (auto broken = check_columns(*arg, schema, node)) return broken;
  }
  return std::nullopt;
}

bool same_columns(const Schema& a, const Schema& b) {
  if (a.columns.size() != b.columns.size() || a.has_time != b.has_time) return false;
  for (size_t i = 0; i < a.columns.size(); i++) {
    if (!(a.columns[i].type == b.columns[i].type)) return false;
  }
  return true;
}

bool passes_rows_on(const Node& node) { return is<Filter>(node) || is<Union>(node) || is<Exchange>(node) || is<Sink>(node); }

const sema::Window* window_of(const Node& node) {
  if (const auto* aggregate = std::get_if<Aggregate>(&node.op)) return &aggregate->window;
  if (const auto* top = std::get_if<Top>(&node.op)) return &top->window;
  return nullptr;
}

std::optional<std::string> check_node(const DataflowGraph& graph, NodeId id) {
  const Node& node = graph.nodes[id];
  for (NodeId input : node.inputs) {
    if (input >= id) return fmt::format("{}: its input does not come before it", node.name);
    if (is<Sink>(graph.nodes[input])) return fmt::format("{}: reads a sink", node.name);
    if (!graph.nodes[input].changes.is_append_only()) return fmt::format("{}: takes inserts only", node.name);
  }
  if (is<Source>(node)) return node.inputs.empty() ? std::nullopt : std::optional(node.name + ": a source has no input");
  if (node.inputs.empty()) return node.name + ": has no input";
  if (!is<Union>(node) && node.inputs.size() != 1) return node.name + ": has more than one input";
  if (is<Errors>(node) && !is<Source>(graph.nodes[node.inputs[0]])) return node.name + ": bad records come from sources only";
  if (is<Late>(node) && !is_stateful(graph.nodes[node.inputs[0]])) return node.name + ": late rows come from windows only";
  if (passes_rows_on(node)) {
    for (NodeId input : node.inputs) {
      if (!same_columns(graph.nodes[input].schema, node.schema)) return node.name + ": its rows differ from those of its input";
    }
  }
  if (const auto* project = std::get_if<Project>(&node.op); project != nullptr && project->values.size() != node.schema.columns.size()) {
    return node.name + ": has not as many values as columns";
  }
  const sema::Window* window = window_of(node);
  if (window != nullptr && window->kind != sema::WindowKind::global && !input_schema(graph, node).has_time) {
    return node.name + ": a window over rows without event time";
  }
  if (is<Errors>(node) || is<Late>(node)) return std::nullopt;
  for (const Expr* expr : expressions_of(node)) {
    if (auto broken = check_columns(*expr, input_schema(graph, node), node)) return broken;
  }
  return std::nullopt;
}

}  // namespace

bool is_stateful(const Node& node) { return is<Aggregate>(node) || is<Top>(node); }

std::vector<const Expr*> expressions_of(const Node& node) {
  std::vector<const Expr*> found;
  auto add = [&](const Expr* expr) {
    if (expr != nullptr) found.push_back(expr);
  };
  if (const auto* filter = std::get_if<Filter>(&node.op)) add(filter->condition);
  if (const auto* project = std::get_if<Project>(&node.op)) found = project->values;
  if (const auto* unnest = std::get_if<Unnest>(&node.op)) add(unnest->text), add(unnest->pattern);
  if (const auto* aggregate = std::get_if<Aggregate>(&node.op)) {
    for (const sema::KeyColumn& key : aggregate->keys) add(key.value);
    for (const sema::AggregateCall& call : aggregate->calls) add(call.argument), add(call.by), add(call.filter);
  }
  if (const auto* top = std::get_if<Top>(&node.op)) {
    for (const sema::KeyColumn& key : top->keys) add(key.value);
    for (const sema::Order& order : top->orders) add(order.value);
  }
  return found;
}

std::optional<std::string> verify(const DataflowGraph& graph) {
  std::set<std::string> names;
  std::vector<bool> is_read(graph.nodes.size(), false);
  for (NodeId id = 0; id < graph.nodes.size(); id++) {
    if (auto broken = check_node(graph, id)) return broken;
    if (!names.insert(graph.nodes[id].name).second) return graph.nodes[id].name + ": the name is there twice";
    for (NodeId input : graph.nodes[id].inputs) is_read[input] = true;
  }
  for (NodeId id = 0; id < graph.nodes.size(); id++) {
    if (!is_read[id] && !is<Sink>(graph.nodes[id])) return graph.nodes[id].name + ": leads to no sink";
  }
  return std::nullopt;
}

}  // namespace flow::graph
