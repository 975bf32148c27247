#include "compiler/graph/verify.h"

#include <functional>
#include <set>

#include <fmt/core.h>

namespace flow::graph {

namespace {

using Problem = std::optional<std::string>;

template <typename Op> bool is(const Node& node) { return std::holds_alternative<Op>(node.op); }

// ---- change kinds -------------------------------------------------------------------------------------------------

/// What an operator takes of its input, and what it makes besides what it passes on.
struct ChangeRule {
  ChangeKinds takes;
  bool passes_on;
  ChangeKinds makes = {};
};

constexpr ChangeKinds inserts{}, updates{.updates = true}, all{.updates = true, .deletes = true};

ChangeRule change_rule(const Node& node) {
  return std::visit(
      [](const auto& op) -> ChangeRule {
        using Op = std::decay_t<decltype(op)>;
        if constexpr (std::is_same_v<Op, Filter> || std::is_same_v<Op, Project> || std::is_same_v<Op, Unnest>) {
          return {all, true};
        } else if constexpr (std::is_same_v<Op, Changes>) {
          return {all, false};
        } else if constexpr (std::is_same_v<Op, Aggregate>) {
          return {inserts, false, op.window.late_allow_us > 0 ? updates : inserts};
        } else if constexpr (std::is_same_v<Op, Late>) {
          return {all, false}; // rows that a window did not take, before any change was made
        } else {
          return {inserts, false};
        }
      },
      node.op);
}

Problem check_changes(const DataflowGraph& graph, const Node& node) {
  ChangeRule rule = change_rule(node);
  for (NodeId input : node.inputs) {
    const ChangeKinds& comes = graph.nodes[input].changes;
    bool is_taken = (rule.takes.updates || !comes.updates) && (rule.takes.deletes || !comes.deletes);
    if (!is_taken) return node.name + ": takes inserts only";
  }
  if (!(changes_made(graph, node) == node.changes)) return node.name + ": makes other kinds of change than it says";
  return std::nullopt;
}

// ---- schemas --------------------------------------------------------------------------------------------------------

Problem check_columns(const Expr& expr, const Schema& schema, const Node& node) {
  if (expr.kind == sema::ExprKind::column) {
    if (expr.index >= schema.columns.size()) {
      return fmt::format("{}: an expression reads column {} of {}", node.name, expr.index, schema.columns.size());
    }
    const sema::Column& column = schema.columns[expr.index];
    if (!(column.type == expr.type)) {
      return fmt::format("{}: column {} is {}, the expression takes it for {}", node.name, column.name,
                         sema::text_of(column.type), sema::text_of(expr.type));
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

const sema::Window* window_of(const Node& node) {
  if (const auto* aggregate = std::get_if<Aggregate>(&node.op)) return &aggregate->window;
  if (const auto* top = std::get_if<Top>(&node.op)) return &top->window;
  if (const auto* join = std::get_if<Join>(&node.op)) return &join->window;
  return nullptr;
}

bool has_bounds(const sema::Window& window) { return window.kind != sema::WindowKind::global; }

void add_bounds(Schema& schema, const sema::Window& window) {
  if (!has_bounds(window)) return;
  for (std::string_view bound : {"window_start", "window_end"}) {
    schema.columns.push_back({bound, sema::scalar(sema::Kind::TIMESTAMP)});
  }
}

/// Keys, the window's bounds, results.
Schema result_of(const Aggregate& aggregate) {
  Schema made{.columns = {}, .has_time = has_bounds(aggregate.window)};
  for (const sema::KeyColumn& key : aggregate.keys) made.columns.push_back({key.name, key.value->type});
  add_bounds(made, aggregate.window);
  for (const sema::AggregateCall& call : aggregate.calls) made.columns.push_back({call.name, call.result});
  return made;
}

/// The rows with the window's bounds set or appended, and the rank.
Schema result_of(const Top& top, const Schema& input) {
  Schema made{.columns = input.columns, .has_time = has_bounds(top.window)};
  Schema bounds;
  add_bounds(bounds, top.window);
  for (const sema::Column& bound : bounds.columns) {
    bool is_set = false;
    for (sema::Column& column : made.columns) {
      if (column.name == bound.name) column = bound, is_set = true;
    }
    if (!is_set) made.columns.push_back(bound);
  }
  if (top.has_rank) made.columns.push_back({"", sema::scalar(sema::Kind::I64)});
  return made;
}

/// The schema that the node's rows must have; nothing where only the node itself can tell.
std::optional<Schema> expected_schema(const DataflowGraph& graph, const Node& node) {
  const Schema& input = graph.nodes[node.inputs[0]].schema;
  if (const auto* aggregate = std::get_if<Aggregate>(&node.op)) return result_of(*aggregate);
  if (const auto* top = std::get_if<Top>(&node.op)) return result_of(*top, input);
  if (is<Late>(node)) return graph.nodes[graph.nodes[node.inputs[0]].inputs[0]].schema;
  if (const auto* process = std::get_if<Process>(&node.op)) return process->op->outputs[0].schema;
  if (const auto* side = std::get_if<Side>(&node.op))
    return std::get<Process>(graph.nodes[node.inputs[0]].op).op->outputs[side->output].schema;
  if (const auto* changes = std::get_if<Changes>(&node.op); changes != nullptr && changes->in_full) {
    Schema made = input;
    made.columns.insert(made.columns.begin(), {"", sema::scalar(sema::Kind::STRING)});
    return made;
  }
  if (const auto* project = std::get_if<Project>(&node.op)) {
    Schema made{.columns = {}, .has_time = input.has_time};
    for (const Expr* value : project->values) made.columns.push_back({"", value->type});
    return made;
  }
  if (const auto* unnest = std::get_if<Unnest>(&node.op)) {
    Schema made = input;
    if (unnest->column > made.columns.size()) return std::nullopt;
    if (unnest->column == made.columns.size()) made.columns.emplace_back();
    made.columns[unnest->column].type = sema::scalar(sema::Kind::STRING);
    return made;
  }
  if (is<Errors>(node)) return std::nullopt;
  return input;
}

/// The columns of a source are fields of the data, by name and in their order.
Problem check_source(const DataflowGraph& graph, const Node& node) {
  const auto& streams = graph.program->streams;
  uint32_t stream = std::get<Source>(node.op).stream;
  const sema::Source* source = stream < streams.size() ? std::get_if<sema::Source>(&streams[stream].origin) : nullptr;
  if (source == nullptr) return node.name + ": there is no such source";
  size_t field = 0;
  for (const sema::Column& column : node.schema.columns) {
    while (field < source->fields.size() && source->fields[field].name != column.name) field++;
    if (field == source->fields.size() || !(source->fields[field].type == column.type)) {
      return fmt::format("{}: {} is no field of its data", node.name, column.name);
    }
  }
  return node.schema.has_time == (source->time != nullptr)
             ? std::nullopt
             : Problem(node.name + ": event time and clause do not agree");
}

Problem check_sink(const DataflowGraph& graph, const Node& node) {
  uint32_t sink = std::get<Sink>(node.op).sink;
  if (sink >= graph.program->sinks.size()) return node.name + ": there is no such sink";
  size_t wanted = graph.program->sinks[sink].field_names.size();
  if (wanted == node.schema.columns.size()) return std::nullopt;
  return fmt::format("{}: gets {} columns, writes {}", node.name, node.schema.columns.size(), wanted);
}

// ---- operators
// --------------------------------------------------------------------------------------------------------

Problem check_window(const Node& node, const Schema& input) {
  const sema::Window* window = window_of(node);
  if (window == nullptr || !has_bounds(*window)) return std::nullopt;
  if (!input.has_time) return node.name + ": a window over rows without event time";
  bool has_slide = window->kind == sema::WindowKind::hopping || window->kind == sema::WindowKind::cumulate;
  if (window->size_us <= 0 || (has_slide && window->slide_us <= 0)) return node.name + ": a window of no length";
  return std::nullopt;
}

Problem check_call(const Node& node, const sema::AggregateCall& call) {
  bool needs_by = call.kind == sema::AggregateKind::min_by || call.kind == sema::AggregateKind::max_by;
  bool needs_argument = call.kind != sema::AggregateKind::count;
  if ((needs_argument && call.argument == nullptr) || needs_by != (call.by != nullptr)) {
    return fmt::format("{}: {} has not the arguments that it needs", node.name, call.name);
  }
  bool is_condition = call.filter == nullptr || call.filter->type.kind == sema::Kind::BOOL;
  return is_condition ? std::nullopt : Problem(fmt::format("{}: the condition of {} is no bool", node.name, call.name));
}

Problem check_operator(const Node& node, const Schema& input) {
  if (auto broken = check_window(node, input)) return broken;
  if (const auto* filter = std::get_if<Filter>(&node.op);
      filter != nullptr && filter->condition->type.kind != sema::Kind::BOOL) {
    return node.name + ": its condition is no bool";
  }
  if (const auto* top = std::get_if<Top>(&node.op); top != nullptr && (top->count == 0 || top->orders.empty())) {
    return node.name + ": a top of nothing, or by nothing";
  }
  if (const auto* aggregate = std::get_if<Aggregate>(&node.op)) {
    for (const sema::AggregateCall& call : aggregate->calls) {
      if (auto broken = check_call(node, call)) return broken;
    }
  }
  for (const Expr* expr : expressions_of(node)) {
    if (auto broken = check_columns(*expr, input, node)) return broken;
  }
  return std::nullopt;
}

/// The columns of a handler are those that it was checked with, or absent.
Problem check_handler(const Node& node, const sema::ProcessInput& input, const std::vector<uint32_t>& columns,
                      const Schema& rows) {
  Problem broken;
  std::function<void(const Expr&)> check = [&](const Expr& expr) {
    if (expr.kind == sema::ExprKind::column) {
      uint32_t column = expr.index < columns.size() ? columns[expr.index] : Process::absent;
      if (column >= rows.columns.size() || !(rows.columns[column].type == expr.type))
        broken = fmt::format("{}: the handler of {} reads a column that is not there", node.name, input.name);
    }
    for (const Expr* arg : expr.args) check(*arg);
  };
  sema::visit_exprs(input.body, check);
  return broken;
}

Problem check_process(const DataflowGraph& graph, const Node& node, const Process& process) {
  size_t count = process.op->inputs.size();
  if (node.inputs.size() != count || process.keys.size() != count || process.columns.size() != count)
    return node.name + ": not as many inputs as its operator has";
  for (size_t i = 0; i < count; i++) {
    const Schema& rows = graph.nodes[node.inputs[i]].schema;
    const sema::ProcessInput& input = process.op->inputs[i];
    if (process.keys[i].size() != process.op->key_types.size()) return node.name + ": an input without the key";
    for (size_t k = 0; k < process.keys[i].size(); k++) {
      if (!(process.keys[i][k]->type == process.op->key_types[k])) return node.name + ": keys of different types";
      if (auto broken = check_columns(*process.keys[i][k], rows, node)) return broken;
    }
    if (auto broken = check_handler(node, input, process.columns[i], rows)) return broken;
  }
  return std::nullopt;
}

/// The columns of both rows of a join, one behind the other.
Schema pair_of(const DataflowGraph& graph, const Node& node) {
  Schema pair = graph.nodes[node.inputs[0]].schema;
  const std::vector<sema::Column>& other = graph.nodes[node.inputs[1]].schema.columns;
  pair.columns.insert(pair.columns.end(), other.begin(), other.end());
  return pair;
}

/// A column of the pair keeps its type, or may be null where there may be no such row.
bool is_column_of(const sema::JoinColumn& from, const sema::Column& column, const Schema& pair) {
  if (from.from != sema::JoinColumn::From::pair) return true;
  if (from.column >= pair.columns.size()) return false;
  sema::Type type = pair.columns[from.column].type;
  return column.type == type || column.type == type.with_null();
}

Problem check_join(const DataflowGraph& graph, const Node& node, const Join& join) {
  if (node.inputs.size() != 2) return node.name + ": a join of other than two sides";
  const Schema &left = graph.nodes[node.inputs[0]].schema, &right = graph.nodes[node.inputs[1]].schema;
  if (join.keys.empty() || join.keys.size() != join.other_keys.size()) return node.name + ": keys without counterpart";
  for (size_t i = 0; i < join.keys.size(); i++) {
    if (!(join.keys[i].value->type == join.other_keys[i].value->type)) return node.name + ": keys of different types";
    if (auto broken = check_columns(*join.keys[i].value, left, node)) return broken;
    if (auto broken = check_columns(*join.other_keys[i].value, right, node)) return broken;
  }
  for (const Schema* side : {&left, &right}) {
    if (auto broken = check_window(node, *side)) return broken;
    if (join.within && !side->has_time) return node.name + ": an interval between rows without event time";
  }
  Schema pair = pair_of(graph, node);
  if (join.columns.size() != node.schema.columns.size()) return node.name + ": not every column comes from somewhere";
  for (size_t i = 0; i < join.columns.size(); i++) {
    if (!is_column_of(join.columns[i], node.schema.columns[i], pair))
      return fmt::format("{}: {} is no column of the pair", node.name, node.schema.columns[i].name);
  }
  return join.condition == nullptr ? std::nullopt : check_columns(*join.condition, pair, node);
}

Problem check_inputs(const DataflowGraph& graph, NodeId id) {
  const Node& node = graph.nodes[id];
  for (NodeId input : node.inputs) {
    if (input >= id) return node.name + ": its input does not come before it";
    if (is<Sink>(graph.nodes[input])) return node.name + ": reads a sink";
  }
  if (is<Source>(node)) return node.inputs.empty() ? std::nullopt : Problem(node.name + ": a source has no input");
  if (node.inputs.empty()) return node.name + ": has no input";
  bool takes_several = is<Union>(node) || is<Join>(node) || is<Process>(node);
  if (!takes_several && node.inputs.size() != 1) return node.name + ": has more than one input";
  const Node& first = graph.nodes[node.inputs[0]];
  if (is<Errors>(node) && !is<Source>(first)) return node.name + ": bad records come from sources only";
  if (is<Late>(node) && window_of(first) == nullptr) return node.name + ": late rows come from windows only";
  if (const auto* side = std::get_if<Side>(&node.op)) {
    const auto* process = std::get_if<Process>(&first.op);
    if (process == nullptr || side->output == 0 || side->output >= process->op->outputs.size())
      return node.name + ": there is no such output";
  }
  return std::nullopt;
}

Problem check_node(const DataflowGraph& graph, NodeId id) {
  const Node& node = graph.nodes[id];
  if (auto broken = check_inputs(graph, id)) return broken;
  if (auto broken = check_changes(graph, node)) return broken;
  for (const sema::Column& column : node.schema.columns) {
    if (!column.type.is_scalar()) return fmt::format("{}: {} is no scalar", node.name, column.name);
  }
  if (is<Source>(node)) return check_source(graph, node);
  if (const auto* process = std::get_if<Process>(&node.op)) {
    if (auto broken = check_process(graph, node, *process)) return broken;
  } else if (const auto* join = std::get_if<Join>(&node.op)) {
    return check_join(graph, node, *join);
  } else if (auto broken = check_operator(node, graph.nodes[node.inputs[0]].schema)) {
    return broken;
  }
  std::optional<Schema> expected = expected_schema(graph, node);
  if (!expected && !is<Errors>(node)) return node.name + ": no place for its column";
  if (expected && !same_columns(*expected, node.schema))
    return node.name + ": its rows are not what it makes of its input";
  for (NodeId input : node.inputs) {
    if (is<Union>(node) && !same_columns(graph.nodes[input].schema, node.schema))
      return node.name + ": its inputs differ";
  }
  return is<Sink>(node) ? check_sink(graph, node) : std::nullopt;
}

} // namespace

ChangeKinds changes_made(const DataflowGraph& graph, const Node& node) {
  ChangeRule rule = change_rule(node);
  ChangeKinds made = rule.makes;
  if (!rule.passes_on) return made;
  for (NodeId input : node.inputs) {
    const ChangeKinds& comes = graph.nodes[input].changes;
    // Of an update a filter may keep what was and not what is: then the row is gone.
    bool loses_rows = comes.deletes || (is<Filter>(node) && comes.updates);
    made = {.updates = made.updates || comes.updates, .deletes = made.deletes || loses_rows};
  }
  return made;
}

bool is_stateful(const Node& node) {
  return is<Aggregate>(node) || is<Top>(node) || is<Join>(node) || is<Process>(node);
}

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

} // namespace flow::graph
