#include <algorithm>

#include "compiler/plan/layout.h"
#include "compiler/plan/lowering.h"

namespace flow::plan {

namespace {

/// Where the columns that the handler knows are among those that cross.
std::vector<uint32_t> columns_of_handler(const std::vector<uint32_t>& of_input, const Crossing& crossing) {
  std::vector<uint32_t> columns;
  for (uint32_t column : of_input) {
    auto found = std::find(crossing.columns.begin(), crossing.columns.end(), column);
    bool crosses = found != crossing.columns.end();
    columns.push_back(crosses ? static_cast<uint32_t>(found - crossing.columns.begin()) : none);
  }
  return columns;
}

} // namespace

void Lowering::lower_process(NodeId id, const Node& node, const graph::Process& process) {
  bool is_keyed = !process.op->key_types.empty();
  uint32_t chain = add_chain(node.name, is_keyed ? node.parallelism : 1);
  std::vector<Handle> handles;
  KeySpec key;
  for (size_t i = 0; i < node.inputs.size(); i++) {
    Crossing crossing = plan_process_crossing(graph_, id, i, arena_);
    lead(node, i, chain, crossing, {crossing.port, crossing.has_time, crossing.key}, {});
    handles.push_back({.input = static_cast<uint32_t>(i), .columns = columns_of_handler(process.columns[i], crossing)});
    if (i == 0) key = crossing.key;
  }
  State state{.name = node.name, .window = {}, .key = key, .keyed = KeyedState{.op = process.op}};
  Layout layout = keyed_layout(node.name + ".entry", key, *state.keyed);
  uint32_t number = add_state(std::move(state), std::move(layout));
  plan_.chains[chain].state = number;
  for (Handle& handle : handles) {
    handle.state = number;
    uint32_t rows = handle.input; // the origins of the inputs are the chain's first operators
    PlanOp op = op_of(node, std::move(handle));
    op.columns = {};
    op.input = rows;
    rows == 0 ? add_named(chain, std::move(op)) : add_op(chain, std::move(op));
  }
  places_[id] = add_emitted(chain, node, 0);
}

void Lowering::lower_side(NodeId id, const Node& node, const graph::Side& side) {
  places_[id] = add_emitted(places_[node.inputs[0]].chain, node, side.output);
}

Lowering::Place Lowering::add_emitted(uint32_t chain, const Node& node, uint32_t output) {
  PlanOp emitted = op_of(node, Origin{OriginKind::emitted, plan_.chains[chain].state, output});
  emitted.name = node.name + ".emitted";
  return {chain, add_op(chain, std::move(emitted))};
}

} // namespace flow::plan
