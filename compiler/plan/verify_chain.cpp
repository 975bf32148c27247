#include "compiler/plan/verify_chain.h"

#include <algorithm>
#include <set>

#include <fmt/core.h>

namespace flow::plan {

Problem check_expr(const Expr* expr, const std::vector<sema::Column>& columns, const std::string& who) {
  if (expr == nullptr) return std::nullopt;
  if (expr->kind == sema::ExprKind::column) {
    if (expr->index >= columns.size())
      return fmt::format("{}: reads column {} of {}", who, expr->index, columns.size());
    if (!(columns[expr->index].type == expr->type))
      return fmt::format("{}: takes column {} for another type", who, columns[expr->index].name);
  }
  for (const Expr* arg : expr->args) {
    if (auto broken = check_expr(arg, columns, who)) return broken;
  }
  return std::nullopt;
}

bool same_types(const std::vector<sema::Column>& a, const std::vector<sema::Column>& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); i++) {
    if (!(a[i].type == b[i].type)) return false;
  }
  return true;
}

namespace {

template <typename Op> bool is(const PlanOp& op) { return std::holds_alternative<Op>(op.op); }

bool is_stateful(const PlanOp& op) { return is<Aggregate>(op) || is<Top>(op) || is<Join>(op) || is<Handle>(op); }

bool is_origin(const PlanOp& op, OriginKind kind) {
  const auto* origin = std::get_if<Origin>(&op.op);
  return origin != nullptr && origin->kind == kind;
}

uint32_t count_origins(const Chain& chain, OriginKind kind) {
  uint32_t count = 0;
  for (const PlanOp& op : chain.ops) count += is_origin(op, kind) ? 1 : 0;
  return count;
}

Problem check_exprs(std::initializer_list<const Expr*> exprs, const std::vector<sema::Column>& columns,
                    const std::string& who) {
  for (const Expr* expr : exprs) {
    if (auto broken = check_expr(expr, columns, who)) return broken;
  }
  return std::nullopt;
}

/// The columns of a row's layout, without the event time.
std::vector<sema::Column> columns_of(const Layout& layout, bool& has_time) {
  std::vector<sema::Column> columns;
  for (const Field& field : layout.fields) columns.push_back({field.name, field.type});
  has_time = !columns.empty() && columns.back().name == "@time";
  if (has_time) columns.pop_back();
  return columns;
}

bool fits(const Layout& layout, const std::vector<sema::Column>& columns, bool has_time) {
  bool layout_has_time = false;
  return same_types(columns_of(layout, layout_has_time), columns) && layout_has_time == has_time;
}

class ChainCheck {
public:
  ChainCheck(const PhysicalPlan& plan, uint32_t number) : plan_(plan), number_(number), chain_(plan.chains[number]) {}

  Problem run() {
    if (auto broken = check_shape()) return broken;
    for (uint32_t i = 0; i < chain_.ops.size(); i++) {
      if (auto broken = check_op(i)) return broken;
    }
    for (uint32_t i = 0; i < chain_.outputs.size(); i++) {
      if (written_.count(i) == 0) return fmt::format("{}: nothing is written to output {}", chain_.uid, i);
    }
    return std::nullopt;
  }

private:
  Problem check_shape() {
    bool has_state = chain_.state != none, has_source = chain_.source != none, has_ports = !chain_.ports.empty();
    if (has_source == has_ports) return chain_.uid + ": rows come from a source or from ports, one of them";
    if (has_source && has_state) return chain_.uid + ": a source's chain keeps state";
    if (has_source && (chain_.source >= plan_.connectors.size() || !plan_.connectors[chain_.source].is_source))
      return chain_.uid + ": reads what is no source";
    for (const Input& input : chain_.inputs) {
      if (input.layout >= plan_.layouts.size()) return chain_.uid + ": rows without layout";
    }
    for (const Port& port : chain_.ports) {
      if (port.input >= chain_.inputs.size()) return chain_.uid + ": a port of no input";
    }
    for (uint32_t state : chain_.states()) {
      if (state >= plan_.states.size()) return chain_.uid + ": no such state";
      if (plan_.states[state].is_partial != (state != chain_.state))
        return chain_.uid + ": takes a state for a partial one";
    }
    bool is_process = has_state && plan_.states[chain_.state].keyed && plan_.states[chain_.state].keyed->op != nullptr;
    size_t fired = chain_.states().size() - (is_process ? 1 : 0);
    if (count_origins(chain_, OriginKind::source) != (has_source ? 1u : 0u) ||
        count_origins(chain_, OriginKind::ports) != chain_.inputs.size() ||
        count_origins(chain_, OriginKind::fired) != fired) {
      return chain_.uid + ": an origin is missing or too many";
    }
    if (count_origins(chain_, OriginKind::late) > (has_state ? 1u : 0u))
      return chain_.uid + ": late rows without a window, or twice";
    if (count_origins(chain_, OriginKind::source_errors) > (has_source ? 1u : 0u))
      return chain_.uid + ": bad records without a source, or twice";
    uint32_t stateful = 0;
    for (const PlanOp& op : chain_.ops) stateful += is_stateful(op) ? 1 : 0;
    if (stateful != chain_.partials.size() + (has_state ? chain_.inputs.size() : 0))
      return chain_.uid + ": states and operators do not go together";
    return std::nullopt;
  }

  Problem check_op(uint32_t number) {
    const PlanOp& op = chain_.ops[number];
    if (is<Origin>(op)) return op.input == none ? check_origin(op) : Problem(op.name + ": an origin has no input");
    if (op.input >= number) return op.name + ": its input does not come before it";
    const PlanOp& input = chain_.ops[op.input];
    if (is<Emit>(input) || is<SinkWrite>(input)) return op.name + ": reads an end of the tree";
    bool is_own = is_stateful(op) && state_of(op) == chain_.state;
    bool is_state_input = chain_.state != none && is_origin(input, OriginKind::ports);
    if (is_own != is_state_input) return op.name + ": only the stateful operator reads the ports of its chain";
    if (is_stateful(input)) return op.name + ": results are read where they are fired";
    if (is_stateful(op) && !is_state_here(state_of(op))) return op.name + ": its state is of another chain";
    return check_body(op, input);
  }

  static uint32_t state_of(const PlanOp& op) {
    if (const auto* aggregate = std::get_if<Aggregate>(&op.op)) return aggregate->state;
    if (const auto* join = std::get_if<Join>(&op.op)) return join->state;
    if (const auto* handle = std::get_if<Handle>(&op.op)) return handle->state;
    return std::get<Top>(op.op).state;
  }

  bool is_state_here(uint32_t state) const {
    std::vector<uint32_t> states = chain_.states();
    return std::find(states.begin(), states.end(), state) != states.end();
  }

  Problem check_origin(const PlanOp& op) {
    if (is_origin(op, OriginKind::fired) && !is_state_here(std::get<Origin>(op.op).state))
      return op.name + ": fires a state of another chain";
    if (is_origin(op, OriginKind::emitted) && std::get<Origin>(op.op).state != chain_.state)
      return op.name + ": emitted by an operator of another chain";
    if (!is_origin(op, OriginKind::ports)) return std::nullopt;
    uint32_t input = std::get<Origin>(op.op).number;
    bool is_right =
        input < chain_.inputs.size() && fits(plan_.layouts[chain_.inputs[input].layout], op.columns, op.has_time);
    return is_right ? std::nullopt : Problem(op.name + ": its rows are not those of its ports");
  }

  Problem check_body(const PlanOp& op, const PlanOp& input) {
    if (const auto* filter = std::get_if<Filter>(&op.op)) {
      if (!same_types(op.columns, input.columns)) return op.name + ": changes the rows";
      return check_expr(filter->condition, input.columns, op.name);
    }
    if (const auto* changes = std::get_if<Changes>(&op.op)) return check_changes(op, *changes, input);
    if (const auto* project = std::get_if<Project>(&op.op)) return check_project(op, *project, input);
    if (const auto* unnest = std::get_if<Unnest>(&op.op)) {
      if (unnest->column >= op.columns.size()) return op.name + ": no column for the parts";
      return check_exprs({unnest->text, unnest->pattern}, input.columns, op.name);
    }
    if (const auto* aggregate = std::get_if<Aggregate>(&op.op)) return check_aggregate(op, *aggregate, input);
    if (const auto* top = std::get_if<Top>(&op.op)) return check_top(op, *top, input);
    if (const auto* join = std::get_if<Join>(&op.op)) return check_join(op, *join, input);
    if (const auto* handle = std::get_if<Handle>(&op.op)) return check_handle(op, *handle, input);
    if (const auto* emit = std::get_if<Emit>(&op.op)) return check_emit(op, *emit, input);
    return check_sink(op, std::get<SinkWrite>(op.op), input);
  }

  Problem check_changes(const PlanOp& op, const Changes& changes, const PlanOp& input) {
    if (!input.has_changes || op.has_changes) return op.name + ": its input has changes, and it has none";
    std::vector<sema::Column> columns = input.columns;
    if (changes.in_full) columns.insert(columns.begin(), {"op", sema::scalar(sema::Kind::STRING)});
    return same_types(op.columns, columns) ? std::nullopt : Problem(op.name + ": changes the rows");
  }

  Problem check_project(const PlanOp& op, const Project& project, const PlanOp& input) {
    if (project.values.size() != op.columns.size()) return op.name + ": not as many values as columns";
    for (size_t i = 0; i < project.values.size(); i++) {
      if (!(project.values[i]->type == op.columns[i].type))
        return fmt::format("{}: {} has another type than its value", op.name, op.columns[i].name);
      if (auto broken = check_expr(project.values[i], input.columns, op.name)) return broken;
    }
    return std::nullopt;
  }

  Problem check_aggregate(const PlanOp& op, const Aggregate& aggregate, const PlanOp& input) {
    const State& state = plan_.states[aggregate.state];
    size_t fields = plan_.layouts[state.layout].fields.size();
    if (state.is_partial != (aggregate.stage == AggregateStage::partial)) return op.name + ": state and stage differ";
    bool is_running = state.running_layout != none && state.window.kind != sema::WindowKind::cumulate;
    if (is_running != !aggregate.running.empty() || is_running != (aggregate.panes != none))
      return op.name + ": it is not clear whether its window is kept running";
    bool gives_updates = state.window.late_allow_us > 0;
    if (gives_updates != (aggregate.seen != none) || (gives_updates && aggregate.seen >= fields))
      return op.name + ": it is not clear whether late rows change its results";
    if (aggregate.accumulators.size() != aggregate.calls.size()) return op.name + ": not one accumulator for each call";
    for (const Accumulator& acc : aggregate.accumulators) {
      if (acc.call >= aggregate.calls.size()) return op.name + ": an accumulator of no call";
      for (uint32_t field : {acc.value, acc.count, acc.is_set, acc.order, acc.order_time}) {
        if (field != none && field >= fields) return op.name + ": an accumulator outside the entry";
      }
    }
    for (const sema::AggregateCall& call : aggregate.calls) {
      if (auto broken = check_exprs({call.argument, call.by, call.filter}, input.columns, op.name)) return broken;
    }
    return std::nullopt;
  }

  Problem check_top(const PlanOp& op, const Top& top, const PlanOp& input) {
    const Layout& entry = plan_.layouts[plan_.states[top.state].layout];
    if (!entry.repeat || entry.repeat->row_layout != top.row_layout || entry.repeat->max != top.count)
      return op.name + ": its entry is no list of its rows";
    if (!fits(plan_.layouts[top.row_layout], input.columns, input.has_time))
      return op.name + ": keeps other rows than it gets";
    for (const sema::Order& order : top.orders) {
      if (auto broken = check_expr(order.value, input.columns, op.name)) return broken;
    }
    return std::nullopt;
  }

  Problem check_join(const PlanOp& op, const Join& join, const PlanOp& input) {
    const Layout& entry = plan_.layouts[plan_.states[join.state].layout];
    if (entry.lists.size() != 2 || join.side > 1) return op.name + ": its entry has no list for each side";
    if (!is_origin(input, OriginKind::ports) || std::get<Origin>(input.op).number != join.side)
      return op.name + ": gets the rows of the other side";
    std::vector<sema::Column> pair, kept;
    for (const List& list : entry.lists) {
      for (const Field& field : plan_.layouts[list.row_layout].fields) {
        if (field.name != "@time") pair.push_back({field.name, field.type});
      }
    }
    for (uint32_t column : join.kept) {
      if (column >= input.columns.size()) return op.name + ": keeps a column that does not cross";
      kept.push_back(input.columns[column]);
    }
    if (!fits(plan_.layouts[entry.lists[join.side].row_layout], kept, plan_.states[join.state].interval.has_value()))
      return op.name + ": keeps other columns than its list has";
    for (const sema::JoinColumn& column : join.columns) {
      if (column.from == sema::JoinColumn::From::pair && column.column >= pair.size())
        return op.name + ": a column of its result is not kept";
    }
    return check_expr(join.condition, pair, op.name);
  }

  Problem check_handle(const PlanOp& op, const Handle& handle, const PlanOp& input) {
    const State& state = plan_.states[handle.state];
    if (!state.keyed || state.keyed->op == nullptr || handle.input >= state.keyed->op->inputs.size())
      return op.name + ": handles no input";
    if (!is_origin(input, OriginKind::ports) || std::get<Origin>(input.op).number != handle.input)
      return op.name + ": gets the rows of another input";
    for (uint32_t column : handle.columns) {
      if (column != none && column >= input.columns.size()) return op.name + ": reads a column that does not cross";
    }
    return std::nullopt;
  }

  Problem check_output(const PlanOp& op, uint32_t output, OutputKind kind) {
    if (output >= chain_.outputs.size() || chain_.outputs[output].kind != kind)
      return op.name + ": writes to no such output";
    return written_.insert(output).second ? std::nullopt : Problem(op.name + ": another operator writes there too");
  }

  Problem check_emit(const PlanOp& op, const Emit& emit, const PlanOp& input) {
    if (auto broken = check_output(op, emit.output, OutputKind::edge)) return broken;
    if (emit.edge >= plan_.edges.size() || chain_.outputs[emit.output].target != emit.edge)
      return op.name + ": output and edge differ";
    if (input.has_changes) return op.name + ": no edge brings changes";
    const Edge& edge = plan_.edges[emit.edge];
    if (edge.from_chain != number_ || edge.from_output != emit.output) return op.name + ": the edge begins elsewhere";
    return fits(plan_.layouts[edge.layout], input.columns, input.has_time)
               ? std::nullopt
               : Problem(op.name + ": sends other rows than the edge brings");
  }

  Problem check_sink(const PlanOp& op, const SinkWrite& write, const PlanOp& input) {
    if (auto broken = check_output(op, write.output, OutputKind::sink)) return broken;
    uint32_t target = chain_.outputs[write.output].target;
    if (target >= plan_.connectors.size() || plan_.connectors[target].is_source)
      return op.name + ": writes to what is no sink";
    if (input.has_changes) return op.name + ": a sink takes rows, and these are changes";
    const Connector& sink = plan_.connectors[target];
    bool is_right = sink.fields.size() == input.columns.size();
    for (size_t i = 0; is_right && i < sink.fields.size(); i++) is_right = sink.fields[i].type == input.columns[i].type;
    return is_right ? std::nullopt : Problem(op.name + ": writes other rows than the sink takes");
  }

  const PhysicalPlan& plan_;
  uint32_t number_;
  const Chain& chain_;
  std::set<uint32_t> written_;
};

} // namespace

Problem check_chain(const PhysicalPlan& plan, uint32_t number) { return ChainCheck(plan, number).run(); }

} // namespace flow::plan
