#include "compiler/plan/crossing.h"

#include <algorithm>
#include <set>

#include "compiler/graph/rewrite.h"
#include "compiler/graph/verify.h"
#include "compiler/plan/layout.h"

namespace flow::plan {

namespace {

const std::vector<sema::KeyColumn>& keys_of(const graph::Node& node) {
  const auto* top = std::get_if<graph::Top>(&node.op);
  return top != nullptr ? top->keys : std::get<graph::Aggregate>(node.op).keys;
}

bool is_column(const Expr& expr) { return expr.kind == sema::ExprKind::column; }

/// The columns that the node reads behind the crossing. Those that only a computed key reads are left behind.
std::set<uint32_t> columns_read(const graph::Node& node) {
  std::set<const Expr*> computed;
  for (const sema::KeyColumn& key : keys_of(node)) {
    if (!is_column(*key.value)) computed.insert(key.value);
  }
  std::set<uint32_t> read;
  for (const Expr* expr : graph::expressions_of(node)) {
    if (computed.count(expr) == 0) graph::collect_columns(*expr, read);
  }
  return read;
}

void add_key(Crossing& crossing, const sema::KeyColumn& key, lang::Arena& names) {
  crossing.key.columns.push_back({key.name, key.value->type});
  if (is_column(*key.value)) {
    auto place =
        std::find(crossing.columns.begin(), crossing.columns.end(), key.value->index) - crossing.columns.begin();
    crossing.key.from.push_back(static_cast<uint32_t>(place));
    return;
  }
  crossing.key.from.push_back(static_cast<uint32_t>(crossing.port.size()));
  crossing.port.push_back({names.copy(std::string_view("@key." + std::string(key.name))), key.value->type});
  crossing.computed.push_back(key.value);
}

/// Rows of these columns, without a key as yet.
Crossing crossing_of(const graph::Schema& input, const std::set<uint32_t>& columns) {
  Crossing made{.columns = {}, .computed = {}, .port = {}, .has_time = input.has_time, .key = {}};
  for (uint32_t column : columns) {
    made.columns.push_back(column);
    made.port.push_back(input.columns[column]);
  }
  return made;
}

} // namespace

Crossing plan_crossing(const graph::DataflowGraph& graph, graph::NodeId id, bool keeps_rows, lang::Arena& arena) {
  const graph::Node& node = graph.nodes[id];
  const graph::Schema& input = graph.nodes[node.inputs[0]].schema;
  std::set<uint32_t> read = columns_read(node);
  for (uint32_t i = 0; keeps_rows && i < input.columns.size(); i++) read.insert(i);
  Crossing made = crossing_of(input, read);
  for (const sema::KeyColumn& key : keys_of(node)) add_key(made, key, arena);
  settle_key(made.key);
  return made;
}

Crossing plan_process_crossing(const graph::DataflowGraph& graph, graph::NodeId id, size_t number, lang::Arena& arena) {
  const graph::Node& node = graph.nodes[id];
  const auto& process = std::get<graph::Process>(node.op);
  const graph::Schema& input = graph.nodes[node.inputs[number]].schema;
  std::set<uint32_t> of_handler, read;
  sema::visit_exprs(process.op->inputs[number].body,
                    [&](const Expr& expr) { graph::collect_columns(expr, of_handler); });
  for (uint32_t column : of_handler) read.insert(process.columns[number][column]);
  for (const Expr* key : process.keys[number]) {
    if (is_column(*key)) read.insert(key->index);
  }
  Crossing made = crossing_of(input, read);
  for (size_t i = 0; i < process.keys[number].size(); i++)
    add_key(made, {process.op->key_names[i], process.keys[number][i]}, arena);
  settle_key(made.key);
  return made;
}

Crossing plan_join_crossing(const graph::DataflowGraph& graph, graph::NodeId id, uint32_t side, lang::Arena& arena) {
  const graph::Node& node = graph.nodes[id];
  const auto& join = std::get<graph::Join>(node.op);
  std::set<uint32_t> read = kept_by_join(graph, id, side);
  const std::vector<sema::KeyColumn>& keys = side == 0 ? join.keys : join.other_keys;
  for (const sema::KeyColumn& key : keys) {
    if (is_column(*key.value)) read.insert(key.value->index);
  }
  Crossing made = crossing_of(graph.nodes[node.inputs[side]].schema, read);
  for (const sema::KeyColumn& key : keys) add_key(made, key, arena);
  settle_key(made.key);
  return made;
}

std::set<uint32_t> kept_by_join(const graph::DataflowGraph& graph, graph::NodeId id, uint32_t side) {
  const graph::Node& node = graph.nodes[id];
  auto width = static_cast<uint32_t>(graph.nodes[node.inputs[0]].schema.columns.size());
  std::set<uint32_t> kept;
  for (uint32_t column : graph::read_of_pair(std::get<graph::Join>(node.op))) {
    if (column < width && side == 0) kept.insert(column);
    if (column >= width && side == 1) kept.insert(column - width);
  }
  return kept;
}

std::vector<const Expr*> crossing_values(const Crossing& crossing, const graph::Schema& input, lang::SourceRange range,
                                         lang::Arena& arena) {
  std::vector<const Expr*> values;
  for (uint32_t column : crossing.columns) {
    values.push_back(graph::column_expr(column, input.columns[column].type, range, arena));
  }
  values.insert(values.end(), crossing.computed.begin(), crossing.computed.end());
  return values;
}

std::vector<sema::Column> fired_by_top(const Crossing& crossing, const graph::Node& node) {
  const auto& top = std::get<graph::Top>(node.op);
  std::vector<sema::Column> columns = crossing.port;
  if (top.window.kind != sema::WindowKind::global) {
    for (std::string_view bound : {"window_start", "window_end"}) {
      auto found = std::find_if(columns.begin(), columns.end(), [&](const sema::Column& c) { return c.name == bound; });
      sema::Column set{bound, sema::scalar(sema::Kind::TIMESTAMP)};
      if (found != columns.end())
        *found = set;
      else
        columns.push_back(set);
    }
  }
  if (top.has_rank) columns.push_back(node.schema.columns.back());
  return columns;
}

} // namespace flow::plan
