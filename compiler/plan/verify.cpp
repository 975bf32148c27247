#include "compiler/plan/verify.h"

#include <algorithm>
#include <set>

#include <fmt/core.h>

namespace flow::plan {

namespace {

using Problem = std::optional<std::string>;

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

// ---- layouts and states -------------------------------------------------------------------------------------------

Problem check_fields(const Layout& layout) {
  std::set<uint32_t> bytes, bits;
  auto wrong = [&](const Field& field, const char* what) { return layout.name + "." + field.name + ": " + what; };
  for (const Field& field : layout.fields) {
    uint32_t size = sema::size_of(field.type.kind);
    if (!field.type.is_scalar()) return wrong(field, "is no scalar");
    if (field.offset % sema::align_of(field.type.kind) != 0) return wrong(field, "not aligned");
    if (field.offset + size > layout.stride) return wrong(field, "beyond the row");
    for (uint32_t byte = field.offset; byte < field.offset + size; byte++) {
      if (!bytes.insert(byte).second) return wrong(field, "overlaps another field");
    }
    if (field.type.nullable != (field.null_bit != none)) return wrong(field, "null bit and type do not agree");
  }
  for (const Field& field : layout.fields) {
    if (field.null_bit == none) continue;
    if (field.null_bit / 8 >= layout.stride) return wrong(field, "null bit beyond the row");
    if (bytes.count(field.null_bit / 8) != 0) return wrong(field, "null bit inside a field");
    if (!bits.insert(field.null_bit).second) return wrong(field, "null bit of another field");
  }
  return std::nullopt;
}

Problem check_layout(const PhysicalPlan& plan, const Layout& layout) {
  if (layout.stride % 8 != 0 || layout.stride == 0) return layout.name + ": stride is no multiple of 8";
  if (auto broken = check_fields(layout)) return broken;
  for (const List& list : layout.lists) {
    if (list.row_layout >= plan.layouts.size()) return layout.name + ": a list has rows without layout";
    if (list.offset % 8 != 0 || list.offset + uint64_t{list_bytes} > layout.stride)
      return layout.name + ": a list lies outside the entry";
  }
  if (!layout.repeat) return std::nullopt;
  const Repeat& list = *layout.repeat;
  if (list.row_layout >= plan.layouts.size()) return layout.name + ": its list has rows without layout";
  if (list.stride != plan.layouts[list.row_layout].stride) return layout.name + ": its list's rows have another size";
  uint64_t end = list.offset + static_cast<uint64_t>(list.stride) * list.max;
  if (end != layout.stride) return layout.name + ": its list does not fill the entry; is it larger than 4 GB?";
  for (const Field& field : layout.fields) {
    if (field.offset + sema::size_of(field.type.kind) > list.count_offset)
      return layout.name + ": its list overlaps a field";
  }
  return std::nullopt;
}

Problem check_key(const State& state, const Layout& entry) {
  const KeySpec& key = state.key;
  if (key.columns.size() != key.from.size()) return state.name + ": not every key column comes from somewhere";
  if (key.columns.empty() && !key.has_session)
    return key.size == 0 ? std::nullopt : Problem(state.name + ": bytes of a key that it does not have");
  if (key.size == 0 || key.size % 8 != 0 || key.size > entry.stride) return state.name + ": wrong size of its key";
  if (key.is_bytes) {
    return key.size == 16 && !entry.fields.empty() && entry.fields[0].offset == 0 && entry.fields[0].type.is_text()
               ? std::nullopt
               : Problem(state.name + ": its key is no string at the start of the entry");
  }
  for (size_t i = 0; i < key.columns.size(); i++) {
    if (i >= entry.fields.size() || !(entry.fields[i].type == key.columns[i].type))
      return state.name + ": its entry does not begin with the key";
    const Field& field = entry.fields[i];
    bool is_inside = field.offset + sema::size_of(field.type.kind) <= key.size &&
                     (field.null_bit == none || field.null_bit / 8 < key.size);
    if (!is_inside) return state.name + ": a key column lies outside the key's bytes";
  }
  return std::nullopt;
}

Problem check_keyed(const State& state, const Layout& entry) {
  if (!state.keyed) return std::nullopt;
  const KeyedState& keyed = *state.keyed;
  bool is_session = state.window.kind == sema::WindowKind::session;
  if (is_session == (keyed.op != nullptr) || is_session != (keyed.session_start != none))
    return state.name + ": neither an operator's state nor sessions";
  for (const KeyedState::Cell& cell : keyed.cells) {
    if (cell.begin > cell.end || cell.end > entry.stride || cell.set >= entry.fields.size())
      return state.name + ": a cell outside the entry";
    if (cell.expires_us.has_value() != (cell.written != none)) return state.name + ": a cell expires without a time";
  }
  if (is_session) return std::nullopt;
  bool is_whole = keyed.cells.size() == keyed.op->cells.size() && keyed.fields.size() == keyed.op->fields.size() &&
                  keyed.timers.size() == keyed.op->timers.size();
  if (!is_whole) return state.name + ": a cell or a timer without a place";
  for (size_t i = 0; i < keyed.fields.size(); i++) {
    const Field& field = entry.fields[keyed.fields[i]];
    const KeyedState::Cell& cell = keyed.cells[keyed.op->fields[i].cell];
    if (field.offset < cell.begin || field.offset + sema::size_of(field.type.kind) > cell.end)
      return state.name + ": a field outside its cell";
  }
  return std::nullopt;
}

Problem check_state(const PhysicalPlan& plan, const State& state) {
  if (state.layout >= plan.layouts.size()) return state.name + ": no layout";
  if (state.running_layout != none && state.running_layout >= plan.layouts.size())
    return state.name + ": no layout of its running window";
  const sema::Window& window = state.window;
  if (window.kind != sema::WindowKind::global && window.size_us <= 0) return state.name + ": a window without size";
  if (window.kind == sema::WindowKind::hopping) {
    bool divides = state.pane_us > 0 && window.size_us % state.pane_us == 0 && window.slide_us % state.pane_us == 0;
    if (window.slide_us <= 0 || !divides) return state.name + ": panes do not fill its windows";
  }
  if (auto broken = check_keyed(state, plan.layouts[state.layout])) return broken;
  return check_key(state, plan.layouts[state.layout]);
}

// ---- operators ----------------------------------------------------------------------------------------------------

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

Problem check_exprs(std::initializer_list<const Expr*> exprs, const std::vector<sema::Column>& columns,
                    const std::string& who) {
  for (const Expr* expr : exprs) {
    if (auto broken = check_expr(expr, columns, who)) return broken;
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
    bool is_running = state.running_layout != none;
    if (is_running != !aggregate.running.empty() || is_running != (aggregate.panes != none))
      return op.name + ": it is not clear whether its window is kept running";
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
      for (const Field& field : plan_.layouts[list.row_layout].fields) pair.push_back({field.name, field.type});
    }
    for (uint32_t column : join.kept) {
      if (column >= input.columns.size()) return op.name + ": keeps a column that does not cross";
      kept.push_back(input.columns[column]);
    }
    if (!fits(plan_.layouts[entry.lists[join.side].row_layout], kept, false))
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

// ---- edges and connectors -------------------------------------------------------------------------------------------

bool same_key(const KeySpec& a, const KeySpec& b) {
  return same_types(a.columns, b.columns) && a.from == b.from && a.is_bytes == b.is_bytes && a.size == b.size;
}

Problem check_edge(const PhysicalPlan& plan, uint32_t number) {
  const Edge& edge = plan.edges[number];
  auto wrong = [&](const std::string& what) { return fmt::format("edge {}: {}", number, what); };
  if (edge.to_chain >= plan.chains.size() || edge.from_chain >= edge.to_chain) return wrong("goes back");
  const Chain &from = plan.chains[edge.from_chain], &to = plan.chains[edge.to_chain];
  if (edge.from_output >= from.outputs.size() || from.outputs[edge.from_output].kind != OutputKind::edge ||
      from.outputs[edge.from_output].target != number) {
    return wrong("is not at its output");
  }
  if (edge.to_port >= to.ports.size() || to.ports[edge.to_port].edge != number) return wrong("is not at its port");
  const Input& input = to.inputs[to.ports[edge.to_port].input];
  if (edge.layout != input.layout) return wrong("brings other rows than " + to.uid + " takes");
  if (edge.kind == EdgeKind::forward && from.parallelism != to.parallelism)
    return wrong("forward between different parallelisms");
  if (edge.kind == EdgeKind::single && to.parallelism != 1) return wrong("single, but " + to.uid + " is not one task");
  bool is_keyed = to.state != none && !plan.states[to.state].key.columns.empty();
  if (is_keyed != (edge.kind == EdgeKind::hash)) return wrong("rows with a key, and only they, go by its hash");
  if (is_keyed && !same_key(edge.key, input.key)) return wrong("its key is not that of its input");
  if (is_keyed && !same_types(edge.key.columns, plan.states[to.state].key.columns))
    return wrong("its key is not that of " + to.uid);
  if (to.state != none && !is_keyed && to.parallelism != 1) return wrong(to.uid + " has no key but several tasks");
  return std::nullopt;
}

Problem check_connector(const Connector& connector) {
  if (connector.options.size() != connector.option_types.size()) return connector.name + ": an option without type";
  if (!connector.is_source) return std::nullopt;
  if (connector.is_needed.size() != connector.fields.size())
    return connector.name + ": a field without saying whether it is needed";
  if (!connector.generated.empty() && connector.generated.size() != connector.fields.size())
    return connector.name + ": not every field is generated";
  std::vector<sema::Column> columns;
  for (size_t i = 0; i < connector.fields.size(); i++) {
    if (connector.is_needed[i]) columns.push_back({connector.fields[i].name, connector.fields[i].type});
  }
  return check_expr(connector.time, columns, connector.name);
}

} // namespace

std::optional<std::string> verify(const PhysicalPlan& plan) {
  std::set<std::string> uids, states;
  for (const Layout& layout : plan.layouts) {
    if (auto broken = check_layout(plan, layout)) return broken;
  }
  for (const State& state : plan.states) {
    if (!states.insert(state.name).second) return state.name + ": the state is there twice";
    if (auto broken = check_state(plan, state)) return broken;
  }
  for (const Connector& connector : plan.connectors) {
    if (auto broken = check_connector(connector)) return broken;
  }
  for (uint32_t i = 0; i < plan.edges.size(); i++) {
    if (auto broken = check_edge(plan, i)) return broken;
  }
  for (uint32_t i = 0; i < plan.chains.size(); i++) {
    if (!uids.insert(plan.chains[i].uid).second) return plan.chains[i].uid + ": the chain is there twice";
    if (auto broken = ChainCheck(plan, i).run()) return broken;
  }
  return std::nullopt;
}

} // namespace flow::plan
