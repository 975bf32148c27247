// From graph to plan: chains, crossings, state, and what a checkpoint depends on. Programs are made by hand.
#include "compiler/plan/lower.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compiler/graph/build.h"
#include "compiler/graph/verify.h"
#include "compiler/optimize/pipeline.h"
#include "compiler/plan/explain.h"
#include "compiler/plan/print.h"
#include "compiler/plan/verify.h"
#include "tests/unit/plan_fixture.h"

namespace flow::tests {
namespace {

using plan::Chain;
using plan::EdgeKind;
using plan::OriginKind;
using plan::PhysicalPlan;
using plan::PlanOp;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

class PlanTest : public testing::Test, public ProgramBuilder {
protected:
  PhysicalPlan lower() {
    graph::DataflowGraph graph = graph::build_graph(program);
    EXPECT_EQ(graph::verify(graph), std::nullopt);
    PhysicalPlan made = plan::lower(graph, arena);
    EXPECT_EQ(plan::verify(made), std::nullopt) << plan::print_plan(made) << plan::print_layouts(made);
    return made;
  }
  PhysicalPlan optimised() {
    graph::DataflowGraph graph = graph::build_graph(program);
    EXPECT_EQ(optimize::run(graph, {}, arena), std::nullopt);
    PhysicalPlan made = plan::lower(graph, arena);
    EXPECT_EQ(plan::verify(made), std::nullopt) << plan::print_plan(made) << plan::print_layouts(made);
    return made;
  }
  uint32_t fares() {
    return source("fares", {i64("ride_id"), i64("driver_id"), timestamp("start_time"), string("payment"), f64("tip")},
                  "start_time");
  }
  sema::KeyColumn key(uint32_t stream, std::string_view name) { return {name, column(stream, name)}; }

  /// fares | key driver_id | window tumbling(1h) | aggregate; | window same | top 1.
  void hourly_tips() {
    uint32_t from = fares();
    uint32_t tips = stream("hourly_tips", from);
    aggregate(tips, {key(tips, "driver_id")}, tumbling(hour_us), {sum("tips", column(tips, "tip")), count("rides")});
    uint32_t best = stream("best", tips);
    top(best, {}, same(hour_us), 1, {{column(best, "tips"), true}});
    sink(best);
  }
};

const Chain& chain(const PhysicalPlan& plan, std::string_view uid) {
  for (const Chain& c : plan.chains) {
    if (c.uid == uid) return c;
  }
  ADD_FAILURE() << "no chain " << uid << "\n" << plan::print_plan(plan);
  return plan.chains[0];
}

uint32_t origin(const Chain& chain, OriginKind kind) {
  for (uint32_t i = 0; i < chain.ops.size(); i++) {
    const auto* found = std::get_if<plan::Origin>(&chain.ops[i].op);
    if (found != nullptr && found->kind == kind) return i;
  }
  return plan::none;
}

std::vector<std::string> names(const std::vector<sema::Column>& columns) {
  std::vector<std::string> made;
  for (const sema::Column& column : columns) made.emplace_back(column.name);
  return made;
}

/// The column of the `which`-th projected value, or none if it is computed.
uint32_t copied(const PlanOp& op, size_t which) {
  const Expr* value = std::get<plan::Project>(op.op).values.at(which);
  return value->kind == ExprKind::column ? value->index : plan::none;
}

TEST_F(PlanTest, StatelessProgramIsOneChain) {
  uint32_t from = fares();
  uint32_t big = stream("big", from);
  where(big, compare(ExprKind::greater, column(big, "tip"), real(5)));
  select(big, {{"tip", column(big, "tip")}});
  sink(big);
  PhysicalPlan made = lower();
  ASSERT_THAT(made.chains, SizeIs(1));
  EXPECT_EQ(made.chains[0].name, "fares > big.where > big.select > big.sink");
  EXPECT_EQ(made.chains[0].uid, "fares");
  EXPECT_THAT(made.edges, SizeIs(0));
  ASSERT_THAT(made.connectors, SizeIs(2));
  EXPECT_THAT(made.connectors[1].fields, SizeIs(1));
}

TEST_F(PlanTest, OneSourceFeedsSeveralBranches) {
  uint32_t from = fares();
  uint32_t a = stream("a", from), b = stream("b", from);
  where(a, compare(ExprKind::greater, column(a, "tip"), real(5)));
  where(b, compare(ExprKind::less, column(b, "tip"), real(1)));
  sink(a);
  sink(b);
  sink(a, "console", "again");
  PhysicalPlan made = lower();
  ASSERT_THAT(made.chains, SizeIs(1));
  EXPECT_THAT(made.chains[0].outputs, SizeIs(3));
}

TEST_F(PlanTest, KeyedWindowCrossesByHashAndUnkeyedToOneTask) {
  hourly_tips();
  PhysicalPlan made = lower();
  ASSERT_THAT(made.chains, SizeIs(3));
  EXPECT_EQ(made.edges[0].kind, EdgeKind::hash);
  EXPECT_EQ(made.edges[1].kind, EdgeKind::single);
  EXPECT_EQ(made.chains[1].parallelism, 0u);
  EXPECT_EQ(made.chains[2].parallelism, 1u);
  EXPECT_THAT(names(made.chains[1].ops[0].columns), ElementsAre("driver_id", "tip")) << "only what is read crosses";
  EXPECT_EQ(made.states[0].name, "hourly_tips.aggregate");
  EXPECT_EQ(made.states[0].pane_us, hour_us);
  EXPECT_EQ(made.states[1].name, "best.top");
  EXPECT_EQ(made.edges[0].key.from, std::vector<uint32_t>{0});
  EXPECT_THAT(names(made.chains[1].ops[2].columns),
              ElementsAre("driver_id", "window_start", "window_end", "tips", "rides"));
}

TEST_F(PlanTest, SourceDecodesOnlyWhatIsRead) {
  hourly_tips();
  PhysicalPlan made = optimised();
  EXPECT_THAT(made.connectors[0].is_needed, ElementsAre(false, true, true, false, true));
  ASSERT_NE(made.connectors[0].time, nullptr);
  EXPECT_EQ(made.connectors[0].time->index, 1u) << "time is read from the row as it is decoded";
}

TEST_F(PlanTest, ComputedKeyTravelsAsLastColumn) {
  uint32_t from = fares();
  uint32_t tips = stream("tips", from);
  const Expr* shard = binary(ExprKind::remainder, column(tips, "driver_id"), integer(10));
  aggregate(tips, {{"shard", shard}}, tumbling(hour_us), {sum("tips", column(tips, "tip"))});
  sink(tips);
  PhysicalPlan made = lower();
  const Chain& window = chain(made, "tips.aggregate");
  EXPECT_THAT(names(window.ops[0].columns), ElementsAre("tip", "@key.shard"));
  EXPECT_EQ(made.states[0].key.from, std::vector<uint32_t>{1});
  EXPECT_EQ(made.states[0].key.columns[0].name, "shard");
}

TEST_F(PlanTest, ComputedKeyIsTakenOffLateRows) {
  uint32_t from = fares();
  uint32_t tips = stream("tips", from);
  Schema before = schema(tips);
  const Expr* shard = binary(ExprKind::remainder, column(tips, "driver_id"), integer(10));
  aggregate(tips, {{"shard", shard}}, tumbling(hour_us), {count("rides")});
  uint32_t tardy = late_of(tips, "tardy", before);
  sink(tips);
  sink(tardy);
  PhysicalPlan made = lower();
  const Chain& window = chain(made, "tips.aggregate");
  uint32_t late = origin(window, OriginKind::late);
  ASSERT_NE(late, plan::none);
  EXPECT_THAT(window.ops[late].columns, SizeIs(before.columns.size() + 1));
  const PlanOp& rest = window.ops[late + 1];
  ASSERT_TRUE(std::holds_alternative<plan::Project>(rest.op));
  EXPECT_THAT(rest.columns, SizeIs(before.columns.size()));
}

TEST_F(PlanTest, ComputedKeyIsTakenOffTopRows) {
  uint32_t from = fares();
  uint32_t best = stream("best", from);
  const Expr* shard = binary(ExprKind::remainder, column(best, "driver_id"), integer(10));
  top(best, {{"shard", shard}}, tumbling(hour_us), 2, {{column(best, "tip"), true}}, "place");
  sink(best);
  PhysicalPlan made = lower();
  const Chain& window = chain(made, "best.top");
  uint32_t fired = origin(window, OriginKind::fired);
  EXPECT_THAT(names(window.ops[fired].columns), ElementsAre("ride_id", "driver_id", "start_time", "payment", "tip",
                                                            "@key.shard", "window_start", "window_end", "place"));
  const PlanOp& rest = window.ops[fired + 1];
  ASSERT_TRUE(std::holds_alternative<plan::Project>(rest.op));
  EXPECT_THAT(names(rest.columns), ElementsAre("ride_id", "driver_id", "start_time", "payment", "tip", "window_start",
                                               "window_end", "place"));
  EXPECT_EQ(copied(rest, 4), 4u);
  EXPECT_EQ(copied(rest, 5), 6u);
  EXPECT_EQ(copied(rest, 7), 8u);
}

TEST_F(PlanTest, LateRowsWithoutComputedKeyComeAsTheyWent) {
  uint32_t from = fares();
  uint32_t tips = stream("tips", from);
  Schema before = schema(tips);
  aggregate(tips, {key(tips, "driver_id")}, tumbling(hour_us), {count("rides")});
  sink(late_of(tips, "tardy", before));
  sink(tips);
  PhysicalPlan made = lower();
  const Chain& window = chain(made, "tips.aggregate");
  const PlanOp& written = window.ops.back();
  EXPECT_TRUE(std::holds_alternative<plan::SinkWrite>(written.op));
  EXPECT_EQ(origin(window, OriginKind::late) != plan::none, true);
}

TEST_F(PlanTest, BadRecordsAreASecondOriginOfTheSource) {
  uint32_t from = fares();
  sink(errors_of(from, "bad_fares"));
  sink(from);
  PhysicalPlan made = lower();
  ASSERT_THAT(made.chains, SizeIs(1));
  uint32_t bad = origin(made.chains[0], OriginKind::source_errors);
  ASSERT_NE(bad, plan::none);
  EXPECT_FALSE(made.chains[0].ops[bad].has_time);
  EXPECT_EQ(made.connectors[0].on_error, sema::OnError::divert);
}

TEST_F(PlanTest, UnionWithAReaderInPlaceIsAChain) {
  uint32_t a = source("a", {i64("x")}), b = source("b", {i64("x")});
  uint32_t both = stream("both", a);
  unite(both, {b});
  sink(both);
  PhysicalPlan made = lower();
  const Chain& joined = chain(made, "both.union");
  EXPECT_THAT(joined.ports, SizeIs(2));
  EXPECT_EQ(made.edges[0].kind, EdgeKind::forward);
  EXPECT_EQ(joined.name, "both.union > both.sink");
}

TEST_F(PlanTest, UnionBeforeAWindowIsJustTwoEdges) {
  uint32_t a = source("a", {i64("x"), timestamp("t")}, "t"), b = source("b", {i64("x"), timestamp("t")}, "t");
  uint32_t both = stream("both", a);
  unite(both, {b});
  aggregate(both, {{"shard", binary(ExprKind::remainder, column(both, "x"), integer(7))}}, tumbling(hour_us),
            {count("n")});
  sink(both);
  PhysicalPlan made = lower();
  EXPECT_THAT(made.chains, SizeIs(3));
  const Chain& window = chain(made, "both.aggregate");
  ASSERT_THAT(window.ports, SizeIs(2));
  for (const plan::Edge& edge : made.edges) {
    EXPECT_EQ(edge.kind, EdgeKind::hash);
    EXPECT_EQ(edge.layout, window.inputs[0].layout);
  }
}

TEST_F(PlanTest, AStreamMayBeUnitedWithItself) {
  uint32_t a = source("a", {i64("x")});
  uint32_t twice = stream("twice", a);
  unite(twice, {a});
  sink(twice);
  PhysicalPlan made = optimised();
  EXPECT_THAT(chain(made, "twice.union").ports, SizeIs(2));
  EXPECT_THAT(chain(made, "a").outputs, SizeIs(2));
}

TEST_F(PlanTest, UnionOfUnequalParallelismRebalances) {
  uint32_t a = source("a", {i64("x")}), b = source("b", {i64("x")});
  source_of(b).parallelism = 2;
  uint32_t both = stream("both", a);
  unite(both, {b});
  sink(both);
  PhysicalPlan made = lower();
  EXPECT_EQ(made.edges[0].kind, EdgeKind::forward);
  EXPECT_EQ(made.edges[1].kind, EdgeKind::rebalance);
}

TEST_F(PlanTest, ExchangesAndParallelism) {
  uint32_t a = source("a", {i64("x")});
  uint32_t spread = stream("spread", a);
  rebalance(spread);
  sink(spread);
  uint32_t copies = stream("copies", a);
  broadcast(copies);
  sink(copies);
  uint32_t one = stream("one", a);
  parallelism(one, 1);
  where(one, compare(ExprKind::greater, column(one, "x"), integer(0)));
  sink(one);
  PhysicalPlan made = lower();
  EXPECT_EQ(made.edges[0].kind, EdgeKind::rebalance);
  EXPECT_EQ(made.edges[1].kind, EdgeKind::broadcast);
  EXPECT_EQ(made.edges[2].kind, EdgeKind::single);
  EXPECT_EQ(chain(made, "one.where").parallelism, 1u);
  EXPECT_EQ(chain(made, "one.where").name, "one.where > one.sink") << "the sink stays where its rows are";
}

TEST_F(PlanTest, ParallelismAtTheEndOfAStreamHoldsForItsReaders) {
  uint32_t a = source("a", {i64("x")});
  uint32_t few = stream("few", a);
  parallelism(few, 2);
  sink(few);
  PhysicalPlan made = lower();
  ASSERT_THAT(made.chains, SizeIs(2));
  EXPECT_EQ(made.edges[0].kind, EdgeKind::rebalance);
  EXPECT_EQ(made.chains[1].parallelism, 2u);
}

TEST_F(PlanTest, ParallelismBeforeAWindowNeedsNoCrossingOfItsOwn) {
  uint32_t from = fares();
  uint32_t tips = stream("tips", from);
  parallelism(tips, 3);
  aggregate(tips, {key(tips, "driver_id")}, tumbling(hour_us), {count("rides")});
  sink(tips);
  PhysicalPlan made = lower();
  ASSERT_THAT(made.chains, SizeIs(2));
  EXPECT_EQ(made.edges[0].kind, EdgeKind::hash);
  EXPECT_EQ(made.chains[1].parallelism, 3u);
}

TEST_F(PlanTest, SinkOfItsOwnParallelismIsAChain) {
  uint32_t a = source("a", {i64("x")});
  sink(a, "file").parallelism = 1;
  PhysicalPlan made = lower();
  ASSERT_THAT(made.chains, SizeIs(2));
  EXPECT_EQ(made.edges[0].kind, EdgeKind::single);
  EXPECT_EQ(made.chains[1].uid, "a.sink");
}

TEST_F(PlanTest, ForwardKeepsRowsWithTheirTask) {
  uint32_t a = source("a", {i64("x")});
  uint32_t same_task = stream("b", a);
  forward(same_task);
  sink(same_task);
  PhysicalPlan made = lower();
  for (const plan::Edge& edge : made.edges) EXPECT_EQ(edge.kind, EdgeKind::forward);
}

TEST_F(PlanTest, HoppingWindowsHavePanesOfTheGreatestCommonDivisor) {
  uint32_t from = fares();
  uint32_t tips = stream("tips", from);
  aggregate(tips, {key(tips, "driver_id")}, hopping(90 * second_us, 60 * second_us), {count("rides")});
  sink(tips);
  EXPECT_EQ(lower().states[0].pane_us, 30 * second_us);
}

TEST_F(PlanTest, CountOverEverythingNeedsNoColumn) {
  uint32_t a = source("a", {i64("x"), string("y")});
  uint32_t total = stream("total", a);
  aggregate(total, {}, global(), {count("n")});
  sink(total).is_final = true;
  PhysicalPlan made = optimised();
  EXPECT_THAT(made.connectors[0].is_needed, ElementsAre(false, false));
  EXPECT_EQ(made.layouts[chain(made, "total.aggregate").inputs[0].layout].stride, 8u);
}

TEST_F(PlanTest, FingerprintDependsOnStateAndSourcesOnly) {
  hourly_tips();
  uint64_t first = lower().fingerprint;
  program.streams[1].range = {100, 200, {}};
  uint32_t more = stream("more", 0);
  where(more, compare(ExprKind::greater, column(more, "tip"), real(1)));
  sink(more);
  EXPECT_EQ(lower().fingerprint, first) << "lines, stateless streams and sinks may change";
  std::get<sema::Aggregate>(program.streams[1].steps[0].node).window.size_us *= 2;
  EXPECT_NE(lower().fingerprint, first) << "a window may not";
}

TEST_F(PlanTest, FingerprintDoesNotDependOnTheOrderOfDeclarations) {
  auto counted = [&](ProgramBuilder& b, std::string_view name, uint32_t from) {
    uint32_t made = b.stream(name, from);
    b.aggregate(made, {{"x", b.column(made, "x")}}, tumbling(hour_us), {b.count("n")});
    b.sink(made);
  };
  auto fingerprint = [&](std::string_view first, std::string_view second) {
    ProgramBuilder b;
    uint32_t a = b.source("a", {i64("x"), timestamp("t")}, "t");
    counted(b, first, a);
    counted(b, second, a);
    return plan::lower(graph::build_graph(b.program), b.arena).fingerprint;
  };
  EXPECT_EQ(fingerprint("p", "q"), fingerprint("q", "p"));
  EXPECT_NE(fingerprint("p", "q"), fingerprint("p", "r"));
}

TEST_F(PlanTest, FingerprintSeesTheValuesOfAnEnum) {
  auto fingerprint = [](std::initializer_list<std::string_view> values) {
    ProgramBuilder b;
    std::vector<std::string_view> names(values);
    sema::EnumType type{.name = "Payment", .names = names, .texts = names};
    Column payment{"payment", {.kind = Kind::ENUM, .enumeration = &type}};
    uint32_t a = b.source("a", {payment, timestamp("t")}, "t");
    uint32_t made = b.stream("b", a);
    b.aggregate(made, {{"payment", b.column(made, "payment")}}, tumbling(hour_us), {b.count("n")});
    b.sink(made);
    return plan::lower(graph::build_graph(b.program), b.arena).fingerprint;
  };
  EXPECT_EQ(fingerprint({"CASH", "CARD"}), fingerprint({"CASH", "CARD"}));
  EXPECT_NE(fingerprint({"CASH", "CARD"}), fingerprint({"CARD", "CASH"}));
}

// ---- the verifier finds what is broken ------------------------------------------------------------------------------

class BrokenPlan : public PlanTest {
protected:
  std::string problem(const std::function<void(PhysicalPlan&)>& damage) {
    hourly_tips();
    PhysicalPlan made = lower();
    damage(made);
    return plan::verify(made).value_or("nothing found");
  }
};

TEST_F(BrokenPlan, OverlappingFields) {
  EXPECT_THAT(problem([](PhysicalPlan& p) { p.layouts[0].fields[1].offset = p.layouts[0].fields[0].offset; }),
              HasSubstr("overlaps"));
}
TEST_F(BrokenPlan, FieldBeyondTheRow) {
  EXPECT_THAT(problem([](PhysicalPlan& p) { p.layouts[0].stride = 8; }), HasSubstr("beyond the row"));
}
TEST_F(BrokenPlan, HashEdgeWithAnotherKey) {
  EXPECT_THAT(problem([](PhysicalPlan& p) { p.edges[0].key.from[0] = 1; }), HasSubstr("its key is not that of"));
}
TEST_F(BrokenPlan, UnkeyedStateInSeveralTasks) {
  EXPECT_THAT(problem([](PhysicalPlan& p) { p.chains[2].parallelism = 4; }), HasSubstr("not one task"));
}
TEST_F(BrokenPlan, KeyedRowsByRebalance) {
  EXPECT_THAT(problem([](PhysicalPlan& p) { p.edges[0].kind = EdgeKind::rebalance; }), HasSubstr("by its hash"));
}
TEST_F(BrokenPlan, EmitOfAnotherRow) {
  EXPECT_THAT(problem([](PhysicalPlan& p) { p.chains[0].ops.back().input = 0; }), HasSubstr("sends other rows"));
}
TEST_F(BrokenPlan, ExpressionOverMissingColumn) {
  EXPECT_THAT(problem([&](PhysicalPlan& p) {
                std::get<plan::Aggregate>(p.chains[1].ops[1].op).calls[0].argument =
                    make(ExprKind::column, sema::scalar(Kind::F64), {}, 9);
              }),
              HasSubstr("reads column 9"));
}
TEST_F(BrokenPlan, TwoStatesOfOneName) {
  EXPECT_THAT(problem([](PhysicalPlan& p) { p.states[1].name = p.states[0].name; }), HasSubstr("twice"));
}
TEST_F(BrokenPlan, OutputThatNobodyWrites) {
  EXPECT_THAT(problem([](PhysicalPlan& p) { p.chains[2].ops.pop_back(); }), HasSubstr("nothing is written"));
}
TEST_F(BrokenPlan, AListTooLargeForAnEntry) {
  uint32_t from = fares();
  uint32_t best = stream("best", from);
  top(best, {}, tumbling(hour_us), 1u << 30, {{column(best, "tip"), true}});
  sink(best);
  graph::DataflowGraph graph = graph::build_graph(program);
  EXPECT_THAT(plan::verify(plan::lower(graph, arena)).value_or(""), HasSubstr("4 GB"));
}

// ---- texts ----------------------------------------------------------------------------------------------------------

TEST_F(PlanTest, ExplainTellsOfStateKeysAndCrossings) {
  hourly_tips();
  PhysicalPlan made = optimised();
  std::string text = plan::explain_text(made);
  EXPECT_THAT(text, HasSubstr("hash(driver_id)"));
  EXPECT_THAT(text, HasSubstr("hourly_tips.aggregate"));
  EXPECT_THAT(text, HasSubstr("1h"));
  std::string dot = plan::explain_dot(made);
  EXPECT_THAT(dot, HasSubstr("digraph"));
  EXPECT_THAT(dot, HasSubstr("c0 -> c1"));
}

} // namespace
} // namespace flow::tests
