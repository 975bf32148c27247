// From graph nodes to chains: the inside of lower.h, in several files by what is lowered.
//
//   lower.cpp           sources, sinks, what keeps nothing, exchanges
//   lower_stateful.cpp  windows: aggregate, top, their late rows
//   lower_join.cpp      joins of windows
//   lower_process.cpp   operators of the program
#pragma once

#include <functional>
#include <map>
#include <set>

#include "compiler/plan/crossing.h"
#include "compiler/plan/plan.h"

namespace flow::plan {

using graph::Node;
using graph::NodeId;

class Lowering {
public:
  Lowering(const graph::DataflowGraph& graph, lang::Arena& arena)
      : graph_(graph), arena_(arena), places_(graph.nodes.size()) {
    plan_.program = graph.program;
  }

  PhysicalPlan run();

private:
  /// Where a node's rows come out: an operator of a chain.
  struct Place {
    uint32_t chain = none;
    uint32_t op = none;
  };
  /// The rows that arrive at a stateful operator, and their key.
  struct Arrival {
    std::vector<sema::Column> columns;
    bool has_time;
    KeySpec key;
  };
  /// Makes the rows at a place in the input's chain what crosses: the op behind which they come out.
  using Combine = std::function<uint32_t(const Place& rows)>;

  // lower.cpp
  /// What a node must know of its consumers.
  void look_ahead();
  /// Do its input's rows cross to another chain in any case?
  static bool crosses(const Node& node);
  void lower_node(NodeId id);
  void lower_source(NodeId id, const Node& node, const graph::Source& op);
  void lower_errors(NodeId id, const Node& node);
  void lower_sink(const Node& node, const graph::Sink& op);
  uint32_t add_connector(Connector connector);
  template <typename Op> void lower_stateless(NodeId id, const Node& node, Op op) {
    Place input = at_parallelism(node, node.inputs[0]);
    PlanOp made = op_of(node, std::move(op));
    made.input = input.op;
    places_[id] = {input.chain, add_named(input.chain, std::move(made))};
  }
  /// A chain of its own only if something reads its rows in place; else they cross from its inputs directly.
  void lower_union(NodeId id, const Node& node);
  /// Where the rows of a node come out: several places if it is a union without a chain.
  std::vector<Place> feeds_of(NodeId id) const;
  void lower_exchange(NodeId id, const Node& node, const graph::Exchange& op);
  /// The place of `input`'s rows, after a crossing if `node` is to run at another parallelism.
  Place at_parallelism(const Node& node, NodeId input);
  /// Leads rows of one schema to the ports of a new chain.
  Place cross(const std::vector<Place>& feeds, uint32_t chain, EdgeKind kind, const Node& rows);
  /// Forward needs equal parallelism; to one task there is only one way.
  EdgeKind possible(EdgeKind wanted, uint32_t from_chain, uint32_t to_chain) const;

  // lower_stateful.cpp
  /// Opens the chain of a stateful node and leads its input's rows there, through `combine` if there is one.
  uint32_t open_stateful(const Node& node, const Crossing& crossing, const Arrival& arrival, const Combine& combine);
  /// Adds an input to the chain of a stateful node, and leads the rows of the node's input `number` there.
  void lead(const Node& node, size_t number, uint32_t chain, const Crossing& crossing, const Arrival& arrival,
            const Combine& combine);
  /// The projection before a crossing of the node's input `number`, unless the rows cross as they are.
  uint32_t add_crossing(const Place& feed, const Node& node, size_t number, const Crossing& crossing);
  /// Late rows come out of the window's chain as they went in, and lose the computed keys there.
  void lower_late(NodeId id, const Node& node);
  /// `op` gives the crossing's rows, perhaps with more behind them: the same without the computed keys.
  uint32_t without_computed(uint32_t chain, uint32_t op, const Node& node, const Crossing& crossing);
  static State make_state(const Node& node, const sema::Window& window, const KeySpec& key);
  uint32_t add_state(State state, Layout layout);
  std::string meaning_of(const Node& node, const graph::Aggregate& op) const;
  /// Windows `cumulate` are kept running: what came before is not added up again for each of them.
  void keep_cumulated(uint32_t state);
  /// A partial state of the chain at `rows`, in front of `whole`.
  uint32_t add_partial(const Place& rows, const Node& node, const State& whole, const KeySpec& key, Layout layout);
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
  const Expr* over_port(const Expr* expr, const Crossing& crossing);
  void lower_aggregate(NodeId id, const Node& node, const graph::Aggregate& op);
  /// Its calls over the rows that cross.
  Aggregate over_crossing(const graph::Aggregate& op, const Crossing& crossing);
  void lower_sessions(NodeId id, const Node& node, const graph::Aggregate& op);
  /// The same aggregate in front of an exchange, and what then crosses.
  Combine combine_aggregate(const Node& node, const Crossing& crossing, const State& state, const Aggregate& partial,
                            const Layout& layout, Arrival& arrival);
  void lower_top(NodeId id, const Node& node, const graph::Top& op);
  /// REQUIRES: operator 0 of the chain is the origin of its ports.
  template <typename Op> void add_stateful(uint32_t chain, const Node& node, Op op) {
    plan_.chains[chain].state = op.state;
    PlanOp stateful = op_of(node, std::move(op));
    stateful.input = 0;
    add_named(chain, std::move(stateful));
  }
  uint32_t add_fired(uint32_t chain, const Node& node, std::vector<sema::Column> columns);

  // lower_join.cpp
  void lower_join(NodeId id, const Node& node, const graph::Join& join);

  // lower_process.cpp
  void lower_process(NodeId id, const Node& node, const graph::Process& process);
  void lower_side(NodeId id, const Node& node, const graph::Side& side);
  /// Where what the operator in `chain` emits to its output comes out.
  Place add_emitted(uint32_t chain, const Node& node, uint32_t output);

  // pieces of the plan
  uint32_t add_chain(const std::string& uid, uint32_t parallelism);
  template <typename Op> PlanOp op_of(const Node& node, Op op) {
    return {.op = std::move(op),
            .columns = node.schema.columns,
            .has_time = node.schema.has_time,
            .has_changes = !node.changes.is_append_only(),
            .name = node.name,
            .on_error = node.on_error,
            .range = node.range};
  }
  uint32_t add_op(uint32_t chain, PlanOp op);
  /// An operator of the program: the chain is called after it too.
  uint32_t add_named(uint32_t chain, PlanOp op);
  uint32_t add_output(uint32_t chain, Output output);
  uint32_t add_layout(Layout layout);
  uint32_t add_input(uint32_t chain, uint32_t layout, KeySpec key);
  /// An edge from the rows at `from` to a new port of `chain`, for its input `number`.
  void connect(const Place& from, uint32_t chain, uint32_t number, EdgeKind kind);

  const graph::DataflowGraph& graph_;
  lang::Arena& arena_;
  PhysicalPlan plan_;
  std::vector<Place> places_;
  std::set<NodeId> has_late_;                   // stateful nodes whose late rows somebody reads
  std::set<NodeId> is_read_in_place_;           // nodes with a consumer in their own chain
  std::map<NodeId, std::vector<Place>> joined_; // unions without a chain
  std::map<NodeId, Crossing> crossings_;        // of windowed nodes
};

} // namespace flow::plan
