#include "compiler/graph/build.h"
#include "compiler/graph/verify.h"
#include "lang/base/overloaded.h"

#include <map>
#include <numeric>

namespace flow::graph {

namespace {

class Builder {
public:
  explicit Builder(const sema::TypedProgram& program) : program_(program), rows_of_(program.streams.size()) {
    graph_.program = &program;
  }

  DataflowGraph build() {
    for (uint32_t i = 0; i < program_.streams.size(); i++) add_stream(i);
    for (uint32_t i = 0; i < program_.sinks.size(); i++) add_sink(i);
    return std::move(graph_);
  }

private:
  void add_stream(uint32_t number) {
    const sema::Stream& stream = program_.streams[number];
    NodeId rows = std::visit(lang::Overloaded{
                                 [&](const sema::Source& source) { return add_source(number, stream, source); },
                                 [&](const sema::ErrorStream& errors) { return add_errors(stream, errors); },
                                 [&](const sema::LateStream& late) { return add_late(stream, late); },
                                 [&](const sema::OutputStream& output) { return add_side(stream, output); },
                                 [&](uint32_t from) { return rows_of_[from]; },
                             },
                             stream.origin);
    uint32_t parallelism = 0;
    for (uint32_t i = 0; i < stream.steps.size(); i++) {
      rows = add_step(stream, stream.steps[i], rows, parallelism);
      step_nodes_[{number, i}] = rows;
    }
    if (ends_in_parallelism(stream)) rows = add_last_parallelism(stream, rows, parallelism);
    rows_of_[number] = rows;
  }

  static bool ends_in_parallelism(const sema::Stream& stream) {
    return !stream.steps.empty() && std::holds_alternative<sema::Parallelism>(stream.steps.back().node);
  }

  /// No step follows that could run at it: the rows go there by themselves.
  NodeId add_last_parallelism(const sema::Stream& stream, NodeId input, uint32_t parallelism) {
    const sema::Step& step = stream.steps.back();
    return add({.op = Exchange{ExchangeKind::forward},
                .name = std::string(stream.name) + "." + std::string(step.name),
                .inputs = {input},
                .schema = step.result,
                .parallelism = parallelism,
                .range = step.range});
  }

  NodeId add_source(uint32_t number, const sema::Stream& stream, const sema::Source& source) {
    NodeId made = add({.op = Source{number},
                       .name = std::string(stream.name),
                       .schema = stream.origin_schema,
                       .range = stream.range});
    graph_.nodes[made].on_error = source.on_error;
    graph_.nodes[made].parallelism = source.parallelism;
    sources_[number] = made;
    return made;
  }

  NodeId add_errors(const sema::Stream& stream, const sema::ErrorStream& errors) {
    return add({.op = Errors{},
                .name = std::string(stream.name),
                .inputs = {sources_.at(errors.source)},
                .schema = stream.origin_schema,
                .range = stream.range});
  }

  NodeId add_late(const sema::Stream& stream, const sema::LateStream& late) {
    return add({.op = Late{},
                .name = std::string(stream.name),
                .inputs = {step_nodes_.at({late.stream, late.step})},
                .schema = stream.origin_schema,
                .range = stream.range});
  }

  NodeId add_side(const sema::Stream& stream, const sema::OutputStream& output) {
    return add({.op = Side{output.output},
                .name = std::string(stream.name),
                .inputs = {step_nodes_.at({output.stream, output.step})},
                .schema = stream.origin_schema,
                .range = stream.range});
  }

  /// Adds the inputs of the operator besides the one that flows.
  Process process_of(const sema::Process& op, std::vector<NodeId>& inputs) {
    Process made{.op = &op};
    for (const sema::ProcessInput& input : op.inputs) {
      if (input.stream) inputs.push_back(rows_of_[*input.stream]);
      made.keys.push_back(input.keys);
      std::vector<uint32_t>& columns = made.columns.emplace_back(input.schema.columns.size());
      std::iota(columns.begin(), columns.end(), 0u);
    }
    return made;
  }

  /// `parallelism` holds for the steps after a `parallelism n` in the same stream.
  NodeId add_step(const sema::Stream& stream, const sema::Step& step, NodeId input, uint32_t& parallelism) {
    Node node{.op = Filter{},
              .name = std::string(stream.name) + "." + std::string(step.name),
              .inputs = {input},
              .schema = step.result,
              .on_error = step.on_error,
              .range = step.range};
    bool is_node =
        std::visit(lang::Overloaded{
                       [&](const sema::Where& where) { return node.op = Filter{where.condition}, true; },
                       [&](const sema::Project& project) { return node.op = Project{project.values}, true; },
                       [&](const sema::Unnest& unnest) {
                         return node.op = Unnest{unnest.text, unnest.pattern, unnest.column}, true;
                       },
                       [&](const sema::Union& others) {
                         node.op = Union{};
                         for (uint32_t other : others.others) node.inputs.push_back(rows_of_[other]);
                         return true;
                       },
                       [&](const sema::Changes& changes) { return node.op = Changes{changes.in_full}, true; },
                       [&](const sema::Rebalance&) { return node.op = Exchange{ExchangeKind::rebalance}, true; },
                       [&](const sema::Broadcast&) { return node.op = Exchange{ExchangeKind::broadcast}, true; },
                       [&](const sema::Forward&) { return node.op = Exchange{ExchangeKind::forward}, true; },
                       [&](const sema::Parallelism& wanted) { return parallelism = wanted.count, false; },
                       [&](const sema::Aggregate& a) { return node.op = Aggregate{a.keys, a.window, a.calls}, true; },
                       [&](const sema::Top& t) {
                         return node.op = Top{t.keys, t.window, t.count, t.orders, t.rank.has_value()}, true;
                       },
                       [&](const sema::Join& j) {
                         node.op = Join{j.kind, j.keys, j.other_keys, j.condition, j.window, j.within, j.columns};
                         node.inputs.push_back(rows_of_[j.other]);
                         return true;
                       },
                       [&](const sema::Process& op) { return node.op = process_of(op, node.inputs), true; },
                   },
                   step.node);
    if (!is_node) return input;
    node.parallelism = parallelism;
    return add(std::move(node));
  }

  void add_sink(uint32_t number) {
    const sema::Sink& sink = program_.sinks[number];
    NodeId input = rows_of_[sink.stream];
    add({.op = Sink{number},
         .name = std::string(sink.name) + ".sink",
         .inputs = {input},
         .schema = graph_.nodes[input].schema,
         .parallelism = sink.parallelism,
         .range = sink.range});
  }

  NodeId add(Node node) {
    node.changes = changes_made(graph_, node);
    graph_.nodes.push_back(std::move(node));
    return static_cast<NodeId>(graph_.nodes.size() - 1);
  }

  const sema::TypedProgram& program_;
  DataflowGraph graph_;
  std::vector<NodeId> rows_of_;                                // per stream
  std::map<uint32_t, NodeId> sources_;                         // per stream that is a source
  std::map<std::pair<uint32_t, uint32_t>, NodeId> step_nodes_; // per stream and step
};

} // namespace

DataflowGraph build_graph(const sema::TypedProgram& program) { return Builder(program).build(); }

} // namespace flow::graph
