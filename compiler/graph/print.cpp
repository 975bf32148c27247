#include "compiler/graph/print.h"

#include <deque>

#include <fmt/core.h>

namespace flow::graph {

namespace {

using sema::ExprKind;

const char* operator_text(ExprKind kind) {
  switch (kind) {
  case ExprKind::add:
  case ExprKind::shift_time: return " + ";
  case ExprKind::subtract: return " - ";
  case ExprKind::multiply: return " * ";
  case ExprKind::divide: return " / ";
  case ExprKind::remainder: return " % ";
  case ExprKind::equal: return " == ";
  case ExprKind::not_equal: return " != ";
  case ExprKind::less: return " < ";
  case ExprKind::less_equal: return " <= ";
  case ExprKind::greater: return " > ";
  case ExprKind::greater_equal: return " >= ";
  case ExprKind::logical_and: return " and ";
  case ExprKind::logical_or: return " or ";
  case ExprKind::coalesce: return " ?? ";
  default: return nullptr;
  }
}

std::string quoted(std::string_view text) {
  std::string made = "\"";
  for (char c : text) {
    if (c == '\n')
      made += "\\n";
    else if (c == '"' || c == '\\')
      made += std::string("\\") + c;
    else
      made += c;
  }
  return made + "\"";
}

std::string print_constant(const Expr& expr) {
  if (expr.is_null) return "null";
  if (expr.type.is_text()) return quoted(expr.text);
  if (expr.type.is_float()) return fmt::format("{}", expr.float_value);
  if (expr.type.kind == sema::Kind::BOOL) return expr.int_value != 0 ? "true" : "false";
  if (expr.type.kind == sema::Kind::DURATION) return print_duration(expr.int_value);
  if (expr.type.kind == sema::Kind::ENUM && static_cast<size_t>(expr.int_value) < expr.type.enumeration->names.size()) {
    return std::string(expr.type.enumeration->names[static_cast<size_t>(expr.int_value)]);
  }
  bool is_plain = expr.type.is_integer() && !expr.type.is_signed();
  return is_plain ? fmt::format("{}", static_cast<uint64_t>(expr.int_value)) : fmt::format("{}", expr.int_value);
}

class ExprPrinter {
public:
  ExprPrinter(std::span<const sema::Column> columns, const sema::TypedProgram& program)
      : columns_(columns), program_(program) {}

  std::string print(const Expr& expr) {
    if (const char* infix = operator_text(expr.kind))
      return "(" + print(*expr.args[0]) + infix + print(*expr.args[1]) + ")";
    switch (expr.kind) {
    case ExprKind::constant: return print_constant(expr);
    case ExprKind::column:
      return expr.index < columns_.size() ? std::string(columns_[expr.index].name) : fmt::format("#{}", expr.index);
    case ExprKind::local: return fmt::format("${}", expr.index);
    case ExprKind::param: return std::string(program_.params[expr.index].name);
    case ExprKind::number: return "number";
    case ExprKind::key: return fmt::format("key.{}", expr.index);
    case ExprKind::state: return fmt::format("state.{}", expr.index);
    case ExprKind::state_is_set: return fmt::format("is_set.{}", expr.index);
    case ExprKind::negate: return "-" + print(*expr.args[0]);
    case ExprKind::logical_not: return "not " + print(*expr.args[0]);
    case ExprKind::is_null: return "(" + print(*expr.args[0]) + " is null)";
    case ExprKind::conditional:
      return "(if " + print(*expr.args[0]) + " then " + print(*expr.args[1]) + " else " + print(*expr.args[2]) + ")";
    case ExprKind::convert: return call(sema::text_of(expr.type), expr);
    case ExprKind::to_nullable:
    case ExprKind::assume_value: return print(*expr.args[0]);
    case ExprKind::to_text: return call("text", expr);
    case ExprKind::concat: return call("concat", expr);
    case ExprKind::attempt: return call("try", expr);
    case ExprKind::call_extern: return call(std::string(program_.externs[expr.function].name), expr);
    case ExprKind::call: return call(std::string(program_.functions[expr.function].name), expr);
    case ExprKind::let:
      return fmt::format("(let ${} = {} in {})", expr.index, print(*expr.args[0]), print(*expr.args[1]));
    default: return "?";
    }
  }

private:
  std::string call(const std::string& name, const Expr& expr) {
    std::string made = name + "(";
    for (size_t i = 0; i < expr.args.size(); i++) made += (i == 0 ? "" : ", ") + print(*expr.args[i]);
    return made + ")";
  }

  std::span<const sema::Column> columns_;
  const sema::TypedProgram& program_;
};

class GraphPrinter {
public:
  explicit GraphPrinter(const DataflowGraph& graph) : graph_(graph) {}

  std::string print() {
    for (NodeId id = 0; id < graph_.nodes.size(); id++) print_node(id);
    return std::move(text_);
  }

private:
  void print_node(NodeId id) {
    const Node& node = graph_.nodes[id];
    text_ += fmt::format("%{} {} = {}", id, node.name, describe(node));
    for (size_t i = 0; i < node.inputs.size(); i++)
      text_ += fmt::format("{}%{}", i == 0 ? " of " : ", ", node.inputs[i]);
    if (node.parallelism != 0) text_ += fmt::format(" parallelism {}", node.parallelism);
    if (node.on_error == sema::OnError::skip) text_ += " on error skip";
    text_ += "\n    {";
    for (size_t i = 0; i < node.schema.columns.size(); i++) {
      text_ += fmt::format("{} {}: {}", i == 0 ? "" : ",", node.schema.columns[i].name,
                           sema::text_of(node.schema.columns[i].type));
    }
    text_ += node.schema.has_time ? " } with event time\n" : " }\n";
  }

  std::string expr(const Node& node, const Expr* e) {
    return print_expr(*e, graph_.nodes[node.inputs[0]].schema.columns, *graph_.program);
  }

  std::string keys(const Node& node, const std::vector<sema::KeyColumn>& keys) {
    std::string made;
    for (const sema::KeyColumn& key : keys)
      made += fmt::format("{}{} = {}", made.empty() ? " key " : ", ", key.name, expr(node, key.value));
    return made;
  }

  std::string describe(const Node& node) {
    if (const auto* source = std::get_if<Source>(&node.op)) {
      return source->decodes_inline ? "source decoded inline" : "source";
    }
    if (std::holds_alternative<Errors>(node.op)) return "bad records";
    if (std::holds_alternative<Union>(node.op)) return "union";
    if (const auto* changes = std::get_if<Changes>(&node.op)) return changes->in_full ? "changes" : "newest rows";
    if (std::holds_alternative<Late>(node.op)) return "late rows";
    if (const auto* join = std::get_if<Join>(&node.op)) return describe(node, *join);
    if (const auto* process = std::get_if<Process>(&node.op)) return describe(node, *process);
    if (const auto* side = std::get_if<Side>(&node.op)) return fmt::format("output {}", side->output);
    if (const auto* sink = std::get_if<Sink>(&node.op)) return sink->encodes_inline ? "sink encoded inline" : "sink";
    if (const auto* filter = std::get_if<Filter>(&node.op)) return "where " + expr(node, filter->condition);
    if (const auto* exchange = std::get_if<Exchange>(&node.op)) {
      return exchange->kind == ExchangeKind::broadcast   ? "broadcast"
             : exchange->kind == ExchangeKind::rebalance ? "rebalance"
                                                         : "forward";
    }
    if (const auto* unnest = std::get_if<Unnest>(&node.op)) {
      return fmt::format("unnest split({}, {})", expr(node, unnest->text), expr(node, unnest->pattern));
    }
    if (const auto* project = std::get_if<Project>(&node.op)) {
      std::string made = "project";
      for (const Expr* value : project->values) made += (made == "project" ? " " : ", ") + expr(node, value);
      return made;
    }
    if (const auto* top = std::get_if<Top>(&node.op)) {
      std::string made =
          fmt::format("top {} window {}{} by", top->count, print_window(top->window), keys(node, top->keys));
      for (const sema::Order& order : top->orders)
        made += fmt::format(" {}{}", expr(node, order.value), order.descending ? " desc" : "");
      return made + combined_text(top->combines_first);
    }
    const auto& aggregate = std::get<Aggregate>(node.op);
    std::string made = fmt::format("aggregate window {}{}", print_window(aggregate.window), keys(node, aggregate.keys));
    for (const sema::AggregateCall& call : aggregate.calls) {
      made += fmt::format("; {} = {}", call.name,
                          print_call(call, graph_.nodes[node.inputs[0]].schema.columns, *graph_.program));
    }
    return made + combined_text(aggregate.combines_first);
  }

  std::string describe(const Node& node, const Join& join) {
    const std::vector<sema::Column>& left = graph_.nodes[node.inputs[0]].schema.columns;
    std::vector<sema::Column> right = graph_.nodes[node.inputs[1]].schema.columns;
    std::deque<std::string> names;
    for (sema::Column& column : right) column.name = names.emplace_back("other." + std::string(column.name));
    std::string made = fmt::format("{} {} on", sema::word_of(join.kind),
                                   join.within ? fmt::format("within {}..{}", print_duration(join.within->from_us),
                                                             print_duration(join.within->to_us))
                                               : "window " + print_window(join.window));
    for (size_t i = 0; i < join.keys.size(); i++) {
      made += fmt::format("{} {} == {}", i == 0 ? "" : " and", print_expr(*join.keys[i].value, left, *graph_.program),
                          print_expr(*join.other_keys[i].value, right, *graph_.program));
    }
    if (join.condition == nullptr) return made;
    std::vector<sema::Column> pair = left;
    pair.insert(pair.end(), right.begin(), right.end());
    return made + " and " + print_expr(*join.condition, pair, *graph_.program);
  }

  std::string describe(const Node& node, const Process& process) {
    std::string made = fmt::format("process {}", process.op->op);
    for (size_t i = 0; i < process.op->inputs.size(); i++) {
      made += fmt::format("{} {}", i == 0 ? ":" : ",", process.op->inputs[i].name);
      for (size_t k = 0; k < process.keys[i].size(); k++) {
        made +=
            fmt::format("{} {}", k == 0 ? " keyed" : ",",
                        print_expr(*process.keys[i][k], graph_.nodes[node.inputs[i]].schema.columns, *graph_.program));
      }
    }
    return made;
  }

  static const char* combined_text(bool combines_first) {
    return combines_first ? ", combined before the exchange" : "";
  }

  const DataflowGraph& graph_;
  std::string text_;
};

} // namespace

std::string print(const DataflowGraph& graph) { return GraphPrinter(graph).print(); }

std::string print_expr(const Expr& expr, std::span<const sema::Column> columns, const sema::TypedProgram& program) {
  return ExprPrinter(columns, program).print(expr);
}

std::string print_call(const sema::AggregateCall& call, std::span<const sema::Column> columns,
                       const sema::TypedProgram& program) {
  std::string made = fmt::format("{}(", name_of(call.kind));
  if (call.argument != nullptr) made += print_expr(*call.argument, columns, program);
  if (call.by != nullptr) made += ", " + print_expr(*call.by, columns, program);
  if (call.filter != nullptr) made += " where " + print_expr(*call.filter, columns, program);
  return made + ")";
}

std::string print_window(const sema::Window& window) {
  if (window.late_allow_us > 0) {
    sema::Window closed_once = window;
    closed_once.late_allow_us = 0;
    return print_window(closed_once) + " late allow " + print_duration(window.late_allow_us);
  }
  std::string offset = window.offset_us != 0 ? ", offset: " + print_duration(window.offset_us) : "";
  switch (window.kind) {
  case sema::WindowKind::tumbling: return "tumbling(" + print_duration(window.size_us) + offset + ")";
  case sema::WindowKind::hopping:
    return "hopping(" + print_duration(window.size_us) + ", " + print_duration(window.slide_us) + offset + ")";
  case sema::WindowKind::session: return "session(" + print_duration(window.size_us) + ")";
  case sema::WindowKind::cumulate:
    return "cumulate(" + print_duration(window.size_us) + ", " + print_duration(window.slide_us) + offset + ")";
  case sema::WindowKind::same: return "same";
  case sema::WindowKind::global: return "global";
  }
  return {};
}

std::string print_duration(int64_t micros) {
  struct Unit {
    const char* name;
    int64_t micros;
  };
  constexpr Unit units[] = {{"d", 86'400'000'000}, {"h", 3'600'000'000}, {"min", 60'000'000},
                            {"s", 1'000'000},      {"ms", 1'000},        {"us", 1}};
  if (micros == 0) return "0s";
  std::string text = micros < 0 ? "-" : "";
  uint64_t rest = micros < 0 ? 0 - static_cast<uint64_t>(micros) : static_cast<uint64_t>(micros);
  for (const Unit& unit : units) {
    auto step = static_cast<uint64_t>(unit.micros);
    if (rest >= step) text += fmt::format("{}{}", rest / step, unit.name);
    rest %= step;
  }
  return text;
}

const char* name_of(sema::AggregateKind kind) {
  switch (kind) {
  case sema::AggregateKind::count: return "count";
  case sema::AggregateKind::sum: return "sum";
  case sema::AggregateKind::min: return "min";
  case sema::AggregateKind::max: return "max";
  case sema::AggregateKind::avg: return "avg";
  case sema::AggregateKind::first: return "first";
  case sema::AggregateKind::last: return "last";
  case sema::AggregateKind::min_by: return "min_by";
  case sema::AggregateKind::max_by: return "max_by";
  }
  return "?";
}

} // namespace flow::graph
