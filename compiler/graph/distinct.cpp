#include "compiler/graph/distinct.h"

#include <algorithm>

#include <fmt/core.h>

#include "compiler/graph/rewrite.h"

namespace flow::graph {

namespace {

using sema::AggregateCall;
using sema::AggregateKind;
using sema::ExprKind;
using sema::Kind;
using sema::Window;
using sema::WindowKind;

/// The windows that rows of `window` come out of.
Window same_window(Window window) {
  if (window.kind == WindowKind::same) return window;
  window.is_cumulated = window.kind == WindowKind::cumulate;
  window.kind = WindowKind::same;
  window.late.reset();
  return window;
}

bool has_distinct(const Node& node) {
  const auto* aggregate = std::get_if<Aggregate>(&node.op);
  return aggregate != nullptr && std::ranges::any_of(aggregate->calls, &AggregateCall::is_distinct);
}

class Expansion {
public:
  Expansion(const DataflowGraph& old, lang::Arena& arena) : old_(old), arena_(arena) { new_.program = old.program; }

  DataflowGraph run() {
    for (NodeId id = 0; id < old_.nodes.size(); id++) {
      Node node = old_.nodes[id];
      bool is_late = std::holds_alternative<Late>(node.op);
      for (NodeId& input : node.inputs) input = is_late ? with_late_[input] : new_id_[input];
      if (has_distinct(node)) {
        expand(node);
        continue;
      }
      new_id_.push_back(add(std::move(node)));
      with_late_.push_back(new_id_.back());
    }
    return std::move(new_);
  }

private:
  /// The pieces that one aggregate becomes: nodes like it, with names below its own.
  void expand(const Node& node) {
    const auto& aggregate = std::get<Aggregate>(node.op);
    bool is_alone = aggregate.calls.size() == 1 && condition_of(aggregate.calls[0]) == nullptr;
    if (is_alone) {
      NodeId values = add_values(node, node.inputs[0], aggregate, aggregate.calls[0], true);
      new_id_.push_back(add_counts(node, values, aggregate, aggregate.calls[0], node.name));
      with_late_.push_back(values);
      return;
    }
    NodeId others = add_others(node, aggregate);
    std::vector<NodeId> parts{add_part(node, others, aggregate, nullptr)};
    for (const AggregateCall& call : aggregate.calls) {
      if (!call.is_distinct) continue;
      NodeId values = add_values(node, add_counting(node, call), aggregate, call, false);
      NodeId counts = add_counts(node, values, aggregate, call, fmt::format("{}.{}.counts", node.name, call.name));
      parts.push_back(add_part(node, counts, aggregate, &call));
    }
    new_id_.push_back(add_whole(node, aggregate, std::move(parts)));
    with_late_.push_back(others);
  }

  /// The calls that are not distinct; what is there for every key, also where nothing was counted.
  NodeId add_others(const Node& node, const Aggregate& aggregate) {
    Aggregate others{.keys = aggregate.keys, .window = aggregate.window};
    std::ranges::copy_if(aggregate.calls, std::back_inserter(others.calls), std::not_fn(&AggregateCall::is_distinct));
    if (others.calls.empty())
      others.calls.push_back({.name = "@rows", .kind = AggregateKind::count, .result = sema::scalar(Kind::I64)});
    return add_aggregate(node, node.inputs[0], std::move(others), node.name + ".others");
  }

  /// The rows whose value is counted.
  NodeId add_counting(const Node& node, const AggregateCall& call) {
    const Expr* condition = condition_of(call);
    if (condition == nullptr) return node.inputs[0];
    Node made = like(node, fmt::format("{}.{}.where", node.name, call.name), {node.inputs[0]});
    made.op = Filter{condition};
    made.schema = new_.nodes[node.inputs[0]].schema;
    return add(std::move(made));
  }

  /// One row for each value of a key. Rows behind the window are counted once: where its late rows come out.
  NodeId add_values(const Node& node, NodeId input, const Aggregate& aggregate, const AggregateCall& call,
                    bool counts_late) {
    const Expr* value = call.argument;
    if (value->type.nullable) value = make(ExprKind::assume_value, value->type.without_null(), {value}, value->range);
    Aggregate values{.keys = aggregate.keys, .window = aggregate.window, .counts_late = counts_late};
    values.keys.push_back({"@distinct", value});
    return add_aggregate(node, input, std::move(values), fmt::format("{}.{}.values", node.name, call.name));
  }

  NodeId add_counts(const Node& node, NodeId values, const Aggregate& aggregate, const AggregateCall& call,
                    std::string name) {
    Aggregate counts{.keys = keys_of(values, aggregate, node), .window = same_window(aggregate.window)};
    AggregateCall count = call;
    count.argument = count.filter = nullptr;
    count.is_distinct = false;
    counts.calls.push_back(count);
    return add_aggregate(node, values, std::move(counts), std::move(name));
  }

  /// A row of all results, null or 0 where they are not in `from`: the others, or those of `distinct`.
  NodeId add_part(const Node& node, NodeId from, const Aggregate& aggregate, const AggregateCall* distinct) {
    const Schema& rows = new_.nodes[from].schema;
    auto column = [&](size_t i) {
      return column_expr(static_cast<uint32_t>(i), rows.columns[i].type, node.range, arena_);
    };
    size_t start = aggregate.keys.size(), next = start + 2; // the window's bounds lie between
    Node made = like(node, fmt::format("{}.part", new_.nodes[from].name), {from});
    Project project;
    made.schema.has_time = true;
    auto put = [&](std::string_view name, const Expr* value) {
      made.schema.columns.push_back({name, value->type});
      project.values.push_back(value);
    };
    for (size_t i = 0; i <= start; i++) put(rows.columns[i].name, column(i));
    put("@others", boolean(distinct == nullptr, node.range));
    for (const AggregateCall& call : aggregate.calls) {
      if (call.is_distinct) {
        put(call.name, &call == distinct ? column(next) : zero(node.range));
      } else {
        sema::Type type = call.result.with_null();
        const Expr* value = distinct == nullptr ? column(next++) : null(type, node.range);
        put(call.name, value->type.nullable ? value : make(ExprKind::to_nullable, type, {value}, node.range));
      }
    }
    made.op = std::move(project);
    return add(std::move(made));
  }

  NodeId add_whole(const Node& node, const Aggregate& aggregate, std::vector<NodeId> parts) {
    Node all = like(node, node.name + ".parts", parts);
    all.op = Union{};
    all.schema = new_.nodes[parts[0]].schema;
    NodeId rows = add(std::move(all));
    const Schema& schema = new_.nodes[rows].schema;
    auto column = [&](size_t i) {
      return column_expr(static_cast<uint32_t>(i), schema.columns[i].type, node.range, arena_);
    };
    Aggregate whole{.keys = keys_of(rows, aggregate, node), .window = same_window(aggregate.window)};
    size_t is_others = aggregate.keys.size() + 1;
    for (size_t i = 0; i < aggregate.calls.size(); i++) {
      const AggregateCall& call = aggregate.calls[i];
      AggregateCall made{.name = call.name, .argument = column(is_others + 1 + i), .result = call.result};
      made.kind = call.is_distinct ? AggregateKind::sum : AggregateKind::first;
      if (!call.is_distinct) made.filter = column(is_others);
      made.range = call.range;
      whole.calls.push_back(made);
    }
    return add_aggregate(node, rows, std::move(whole), node.name);
  }

  std::vector<sema::KeyColumn> keys_of(NodeId rows, const Aggregate& aggregate, const Node& node) {
    std::vector<sema::KeyColumn> keys;
    for (uint32_t i = 0; i < aggregate.keys.size(); i++) {
      const sema::KeyColumn& key = aggregate.keys[i];
      keys.push_back({key.name, column_expr(i, new_.nodes[rows].schema.columns[i].type, node.range, arena_)});
    }
    return keys;
  }

  NodeId add_aggregate(const Node& node, NodeId input, Aggregate op, std::string name) {
    Node made = like(node, std::move(name), {input});
    for (const sema::KeyColumn& key : op.keys) made.schema.columns.push_back({key.name, key.value->type});
    for (std::string_view bound : {"window_start", "window_end"})
      made.schema.columns.push_back({bound, sema::scalar(Kind::TIMESTAMP)});
    for (const AggregateCall& call : op.calls) made.schema.columns.push_back({call.name, call.result});
    made.schema.has_time = true;
    made.op = std::move(op);
    return add(std::move(made));
  }

  static Node like(const Node& node, std::string name, std::vector<NodeId> inputs) {
    return {.op = Union{},
            .name = std::move(name),
            .inputs = std::move(inputs),
            .on_error = node.on_error,
            .parallelism = node.parallelism,
            .range = node.range};
  }

  /// Which rows have a value that counts; null: all of them.
  const Expr* condition_of(const AggregateCall& call) {
    if (!call.argument->type.nullable) return call.filter;
    sema::Type flag = sema::scalar(Kind::BOOL);
    const Expr* is_null = make(ExprKind::is_null, flag, {call.argument}, call.range);
    const Expr* is_there = make(ExprKind::logical_not, flag, {is_null}, call.range);
    if (call.filter == nullptr) return is_there;
    return make(ExprKind::logical_and, flag, {call.filter, is_there}, call.range);
  }

  const Expr* make(ExprKind kind, sema::Type type, std::vector<const Expr*> args, lang::SourceRange range) {
    return arena_.make<Expr>(Expr{.kind = kind, .type = type, .range = range, .args = arena_.copy(args)});
  }
  const Expr* boolean(bool value, lang::SourceRange range) {
    return arena_.make<Expr>(Expr{.type = sema::scalar(Kind::BOOL), .range = range, .int_value = value ? 1 : 0});
  }
  const Expr* zero(lang::SourceRange range) {
    return arena_.make<Expr>(Expr{.type = sema::scalar(Kind::I64), .range = range});
  }
  const Expr* null(sema::Type type, lang::SourceRange range) {
    return arena_.make<Expr>(Expr{.type = type, .range = range, .is_null = true});
  }

  NodeId add(Node node) {
    new_.nodes.push_back(std::move(node));
    return static_cast<NodeId>(new_.nodes.size() - 1);
  }

  const DataflowGraph& old_;
  lang::Arena& arena_;
  DataflowGraph new_;
  std::vector<NodeId> new_id_;    // by old node: whose rows are its
  std::vector<NodeId> with_late_; // by old node: which one has its late rows
};

} // namespace

void expand_distinct(DataflowGraph& graph, lang::Arena& arena) {
  if (std::ranges::any_of(graph.nodes, has_distinct)) graph = Expansion(graph, arena).run();
}

} // namespace flow::graph
