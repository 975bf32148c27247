#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "compiler/graph/print.h"
#include "compiler/graph/rewrite.h"
#include "compiler/plan/layout.h"
#include "compiler/plan/lowering.h"

namespace flow::plan {

namespace {

/// Where a column stands among others.
uint32_t place_of(uint32_t column, const std::vector<uint32_t>& columns) {
  return static_cast<uint32_t>(std::find(columns.begin(), columns.end(), column) - columns.begin());
}

/// Panes much shorter than this would be more work than rows.
constexpr int64_t pane_min_us = 100'000;

int64_t divided_up(int64_t value, int64_t by) { return (value + by - 1) / by; }

/// Whether rows wait until it is known that there is nobody (or somebody, `semi`) for them.
bool judges(sema::JoinKind kind) {
  return sema::keeps_left(kind) || sema::keeps_right(kind) || !sema::has_right_row(kind);
}

/// How rows are laid into panes. Short panes let go of rows early, of long ones fewer are looked through: a row looks
/// at all that its interval touches. Rows that are judged are so pane by pane, so these are short for their reach.
void set_interval(State& state, const sema::Within& within, sema::JoinKind kind) {
  int64_t reach = std::max({within.to_us, -within.from_us, int64_t{0}});
  int64_t span = within.to_us - within.from_us;
  int64_t pane = judges(kind) ? divided_up(reach, 4) : std::max(divided_up(span, 2), divided_up(reach, 8));
  pane = std::max(pane, pane_min_us);
  int64_t panes = divided_up(reach, pane); // that far to either side a partner may be
  state.interval = Interval{.from_us = within.from_us, .to_us = within.to_us};
  state.pane_us = pane;
  state.window = {.kind = sema::WindowKind::hopping, .size_us = (panes + 1) * pane, .slide_us = pane};
  if (!judges(kind)) return;
  state.window.size_us += panes * pane;
  state.interval->judged_us = panes * pane;
  state.interval->hold_us = (panes + 1) * pane;
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
    rows[side] = add_layout(row_layout(node.name + (side == 0 ? ".left" : ".right"), columns, join.within.has_value()));
    if (side == 0) key = crossing.key;
  }
  Layout entry = join_layout(node.name + ".entry", key, rows, plan_.layouts);
  State kept = make_state(node, join.window, key);
  if (join.within) {
    set_interval(kept, *join.within, join.kind);
    kept.meaning = fmt::format("{} within {}..{}", sema::word_of(join.kind),
                               graph::print_duration(join.within->from_us), graph::print_duration(join.within->to_us));
  }
  uint32_t state = add_state(std::move(kept), std::move(entry));
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
