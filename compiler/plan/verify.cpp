#include "compiler/plan/verify.h"

#include <set>

#include <fmt/core.h>

namespace flow::plan {

namespace {

bool is_origin(const PlanOp& op) { return std::holds_alternative<Origin>(op.op); }
bool is_stateful(const PlanOp& op) { return std::holds_alternative<Aggregate>(op.op) || std::holds_alternative<Top>(op.op); }

std::optional<std::string> check_ops(const Chain& chain) {
  uint32_t stateful = 0;
  for (uint32_t i = 0; i < chain.ops.size(); i++) {
    const PlanOp& op = chain.ops[i];
    if (is_origin(op) != (op.input == none)) return op.name + ": an origin has no input, every other operator has one";
    if (op.input != none && op.input >= i) return op.name + ": its input does not come before it";
    if (is_stateful(op)) stateful++;
  }
  if (stateful > 1) return chain.uid + ": more than one state";
  if ((stateful == 1) != (chain.state != none)) return chain.uid + ": state and operator do not go together";
  if (chain.source != none && !chain.ports.empty()) return chain.uid + ": both a source and ports";
  if (chain.source == none && chain.ports.empty()) return chain.uid + ": nothing comes in";
  return std::nullopt;
}

std::optional<std::string> check_layout(const Layout& layout) {
  std::set<uint32_t> taken;
  for (const Field& field : layout.fields) {
    uint32_t size = sema::size_of(field.type.kind);
    if (field.offset % sema::align_of(field.type.kind) != 0) return layout.name + "." + field.name + ": not aligned";
    if (field.offset + size > layout.stride) return layout.name + "." + field.name + ": beyond the row";
    for (uint32_t byte = field.offset; byte < field.offset + size; byte++) {
      if (!taken.insert(byte).second) return layout.name + "." + field.name + ": overlaps another field";
    }
    if (field.type.nullable != (field.null_bit != none)) return layout.name + "." + field.name + ": null bit and type do not agree";
    if (field.null_bit != none && (field.null_bit / 8 >= layout.stride)) return layout.name + "." + field.name + ": null bit beyond the row";
  }
  for (const Field& field : layout.fields) {
    if (field.null_bit != none && taken.count(field.null_bit / 8) != 0) return layout.name + "." + field.name + ": null bit inside a field";
  }
  if (layout.stride % 8 != 0) return layout.name + ": stride is no multiple of 8";
  return std::nullopt;
}

std::optional<std::string> check_edge(const PhysicalPlan& plan, uint32_t number) {
  const Edge& edge = plan.edges[number];
  const Chain &from = plan.chains[edge.from_chain], &to = plan.chains[edge.to_chain];
  if (edge.from_chain >= edge.to_chain) return fmt::format("edge {}: goes back from {} to {}", number, from.uid, to.uid);
  const Output& output = from.outputs[edge.from_output];
  if (output.kind != OutputKind::edge || output.target != number) return fmt::format("edge {}: not at its output", number);
  if (to.ports[edge.to_port] != number) return fmt::format("edge {}: not at its port", number);
  if (edge.layout != to.port_layout && plan.layouts[edge.layout].fingerprint != plan.layouts[to.port_layout].fingerprint) {
    return fmt::format("edge {}: brings other rows than {} takes", number, to.uid);
  }
  if (edge.kind == EdgeKind::hash && to.state == none) return fmt::format("edge {}: hashed towards a chain without state", number);
  if (edge.kind == EdgeKind::forward && from.parallelism != to.parallelism) return fmt::format("edge {}: forward between different parallelisms", number);
  return std::nullopt;
}

}  // namespace

std::optional<std::string> verify(const PhysicalPlan& plan) {
  std::set<std::string> uids, states;
  for (const Chain& chain : plan.chains) {
    if (auto broken = check_ops(chain)) return broken;
    if (!uids.insert(chain.uid).second) return chain.uid + ": the chain is there twice";
  }
  for (const State& state : plan.states) {
    if (!states.insert(state.name).second) return state.name + ": the state is there twice";
  }
  for (const Layout& layout : plan.layouts) {
    if (auto broken = check_layout(layout)) return broken;
  }
  for (uint32_t i = 0; i < plan.edges.size(); i++) {
    if (auto broken = check_edge(plan, i)) return broken;
  }
  return std::nullopt;
}

}  // namespace flow::plan
