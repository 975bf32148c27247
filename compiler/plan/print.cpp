#include "compiler/plan/print.h"

#include <deque>

#include <fmt/core.h>

#include "compiler/graph/print.h"

namespace flow::plan {

namespace {

std::string columns_text(const std::vector<sema::Column>& columns) {
  std::string text;
  for (const sema::Column& column : columns) text += (text.empty() ? "" : ", ") + std::string(column.name);
  return text;
}

std::string origin_text(const PhysicalPlan& plan, const Origin& origin) {
  switch (origin.kind) {
  case OriginKind::source: return "rows of the source";
  case OriginKind::source_errors: return "bad records";
  case OriginKind::ports: return "rows of the ports";
  case OriginKind::fired:
    return plan.states[origin.state].is_partial ? "combined rows"
           : plan.states[origin.state].interval ? "pairs, and rows that stay alone"
                                                : "results of closed windows";
  case OriginKind::late: return "late rows";
  case OriginKind::emitted: {
    std::string_view output = plan.states[origin.state].keyed->op->outputs[origin.number].name;
    return output.empty() ? "emitted rows" : fmt::format("rows emitted to {}", output);
  }
  }
  return "?";
}

std::string orders_text(const PhysicalPlan& plan, const std::vector<sema::Order>& orders,
                        std::span<const sema::Column> columns) {
  std::string text;
  for (const sema::Order& order : orders) {
    text += fmt::format("{}{}{}", text.empty() ? "" : ", ", graph::print_expr(*order.value, columns, *plan.program),
                        order.descending ? " desc" : "");
  }
  return text;
}

std::string calls_text(const PhysicalPlan& plan, const Aggregate& aggregate, std::span<const sema::Column> columns) {
  std::string text;
  for (const sema::AggregateCall& call : aggregate.calls) {
    text += fmt::format("{}{} = {}", text.empty() ? "" : ", ", call.name, graph::name_of(call.kind));
    if (aggregate.stage == AggregateStage::merging) continue; // what it is of, the combining tasks know
    text += "(";
    if (call.argument != nullptr) text += graph::print_expr(*call.argument, columns, *plan.program);
    if (call.by != nullptr) text += ", " + graph::print_expr(*call.by, columns, *plan.program);
    if (call.filter != nullptr) text += " where " + graph::print_expr(*call.filter, columns, *plan.program);
    text += ")";
  }
  return text;
}

std::string stage_text(AggregateStage stage) {
  switch (stage) {
  case AggregateStage::whole: return "aggregate ";
  case AggregateStage::partial: return "combine ";
  case AggregateStage::merging: return "aggregate combined ";
  }
  return "?";
}

std::string key_text(const KeySpec& key) { return key.columns.empty() ? "no key" : "key " + columns_text(key.columns); }

std::string state_text(const PhysicalPlan& plan, const State& state) {
  if (state.keyed && state.keyed->op != nullptr) {
    return fmt::format("{}: of {}, {}, entry {} bytes", state.name, state.keyed->op->op, key_text(state.key),
                       plan.layouts[state.layout].stride);
  }
  if (state.interval) {
    return fmt::format("{}: {}, {}, entry {} bytes", state.name, interval_text(state), key_text(state.key),
                       plan.layouts[state.layout].stride);
  }
  return fmt::format("{}: window {}{}, {}, entry {} bytes", state.name, graph::print_window(state.window),
                     state.running_layout != none ? " kept running" : "", key_text(state.key),
                     plan.layouts[state.layout].stride);
}

std::string join_text(const PhysicalPlan& plan, const Join& join) {
  std::string made = fmt::format("{}, {} side", sema::word_of(join.kind), join.side == 0 ? "left" : "right");
  if (join.side != 0 || join.condition == nullptr) return made;
  std::vector<sema::Column> pair;
  std::deque<std::string> names;
  const std::vector<List>& lists = plan.layouts[plan.states[join.state].layout].lists;
  for (size_t side = 0; side < lists.size(); side++) {
    for (const Field& field : plan.layouts[lists[side].row_layout].fields) {
      if (field.name == "@time") continue;
      pair.push_back({names.emplace_back((side == 0 ? "" : "other.") + field.name), field.type});
    }
  }
  return made + ", where " + graph::print_expr(*join.condition, pair, *plan.program);
}

} // namespace

std::string interval_text(const State& state) {
  return fmt::format("within {}..{}, in panes of {}", graph::print_duration(state.interval->from_us),
                     graph::print_duration(state.interval->to_us), graph::print_duration(state.pane_us));
}

std::string describe_edge(const PhysicalPlan&, const Edge& edge) {
  switch (edge.kind) {
  case EdgeKind::forward: return "forward";
  case EdgeKind::hash: return "hash(" + columns_text(edge.key.columns) + ")";
  case EdgeKind::broadcast: return "broadcast";
  case EdgeKind::rebalance: return "rebalance";
  case EdgeKind::single: return "single";
  }
  return "?";
}

std::string describe_op(const PhysicalPlan& plan, const Chain& chain, uint32_t number) {
  const PlanOp& op = chain.ops[number];
  std::span<const sema::Column> columns;
  if (op.input != none) columns = chain.ops[op.input].columns;
  auto text = [&](const Expr& expr) { return graph::print_expr(expr, columns, *plan.program); };
  if (const auto* origin = std::get_if<Origin>(&op.op)) return origin_text(plan, *origin);
  if (const auto* filter = std::get_if<Filter>(&op.op)) return "where " + text(*filter->condition);
  if (const auto* changes = std::get_if<Changes>(&op.op)) return changes->in_full ? "changes" : "newest rows";
  if (const auto* unnest = std::get_if<Unnest>(&op.op))
    return "unnest split(" + text(*unnest->text) + ", " + text(*unnest->pattern) + ")";
  if (const auto* project = std::get_if<Project>(&op.op)) {
    std::string made = "select {";
    for (size_t i = 0; i < project->values.size(); i++) {
      std::string name(op.columns[i].name), value = text(*project->values[i]);
      made += fmt::format("{} {}", i == 0 ? "" : ",", name == value ? name : name + ": " + value);
    }
    return made + " }";
  }
  if (const auto* aggregate = std::get_if<Aggregate>(&op.op))
    return stage_text(aggregate->stage) + calls_text(plan, *aggregate, columns);
  if (const auto* top = std::get_if<Top>(&op.op)) {
    return fmt::format("{}top {} by {}", plan.states[top->state].is_partial ? "combine " : "", top->count,
                       orders_text(plan, top->orders, columns));
  }
  if (const auto* join = std::get_if<Join>(&op.op)) return join_text(plan, *join);
  if (const auto* handle = std::get_if<Handle>(&op.op)) {
    const sema::Process& process = *plan.states[handle->state].keyed->op;
    return fmt::format("process {} on {}", process.op, process.inputs[handle->input].name);
  }
  if (const auto* emit = std::get_if<Emit>(&op.op)) {
    const Edge& edge = plan.edges[emit->edge];
    return "send to " + plan.chains[edge.to_chain].uid + " by " + describe_edge(plan, edge);
  }
  const Connector& sink = plan.connectors[chain.outputs[std::get<SinkWrite>(op.op).output].target];
  return fmt::format("write to {} ({}{}{})", sink.name, sink.type, sink.format.empty() ? "" : ", ", sink.format);
}

std::string print_plan(const PhysicalPlan& plan) {
  std::string text;
  for (size_t i = 0; i < plan.chains.size(); i++) {
    const Chain& chain = plan.chains[i];
    text += fmt::format("chain {} {}", i, chain.uid);
    if (chain.parallelism != 0) text += fmt::format(" parallelism {}", chain.parallelism);
    text += "\n";
    if (chain.source != none) {
      const Connector& source = plan.connectors[chain.source];
      text += fmt::format("  source {} ({}{}{})\n", source.name, source.type, source.format.empty() ? "" : ", ",
                          source.format);
    }
    for (size_t port = 0; port < chain.ports.size(); port++) {
      const Edge& edge = plan.edges[chain.ports[port].edge];
      text +=
          fmt::format("  port {} from {} by {}\n", port, plan.chains[edge.from_chain].uid, describe_edge(plan, edge));
    }
    for (uint32_t state : chain.states()) {
      text += fmt::format("  {} {}\n", plan.states[state].is_partial ? "partial" : "state",
                          state_text(plan, plan.states[state]));
    }
    for (uint32_t op = 0; op < chain.ops.size(); op++) {
      std::string input = chain.ops[op].input == none ? "" : fmt::format(" of %{}", chain.ops[op].input);
      text += fmt::format("  %{}{} {}\n", op, input, describe_op(plan, chain, op));
    }
  }
  return text;
}

std::string print_layouts(const PhysicalPlan& plan) {
  std::string text;
  for (size_t i = 0; i < plan.layouts.size(); i++) {
    const Layout& layout = plan.layouts[i];
    text += fmt::format("layout {} {}: {} bytes\n", i, layout.name, layout.stride);
    for (const Field& field : layout.fields) {
      text += fmt::format("  {:5} {}: {}", field.offset, field.name, sema::text_of(field.type));
      if (field.null_bit != none) text += fmt::format(", null bit {}", field.null_bit);
      text += "\n";
    }
    if (layout.repeat) {
      text +=
          fmt::format("  {:5} count: u32\n  {:5} up to {} rows of {} bytes, layout {}\n", layout.repeat->count_offset,
                      layout.repeat->offset, layout.repeat->max, layout.repeat->stride, layout.repeat->row_layout);
    }
    for (const List& list : layout.lists) {
      text += fmt::format("  {:5} list of rows of {} bytes, layout {}\n", list.offset,
                          plan.layouts[list.row_layout].stride, list.row_layout);
    }
  }
  return text;
}

} // namespace flow::plan
