#include "compiler/plan/lower.h"

#include <algorithm>
#include <functional>
#include <map>
#include <numeric>
#include <set>

#include <fmt/core.h>

#include "compiler/graph/rewrite.h"
#include "compiler/graph/verify.h"
#include "compiler/plan/combining.h"
#include "compiler/plan/crossing.h"
#include "compiler/plan/fingerprint.h"
#include "compiler/plan/layout.h"

namespace flow::plan {

namespace {

using graph::Node;
using graph::NodeId;

/// Where a node's rows come out: an operator of a chain.
struct Place {
  uint32_t chain = none;
  uint32_t op = none;
};

class Lowering {
public:
  Lowering(const graph::DataflowGraph& graph, lang::Arena& arena)
      : graph_(graph), arena_(arena), places_(graph.nodes.size()) {
    plan_.program = graph.program;
  }

  PhysicalPlan run() {
    look_ahead();
    for (NodeId id = 0; id < graph_.nodes.size(); id++) lower_node(id);
    plan_.fingerprint = checkpoint_fingerprint(plan_);
    return std::move(plan_);
  }

private:
  /// What a node must know of its consumers.
  void look_ahead() {
    for (const Node& node : graph_.nodes) {
      if (std::holds_alternative<graph::Late>(node.op)) has_late_.insert(node.inputs[0]);
      if (crosses(node)) continue;
      for (NodeId input : node.inputs) is_read_in_place_.insert(input);
    }
  }

  /// Do its input's rows cross to another chain in any case?
  static bool crosses(const Node& node) {
    return graph::is_stateful(node) || std::holds_alternative<graph::Exchange>(node.op) ||
           std::holds_alternative<graph::Union>(node.op);
  }

  void lower_node(NodeId id) {
    const Node& node = graph_.nodes[id];
    if (const auto* source = std::get_if<graph::Source>(&node.op)) return lower_source(id, node, *source);
    if (std::holds_alternative<graph::Errors>(node.op)) return lower_errors(id, node);
    if (std::holds_alternative<graph::Late>(node.op)) return lower_late(id, node);
    if (const auto* filter = std::get_if<graph::Filter>(&node.op))
      return lower_stateless(id, node, Filter{filter->condition});
    if (const auto* project = std::get_if<graph::Project>(&node.op))
      return lower_stateless(id, node, Project{project->values});
    if (const auto* unnest = std::get_if<graph::Unnest>(&node.op)) {
      return lower_stateless(id, node, Unnest{unnest->text, unnest->pattern, unnest->column});
    }
    if (std::holds_alternative<graph::Union>(node.op)) return lower_union(id, node);
    if (const auto* exchange = std::get_if<graph::Exchange>(&node.op)) return lower_exchange(id, node, *exchange);
    if (const auto* aggregate = std::get_if<graph::Aggregate>(&node.op)) return lower_aggregate(id, node, *aggregate);
    if (const auto* top = std::get_if<graph::Top>(&node.op)) return lower_top(id, node, *top);
    lower_sink(node, std::get<graph::Sink>(node.op));
  }

  // ---- sources and sinks

  void lower_source(NodeId id, const Node& node, const graph::Source& op) {
    const sema::Stream& stream = graph_.program->streams[op.stream];
    const auto& source = std::get<sema::Source>(stream.origin);
    Connector made{.name = std::string(stream.name),
                   .type = std::string(source.type),
                   .format = std::string(source.format),
                   .is_source = true,
                   .options = source.options,
                   .fields = source.fields,
                   .decodes_inline = op.decodes_inline,
                   .generated = source.generated,
                   .watermark = source.watermark,
                   .on_error = source.on_error,
                   .parallelism = source.parallelism,
                   .range = node.range};
    std::vector<uint32_t> kept; // fields of the data that the rows have
    for (uint32_t i = 0; i < source.fields.size(); i++) {
      bool is_needed = std::any_of(node.schema.columns.begin(), node.schema.columns.end(),
                                   [&](const sema::Column& column) { return column.name == source.fields[i].name; });
      made.is_needed.push_back(is_needed);
      if (is_needed) kept.push_back(i);
    }
    if (source.time != nullptr) made.time = graph::renumber(*source.time, kept, arena_);
    uint32_t chain = add_chain(node.name, source.parallelism);
    plan_.chains[chain].source = add_connector(std::move(made));
    places_[id] = {chain, add_named(chain, op_of(node, Origin{OriginKind::source}))};
  }

  void lower_errors(NodeId id, const Node& node) {
    uint32_t chain = places_[node.inputs[0]].chain;
    places_[id] = {chain, add_named(chain, op_of(node, Origin{OriginKind::source_errors}))};
  }

  void lower_sink(const Node& node, const graph::Sink& op) {
    const sema::Sink& sink = graph_.program->sinks[op.sink];
    Connector made{.name = std::string(sink.name),
                   .type = std::string(sink.type),
                   .format = std::string(sink.format),
                   .options = sink.options,
                   .encodes_inline = op.encodes_inline,
                   .is_final = sink.is_final,
                   .parallelism = sink.parallelism,
                   .range = node.range};
    for (size_t i = 0; i < node.schema.columns.size(); i++) {
      const sema::Column& column = node.schema.columns[i];
      made.fields.push_back(
          {column.name, column.type, i < sink.field_names.size() ? sink.field_names[i] : column.name});
    }
    uint32_t connector = add_connector(std::move(made));
    Place input = at_parallelism(node, node.inputs[0]);
    uint32_t output = add_output(input.chain, {OutputKind::sink, connector});
    PlanOp written = op_of(node, SinkWrite{output});
    written.input = input.op;
    add_named(input.chain, std::move(written));
  }

  uint32_t add_connector(Connector connector) {
    for (const sema::Option& option : connector.options) connector.option_types.push_back(option.value->type);
    plan_.connectors.push_back(std::move(connector));
    return static_cast<uint32_t>(plan_.connectors.size() - 1);
  }

  // ---- operators that keep nothing

  template <typename Op> void lower_stateless(NodeId id, const Node& node, Op op) {
    Place input = at_parallelism(node, node.inputs[0]);
    PlanOp made = op_of(node, std::move(op));
    made.input = input.op;
    places_[id] = {input.chain, add_named(input.chain, std::move(made))};
  }

  /// A chain of its own only if something reads its rows in place; else they cross from its inputs directly.
  void lower_union(NodeId id, const Node& node) {
    std::vector<Place> feeds;
    for (NodeId input : node.inputs) {
      for (const Place& feed : feeds_of(input)) feeds.push_back(feed);
    }
    if (is_read_in_place_.count(id) == 0) {
      joined_[id] = std::move(feeds);
      return;
    }
    places_[id] = cross(feeds, add_chain(node.name, node.parallelism), EdgeKind::forward, node);
  }

  /// Where the rows of a node come out: several places if it is a union without a chain.
  std::vector<Place> feeds_of(NodeId id) const {
    auto joined = joined_.find(id);
    return joined != joined_.end() ? joined->second : std::vector<Place>{places_[id]};
  }

  void lower_exchange(NodeId id, const Node& node, const graph::Exchange& op) {
    EdgeKind kind = EdgeKind::rebalance;
    if (op.kind == graph::ExchangeKind::broadcast) kind = EdgeKind::broadcast;
    if (op.kind == graph::ExchangeKind::forward) kind = EdgeKind::forward;
    places_[id] = cross(feeds_of(node.inputs[0]), add_chain(node.name, node.parallelism), kind, node);
  }

  /// The place of `input`'s rows, after a crossing if `node` is to run at another parallelism.
  Place at_parallelism(const Node& node, NodeId input) {
    Place place = places_[input];
    if (node.parallelism == 0 || node.parallelism == plan_.chains[place.chain].parallelism) return place;
    return cross({place}, add_chain(node.name, node.parallelism), EdgeKind::rebalance, graph_.nodes[input]);
  }

  /// Leads rows of one schema to the ports of a new chain.
  Place cross(const std::vector<Place>& feeds, uint32_t chain, EdgeKind kind, const Node& rows) {
    uint32_t layout =
        add_layout(row_layout(plan_.chains[chain].uid + ".row", rows.schema.columns, rows.schema.has_time));
    for (const Place& feed : feeds) connect(feed, chain, possible(kind, feed.chain, chain), layout, {});
    PlanOp origin = op_of(rows, Origin{OriginKind::ports});
    origin.name = plan_.chains[chain].uid;
    bool is_operator = rows.name == plan_.chains[chain].uid; // a union, an exchange; else the consumer opens the chain
    return {chain, is_operator ? add_named(chain, std::move(origin)) : add_op(chain, std::move(origin))};
  }

  /// Forward needs equal parallelism; to one task there is only one way.
  EdgeKind possible(EdgeKind wanted, uint32_t from_chain, uint32_t to_chain) const {
    uint32_t from = plan_.chains[from_chain].parallelism, to = plan_.chains[to_chain].parallelism;
    if (wanted == EdgeKind::hash || wanted == EdgeKind::broadcast) return wanted;
    if (wanted == EdgeKind::forward && from == to) return EdgeKind::forward;
    return to == 1 ? EdgeKind::single : EdgeKind::rebalance;
  }

  // ---- operators with state

  /// The rows that arrive at a stateful operator, and their key.
  struct Arrival {
    std::vector<sema::Column> columns;
    bool has_time;
    KeySpec key;
  };
  /// Makes the rows at a place in the input's chain what crosses: the op behind which they come out.
  using Combine = std::function<uint32_t(const Place& rows)>;

  /// Opens the chain of a stateful node and leads its input's rows there, through `combine` if there is one.
  uint32_t open_stateful(const Node& node, const Crossing& crossing, const Arrival& arrival, const Combine& combine) {
    bool is_keyed = !arrival.key.columns.empty();
    uint32_t chain = add_chain(node.name, is_keyed ? node.parallelism : 1);
    uint32_t layout = add_layout(row_layout(node.name + ".row", arrival.columns, arrival.has_time));
    for (Place feed : feeds_of(node.inputs[0])) {
      feed.op = add_crossing(feed, node, crossing);
      if (combine) feed.op = combine(feed);
      connect(feed, chain, is_keyed ? EdgeKind::hash : EdgeKind::single, layout, arrival.key);
    }
    add_op(chain, {.op = Origin{OriginKind::ports},
                   .columns = arrival.columns,
                   .has_time = arrival.has_time,
                   .name = node.name + ".rows",
                   .range = node.range});
    return chain;
  }

  /// The projection before a crossing, unless the rows cross as they are.
  uint32_t add_crossing(const Place& feed, const Node& node, const Crossing& crossing) {
    const graph::Schema& rows = graph_.nodes[node.inputs[0]].schema;
    if (crossing.computed.empty() && crossing.columns.size() == rows.columns.size()) return feed.op;
    return add_op(feed.chain, {.op = Project{crossing_values(crossing, rows, node.range, arena_)},
                               .input = feed.op,
                               .columns = crossing.port,
                               .has_time = rows.has_time,
                               .name = node.name + ".row",
                               .on_error = node.on_error,
                               .range = node.range});
  }

  /// Late rows come out of the window's chain as they went in, and lose the computed keys there.
  void lower_late(NodeId id, const Node& node) {
    uint32_t chain = places_[node.inputs[0]].chain;
    const Crossing& crossing = crossings_.at(node.inputs[0]);
    PlanOp origin = op_of(node, Origin{OriginKind::late, plan_.chains[chain].state});
    origin.columns = crossing.port;
    uint32_t late = add_named(chain, std::move(origin));
    places_[id] = {chain, without_computed(chain, late, node, crossing)};
  }

  /// `op` gives the crossing's rows, perhaps with more behind them: the same without the computed keys.
  uint32_t without_computed(uint32_t chain, uint32_t op, const Node& node, const Crossing& crossing) {
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

  static State make_state(const Node& node, const sema::Window& window, const KeySpec& key) {
    State made{.name = node.name, .window = window, .key = key};
    made.pane_us =
        window.kind == sema::WindowKind::hopping ? std::gcd(window.size_us, window.slide_us) : window.size_us;
    return made;
  }

  uint32_t add_state(State state, Layout layout) {
    state.layout = add_layout(std::move(layout));
    plan_.states.push_back(std::move(state));
    return static_cast<uint32_t>(plan_.states.size() - 1);
  }

  /// A partial state of the chain at `rows`, in front of `whole`.
  uint32_t add_partial(const Place& rows, const Node& node, const State& whole, const KeySpec& key, Layout layout) {
    std::vector<uint32_t>& partials = plan_.chains[rows.chain].partials;
    State made = make_state(node, pane_window(whole), key);
    made.is_partial = true;
    made.name = fmt::format("{}.partial.{}.{}", node.name, plan_.chains[rows.chain].uid, partials.size());
    uint32_t state = add_state(std::move(made), std::move(layout));
    partials.push_back(state);
    return state;
  }

  /// `op` combines the rows at `rows`; what its state fires is what crosses.
  template <typename Op> uint32_t add_combining(const Place& rows, const Node& node, Op op, const Arrival& arrival) {
    uint32_t state = op.state;
    PlanOp combining = op_of(node, std::move(op));
    combining.input = rows.op;
    combining.name = node.name + ".combine";
    combining.columns = {};
    add_op(rows.chain, std::move(combining));
    return add_op(rows.chain, {.op = Origin{OriginKind::fired, state},
                               .columns = arrival.columns,
                               .has_time = arrival.has_time,
                               .name = node.name + ".combined",
                               .on_error = node.on_error,
                               .range = node.range});
  }

  const Expr* over_port(const Expr* expr, const Crossing& crossing) {
    return expr == nullptr ? nullptr : graph::renumber(*expr, crossing.columns, arena_);
  }

  void lower_aggregate(NodeId id, const Node& node, const graph::Aggregate& op) {
    Crossing crossing = plan_crossing(graph_, id, has_late_.count(id) != 0, arena_);
    Aggregate made{.calls = op.calls};
    for (sema::AggregateCall& call : made.calls) {
      call.argument = over_port(call.argument, crossing);
      call.by = over_port(call.by, crossing);
      call.filter = over_port(call.filter, crossing);
    }
    Arrival arrival{crossing.port, crossing.has_time, crossing.key};
    State state = make_state(node, op.window, crossing.key);
    Combine combine;
    Aggregate partial = made;
    Layout layout = aggregate_layout({}, crossing.key, made.calls, crossing.has_time, partial.accumulators);
    if (op.combines_first) {
      partial.stage = AggregateStage::partial;
      arrival = {partial_columns(crossing.key, layout, arena_), op.window.kind != sema::WindowKind::global,
                 key_of_partials(crossing.key)};
      combine = [&](const Place& rows) {
        Aggregate combining = partial;
        Layout entry = layout;
        entry.name = node.name + ".partial";
        combining.state = add_partial(rows, node, state, crossing.key, std::move(entry));
        return add_combining(rows, node, std::move(combining), arrival);
      };
      made.stage = AggregateStage::merging;
      for (sema::AggregateCall& call : made.calls) call.argument = call.by = call.filter = nullptr;
    }
    uint32_t chain = open_stateful(node, crossing, arrival, combine);
    crossings_[id] = crossing;
    state.key = arrival.key;
    bool is_merged = op.window.kind == sema::WindowKind::hopping;
    layout = aggregate_layout(node.name + ".entry", crossing.key, partial.calls, crossing.has_time, made.accumulators,
                              is_merged ? &made.failed : nullptr);
    made.state = add_state(std::move(state), std::move(layout));
    add_stateful(chain, node, std::move(made));
    places_[id] = {chain, add_fired(chain, node, node.schema.columns)};
  }

  void lower_top(NodeId id, const Node& node, const graph::Top& op) {
    Crossing crossing = plan_crossing(graph_, id, true, arena_);
    Arrival arrival{crossing.port, crossing.has_time, crossing.key};
    State state = make_state(node, op.window, crossing.key);
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
    made.row_layout = plan_.chains[chain].port_layout;
    made.state = add_state(std::move(state), top_layout(node.name + ".entry", crossing.key, op.count, made.row_layout,
                                                        plan_.layouts[made.row_layout]));
    add_stateful(chain, node, std::move(made));
    uint32_t fired = add_fired(chain, node, fired_by_top(crossing, node));
    places_[id] = {chain, without_computed(chain, fired, node, crossing)};
  }

  /// REQUIRES: operator 0 of the chain is the origin of its ports.
  template <typename Op> void add_stateful(uint32_t chain, const Node& node, Op op) {
    plan_.chains[chain].state = op.state;
    PlanOp stateful = op_of(node, std::move(op));
    stateful.input = 0;
    add_named(chain, std::move(stateful));
  }

  uint32_t add_fired(uint32_t chain, const Node& node, std::vector<sema::Column> columns) {
    PlanOp fired = op_of(node, Origin{OriginKind::fired, plan_.chains[chain].state});
    fired.columns = std::move(columns);
    fired.name = node.name + ".fired";
    return add_op(chain, std::move(fired));
  }

  // ---- pieces of the plan

  uint32_t add_chain(const std::string& uid, uint32_t parallelism) {
    plan_.chains.push_back({.name = {}, .uid = uid, .parallelism = parallelism});
    return static_cast<uint32_t>(plan_.chains.size() - 1);
  }

  template <typename Op> PlanOp op_of(const Node& node, Op op) {
    return {.op = std::move(op),
            .columns = node.schema.columns,
            .has_time = node.schema.has_time,
            .name = node.name,
            .on_error = node.on_error,
            .range = node.range};
  }

  uint32_t add_op(uint32_t chain, PlanOp op) {
    plan_.chains[chain].ops.push_back(std::move(op));
    return static_cast<uint32_t>(plan_.chains[chain].ops.size() - 1);
  }

  /// An operator of the program: the chain is called after it too.
  uint32_t add_named(uint32_t chain, PlanOp op) {
    std::string& name = plan_.chains[chain].name;
    name += (name.empty() ? "" : " > ") + op.name;
    return add_op(chain, std::move(op));
  }

  uint32_t add_output(uint32_t chain, Output output) {
    plan_.chains[chain].outputs.push_back(output);
    return static_cast<uint32_t>(plan_.chains[chain].outputs.size() - 1);
  }

  uint32_t add_layout(Layout layout) {
    plan_.layouts.push_back(std::move(layout));
    return static_cast<uint32_t>(plan_.layouts.size() - 1);
  }

  /// An edge from the rows at `from` to a new port of `chain`.
  void connect(const Place& from, uint32_t chain, EdgeKind kind, uint32_t layout, KeySpec key) {
    auto edge = static_cast<uint32_t>(plan_.edges.size());
    uint32_t output = add_output(from.chain, {OutputKind::edge, edge});
    auto port = static_cast<uint32_t>(plan_.chains[chain].ports.size());
    plan_.edges.push_back({kind, from.chain, output, chain, port, layout, std::move(key)});
    plan_.chains[chain].ports.push_back(edge);
    plan_.chains[chain].port_layout = layout;
    const PlanOp& rows = plan_.chains[from.chain].ops[from.op];
    PlanOp emit{.op = Emit{output, edge},
                .input = from.op,
                .columns = rows.columns,
                .has_time = rows.has_time,
                .name = plan_.chains[chain].uid + ".send",
                .range = rows.range};
    add_op(from.chain, std::move(emit));
  }

  const graph::DataflowGraph& graph_;
  lang::Arena& arena_;
  PhysicalPlan plan_;
  std::vector<Place> places_;
  std::set<NodeId> has_late_;                   // stateful nodes whose late rows somebody reads
  std::set<NodeId> is_read_in_place_;           // nodes with a consumer in their own chain
  std::map<NodeId, std::vector<Place>> joined_; // unions without a chain
  std::map<NodeId, Crossing> crossings_;        // of stateful nodes
};

} // namespace

PhysicalPlan lower(const graph::DataflowGraph& graph, lang::Arena& arena) { return Lowering(graph, arena).run(); }

} // namespace flow::plan
