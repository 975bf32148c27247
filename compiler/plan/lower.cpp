#include "compiler/plan/lower.h"

#include <algorithm>

#include "compiler/graph/rewrite.h"
#include "compiler/graph/verify.h"
#include "compiler/plan/fingerprint.h"
#include "compiler/plan/layout.h"
#include "compiler/plan/lowering.h"

namespace flow::plan {

PhysicalPlan lower(const graph::DataflowGraph& graph, lang::Arena& arena) { return Lowering(graph, arena).run(); }

PhysicalPlan Lowering::run() {
  look_ahead();
  for (NodeId id = 0; id < graph_.nodes.size(); id++) lower_node(id);
  plan_.fingerprint = checkpoint_fingerprint(plan_);
  return std::move(plan_);
}

void Lowering::look_ahead() {
  for (const Node& node : graph_.nodes) {
    if (std::holds_alternative<graph::Late>(node.op)) has_late_.insert(node.inputs[0]);
    if (crosses(node)) continue;
    for (NodeId input : node.inputs) is_read_in_place_.insert(input);
  }
}

bool Lowering::crosses(const Node& node) {
  return graph::is_stateful(node) || std::holds_alternative<graph::Exchange>(node.op) ||
         std::holds_alternative<graph::Union>(node.op);
}

void Lowering::lower_node(NodeId id) {
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
  if (const auto* changes = std::get_if<graph::Changes>(&node.op))
    return lower_stateless(id, node, Changes{changes->in_full});
  if (std::holds_alternative<graph::Union>(node.op)) return lower_union(id, node);
  if (const auto* exchange = std::get_if<graph::Exchange>(&node.op)) return lower_exchange(id, node, *exchange);
  if (const auto* aggregate = std::get_if<graph::Aggregate>(&node.op)) return lower_aggregate(id, node, *aggregate);
  if (const auto* top = std::get_if<graph::Top>(&node.op)) return lower_top(id, node, *top);
  if (const auto* join = std::get_if<graph::Join>(&node.op)) return lower_join(id, node, *join);
  if (const auto* process = std::get_if<graph::Process>(&node.op)) return lower_process(id, node, *process);
  if (const auto* side = std::get_if<graph::Side>(&node.op)) return lower_side(id, node, *side);
  lower_sink(node, std::get<graph::Sink>(node.op));
}

void Lowering::lower_source(NodeId id, const Node& node, const graph::Source& op) {
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

void Lowering::lower_errors(NodeId id, const Node& node) {
  uint32_t chain = places_[node.inputs[0]].chain;
  places_[id] = {chain, add_named(chain, op_of(node, Origin{OriginKind::source_errors}))};
}

void Lowering::lower_sink(const Node& node, const graph::Sink& op) {
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
    made.fields.push_back({column.name, column.type, i < sink.field_names.size() ? sink.field_names[i] : column.name});
  }
  uint32_t connector = add_connector(std::move(made));
  Place input = at_parallelism(node, node.inputs[0]);
  uint32_t output = add_output(input.chain, {OutputKind::sink, connector});
  PlanOp written = op_of(node, SinkWrite{output});
  written.input = input.op;
  add_named(input.chain, std::move(written));
}

uint32_t Lowering::add_connector(Connector connector) {
  for (const sema::Option& option : connector.options) connector.option_types.push_back(option.value->type);
  plan_.connectors.push_back(std::move(connector));
  return static_cast<uint32_t>(plan_.connectors.size() - 1);
}

void Lowering::lower_union(NodeId id, const Node& node) {
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

std::vector<Lowering::Place> Lowering::feeds_of(NodeId id) const {
  auto joined = joined_.find(id);
  return joined != joined_.end() ? joined->second : std::vector<Place>{places_[id]};
}

void Lowering::lower_exchange(NodeId id, const Node& node, const graph::Exchange& op) {
  EdgeKind kind = EdgeKind::rebalance;
  if (op.kind == graph::ExchangeKind::broadcast) kind = EdgeKind::broadcast;
  if (op.kind == graph::ExchangeKind::forward) kind = EdgeKind::forward;
  places_[id] = cross(feeds_of(node.inputs[0]), add_chain(node.name, node.parallelism), kind, node);
}

Lowering::Place Lowering::at_parallelism(const Node& node, NodeId input) {
  Place place = places_[input];
  if (node.parallelism == 0 || node.parallelism == plan_.chains[place.chain].parallelism) return place;
  return cross({place}, add_chain(node.name, node.parallelism), EdgeKind::rebalance, graph_.nodes[input]);
}

Lowering::Place Lowering::cross(const std::vector<Place>& feeds, uint32_t chain, EdgeKind kind, const Node& rows) {
  uint32_t layout = add_layout(row_layout(plan_.chains[chain].uid + ".row", rows.schema.columns, rows.schema.has_time));
  uint32_t input = add_input(chain, layout, {});
  for (const Place& feed : feeds) connect(feed, chain, input, possible(kind, feed.chain, chain));
  PlanOp origin = op_of(rows, Origin{OriginKind::ports});
  origin.name = plan_.chains[chain].uid;
  bool is_operator = rows.name == plan_.chains[chain].uid; // a union, an exchange; else the consumer opens the chain
  return {chain, is_operator ? add_named(chain, std::move(origin)) : add_op(chain, std::move(origin))};
}

EdgeKind Lowering::possible(EdgeKind wanted, uint32_t from_chain, uint32_t to_chain) const {
  uint32_t from = plan_.chains[from_chain].parallelism, to = plan_.chains[to_chain].parallelism;
  if (wanted == EdgeKind::hash || wanted == EdgeKind::broadcast) return wanted;
  if (wanted == EdgeKind::forward && from == to) return EdgeKind::forward;
  return to == 1 ? EdgeKind::single : EdgeKind::rebalance;
}

// ---- pieces of the plan

uint32_t Lowering::add_chain(const std::string& uid, uint32_t parallelism) {
  plan_.chains.push_back({.name = {}, .uid = uid, .parallelism = parallelism});
  return static_cast<uint32_t>(plan_.chains.size() - 1);
}

uint32_t Lowering::add_op(uint32_t chain, PlanOp op) {
  plan_.chains[chain].ops.push_back(std::move(op));
  return static_cast<uint32_t>(plan_.chains[chain].ops.size() - 1);
}

uint32_t Lowering::add_named(uint32_t chain, PlanOp op) {
  std::string& name = plan_.chains[chain].name;
  name += (name.empty() ? "" : " > ") + op.name;
  return add_op(chain, std::move(op));
}

uint32_t Lowering::add_output(uint32_t chain, Output output) {
  plan_.chains[chain].outputs.push_back(output);
  return static_cast<uint32_t>(plan_.chains[chain].outputs.size() - 1);
}

uint32_t Lowering::add_layout(Layout layout) {
  plan_.layouts.push_back(std::move(layout));
  return static_cast<uint32_t>(plan_.layouts.size() - 1);
}

uint32_t Lowering::add_input(uint32_t chain, uint32_t layout, KeySpec key) {
  plan_.chains[chain].inputs.push_back({layout, std::move(key)});
  return static_cast<uint32_t>(plan_.chains[chain].inputs.size() - 1);
}

void Lowering::connect(const Place& from, uint32_t chain, uint32_t number, EdgeKind kind) {
  auto edge = static_cast<uint32_t>(plan_.edges.size());
  uint32_t output = add_output(from.chain, {OutputKind::edge, edge});
  auto port = static_cast<uint32_t>(plan_.chains[chain].ports.size());
  const Input& input = plan_.chains[chain].inputs[number];
  plan_.edges.push_back({kind, from.chain, output, chain, port, input.layout, input.key});
  plan_.chains[chain].ports.push_back({edge, number});
  const PlanOp& rows = plan_.chains[from.chain].ops[from.op];
  PlanOp emit{.op = Emit{output, edge},
              .input = from.op,
              .columns = rows.columns,
              .has_time = rows.has_time,
              .has_changes = rows.has_changes,
              .name = plan_.chains[chain].uid + ".send",
              .range = rows.range};
  add_op(from.chain, std::move(emit));
}

} // namespace flow::plan
