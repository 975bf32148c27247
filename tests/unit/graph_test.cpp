// Typed program to dataflow graph, and the verifier: each rule is broken once. Programs are made by hand.
#include "compiler/graph/build.h"

#include <cstdlib>
#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compiler/graph/print.h"
#include "compiler/graph/verify.h"
#include "tests/unit/plan_fixture.h"

namespace flow::tests {
namespace {

using graph::DataflowGraph;
using graph::Node;
using testing::ElementsAre;
using testing::HasSubstr;

class GraphTest : public testing::Test, public ProgramBuilder {
protected:
  DataflowGraph build() {
    DataflowGraph graph = graph::build_graph(program);
    EXPECT_EQ(graph::verify(graph), std::nullopt) << graph::print(graph);
    return graph;
  }

  /// fares, counted per driver and hour; late rows and bad records have sinks of their own.
  void everything() {
    uint32_t fares = source("fares", {i64("driver"), timestamp("t"), f64("tip")}, "t");
    uint32_t bad = errors_of(fares, "bad");
    uint32_t tips = stream("tips", fares);
    where(tips, compare(ExprKind::greater, column(tips, "tip"), real(0)));
    Schema before = schema(tips);
    aggregate(tips, {{"driver", column(tips, "driver")}}, tumbling(hour_us), {sum("tips", column(tips, "tip"))});
    uint32_t tardy = late_of(tips, "tardy", before);
    uint32_t best = stream("best", tips);
    top(best, {}, same(hour_us), 3, {{column(best, "tips"), true}}, "place");
    sink(best);
    sink(tardy);
    sink(bad);
  }
};

TEST_F(GraphTest, EveryStepIsANodeAndKeepsItsName) {
  everything();
  std::vector<std::string> names;
  for (const Node& node : build().nodes) names.push_back(node.name);
  EXPECT_THAT(names, ElementsAre("fares", "bad", "tips.where", "tips.aggregate", "tardy", "best.top", "best.sink",
                                 "tardy.sink", "bad.sink"));
}

TEST_F(GraphTest, ReadersOfOneStreamShareItsNodes) {
  uint32_t a = source("a", {i64("x")});
  uint32_t b = stream("b", a);
  where(b, compare(ExprKind::greater, column(b, "x"), integer(1)));
  sink(stream("c", b));
  sink(stream("d", b));
  EXPECT_THAT(build().nodes, testing::SizeIs(4)) << "a source, a filter, two sinks";
}

TEST_F(GraphTest, LateRowsHaveTheSchemaOfTheWindowsInput) {
  everything();
  DataflowGraph graph = build();
  EXPECT_EQ(graph.nodes[4].name, "tardy");
  EXPECT_EQ(graph.nodes[4].schema.columns.size(), 3u);
  EXPECT_EQ(graph.nodes[4].inputs[0], 3u);
}

TEST_F(GraphTest, PrintsOperatorsAsText) {
  everything();
  std::string text = graph::print(build());
  EXPECT_THAT(text, HasSubstr("tips.where = where (tip > 0)"));
  EXPECT_THAT(text, HasSubstr("aggregate window tumbling(1h) key driver = driver; tips = sum(tip)"));
  EXPECT_THAT(text, HasSubstr("top 3 window same by tips desc"));
}

// ---- the verifier
// -------------------------------------------------------------------------------------------------------

class BrokenGraph : public GraphTest {
protected:
  std::string problem(const std::function<void(DataflowGraph&)>& damage) {
    everything();
    DataflowGraph graph = build();
    damage(graph);
    return graph::verify(graph).value_or("nothing found");
  }
  template <typename Op> static Op& op(DataflowGraph& graph) {
    for (Node& node : graph.nodes) {
      if (auto* found = std::get_if<Op>(&node.op)) return *found;
    }
    std::abort();
  }
  static Node& node(DataflowGraph& graph, std::string_view name) {
    for (Node& n : graph.nodes) {
      if (n.name == name) return n;
    }
    std::abort();
  }
};

TEST_F(BrokenGraph, InputBehindItsReader) {
  EXPECT_THAT(problem([](DataflowGraph& g) { node(g, "tips.where").inputs[0] = 5; }),
              HasSubstr("does not come before it"));
}
TEST_F(BrokenGraph, Cycle) {
  EXPECT_THAT(problem([](DataflowGraph& g) { node(g, "tips.where").inputs[0] = 2; }),
              HasSubstr("does not come before it"));
}
TEST_F(BrokenGraph, TwoNodesOfOneName) {
  EXPECT_THAT(problem([](DataflowGraph& g) { node(g, "tardy").name = "bad"; }), HasSubstr("twice"));
}
TEST_F(BrokenGraph, NodeWithoutInput) {
  EXPECT_THAT(problem([](DataflowGraph& g) { node(g, "tips.where").inputs.clear(); }), HasSubstr("has no input"));
}
TEST_F(BrokenGraph, NodeWithTwoInputs) {
  EXPECT_THAT(problem([](DataflowGraph& g) { node(g, "tips.where").inputs.push_back(0); }),
              HasSubstr("more than one input"));
}
TEST_F(BrokenGraph, WindowWithoutTime) {
  EXPECT_THAT(problem([](DataflowGraph& g) {
                for (Node& n : g.nodes) n.schema.has_time = false;
                std::get<sema::Source>(const_cast<sema::TypedProgram*>(g.program)->streams[0].origin).time = nullptr;
              }),
              HasSubstr("without event time"));
}
TEST_F(BrokenGraph, ColumnOfAnotherType) {
  EXPECT_THAT(problem([this](DataflowGraph& g) {
                op<graph::Filter>(g).condition =
                    compare(ExprKind::equal, make(ExprKind::column, sema::scalar(Kind::I64), {}, 2), integer(1));
              }),
              HasSubstr("takes it for i64"));
}
TEST_F(BrokenGraph, ColumnThatIsNotThere) {
  EXPECT_THAT(problem([this](DataflowGraph& g) {
                op<graph::Aggregate>(g).calls[0].argument = make(ExprKind::column, sema::scalar(Kind::F64), {}, 7);
              }),
              HasSubstr("reads column 7"));
}
TEST_F(BrokenGraph, ConditionThatIsNoBool) {
  EXPECT_THAT(problem([this](DataflowGraph& g) { op<graph::Filter>(g).condition = integer(1); }), HasSubstr("no bool"));
}
TEST_F(BrokenGraph, AggregateWithOtherRows) {
  EXPECT_THAT(problem([](DataflowGraph& g) { node(g, "tips.aggregate").schema.columns.pop_back(); }),
              HasSubstr("not what it makes"));
}
TEST_F(BrokenGraph, LateRowsWithOtherColumns) {
  EXPECT_THAT(problem([](DataflowGraph& g) { node(g, "tardy").schema.columns.pop_back(); }),
              HasSubstr("not what it makes"));
}
TEST_F(BrokenGraph, LateRowsOfNoWindow) {
  EXPECT_THAT(problem([](DataflowGraph& g) { node(g, "tardy").inputs[0] = 2; }), HasSubstr("windows only"));
}
TEST_F(BrokenGraph, BadRecordsOfNoSource) {
  EXPECT_THAT(problem([](DataflowGraph& g) { node(g, "bad").op = graph::Late{}; }), HasSubstr("windows only"));
}
TEST_F(BrokenGraph, ChangesIntoAWindow) {
  EXPECT_THAT(problem([](DataflowGraph& g) { node(g, "fares").changes.updates = true; }),
              HasSubstr("other kinds of change"));
}
TEST_F(BrokenGraph, ChangesIntoASink) {
  EXPECT_THAT(problem([](DataflowGraph& g) { node(g, "best.top").changes.deletes = true; }),
              HasSubstr("other kinds of change"));
}
TEST_F(BrokenGraph, PathWithoutSink) {
  EXPECT_THAT(problem([](DataflowGraph& g) { g.nodes.pop_back(); }), HasSubstr("leads to no sink"));
}
TEST_F(BrokenGraph, AggregateWithoutArgument) {
  EXPECT_THAT(problem([](DataflowGraph& g) { op<graph::Aggregate>(g).calls[0].argument = nullptr; }),
              HasSubstr("arguments"));
}
TEST_F(BrokenGraph, WindowOfNoLength) {
  EXPECT_THAT(problem([](DataflowGraph& g) { op<graph::Aggregate>(g).window.size_us = 0; }), HasSubstr("no length"));
}
TEST_F(BrokenGraph, SinkOfOtherColumns) {
  EXPECT_THAT(problem([this](DataflowGraph&) { program.sinks[0].field_names.pop_back(); }),
              HasSubstr("columns, writes"));
}
TEST_F(BrokenGraph, SourceOfOtherFields) {
  EXPECT_THAT(problem([this](DataflowGraph&) { source_of(0).fields[2].name = "tips"; }),
              HasSubstr("no field of its data"));
}

} // namespace
} // namespace flow::tests
