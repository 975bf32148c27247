// prune_fields: which columns does anybody read? First backwards from the sinks, then forwards to take the others away.
//
// Inside a chain a row lies in registers, so filters keep what their input keeps. Where rows are sent (unions,
// exchanges) a projection before them leaves the unread columns behind; the plan does so before stateful operators. A
// value that may fail is kept even if no one reads it: its failure is part of what the program says. `top` keeps all
// its columns, because the last of its ties are settled by them; an aggregate keeps all its results, because its state
// must not depend on who reads them; so do a join and an operator.
#include <algorithm>
#include <set>

#include "compiler/graph/rewrite.h"
#include "compiler/graph/verify.h"
#include "compiler/optimize/failures.h"
#include "compiler/optimize/passes.h"

namespace flow::optimize {

using graph::DataflowGraph;
using graph::Expr;
using graph::Node;
using graph::NodeId;

namespace {

using Columns = std::set<uint32_t>;

template <typename Op> bool is(const Node& node) { return std::holds_alternative<Op>(node.op); }

void add_all(Columns& columns, size_t count) {
  for (uint32_t i = 0; i < count; i++) columns.insert(i);
}

/// What node `id` reads of its input's rows, given what is read of its own.
Columns read_of_input(const DataflowGraph& graph, NodeId id, const Columns& read) {
  const Node& node = graph.nodes[id];
  Columns wanted;
  if (const auto* project = std::get_if<graph::Project>(&node.op)) {
    for (uint32_t i = 0; i < project->values.size(); i++) {
      if (read.count(i) != 0 || can_fail(*project->values[i], *graph.program))
        graph::collect_columns(*project->values[i], wanted);
    }
    return wanted;
  }
  for (const Expr* expr : graph::expressions_of(node)) graph::collect_columns(*expr, wanted);
  if (is<graph::Aggregate>(node)) return wanted;
  size_t width = graph.nodes[node.inputs[0]].schema.columns.size();
  if (is<graph::Top>(node) || is<graph::Sink>(node) || is<graph::Changes>(node)) {
    add_all(wanted, width);
    return wanted;
  }
  if (const auto* unnest = std::get_if<graph::Unnest>(&node.op)) {
    for (uint32_t column : read) {
      if (column != unnest->column) wanted.insert(column);
    }
    return wanted;
  }
  wanted.insert(read.begin(), read.end());
  return wanted;
}

/// What the handler of input `number` reads, and its key.
Columns read_by_handler(const graph::Process& process, size_t number) {
  Columns wanted, of_handler;
  for (const Expr* key : process.keys[number]) graph::collect_columns(*key, wanted);
  sema::visit_exprs(process.op->inputs[number].body,
                    [&](const Expr& expr) { graph::collect_columns(expr, of_handler); });
  for (uint32_t column : of_handler) wanted.insert(process.columns[number][column]);
  return wanted;
}

/// What a join reads of its input `number`: what comes out again, its condition, the key.
Columns read_by_join(const DataflowGraph& graph, const Node& node, size_t number) {
  const auto& join = std::get<graph::Join>(node.op);
  auto width = static_cast<uint32_t>(graph.nodes[node.inputs[0]].schema.columns.size());
  Columns wanted;
  for (uint32_t column : graph::read_of_pair(join)) {
    if ((column < width) == (number == 0)) wanted.insert(number == 0 ? column : column - width);
  }
  for (const sema::KeyColumn& key : number == 0 ? join.keys : join.other_keys)
    graph::collect_columns(*key.value, wanted);
  return wanted;
}

std::vector<Columns> find_read_columns(const DataflowGraph& graph) {
  std::vector<Columns> read(graph.nodes.size());
  for (NodeId id = static_cast<NodeId>(graph.nodes.size()); id-- > 0;) {
    const Node& node = graph.nodes[id];
    if (node.inputs.empty() || is<graph::Errors>(node)) continue;
    if (is<graph::Late>(node)) {
      // Late rows are rows of the window's input.
      NodeId input = graph.nodes[node.inputs[0]].inputs[0];
      read[input].insert(read[id].begin(), read[id].end());
      continue;
    }
    if (is<graph::Side>(node)) continue; // an operator's outputs keep all their columns
    if (is<graph::Join>(node)) {
      for (size_t i = 0; i < node.inputs.size(); i++) {
        Columns wanted = read_by_join(graph, node, i);
        read[node.inputs[i]].insert(wanted.begin(), wanted.end());
      }
      continue;
    }
    if (const auto* process = std::get_if<graph::Process>(&node.op)) {
      for (size_t i = 0; i < node.inputs.size(); i++) {
        Columns wanted = read_by_handler(*process, i);
        read[node.inputs[i]].insert(wanted.begin(), wanted.end());
      }
      continue;
    }
    Columns wanted = read_of_input(graph, id, read[id]);
    for (NodeId input : node.inputs) read[input].insert(wanted.begin(), wanted.end());
  }
  return read;
}

/// Rebuilds the graph, node by node. `kept[id]`: the old columns that a node's rows still have, in order.
class Pruner {
public:
  Pruner(DataflowGraph& graph, lang::Arena& arena) : old_(graph), arena_(arena), read_(find_read_columns(graph)) {}

  DataflowGraph run() {
    new_.program = old_.program;
    for (NodeId id = 0; id < old_.nodes.size(); id++) add(id);
    return std::move(new_);
  }

private:
  void add(NodeId id) {
    Node node = old_.nodes[id];
    std::vector<uint32_t> kept = kept_of(id);
    if (is<graph::Union>(node) || is<graph::Exchange>(node)) {
      for (size_t i = 0; i < node.inputs.size(); i++) node.inputs[i] = narrowed(node.inputs[i], kept, node, i + 1);
    } else {
      for (NodeId& input : node.inputs) input = new_id_[input];
    }
    if (auto* process = std::get_if<graph::Process>(&node.op)) {
      renumber_inputs(*process, old_.nodes[id].inputs);
    } else if (auto* join = std::get_if<graph::Join>(&node.op)) {
      renumber_sides(*join, old_.nodes[id].inputs);
    } else if (!node.inputs.empty() && !is<graph::Errors>(node) && !is<graph::Late>(node)) {
      const std::vector<uint32_t>& before = kept_[old_.nodes[id].inputs[0]];
      if (auto* project = std::get_if<graph::Project>(&node.op)) {
        std::vector<const Expr*> values;
        for (uint32_t column : kept) values.push_back(project->values[column]);
        project->values = std::move(values);
      }
      graph::change_expressions(node, [&](const Expr& expr) { return graph::renumber(expr, before, arena_); });
      if (auto* unnest = std::get_if<graph::Unnest>(&node.op)) {
        unnest->column = static_cast<uint32_t>(std::find(kept.begin(), kept.end(), unnest->column) - kept.begin());
      }
    }
    node.schema = pruned(node.schema, kept);
    new_id_.push_back(append(std::move(node)));
    kept_.push_back(std::move(kept));
  }

  void renumber_sides(graph::Join& join, const std::vector<NodeId>& old_inputs) {
    const std::vector<uint32_t>&left = kept_[old_inputs[0]], &right = kept_[old_inputs[1]];
    auto width = static_cast<uint32_t>(old_.nodes[old_inputs[0]].schema.columns.size());
    std::vector<uint32_t> pair = left;
    for (uint32_t column : right) pair.push_back(width + column);
    for (sema::KeyColumn& key : join.keys) key.value = graph::renumber(*key.value, left, arena_);
    for (sema::KeyColumn& key : join.other_keys) key.value = graph::renumber(*key.value, right, arena_);
    if (join.condition != nullptr) join.condition = graph::renumber(*join.condition, pair, arena_);
    for (sema::JoinColumn& column : join.columns) {
      if (column.from != sema::JoinColumn::From::pair) continue;
      column.column = static_cast<uint32_t>(std::find(pair.begin(), pair.end(), column.column) - pair.begin());
    }
  }

  void renumber_inputs(graph::Process& process, const std::vector<NodeId>& old_inputs) {
    for (size_t i = 0; i < old_inputs.size(); i++) {
      const std::vector<uint32_t>& kept = kept_[old_inputs[i]];
      for (const Expr*& key : process.keys[i]) key = graph::renumber(*key, kept, arena_);
      for (uint32_t& column : process.columns[i]) {
        auto place = std::find(kept.begin(), kept.end(), column);
        column = place == kept.end() ? graph::Process::absent : static_cast<uint32_t>(place - kept.begin());
      }
    }
  }

  std::vector<uint32_t> kept_of(NodeId id) {
    const Node& node = old_.nodes[id];
    const Columns& read = read_[id];
    std::vector<uint32_t> kept;
    if (is<graph::Filter>(node) || is<graph::Sink>(node)) return kept_[node.inputs[0]];
    if (is<graph::Late>(node)) return kept_[old_.nodes[node.inputs[0]].inputs[0]];
    if (is<graph::Unnest>(node)) {
      uint32_t column = std::get<graph::Unnest>(node.op).column;
      kept = kept_[node.inputs[0]];
      if (std::find(kept.begin(), kept.end(), column) == kept.end())
        kept.insert(std::lower_bound(kept.begin(), kept.end(), column), column);
      return kept;
    }
    bool keeps_all = is<graph::Aggregate>(node) || is<graph::Changes>(node) || is<graph::Top>(node) ||
                     is<graph::Errors>(node) || is<graph::Join>(node) || is<graph::Process>(node) ||
                     is<graph::Side>(node);
    const auto* project = std::get_if<graph::Project>(&node.op);
    for (uint32_t i = 0; i < node.schema.columns.size(); i++) {
      bool must_stay = keeps_all || (project != nullptr && can_fail(*project->values[i], *old_.program)) ||
                       (is<graph::Source>(node) && must_decode(node, i));
      if (must_stay || read.count(i) != 0) kept.push_back(i);
    }
    return kept;
  }

  /// A field that the event time is made of, or whose making may fail.
  bool must_decode(const Node& node, uint32_t column) const {
    const auto& source = std::get<sema::Source>(old_.program->streams[std::get<graph::Source>(node.op).stream].origin);
    Columns of_time;
    if (source.time != nullptr) graph::collect_columns(*source.time, of_time);
    bool is_generated = column < source.generated.size() && source.generated[column] != nullptr;
    return of_time.count(column) != 0 || (is_generated && can_fail(*source.generated[column], *old_.program));
  }

  /// An input that keeps more than `node` passes on gets a projection. It runs where the input does.
  NodeId narrowed(NodeId input, const std::vector<uint32_t>& kept, const Node& node, size_t number) {
    if (kept_[input] == kept) return new_id_[input];
    const Node& before = old_.nodes[input];
    graph::Project project;
    for (uint32_t column : kept) {
      auto place = std::find(kept_[input].begin(), kept_[input].end(), column) - kept_[input].begin();
      project.values.push_back(
          graph::column_expr(static_cast<uint32_t>(place), before.schema.columns[column].type, node.range, arena_));
    }
    return append({.op = std::move(project),
                   .name = node.name + "@" + std::to_string(number),
                   .inputs = {new_id_[input]},
                   .schema = pruned(before.schema, kept),
                   .range = node.range});
  }

  static graph::Schema pruned(const graph::Schema& schema, const std::vector<uint32_t>& kept) {
    graph::Schema made{.has_time = schema.has_time};
    for (uint32_t column : kept) made.columns.push_back(schema.columns[column]);
    return made;
  }

  NodeId append(Node node) {
    new_.nodes.push_back(std::move(node));
    return static_cast<NodeId>(new_.nodes.size() - 1);
  }

  const DataflowGraph& old_;
  lang::Arena& arena_;
  std::vector<Columns> read_;
  DataflowGraph new_;
  std::vector<NodeId> new_id_;
  std::vector<std::vector<uint32_t>> kept_;
};

} // namespace

void prune_fields(DataflowGraph& graph, lang::Arena& arena) { graph = Pruner(graph, arena).run(); }

} // namespace flow::optimize
