#include <algorithm>
#include <array>

#include "compiler/graph/rewrite.h"
#include "compiler/plan/layout.h"
#include "compiler/plan/lowering.h"

namespace flow::plan {

namespace {

/// Where a column stands among others.
uint32_t place_of(uint32_t column, const std::vector<uint32_t>& columns) {
  return static_cast<uint32_t>(std::find(columns.begin(), columns.end(), column) - columns.begin());
}

} // namespace

/// Two inputs, one state: an entry has a list of rows for each of them, with the columns that are looked at later.
void Lowering::lower_join(NodeId id, const Node& node, const graph::Join& join) {
  uint32_t chain = add_chain(node.name, node.parallelism);
  std::array<Join, 2> ops;
  std::array<uint32_t, 2> rows{};
  KeySpec key;
  std::vector<uint32_t> pair; // the columns of both that are kept
  auto width = static_cast<uint32_t>(graph_.nodes[node.inputs[0]].schema.columns.size());
  for (uint32_t side : {0u, 1u}) {
    const graph::Schema& input = graph_.nodes[node.inputs[side]].schema;
    Crossing crossing = plan_join_crossing(graph_, id, side, arena_);
    lead(node, side, chain, crossing, {crossing.port, crossing.has_time, crossing.key}, {});
    std::vector<sema::Column> columns;
    for (uint32_t column : kept_by_join(graph_, id, side)) {
      ops[side].kept.push_back(place_of(column, crossing.columns));
      columns.push_back(input.columns[column]);
      pair.push_back(side * width + column);
    }
    rows[side] = add_layout(row_layout(node.name + (side == 0 ? ".left" : ".right"), columns, false));
    if (side == 0) key = crossing.key;
  }
  Layout entry = join_layout(node.name + ".entry", key, rows, plan_.layouts);
  uint32_t state = add_state(make_state(node, join.window, key), std::move(entry));
  plan_.chains[chain].state = state;
  for (uint32_t side : {0u, 1u}) {
    Join& made = ops[side];
    made.state = state, made.side = side, made.kind = join.kind, made.columns = join.columns;
    for (sema::JoinColumn& column : made.columns) column.column = place_of(column.column, pair);
    if (join.condition != nullptr) made.condition = graph::renumber(*join.condition, pair, arena_);
    PlanOp op = op_of(node, std::move(made));
    op.columns = {};
    op.input = side; // the origins of the inputs are the chain's first operators
    side == 0 ? add_named(chain, std::move(op)) : add_op(chain, std::move(op));
  }
  places_[id] = {chain, add_fired(chain, node, node.schema.columns)};
}

} // namespace flow::plan
