// The passes: what each does, and above all what it must not do. Programs are made by hand; results are read as text.
#include "compiler/optimize/passes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compiler/graph/build.h"
#include "compiler/graph/print.h"
#include "compiler/graph/verify.h"
#include "compiler/optimize/failures.h"
#include "compiler/optimize/pipeline.h"
#include "tests/unit/plan_fixture.h"

namespace flow::tests {
namespace {

using graph::DataflowGraph;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class OptimizeTest : public testing::Test, public ProgramBuilder {
protected:
  template <typename... Passes> DataflowGraph after(Passes... passes) {
    DataflowGraph graph = graph::build_graph(program);
    if (graph::verify(graph))
      optimize::remove_unused(graph, arena); // the fixture's source, in tests that bring their own
    EXPECT_EQ(graph::verify(graph), std::nullopt);
    auto apply = [&](auto pass) {
      pass(graph, arena);
      EXPECT_EQ(graph::verify(graph), std::nullopt) << graph::print(graph);
    };
    (apply(passes), ...);
    return graph;
  }

  static std::vector<std::string> names(const DataflowGraph& graph) {
    std::vector<std::string> made;
    for (const graph::Node& node : graph.nodes) made.push_back(node.name);
    return made;
  }
  static const graph::Node& node(const DataflowGraph& graph, std::string_view name) {
    for (const graph::Node& n : graph.nodes) {
      if (n.name == name) return n;
    }
    ADD_FAILURE() << "no node " << name << "\n" << graph::print(graph);
    return graph.nodes[0];
  }
  static std::vector<std::string> columns(const DataflowGraph& graph, std::string_view name) {
    std::vector<std::string> made;
    for (const Column& column : node(graph, name).schema.columns) made.emplace_back(column.name);
    return made;
  }

  /// What the expression becomes.
  std::string folded(const Expr* expr) {
    uint32_t s = stream("folded", from);
    select(s, {{"value", expr}});
    sink(s);
    DataflowGraph graph = after(optimize::fold_constants);
    const auto& project = std::get<graph::Project>(node(graph, "folded.select").op);
    EXPECT_EQ(project.values[0]->type, expr->type);
    std::string text = graph::print_expr(*project.values[0], program.streams[from].schema().columns, program);
    program.streams.pop_back();
    program.sinks.pop_back();
    return text;
  }

  uint32_t from = source(
      "s", {i64("a"), i64("b"), f64("x"), string("name"), nullable(i64("n")), {"flag", sema::scalar(Kind::BOOL)}});
  const Expr* a = column(from, "a");
  const Expr* b = column(from, "b");
  const Expr* x = column(from, "x");
  const Expr* name = column(from, "name");
  const Expr* flag = column(from, "flag");
  const Expr* yes = boolean(true);
  const Expr* no = boolean(false);
  const Expr* may_fail = compare(ExprKind::greater, add(a, b), integer(0));
};

// ---- fold_constants -------------------------------------------------------------------------------------------------

TEST_F(OptimizeTest, FoldsArithmeticOfConstants) {
  EXPECT_EQ(folded(add(integer(2), binary(ExprKind::multiply, integer(3), integer(4)))), "14");
  EXPECT_EQ(folded(binary(ExprKind::divide, integer(-7), integer(2))), "-3") << "towards zero";
  EXPECT_EQ(folded(binary(ExprKind::remainder, integer(-7), integer(2))), "-1") << "by the sign of the dividend";
  EXPECT_EQ(folded(binary(ExprKind::divide, real(1), real(4))), "0.25");
  EXPECT_EQ(folded(add(a, add(integer(1), integer(2)))), "(a + 3)");
}

TEST_F(OptimizeTest, WhatWouldFailIsLeftToFail) {
  EXPECT_EQ(folded(add(integer(INT64_MAX), integer(1))), "(9223372036854775807 + 1)");
  EXPECT_EQ(folded(binary(ExprKind::divide, integer(1), integer(0))), "(1 / 0)");
  EXPECT_EQ(folded(binary(ExprKind::remainder, integer(1), integer(0))), "(1 % 0)");
  EXPECT_EQ(folded(binary(ExprKind::divide, integer(INT64_MIN), integer(-1))), "(-9223372036854775808 / -1)");
  EXPECT_EQ(folded(add(integer(100, Kind::I8), integer(100, Kind::I8))), "(100 + 100)");
  EXPECT_EQ(folded(make(ExprKind::convert, sema::scalar(Kind::I8), {integer(300)})), "i8(300)");
  EXPECT_EQ(folded(binary(ExprKind::subtract, integer(0, Kind::U64), integer(1, Kind::U64))), "(0 - 1)");
  EXPECT_EQ(folded(make(ExprKind::negate, sema::scalar(Kind::I64), {integer(INT64_MIN)})), "--9223372036854775808");
}

TEST_F(OptimizeTest, UnsignedNumbersAreUnsigned) {
  const Expr* large = integer(-1, Kind::U64); // 2^64 - 1
  EXPECT_EQ(folded(compare(ExprKind::greater, large, integer(1, Kind::U64))), "true");
  EXPECT_EQ(folded(make(ExprKind::to_text, sema::scalar(Kind::STRING), {large})), "\"18446744073709551615\"");
}

TEST_F(OptimizeTest, FoldsComparisons) {
  EXPECT_EQ(folded(compare(ExprKind::less, integer(1), integer(2))), "true");
  EXPECT_EQ(folded(compare(ExprKind::equal, text("a"), text("b"))), "false");
  EXPECT_EQ(folded(compare(ExprKind::greater, text("\xc3\xa9"), text("z"))), "true") << "by bytes, which are unsigned";
  const Expr* nan = real(std::numeric_limits<double>::quiet_NaN());
  EXPECT_EQ(folded(compare(ExprKind::equal, nan, nan)), "false");
  EXPECT_EQ(folded(compare(ExprKind::not_equal, nan, nan)), "true");
  EXPECT_EQ(folded(compare(ExprKind::less_equal, nan, real(1))), "false");
  const Expr* null_i64 = null(sema::scalar(Kind::I64));
  EXPECT_EQ(folded(compare(ExprKind::equal, null_i64, null_i64)), "true") << "null is a value to ==";
}

TEST_F(OptimizeTest, AndOrFollowTheLeftSide) {
  auto logical = [&](ExprKind kind, const Expr* l, const Expr* r) { return folded(compare(kind, l, r)); };
  EXPECT_EQ(logical(ExprKind::logical_and, no, may_fail), "false") << "the right side is never evaluated";
  EXPECT_EQ(logical(ExprKind::logical_and, yes, flag), "flag");
  EXPECT_EQ(logical(ExprKind::logical_and, flag, yes), "flag");
  EXPECT_EQ(logical(ExprKind::logical_and, flag, no), "false");
  EXPECT_THAT(logical(ExprKind::logical_and, may_fail, no), HasSubstr("and")) << "its failure must be seen";
  EXPECT_EQ(logical(ExprKind::logical_or, yes, may_fail), "true");
  EXPECT_EQ(logical(ExprKind::logical_or, flag, yes), "true");
  EXPECT_EQ(logical(ExprKind::logical_or, flag, no), "flag");
  EXPECT_THAT(logical(ExprKind::logical_or, may_fail, yes), HasSubstr("or"));
}

TEST_F(OptimizeTest, IfTakesTheOnlyBranch) {
  EXPECT_EQ(folded(make(ExprKind::conditional, a->type, {yes, a, b})), "a");
  EXPECT_EQ(folded(make(ExprKind::conditional, a->type, {no, add(a, b), b})), "b");
  EXPECT_EQ(folded(make(ExprKind::conditional, a->type, {flag, a, b})), "(if flag then a else b)");
}

TEST_F(OptimizeTest, NullFormsDisappear) {
  sema::Type maybe = sema::scalar(Kind::I64).with_null();
  const Expr* some = make(ExprKind::to_nullable, maybe, {a});
  EXPECT_EQ(folded(make(ExprKind::coalesce, a->type, {some, b})), "a");
  EXPECT_EQ(folded(make(ExprKind::coalesce, a->type, {null(maybe), b})), "b");
  EXPECT_EQ(folded(make(ExprKind::is_null, sema::scalar(Kind::BOOL), {some})), "false");
  EXPECT_EQ(folded(make(ExprKind::is_null, sema::scalar(Kind::BOOL), {null(maybe)})), "true");
  const Expr* fallible = make(ExprKind::to_nullable, maybe, {add(a, b)});
  EXPECT_THAT(folded(make(ExprKind::is_null, sema::scalar(Kind::BOOL), {fallible})), HasSubstr("is null"));
}

TEST_F(OptimizeTest, TextsAreJoined) {
  const Expr* inner = make(ExprKind::concat, name->type, {text("b"), name});
  EXPECT_EQ(folded(make(ExprKind::concat, name->type, {text("a"), inner, text(""), text("c"), text("d")})),
            "concat(\"ab\", name, \"cd\")");
  const Expr* number = make(ExprKind::to_text, name->type, {integer(-5)});
  EXPECT_EQ(folded(make(ExprKind::concat, name->type, {text("n="), number})), "\"n=-5\"");
}

TEST_F(OptimizeTest, LetOfALeafIsReplaced) {
  const Expr* local = make(ExprKind::local, a->type, {}, 0);
  EXPECT_EQ(folded(make(ExprKind::let, a->type, {integer(2), add(local, local)}, 0)), "4");
  const Expr* hidden = make(ExprKind::let, a->type, {add(local, a), local}, 0);
  EXPECT_EQ(folded(make(ExprKind::let, a->type, {integer(2), hidden}, 0)), "(let $0 = (2 + a) in $0)");
}

TEST_F(OptimizeTest, TryOfWhatCannotFail) {
  sema::Type maybe = sema::scalar(Kind::I64).with_null();
  EXPECT_EQ(folded(make(ExprKind::attempt, maybe, {a})), "a");
  EXPECT_EQ(folded(make(ExprKind::attempt, maybe, {add(a, b)})), "try((a + b))");
}

// ---- what can fail --------------------------------------------------------------------------------------------------

TEST_F(OptimizeTest, DivisionByAConstantFailsOnlyByZeroAndMinusOne) {
  EXPECT_FALSE(optimize::can_fail(*binary(ExprKind::divide, a, integer(46)), program));
  EXPECT_FALSE(optimize::can_fail(*binary(ExprKind::remainder, a, integer(-46)), program));
  EXPECT_TRUE(optimize::can_fail(*binary(ExprKind::divide, a, integer(0)), program));
  EXPECT_TRUE(optimize::can_fail(*binary(ExprKind::divide, a, integer(-1)), program)) << "the least integer overflows";
  EXPECT_TRUE(optimize::can_fail(*binary(ExprKind::divide, a, b), program));
  EXPECT_TRUE(optimize::can_fail(*binary(ExprKind::divide, add(a, b), integer(46)), program));
  EXPECT_TRUE(optimize::can_fail(*add(a, integer(46)), program));
}

TEST_F(OptimizeTest, FailuresAreFoundInFunctions) {
  EXPECT_FALSE(optimize::can_fail(*call("lower", name->type, {name}, false), program));
  EXPECT_TRUE(optimize::can_fail(*call("parse", a->type, {name}, true), program));
  EXPECT_TRUE(optimize::can_fail(*call("lower", name->type, {call("cut", name->type, {name}, true)}, false), program));
  program.functions.push_back(
      {.name = "twice", .params = {f64("v")}, .result = x->type, .body = binary(ExprKind::add, x, x), .range = {}});
  Expr twice = *make(ExprKind::call, x->type, {x});
  EXPECT_FALSE(optimize::can_fail(twice, program));
  program.functions[0].body = &twice;
  EXPECT_TRUE(optimize::can_fail(twice, program)) << "a function that calls itself may run out of stack";
}

// ---- push_filters
// -----------------------------------------------------------------------------------------------------

TEST_F(OptimizeTest, FilterGoesBeforeAProjectionThatCopiesWhatItReads) {
  uint32_t s = stream("t", from);
  select(s, {{"p", b}, {"y", binary(ExprKind::multiply, x, real(2))}});
  where(s, compare(ExprKind::greater, column(s, "p"), integer(3)));
  sink(s);
  DataflowGraph graph = after(optimize::push_filters);
  EXPECT_THAT(names(graph), ElementsAre("s", "t.where", "t.select", "t.sink"));
  EXPECT_THAT(graph::print(graph), HasSubstr("t.where = where (b > 3)"));
}

TEST_F(OptimizeTest, FilterGoesBeforeSeveralProjections) {
  uint32_t s = stream("t", from);
  select(s, {{"p", b}, {"q", a}});
  select(s, {{"r", column(s, "p")}});
  where(s, compare(ExprKind::greater, column(s, "r"), integer(3)));
  sink(s);
  EXPECT_THAT(names(after(optimize::push_filters)), ElementsAre("s", "t.where", "t.select", "t.select.2", "t.sink"));
}

TEST_F(OptimizeTest, FilterStaysBehindAProjectionThatMayFail) {
  uint32_t s = stream("t", from);
  select(s, {{"a", a}, {"sum", add(a, b)}});
  where(s, compare(ExprKind::greater, column(s, "a"), integer(3)));
  sink(s);
  EXPECT_THAT(names(after(optimize::push_filters)), ElementsAre("s", "t.select", "t.where", "t.sink"));
}

TEST_F(OptimizeTest, FilterStaysBehindWhatItReads) {
  uint32_t s = stream("t", from);
  select(s, {{"y", binary(ExprKind::multiply, x, real(2))}});
  where(s, compare(ExprKind::greater, column(s, "y"), real(3)));
  sink(s);
  EXPECT_THAT(names(after(optimize::push_filters)), ElementsAre("s", "t.select", "t.where", "t.sink"));
}

TEST_F(OptimizeTest, FilterStaysBehindASharedProjection) {
  uint32_t s = stream("t", from);
  select(s, {{"p", b}});
  uint32_t filtered = stream("u", s);
  where(filtered, compare(ExprKind::greater, column(filtered, "p"), integer(3)));
  sink(s);
  sink(filtered);
  EXPECT_THAT(names(after(optimize::push_filters)), ElementsAre("s", "t.select", "u.where", "t.sink", "u.sink"));
}

TEST_F(OptimizeTest, FilterStaysWhereAFailureMeansSomethingElse) {
  uint32_t s = stream("t", from);
  select(s, {{"p", b}}).on_error = sema::OnError::skip;
  where(s, compare(ExprKind::greater, column(s, "p"), integer(3)));
  sink(s);
  EXPECT_THAT(names(after(optimize::push_filters)), ElementsAre("s", "t.select", "t.where", "t.sink"));
}

TEST_F(OptimizeTest, FilterGoesToTheInputsOfAUnion) {
  uint32_t other = source(
      "o", {i64("a"), i64("b"), f64("x"), string("name"), nullable(i64("n")), {"flag", sema::scalar(Kind::BOOL)}});
  uint32_t s = stream("t", from);
  unite(s, {other});
  where(s, compare(ExprKind::greater, column(s, "a"), integer(3)));
  sink(s);
  DataflowGraph graph = after(optimize::push_filters);
  EXPECT_THAT(names(graph), ElementsAre("s", "o", "t.where@1", "t.where@2", "t.union", "t.sink"));
}

TEST_F(OptimizeTest, FilterOfOneReaderStaysBehindASharedUnion) {
  uint32_t other = source("o", {i64("a")}), first = source("f", {i64("a")});
  uint32_t s = stream("t", first);
  unite(s, {other});
  uint32_t filtered = stream("u", s);
  where(filtered, compare(ExprKind::greater, column(filtered, "a"), integer(3)));
  sink(s);
  sink(filtered);
  EXPECT_THAT(names(after(optimize::push_filters)), testing::Contains("u.where"));
}

// ---- merge_projections
// ------------------------------------------------------------------------------------------------

TEST_F(OptimizeTest, NeighbouringProjectionsBecomeOne) {
  uint32_t s = stream("t", from);
  select(s, {{"y", binary(ExprKind::multiply, x, real(2))}, {"z", x}});
  select(s, {{"w", add(column(s, "y"), column(s, "z"))}});
  sink(s);
  DataflowGraph graph = after(optimize::merge_projections);
  EXPECT_THAT(names(graph), ElementsAre("s", "t.select.2", "t.sink"));
  EXPECT_THAT(graph::print(graph), HasSubstr("project ((x * 2) + x)"));
}

TEST_F(OptimizeTest, ProjectionsStayApartWhereAFailureWouldBeLost) {
  uint32_t s = stream("t", from);
  select(s, {{"sum", add(a, b)}, {"b", b}});
  select(s, {{"b", column(s, "b")}});
  sink(s);
  EXPECT_THAT(names(after(optimize::merge_projections)), ElementsAre("s", "t.select", "t.select.2", "t.sink"));
}

TEST_F(OptimizeTest, ProjectionsStayApartWhereWorkWouldDouble) {
  uint32_t s = stream("t", from);
  select(s, {{"y", call("sin", x->type, {x}, false)}});
  select(s, {{"z", add(column(s, "y"), column(s, "y"))}});
  sink(s);
  EXPECT_THAT(names(after(optimize::merge_projections)), ElementsAre("s", "t.select", "t.select.2", "t.sink"));
}

TEST_F(OptimizeTest, ProjectionsStayApartWhereLocalsWouldMeet) {
  uint32_t s = stream("t", from);
  const Expr* local = make(ExprKind::local, x->type, {}, 0);
  select(s, {{"y", make(ExprKind::let, x->type, {binary(ExprKind::multiply, x, x), add(local, local)}, 0)}});
  select(s, {{"z", make(ExprKind::let, x->type,
                        {binary(ExprKind::multiply, column(s, "y"), real(2)), add(local, local)}, 0)}});
  sink(s);
  EXPECT_THAT(names(after(optimize::merge_projections)), ElementsAre("s", "t.select", "t.select.2", "t.sink"));
}

// ---- prune_fields
// -------------------------------------------------------------------------------------------------------

TEST_F(OptimizeTest, SourceKeepsOnlyWhatIsRead) {
  uint32_t s = stream("t", from);
  where(s, compare(ExprKind::greater, b, integer(3)));
  select(s, {{"name", name}});
  sink(s);
  DataflowGraph graph = after(optimize::prune_fields);
  EXPECT_THAT(columns(graph, "s"), ElementsAre("b", "name"));
  EXPECT_THAT(graph::print(graph), HasSubstr("where (b > 3)"));
  EXPECT_THAT(columns(graph, "t.sink"), ElementsAre("name"));
}

TEST_F(OptimizeTest, SourceKeepsWhatEventTimeIsMadeOf) {
  uint32_t timed = source("timed", {i64("k"), timestamp("t"), i64("v")}, "t");
  uint32_t s = stream("q", timed);
  select(s, {{"v", column(s, "v")}});
  sink(s);
  EXPECT_THAT(columns(after(optimize::prune_fields), "timed"), ElementsAre("t", "v"));
}

TEST_F(OptimizeTest, GeneratedFieldThatMayFailIsStillMade) {
  uint32_t made = source("g", {i64("sure"), i64("risky"), i64("used")}, {}, "generate");
  const Expr* number = make(ExprKind::number, sema::scalar(Kind::I64), {});
  source_of(made).generated = {number, add(number, number), number};
  uint32_t s = stream("q", made);
  select(s, {{"used", column(s, "used")}});
  sink(s);
  EXPECT_THAT(columns(after(optimize::prune_fields), "g"), ElementsAre("risky", "used"));
}

TEST_F(OptimizeTest, ValueThatMayFailIsStillMade) {
  uint32_t s = stream("t", from);
  select(s, {{"sum", add(a, b)}, {"x", x}, {"name", name}});
  select(s, {{"x", column(s, "x")}});
  sink(s);
  DataflowGraph graph = after(optimize::prune_fields);
  EXPECT_THAT(columns(graph, "t.select"), ElementsAre("sum", "x"));
  EXPECT_THAT(columns(graph, "s"), ElementsAre("a", "b", "x"));
}

TEST_F(OptimizeTest, LateRowsKeepWhatTheirReadersRead) {
  uint32_t timed = source("timed", {i64("k"), timestamp("t"), i64("v"), i64("w")}, "t");
  uint32_t s = stream("q", timed);
  Schema before = schema(s);
  aggregate(s, {{"k", column(s, "k")}}, tumbling(hour_us), {count("n")});
  uint32_t tardy = late_of(s, "tardy", before);
  select(tardy, {{"v", column(tardy, "v")}});
  sink(s);
  sink(tardy);
  DataflowGraph graph = after(optimize::prune_fields);
  EXPECT_THAT(columns(graph, "timed"), ElementsAre("k", "t", "v"));
  EXPECT_THAT(columns(graph, "tardy"), ElementsAre("k", "t", "v"));
}

TEST_F(OptimizeTest, TopKeepsAllColumnsBecauseTheySettleTies) {
  uint32_t timed = source("timed", {i64("k"), timestamp("t"), i64("v")}, "t");
  uint32_t s = stream("q", timed);
  top(s, {}, tumbling(hour_us), 1, {{column(s, "k"), true}});
  select(s, {{"v", column(s, "v")}});
  sink(s);
  EXPECT_THAT(columns(after(optimize::prune_fields), "timed"), ElementsAre("k", "t", "v"));
}

TEST_F(OptimizeTest, StateDoesNotDependOnWhoReadsIt) {
  uint32_t timed = source("timed", {i64("k"), timestamp("t"), i64("v")}, "t");
  uint32_t s = stream("q", timed);
  aggregate(s, {{"k", column(s, "k")}}, tumbling(hour_us), {count("n"), sum("v", column(s, "v"))});
  select(s, {{"n", column(s, "n")}});
  sink(s);
  EXPECT_THAT(columns(after(optimize::prune_fields), "q.aggregate"),
              ElementsAre("k", "window_start", "window_end", "n", "v"));
}

TEST_F(OptimizeTest, RowsAreNarrowedBeforeTheyAreSent) {
  uint32_t s = stream("t", from);
  where(s, compare(ExprKind::greater, b, integer(3)));
  rebalance(s);
  select(s, {{"name", name}});
  sink(s);
  DataflowGraph graph = after(optimize::prune_fields);
  EXPECT_THAT(columns(graph, "t.rebalance"), ElementsAre("name"));
  EXPECT_THAT(columns(graph, "t.rebalance@1"), ElementsAre("name"));
}

TEST_F(OptimizeTest, UnionOfAStreamWithItselfIsNarrowedTwice) {
  uint32_t s = stream("t", from);
  where(s, compare(ExprKind::greater, b, integer(3)));
  uint32_t twice = stream("u", s);
  unite(twice, {s});
  select(twice, {{"name", column(twice, "name")}});
  sink(twice);
  EXPECT_THAT(columns(after(optimize::prune_fields), "u.union"), ElementsAre("name"));
}

TEST_F(OptimizeTest, UnnestKeepsTheTextOnlyWhileItIsRead) {
  uint32_t s = stream("words", from);
  unnest(s, name, "word");
  select(s, {{"word", column(s, "word")}, {"a", column(s, "a")}});
  sink(s);
  DataflowGraph graph = after(optimize::prune_fields);
  EXPECT_THAT(columns(graph, "s"), ElementsAre("a", "name"));
  EXPECT_THAT(columns(graph, "words.unnest"), ElementsAre("a", "name", "word"));
  EXPECT_THAT(columns(graph, "words.sink"), ElementsAre("word", "a"));
}

// ---- remove_unused
// ----------------------------------------------------------------------------------------------------

TEST_F(OptimizeTest, IdleNodesGo) {
  uint32_t s = stream("t", from);
  where(s, yes);
  select(s, {{"a", a}, {"b", b}, {"x", x}, {"name", name}, {"n", column(s, "n")}, {"flag", flag}});
  sink(s);
  EXPECT_THAT(names(after(optimize::remove_unused)), ElementsAre("s", "t.sink"));
}

TEST_F(OptimizeTest, RenamingIsNotIdle) {
  uint32_t one = source("one", {i64("a")});
  uint32_t s = stream("t", one);
  select(s, {{"b", column(s, "a")}});
  sink(s);
  EXPECT_THAT(names(after(optimize::remove_unused)), testing::Contains("t.select"));
}

TEST_F(OptimizeTest, NodesWithoutSinkGo) {
  uint32_t s = stream("t", from);
  where(s, flag);
  sink(from);
  DataflowGraph graph = graph::build_graph(program);
  EXPECT_THAT(graph::verify(graph).value_or(""), HasSubstr("leads to no sink"));
  optimize::remove_unused(graph, arena);
  EXPECT_EQ(graph::verify(graph), std::nullopt);
  EXPECT_THAT(names(graph), ElementsAre("s", "s.sink"));
}

// ---- the pipeline
// -------------------------------------------------------------------------------------------------------

TEST_F(OptimizeTest, PassesCanBeSwitchedOff) {
  uint32_t s = stream("t", from);
  where(s, yes);
  sink(s);
  DataflowGraph with = graph::build_graph(program), without = with;
  EXPECT_EQ(optimize::run(with, {}, arena), std::nullopt);
  EXPECT_EQ(optimize::run(without, {.disabled = {"remove_unused"}}, arena), std::nullopt);
  EXPECT_THAT(names(with), Not(testing::Contains("t.where")));
  EXPECT_THAT(names(without), testing::Contains("t.where"));
}

TEST_F(OptimizeTest, UnknownPassesAreNamed) {
  EXPECT_EQ(optimize::unknown_pass({.disabled = {"prune_fields", "fold"}}), "fold");
  EXPECT_EQ(optimize::unknown_pass({.disabled = {"prune_fields"}}), std::nullopt);
  EXPECT_THAT(optimize::pass_names(), HasSubstr("push_filters, "));
}

} // namespace
} // namespace flow::tests
