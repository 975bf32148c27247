#include <algorithm>
#include <numeric>

#include <fmt/core.h>

#include "compiler/graph/print.h"
#include "compiler/graph/rewrite.h"
#include "compiler/plan/combining.h"
#include "compiler/plan/layout.h"
#include "compiler/plan/lowering.h"

namespace flow::plan {

uint32_t Lowering::open_stateful(const Node& node, const Crossing& crossing, const Arrival& arrival,
                                 const Combine& combine) {
  uint32_t chain = add_chain(node.name, arrival.key.columns.empty() ? 1 : node.parallelism);
  lead(node, 0, chain, crossing, arrival, combine);
  return chain;
}

void Lowering::lead(const Node& node, size_t number, uint32_t chain, const Crossing& crossing, const Arrival& arrival,
                    const Combine& combine) {
  std::string name = number == 0 ? node.name + ".row" : fmt::format("{}.row.{}", node.name, number + 1);
  uint32_t layout = add_layout(row_layout(name, arrival.columns, arrival.has_time));
  uint32_t input = add_input(chain, layout, arrival.key);
  for (Place feed : feeds_of(node.inputs[number])) {
    feed.op = add_crossing(feed, node, number, crossing);
    if (combine) feed.op = combine(feed);
    connect(feed, chain, input, arrival.key.columns.empty() ? EdgeKind::single : EdgeKind::hash);
  }
  add_op(chain, {.op = Origin{OriginKind::ports, none, input},
                 .columns = arrival.columns,
                 .has_time = arrival.has_time,
                 .name = node.name + ".rows",
                 .range = node.range});
}

uint32_t Lowering::add_crossing(const Place& feed, const Node& node, size_t number, const Crossing& crossing) {
  const graph::Schema& rows = graph_.nodes[node.inputs[number]].schema;
  if (crossing.computed.empty() && crossing.columns.size() == rows.columns.size()) return feed.op;
  return add_op(feed.chain, {.op = Project{crossing_values(crossing, rows, node.range, arena_)},
                             .input = feed.op,
                             .columns = crossing.port,
                             .has_time = rows.has_time,
                             .name = node.name + ".row",
                             .on_error = node.on_error,
                             .range = node.range});
}

void Lowering::lower_late(NodeId id, const Node& node) {
  uint32_t chain = places_[node.inputs[0]].chain;
  const Crossing& crossing = crossings_.at(node.inputs[0]);
  PlanOp origin = op_of(node, Origin{OriginKind::late, plan_.chains[chain].state});
  origin.columns = crossing.port;
  uint32_t late = add_named(chain, std::move(origin));
  places_[id] = {chain, without_computed(chain, late, node, crossing)};
}

uint32_t Lowering::without_computed(uint32_t chain, uint32_t op, const Node& node, const Crossing& crossing) {
  if (crossing.computed.empty()) return op;
  Project project;
  for (uint32_t i = 0; i < node.schema.columns.size(); i++) {
    bool is_crossing = i < crossing.columns.size();
    uint32_t from = is_crossing ? i : i + static_cast<uint32_t>(crossing.computed.size());
    project.values.push_back(
        graph::column_expr(from, plan_.chains[chain].ops[op].columns[from].type, node.range, arena_));
  }
  PlanOp made = op_of(node, std::move(project));
  made.input = op;
  made.name = node.name + ".without_key";
  return add_op(chain, std::move(made));
}

State Lowering::make_state(const Node& node, const sema::Window& window, const KeySpec& key) {
  State made{.name = node.name, .window = window, .key = key};
  made.pane_us = window.size_us;
  if (window.kind == sema::WindowKind::hopping) made.pane_us = std::gcd(window.size_us, window.slide_us);
  if (window.kind == sema::WindowKind::cumulate || window.is_cumulated) made.pane_us = window.slide_us;
  return made;
}

uint32_t Lowering::add_state(State state, Layout layout) {
  state.layout = add_layout(std::move(layout));
  plan_.states.push_back(std::move(state));
  return static_cast<uint32_t>(plan_.states.size() - 1);
}

void Lowering::keep_cumulated(uint32_t state) {
  State& made = plan_.states[state];
  if (made.window.kind == sema::WindowKind::cumulate) made.running_layout = made.layout;
}

uint32_t Lowering::add_partial(const Place& rows, const Node& node, const State& whole, const KeySpec& key,
                               Layout layout) {
  std::vector<uint32_t>& partials = plan_.chains[rows.chain].partials;
  State made = make_state(node, pane_window(whole), key);
  made.is_partial = true;
  made.name = fmt::format("{}.partial.{}.{}", node.name, plan_.chains[rows.chain].uid, partials.size());
  uint32_t state = add_state(std::move(made), std::move(layout));
  partials.push_back(state);
  return state;
}

const Expr* Lowering::over_port(const Expr* expr, const Crossing& crossing) {
  return expr == nullptr ? nullptr : graph::renumber(*expr, crossing.columns, arena_);
}

Aggregate Lowering::over_crossing(const graph::Aggregate& op, const Crossing& crossing) {
  Aggregate made{.calls = op.calls};
  for (sema::AggregateCall& call : made.calls) {
    call.argument = over_port(call.argument, crossing);
    call.by = over_port(call.by, crossing);
    call.filter = over_port(call.filter, crossing);
  }
  return made;
}

void Lowering::lower_sessions(NodeId id, const Node& node, const graph::Aggregate& op) {
  Crossing crossing = plan_crossing(graph_, id, has_late_.count(id) != 0, arena_);
  Aggregate made = over_crossing(op, crossing);
  uint32_t chain = open_stateful(node, crossing, {crossing.port, crossing.has_time, crossing.key}, {});
  crossings_[id] = crossing;
  State state = make_state(node, op.window, session_key(crossing.key));
  state.meaning = meaning_of(node, op);
  state.keyed.emplace();
  Layout layout = session_layout(node.name + ".entry", state.key, made.calls, crossing.has_time, *state.keyed,
                                 made.accumulators, made.failed);
  made.state = add_state(std::move(state), std::move(layout));
  add_stateful(chain, node, std::move(made));
  places_[id] = {chain, add_fired(chain, node, node.schema.columns)};
}

std::string Lowering::meaning_of(const Node& node, const graph::Aggregate& op) const {
  const std::vector<sema::Column>& columns = graph_.nodes[node.inputs[0]].schema.columns;
  std::string meaning;
  for (const sema::KeyColumn& key : op.keys) {
    std::string text = graph::print_expr(*key.value, columns, *plan_.program);
    if (text != key.name) meaning += fmt::format("key {} = {}\n", key.name, text);
  }
  for (const sema::AggregateCall& call : op.calls)
    meaning += fmt::format("{} = {}\n", call.name, graph::print_call(call, columns, *plan_.program));
  return meaning;
}

void Lowering::lower_aggregate(NodeId id, const Node& node, const graph::Aggregate& op) {
  if (op.window.kind == sema::WindowKind::session) return lower_sessions(id, node, op);
  Crossing crossing = plan_crossing(graph_, id, has_late_.count(id) != 0, arena_);
  Aggregate made = over_crossing(op, crossing);
  Arrival arrival{crossing.port, crossing.has_time, crossing.key};
  State state = make_state(node, op.window, crossing.key);
  state.meaning = meaning_of(node, op);
  Combine combine;
  Aggregate partial = made;
  Layout layout = aggregate_layout({}, crossing.key, made.calls, crossing.has_time, partial.accumulators);
  if (op.combines_first) {
    combine = combine_aggregate(node, crossing, state, partial, layout, arrival);
    made.stage = AggregateStage::merging;
    for (sema::AggregateCall& call : made.calls) call.argument = call.by = call.filter = nullptr;
  }
  uint32_t chain = open_stateful(node, crossing, arrival, combine);
  crossings_[id] = crossing;
  state.key = arrival.key;
  bool is_running = keeps_running(state, op.calls);
  if (is_running) {
    Layout running = running_layout(node.name + ".running", crossing.key, partial.calls, made.running, made.panes);
    state.running_layout = add_layout(std::move(running));
  }
  bool is_cumulate = op.window.kind == sema::WindowKind::cumulate;
  bool gives_updates = op.window.late_allow_us > 0; // each window has its own entries
  bool is_merged = (op.window.kind == sema::WindowKind::hopping && !is_running && !gives_updates) || is_cumulate;
  layout = aggregate_layout(node.name + ".entry", crossing.key, partial.calls, crossing.has_time, made.accumulators,
                            is_merged ? &made.failed : nullptr, gives_updates ? &made.seen : nullptr);
  state.counts_late = op.counts_late;
  made.state = add_state(std::move(state), std::move(layout));
  keep_cumulated(made.state);
  add_stateful(chain, node, std::move(made));
  places_[id] = {chain, add_fired(chain, node, node.schema.columns)};
}

Lowering::Combine Lowering::combine_aggregate(const Node& node, const Crossing& crossing, const State& state,
                                              const Aggregate& partial, const Layout& layout, Arrival& arrival) {
  bool has_time = state.window.kind != sema::WindowKind::global;
  arrival = {partial_columns(crossing.key, layout, arena_), has_time, key_of_partials(crossing.key)};
  return [=, this, &node](const Place& rows) {
    Aggregate combining = partial;
    combining.stage = AggregateStage::partial;
    Layout entry = layout;
    entry.name = node.name + ".partial";
    combining.state = add_partial(rows, node, state, crossing.key, std::move(entry));
    return add_combining(rows, node, std::move(combining), arrival);
  };
}

void Lowering::lower_top(NodeId id, const Node& node, const graph::Top& op) {
  Crossing crossing = plan_crossing(graph_, id, true, arena_);
  Arrival arrival{crossing.port, crossing.has_time, crossing.key};
  State state = make_state(node, op.window, crossing.key);
  for (const sema::Order& order : op.orders) {
    std::string by = graph::print_expr(*order.value, graph_.nodes[node.inputs[0]].schema.columns, *plan_.program);
    state.meaning += (state.meaning.empty() ? "top by " : ", ") + by + (order.descending ? " desc" : "");
  }
  Top made{.count = op.count, .orders = op.orders, .has_rank = op.has_rank};
  for (sema::Order& order : made.orders) order.value = over_port(order.value, crossing);
  Combine combine;
  if (op.combines_first) {
    combine = [&](const Place& rows) {
      Top combining = made;
      combining.row_layout = add_layout(row_layout(node.name + ".kept", arrival.columns, arrival.has_time));
      combining.state = add_partial(rows, node, state, crossing.key,
                                    top_layout(node.name + ".partial", crossing.key, op.count, combining.row_layout,
                                               plan_.layouts[combining.row_layout]));
      return add_combining(rows, node, std::move(combining), arrival);
    };
  }
  uint32_t chain = open_stateful(node, crossing, arrival, combine);
  crossings_[id] = crossing;
  made.row_layout = plan_.chains[chain].inputs[0].layout;
  made.state = add_state(std::move(state), top_layout(node.name + ".entry", crossing.key, op.count, made.row_layout,
                                                      plan_.layouts[made.row_layout]));
  keep_cumulated(made.state);
  add_stateful(chain, node, std::move(made));
  uint32_t fired = add_fired(chain, node, fired_by_top(crossing, node));
  places_[id] = {chain, without_computed(chain, fired, node, crossing)};
}

uint32_t Lowering::add_fired(uint32_t chain, const Node& node, std::vector<sema::Column> columns) {
  PlanOp fired = op_of(node, Origin{OriginKind::fired, plan_.chains[chain].state});
  fired.columns = std::move(columns);
  fired.name = node.name + ".fired";
  return add_op(chain, std::move(fired));
}

} // namespace flow::plan
