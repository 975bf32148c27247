#include "compiler/plan/lower.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

#include "compiler/graph/rewrite.h"
#include "compiler/graph/verify.h"
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
  Lowering(const graph::DataflowGraph& graph, lang::Arena& arena) : graph_(graph), arena_(arena), places_(graph.nodes.size()) {
    plan_.program = graph.program;
  }

  PhysicalPlan run() {
    find_late();
    for (NodeId id = 0; id < graph_.nodes.size(); id++) lower_node(id);
    settle_fingerprint();
    return std::move(plan_);
  }

 private:
  void find_late() {
    for (const Node& node : graph_.nodes) {
      if (std::holds_alternative<graph::Late>(node.op)) has_late_.insert(node.inputs[0]);
    }
  }

  void lower_node(NodeId id) {
    const Node& node = graph_.nodes[id];
    if (const auto* source = std::get_if<graph::Source>(&node.op)) return lower_source(id, node, *source);
    if (std::holds_alternative<graph::Errors>(node.op)) return lower_origin(id, node, OriginKind::source_errors);
    if (std::holds_alternative<graph::Late>(node.op)) return lower_origin(id, node, OriginKind::late);
    if (const auto* filter = std::get_if<graph::Filter>(&node.op)) return lower_stateless(id, node, Filter{filter->condition});
    if (const auto* project = std::get_if<graph::Project>(&node.op)) return lower_stateless(id, node, Project{project->values});
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
    Connector made{.name = std::string(stream.name), .type = std::string(source.type), .format = std::string(source.format),
                   .is_source = true, .options = source.options, .fields = source.fields, .generated = source.generated,
                   .watermark = source.watermark, .on_error = source.on_error, .parallelism = source.parallelism,
                   .range = node.range};
    std::vector<uint32_t> kept;  // fields of the data that the rows have
    for (uint32_t i = 0; i < source.fields.size(); i++) {
      bool is_needed = std::any_of(node.schema.columns.begin(), node.schema.columns.end(),
                                   [&](const sema::Column& column) { return column.name == source.fields[i].name; });
      made.is_needed.push_back(is_needed);
      if (is_needed) kept.push_back(i);
    }
    if (source.time != nullptr) made.time = graph::renumber(*source.time, kept, arena_);
    uint32_t chain = add_chain(node.name, source.parallelism);
    plan_.chains[chain].source = add_connector(std::move(made));
    places_[id] = {chain, add_op(chain, op_of(node, Origin{OriginKind::source}))};
  }

  /// Bad records come out of the source's chain, late rows out of the window's.
  void lower_origin(NodeId id, const Node& node, OriginKind kind) {
    uint32_t chain = places_[node.inputs[0]].chain;
    places_[id] = {chain, add_op(chain, op_of(node, Origin{kind}))};
  }

  void lower_sink(const Node& node, const graph::Sink& op) {
    const sema::Sink& sink = graph_.program->sinks[op.sink];
    Connector made{.name = std::string(sink.name), .type = std::string(sink.type), .format = std::string(sink.format),
                   .options = sink.options, .is_final = sink.is_final, .parallelism = sink.parallelism, .range = node.range};
    for (size_t i = 0; i < node.schema.columns.size(); i++) {
      const sema::Column& column = node.schema.columns[i];
      made.fields.push_back({column.name, column.type, i < sink.field_names.size() ? sink.field_names[i] : column.name});
    }
    uint32_t connector = add_connector(std::move(made));
    Place input = at_parallelism(node, node.inputs[0]);
    uint32_t output = add_output(input.chain, {OutputKind::sink, connector});
    PlanOp written = op_of(node, SinkWrite{output});
    written.input = input.op;
    add_op(input.chain, std::move(written));
  }

  uint32_t add_connector(Connector connector) {
    for (const sema::Option& option : connector.options) connector.option_types.push_back(option.value->type);
    plan_.connectors.push_back(std::move(connector));
    return static_cast<uint32_t>(plan_.connectors.size() - 1);
  }

  // ---- operators that keep nothing

  template <typename Op>
  void lower_stateless(NodeId id, const Node& node, Op op) {
    Place input = at_parallelism(node, node.inputs[0]);
    PlanOp made = op_of(node, std::move(op));
    made.input = input.op;
    places_[id] = {input.chain, add_op(input.chain, std::move(made))};
  }

  void lower_union(NodeId id, const Node& node) {
    uint32_t chain = add_chain(node.name, node.parallelism);
    uint32_t layout = add_layout(row_layout(node.name + ".row", node.schema.columns, node.schema.has_time));
    for (NodeId input : node.inputs) connect(places_[input], chain, same_or_rebalance(places_[input].chain, chain), layout, {});
    places_[id] = {chain, add_op(chain, op_of(node, Origin{OriginKind::ports}))};
  }

  void lower_exchange(NodeId id, const Node& node, const graph::Exchange& op) {
    EdgeKind kind = EdgeKind::rebalance;
    if (op.kind == graph::ExchangeKind::broadcast) kind = EdgeKind::broadcast;
    Place input = places_[node.inputs[0]];
    uint32_t chain = add_chain(node.name, node.parallelism);
    if (op.kind == graph::ExchangeKind::forward) kind = same_or_rebalance(input.chain, chain);
    places_[id] = cross(input, chain, kind, node);
  }

  /// The place of `input`'s rows, after a crossing if `node` is to run at another parallelism.
  Place at_parallelism(const Node& node, NodeId input) {
    Place place = places_[input];
    if (node.parallelism == 0 || node.parallelism == plan_.chains[place.chain].parallelism) return place;
    return cross(place, add_chain(node.name, node.parallelism), EdgeKind::rebalance, graph_.nodes[input]);
  }

  Place cross(const Place& from, uint32_t chain, EdgeKind kind, const Node& rows) {
    uint32_t layout = add_layout(row_layout(plan_.chains[chain].uid + ".row", rows.schema.columns, rows.schema.has_time));
    connect(from, chain, kind, layout, {});
    return {chain, add_op(chain, op_of(rows, Origin{OriginKind::ports}))};
  }

  EdgeKind same_or_rebalance(uint32_t from_chain, uint32_t to_chain) const {
    bool is_same = plan_.chains[from_chain].parallelism == plan_.chains[to_chain].parallelism;
    return is_same ? EdgeKind::forward : EdgeKind::rebalance;
  }

  // ---- operators with state

  /// The rows that cross to a stateful operator: those columns of its input that it reads, then computed keys.
  struct Crossing {
    std::vector<uint32_t> columns;      // of the input
    std::vector<const Expr*> computed;  // over the input
    std::vector<sema::Column> port;
    KeySpec key;
  };

  Crossing plan_crossing(NodeId id, const Node& node, const std::vector<sema::KeyColumn>& keys) {
    const graph::Schema& input = graph_.nodes[node.inputs[0]].schema;
    std::set<uint32_t> read;
    for (const Expr* expr : graph::expressions_of(node)) {
      bool is_computed_key = std::any_of(keys.begin(), keys.end(), [&](const sema::KeyColumn& key) {
        return key.value == expr && expr->kind != sema::ExprKind::column;
      });
      if (!is_computed_key) graph::collect_columns(*expr, read);
    }
    bool needs_all = std::holds_alternative<graph::Top>(node.op) || has_late_.count(id) != 0;
    Crossing made;
    for (uint32_t i = 0; i < input.columns.size(); i++) {
      if (!needs_all && read.count(i) == 0) continue;
      made.columns.push_back(i);
      made.port.push_back(input.columns[i]);
    }
    for (const sema::KeyColumn& key : keys) {
      made.key.columns.push_back({key.name, key.value->type});
      if (key.value->kind == sema::ExprKind::column) {
        auto place = std::find(made.columns.begin(), made.columns.end(), key.value->index) - made.columns.begin();
        made.key.from.push_back(static_cast<uint32_t>(place));
      } else {
        made.key.from.push_back(static_cast<uint32_t>(made.port.size()));
        made.port.push_back({key.name, key.value->type});
        made.computed.push_back(key.value);
      }
    }
    settle_key(made.key);
    return made;
  }

  /// Opens the chain of a stateful node and leads its input's rows there.
  uint32_t open_stateful(const Node& node, const Crossing& crossing) {
    Place input = places_[node.inputs[0]];
    const graph::Schema& rows = graph_.nodes[node.inputs[0]].schema;
    bool is_whole = crossing.computed.empty() && crossing.columns.size() == rows.columns.size();
    if (!is_whole) {
      Project project;
      for (uint32_t column : crossing.columns) {
        project.values.push_back(graph::column_expr(column, rows.columns[column].type, node.range, arena_));
      }
      project.values.insert(project.values.end(), crossing.computed.begin(), crossing.computed.end());
      PlanOp made{.op = std::move(project), .input = input.op, .columns = crossing.port, .has_time = rows.has_time,
                  .name = node.name + ".row", .on_error = node.on_error, .range = node.range};
      input.op = add_op(input.chain, std::move(made));
    }
    bool is_keyed = !crossing.key.columns.empty();
    uint32_t chain = add_chain(node.name, is_keyed ? node.parallelism : 1);
    uint32_t layout = add_layout(row_layout(node.name + ".row", crossing.port, rows.has_time));
    connect(input, chain, is_keyed ? EdgeKind::hash : EdgeKind::single, layout, crossing.key);
    add_op(chain, {.op = Origin{OriginKind::ports}, .columns = crossing.port, .has_time = rows.has_time,
                   .name = node.name + ".rows", .range = node.range});
    return chain;
  }

  void add_state(uint32_t chain, const Node& node, const sema::Window& window, const Crossing& crossing, Layout layout) {
    State made{.name = node.name, .window = window, .key = crossing.key, .layout = add_layout(std::move(layout))};
    made.pane_us = window.kind == sema::WindowKind::hopping ? std::gcd(window.size_us, window.slide_us) : window.size_us;
    plan_.chains[chain].state = static_cast<uint32_t>(plan_.states.size());
    plan_.states.push_back(std::move(made));
  }

  const Expr* over_port(const Expr* expr, const Crossing& crossing) {
    return expr == nullptr ? nullptr : graph::renumber(*expr, crossing.columns, arena_);
  }

  void lower_aggregate(NodeId id, const Node& node, const graph::Aggregate& op) {
    Crossing crossing = plan_crossing(id, node, op.keys);
    uint32_t chain = open_stateful(node, crossing);
    Aggregate made{.calls = op.calls};
    for (sema::AggregateCall& call : made.calls) {
      call.argument = over_port(call.argument, crossing);
      call.by = over_port(call.by, crossing);
      call.filter = over_port(call.filter, crossing);
    }
    bool has_time = graph_.nodes[node.inputs[0]].schema.has_time;
    Layout layout = aggregate_layout(node.name + ".entry", crossing.key, made.calls, has_time, made.accumulators);
    add_state(chain, node, op.window, crossing, std::move(layout));
    finish_stateful(id, node, chain, std::move(made));
  }

  void lower_top(NodeId id, const Node& node, const graph::Top& op) {
    Crossing crossing = plan_crossing(id, node, op.keys);
    uint32_t chain = open_stateful(node, crossing);
    Top made{.count = op.count, .orders = op.orders, .has_rank = op.has_rank, .row_layout = plan_.chains[chain].port_layout};
    for (sema::Order& order : made.orders) order.value = over_port(order.value, crossing);
    Layout layout = top_layout(node.name + ".entry", crossing.key, op.count, made.row_layout, plan_.layouts[made.row_layout]);
    add_state(chain, node, op.window, crossing, std::move(layout));
    finish_stateful(id, node, chain, std::move(made));
  }

  template <typename Op>
  void finish_stateful(NodeId id, const Node& node, uint32_t chain, Op op) {
    PlanOp stateful = op_of(node, std::move(op));
    stateful.input = 0;
    add_op(chain, std::move(stateful));
    PlanOp fired = op_of(node, Origin{OriginKind::fired});
    fired.name = node.name + ".fired";
    places_[id] = {chain, add_op(chain, std::move(fired))};
  }

  // ---- pieces of the plan

  uint32_t add_chain(const std::string& uid, uint32_t parallelism) {
    plan_.chains.push_back({.name = {}, .uid = uid, .parallelism = parallelism});
    return static_cast<uint32_t>(plan_.chains.size() - 1);
  }

  template <typename Op>
  PlanOp op_of(const Node& node, Op op) {
    return {.op = std::move(op), .columns = node.schema.columns, .has_time = node.schema.has_time, .name = node.name,
            .on_error = node.on_error, .range = node.range};
  }

  uint32_t add_op(uint32_t chain, PlanOp op) {
    std::vector<PlanOp>& ops = plan_.chains[chain].ops;
    bool is_named = !std::holds_alternative<Emit>(op.op) && op.name.find(".rows") == std::string::npos &&
                    op.name.find(".fired") == std::string::npos;
    std::string& name = plan_.chains[chain].name;
    if (is_named) name += (name.empty() ? "" : " > ") + op.name;
    ops.push_back(std::move(op));
    return static_cast<uint32_t>(ops.size() - 1);
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
    PlanOp emit{.op = Emit{output, edge}, .input = from.op, .columns = rows.columns, .has_time = rows.has_time,
                .name = plan_.chains[chain].uid + ".send", .range = rows.range};
    add_op(from.chain, std::move(emit));
  }

  /// What a checkpoint depends on: names and bytes of the states, the sources; not lines, not what is stateless.
  void settle_fingerprint() {
    Fingerprint fingerprint;
    for (const State& state : plan_.states) {
      fingerprint.add(state.name).add(plan_.layouts[state.layout].fingerprint).add(static_cast<uint64_t>(state.window.kind));
      fingerprint.add(static_cast<uint64_t>(state.window.size_us)).add(static_cast<uint64_t>(state.window.slide_us));
      fingerprint.add(static_cast<uint64_t>(state.window.offset_us));
    }
    for (const Connector& connector : plan_.connectors) fingerprint.add(connector.name).add(connector.type).add(connector.format);
    plan_.fingerprint = fingerprint.value();
  }

  const graph::DataflowGraph& graph_;
  lang::Arena& arena_;
  PhysicalPlan plan_;
  std::vector<Place> places_;
  std::set<NodeId> has_late_;
};

}  // namespace

PhysicalPlan lower(const graph::DataflowGraph& graph, lang::Arena& arena) { return Lowering(graph, arena).run(); }

}  // namespace flow::plan
