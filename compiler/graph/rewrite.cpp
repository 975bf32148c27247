#include "compiler/graph/rewrite.h"

namespace flow::graph {

void collect_columns(const Expr& expr, std::set<uint32_t>& columns) {
  if (expr.kind == sema::ExprKind::column) columns.insert(expr.index);
  for (const Expr* arg : expr.args) collect_columns(*arg, columns);
}

std::set<uint32_t> read_of_pair(const Join& join) {
  std::set<uint32_t> columns;
  if (join.condition != nullptr) collect_columns(*join.condition, columns);
  for (const sema::JoinColumn& column : join.columns) {
    if (column.from == sema::JoinColumn::From::pair) columns.insert(column.column);
  }
  return columns;
}

const Expr* replace_columns(const Expr& expr, const std::function<const Expr*(const Expr& column)>& replace,
                            lang::Arena& arena) {
  if (expr.kind == sema::ExprKind::column) return replace(expr);
  if (expr.args.empty()) return &expr;
  std::vector<const Expr*> args;
  for (const Expr* arg : expr.args) args.push_back(replace_columns(*arg, replace, arena));
  Expr made = expr;
  made.args = arena.copy(args);
  return arena.make<Expr>(made);
}

const Expr* renumber(const Expr& expr, std::span<const uint32_t> old_of, lang::Arena& arena) {
  return replace_columns(
      expr,
      [&](const Expr& column) {
        Expr made = column;
        for (uint32_t i = 0; i < old_of.size(); i++) {
          if (old_of[i] == column.index) made.index = i;
        }
        return arena.make<Expr>(made);
      },
      arena);
}

const Expr* column_expr(uint32_t index, sema::Type type, lang::SourceRange range, lang::Arena& arena) {
  return arena.make<Expr>(
      Expr{.kind = sema::ExprKind::column, .type = type, .range = range, .args = {}, .index = index});
}

void change_expressions(Node& node, const std::function<const Expr*(const Expr&)>& change) {
  auto apply = [&](const Expr*& expr) {
    if (expr != nullptr) expr = change(*expr);
  };
  if (auto* filter = std::get_if<Filter>(&node.op)) apply(filter->condition);
  if (auto* project = std::get_if<Project>(&node.op)) {
    for (const Expr*& value : project->values) apply(value);
  }
  if (auto* unnest = std::get_if<Unnest>(&node.op)) apply(unnest->text), apply(unnest->pattern);
  if (auto* aggregate = std::get_if<Aggregate>(&node.op)) {
    for (sema::KeyColumn& key : aggregate->keys) apply(key.value);
    for (sema::AggregateCall& call : aggregate->calls) apply(call.argument), apply(call.by), apply(call.filter);
  }
  if (auto* top = std::get_if<Top>(&node.op)) {
    for (sema::KeyColumn& key : top->keys) apply(key.value);
    for (sema::Order& order : top->orders) apply(order.value);
  }
}

} // namespace flow::graph
