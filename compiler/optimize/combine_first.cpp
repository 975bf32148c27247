// combine_first: two-phase aggregation. The tasks of a stateful step's input add up their own rows per key and pane,
// and what crosses is one partial result instead of many rows; of a `top` only the rows that are first already in their
// own task. At run time a task leaves it where it does not help (runtime/task/combining.h).
//
// Not where somebody reads the late rows: they come out as they went in. Not where an integer sum may overflow under
// `on error skip`: the row that does it is left out, and in a partial result it could not be told from the others. Not
// in sessions, whose bounds only the task that has all rows of a key knows.
#include <algorithm>
#include <set>

#include "compiler/optimize/passes.h"

namespace flow::optimize {

namespace {

constexpr uint32_t top_rows_max = 100; // a task's own first rows are many then, and each has to be compared twice

bool may_skip_a_sum(const graph::Node& node, const graph::Aggregate& aggregate) {
  if (node.on_error == sema::OnError::stop) return false;
  return std::any_of(aggregate.calls.begin(), aggregate.calls.end(), [](const sema::AggregateCall& call) {
    return call.kind == sema::AggregateKind::sum && !call.result.is_float();
  });
}

} // namespace

void combine_first(graph::DataflowGraph& graph, lang::Arena&) {
  std::set<graph::NodeId> has_late;
  for (const graph::Node& node : graph.nodes) {
    if (std::holds_alternative<graph::Late>(node.op)) has_late.insert(node.inputs[0]);
  }
  for (graph::NodeId id = 0; id < graph.nodes.size(); id++) {
    graph::Node& node = graph.nodes[id];
    if (has_late.count(id) != 0) continue;
    if (auto* aggregate = std::get_if<graph::Aggregate>(&node.op)) {
      bool is_session = aggregate->window.kind == sema::WindowKind::session;
      aggregate->combines_first = !is_session && !may_skip_a_sum(node, *aggregate);
    } else if (auto* top = std::get_if<graph::Top>(&node.op)) {
      top->combines_first = top->count <= top_rows_max;
    }
  }
}

} // namespace flow::optimize
