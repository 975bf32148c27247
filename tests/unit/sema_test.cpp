// From tree to typed program: names, types, null, time and state. Run alone: ctest -R unit.sema_test
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compiler/sema/total_functions.h"
#include "tests/unit/sema_fixture.h"

namespace flow::sema {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// ---- examples

TEST(Examples, AllCheck) {
  size_t count = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(std::string(FLOW_SOURCE_DIR) + "/examples")) {
    if (entry.path().extension() != ".flow") continue;
    count++;
    TestModules modules;
    modules.folder = entry.path().parent_path().string();
    Checked checked = check_text(*text_of_file(entry.path().string()), modules, entry.path().string());
    EXPECT_FALSE(checked.emitter->has_errors()) << checked.messages();
    std::string text = print(checked.program);
    EXPECT_EQ(text, print(checked.program));
  }
  EXPECT_GE(count, 10u);
}

// ---- the reference: its programs check

TEST(Reference, ProgramsOfTheReferenceCheck) {
  std::string text = *text_of_file(std::string(FLOW_SOURCE_DIR) + "/docs/language.md");
  size_t count = 0;
  for (size_t at = text.find("```flow\n"); at != std::string::npos; at = text.find("```flow\n", at)) {
    at += 8;
    size_t end = text.find("```", at);
    Checked checked = check_text(text.substr(at, end - at));
    EXPECT_THAT(checked.found(), IsEmpty()) << checked.messages();
    at = end + 3;
    count++;
  }
  EXPECT_GE(count, 1u);
}

// ---- texts that must agree with the compiler

TEST(Docs, ProgramsOfTheReferenceCheck) {
  std::string text = *text_of_file(std::string(FLOW_SOURCE_DIR) + "/docs/language.md");
  size_t count = 0;
  for (size_t at = text.find("```flow\n"); at != std::string::npos; at = text.find("```flow\n", at + 1), count++) {
    size_t begin = at + 8, end = text.find("```", begin);
    Checked checked = check_text(text.substr(begin, end - begin));
    EXPECT_THAT(checked.found(), IsEmpty()) << checked.messages();
  }
  EXPECT_GE(count, 1u);
}

/// A function of the library that is said never to fail has no way to do so.
TEST(Library, TotalFunctionsCannotFail) {
  std::string text;
  for (const auto& entry : std::filesystem::directory_iterator(std::string(FLOW_SOURCE_DIR) + "/runtime/vocabulary")) {
    if (entry.path().extension() == ".cpp") text += *text_of_file(entry.path().string());
  }
  for (std::string_view symbol : total_functions()) {
    std::string head = std::string(symbol) + "(FlowTask*";
    size_t at = text.find(head);
    if (at != std::string::npos && text[at + head.size()] == ',') continue;
    at = text.find(std::string(symbol) + "(FlowTask* task");
    ASSERT_NE(at, std::string::npos) << symbol;
    std::string body = text.substr(at, text.find("\n}", at) - at);
    EXPECT_THAT(body, HasSubstr("return changed(task")) << symbol;
  }
}

// ---- expressions: the type of `v` in `derive v = …`, or what is reported

std::string type_of(std::string_view expression) {
  Checked checked =
      check_with_source("stream o = rows | derive v = " + std::string(expression) + "\nsink o -> console()");
  if (checked.emitter->has_errors()) return std::string(lang::slug_of(checked.emitter->diagnostics().front().kind));
  return text_of(checked.stream("o").schema().columns.back().type);
}

struct ExpressionCase {
  const char* expression;
  const char* expected;
};

class Expressions : public testing::TestWithParam<ExpressionCase> {};

TEST_P(Expressions, HaveTheirType) {
  EXPECT_EQ(type_of(GetParam().expression), GetParam().expected) << GetParam().expression;
}

constexpr ExpressionCase expression_cases[] = {
    // Numbers: nothing is lost by itself.
    {"1", "i64"},
    {"0.5", "f64"},
    {"id + 1", "i64"},
    {"n + 1", "i32"},
    {"n + id", "i64"},
    {"x * 2", "f64"},
    {"y * 0.5", "f32"},
    {"x + y", "f64"},
    {"n * x", "f64"},
    {"id + x", "wrong-operand"},
    {"f64(id) + x", "f64"},
    {"u + id", "wrong-operand"},
    {"-n", "i32"},
    {"-u", "wrong-operand"},
    {"id / 0", "bad-value"},
    {"-9223372036854775808", "i64"},
    {"id % 7", "i64"},
    {"s + 1", "wrong-operand"},
    {"s + s", "wrong-operand"},
    {"b + b", "wrong-operand"},
    // Comparisons
    {"id == 1", "bool"},
    {"id == \"1\"", "type-mismatch"},
    {"x > 1", "bool"},
    {"s < \"b\"", "bool"},
    {"b < true", "wrong-operand"},
    {"id in 1..5", "bool"},
    {"x in -1.5..<2.5", "bool"},
    {"s in [\"a\", \"b\"]", "bool"},
    {"id not in [1, 2]", "bool"},
    {"id in []", "bad-value"},
    {"id in 5", "wrong-operand"},
    {"1..5", "no-value"},
    {"[1]", "no-value"},
    {"{ a: null }", "no-value"},
    {"{ a: 1 }.a", "i64"},
    {"{ a: 1, b: { c: 2.5 } }.b.c", "f64"},
    // Null
    {"m", "i64?"},
    {"m ?? 0", "i64"},
    {"m + 1", "null-value"},
    {"m > 1", "null-value"},
    {"m == 1", "bool"},
    {"m is null", "bool"},
    {"m is not null and m > 1", "bool"},
    {"m is null or m > 1", "bool"},
    {"m is not null or m > 1", "null-value"},
    {"if m is null then 0 else m", "i64"},
    {"if m is not null then m + 1 else 0", "i64"},
    {"if b then 1 else null", "i64?"},
    {"id ?? 0", "wrong-operand"},
    {"lower(q)", "null-value"},
    {"\"{q}\"", "null-value"},
    {"null", "no-value"},
    {"not (m is null) and m > 0", "bool"},
    {"q ?? s", "string"},
    {"m ?? null", "i64?"},
    // Time
    {"t + 1h", "timestamp"},
    {"1h + t", "timestamp"},
    {"t - 1h", "timestamp"},
    {"t - t", "duration"},
    {"t + t", "wrong-operand"},
    {"w + 1s", "duration"},
    {"w * 2", "duration"},
    {"2 * w", "duration"},
    {"w / 2", "duration"},
    {"w / w", "i64"},
    {"t + 5", "wrong-operand"},
    {"t > @2020-01-01", "bool"},
    {"d > @2020-01-01", "bool"},
    {"d == @2020-01-01T12:00:00Z", "type-mismatch"},
    {"d + 1d", "wrong-operand"},
    {"date(t)", "date"},
    {"timestamp(d) + 1d", "timestamp"},
    {"hour(t)", "i64"},
    {"truncate(t, 1h)", "timestamp"},
    // Conversions
    {"i64(s)", "i64"},
    {"i64(x)", "i64"},
    {"string(id)", "string"},
    {"f64(m)", "f64?"},
    {"i32(id)", "i32"},
    {"bool(id)", "type-mismatch"},
    {"try(i64(s))", "i64?"},
    {"try(i64(s)) ?? 0", "i64"},
    {"i64(s, 1)", "wrong-arguments"},
    {"date(s)", "date"},
    // Choices
    {"if b then 1 else 2", "i64"},
    {"if b then 1 else 0.5", "f64"},
    {"if b then n else id", "i64"},
    {"if b then 1 else \"a\"", "type-mismatch"},
    {"if id then 1 else 2", "type-mismatch"},
    {"match id { 1 | 2 => \"few\", else => \"many\" }", "string"},
    {"match id { 1 => 2 }", "match-incomplete"},
    {"match b { true => 1, false => 0 }", "i64"},
    {"match b { true => 1 }", "match-incomplete"},
    // Functions
    {"lower(s)", "string"},
    {"abs(n)", "i64"},
    {"abs(x)", "f64"},
    {"abs(-1)", "i64"},
    {"abs(s)", "wrong-arguments"},
    {"length(s, s)", "wrong-arguments"},
    {"lowr(s)", "unknown-function"},
    {"sum(x)", "no-aggregate"},
    {"s.lower()", "unknown-function"},
    {"max(id, 3)", "i64"},
    {"index_of(s, \"a\")", "i64?"},
    {"split(s, \",\")", "not-yet"},
    {"\"{id} of {s} at {t}\"", "string"},
    // Names
    {"idd", "unknown-name"},
    {"it.id", "i64"},
    {"it == it", "wrong-operand"},
    {"it is null", "bool"},
    {"it.nope", "unknown-name"},
    {"rows.id", "no-value"},
    {"id.x", "no-value"},
};

INSTANTIATE_TEST_SUITE_P(All, Expressions, testing::ValuesIn(expression_cases));

TEST(Names, AreFoundInAnyOrder) {
  Checked checked =
      check_text("sink o -> console()\n"
                 "stream o = rows | where x > limit | select { x, half: halved(x), k: if kind == CARD then 1 else 0 }\n"
                 "fn halved(v: f64) -> f64 = v / two\n"
                 "let two = 2.0\n"
                 "param limit: f64 = 5 where limit > 0\n"
                 "source rows: Row = csv(\"in\")\n"
                 "type Row = { x: f64, kind: Kind }\n"
                 "enum Kind = CASH | CARD \"credit card\"\n");
  EXPECT_THAT(checked.found(), IsEmpty()) << checked.messages();
  EXPECT_EQ(checked.columns("o"), "x: f64, half: f64, k: i64");
  ASSERT_EQ(checked.program.enums.size(), 1u);
  EXPECT_EQ(checked.program.params.size(), 1u);
}

TEST(Names, OfModules) {
  TestModules modules;
  modules.texts["shop"] = "param folder: string = \"in\"\ntype Order = { id: i64 }\nsource orders: Order = "
                          "csv(folder)\nsink orders -> console()\nfn one() -> i64 = 1";
  Checked checked = check_text("import shop\nstream o = orders | derive n = shop.one() + one()\nsink o -> "
                               "console()\nsink shop.orders -> discard()",
                               modules);
  EXPECT_THAT(checked.found(), IsEmpty()) << checked.messages();
  EXPECT_EQ(checked.program.sinks.size(), 2u);
  EXPECT_EQ(checked.program.params.size(), 1u);
  modules.texts["mart"] = "type Order = { id: i64 }\nsource orders: Order = csv(\"x\")";
  EXPECT_THAT(check_text("import shop\nimport mart\nsink orders -> console()", modules).found(),
              ElementsAre("3 ambiguous-name"));
  EXPECT_THAT(check_text("import shop as a\nimport mart as b\nsink b.orders -> console()", modules).found(), IsEmpty());
}

TEST(Names, CyclesAreReported) {
  EXPECT_THAT(check_text("let a = b\nlet b = a").found(), testing::Contains(HasSubstr("definition-cycle")));
  EXPECT_THAT(check_text("stream a = b\nstream b = a\nsink a -> console()").found(),
              testing::Contains(HasSubstr("definition-cycle")));
  EXPECT_THAT(check_text("type A = B\ntype B = A").found(), testing::Contains(HasSubstr("definition-cycle")));
}

TEST(Names, ParametersMayHaveConstants) {
  Checked checked = check_text("source rows = generate(count: 1)\n"
                               "fn f(a: i64, b: f64 = 2, c: string? = null, d: i64? = 5) -> f64 = f64(a) * b\n"
                               "stream o = rows | select { x: f(number), y: f(a: 1, b: 3.0) }\nsink o -> console()");
  EXPECT_THAT(checked.found(), IsEmpty()) << checked.messages();
  EXPECT_THAT(check_text("fn f(a: i64 = f()) -> i64 = a").found(), testing::Contains("1 definition-cycle"));
  EXPECT_THAT(check_text("param n: i64\nfn f(a: i64 = n) -> i64 = a").found(), testing::Contains("2 not-constant"));
}

TEST(Names, FunctionsOfOtherLanguagesComeLater) {
  EXPECT_THAT(check_text("extern fn f(a: i64) -> i64").found(), testing::Contains("1 not-yet"));
}

TEST(Names, FunctionsMayCallThemselves) {
  Checked checked =
      check_text("source rows = generate(count: 10)\nfn odd(n: i64) -> bool = if n == 0 then false else even(n - 1)\n"
                 "fn even(n: i64) -> bool = if n == 0 then true else odd(n - 1)\nstream o = rows | where "
                 "even(number)\nsink o -> console()");
  EXPECT_THAT(checked.found(), IsEmpty()) << checked.messages();
  EXPECT_EQ(checked.program.functions.size(), 2u);
}

// ---- steps

TEST(Steps, Fields) {
  Checked checked =
      check_with_source("stream a = rows | select { id, twice: id * 2, s }\n"
                        "stream b = a | derive twice = 0.5, more = id\n"
                        "stream c = b | drop s | rename key = id\n"
                        "stream d = c | select { ...it, more: \"x\" }\n"
                        "stream e = rows | select { s } | unnest split(s, r\"\\W+\") as word | where word != \"\"\n"
                        "sink d -> console()\nsink e -> console()");
  EXPECT_THAT(checked.found(), IsEmpty()) << checked.messages();
  EXPECT_EQ(checked.columns("a"), "id: i64, twice: i64, s: string");
  EXPECT_EQ(checked.columns("b"), "id: i64, twice: f64, s: string, more: i64");
  EXPECT_EQ(checked.columns("c"), "key: i64, twice: f64, more: i64");
  EXPECT_EQ(checked.columns("d"), "key: i64, twice: f64, more: string");
  EXPECT_EQ(checked.columns("e"), "s: string, word: string");
  EXPECT_TRUE(checked.stream("d").schema().has_time);
}

TEST(Steps, WhereTakesNullAway) {
  Checked checked = check_with_source(
      "stream o = rows | where m is not null and q is not null | derive v = m + 1\nsink o -> console()");
  EXPECT_THAT(checked.found(), IsEmpty()) << checked.messages();
  EXPECT_THAT(checked.columns("o"), HasSubstr("m: i64, q: string, v: i64"));
}

TEST(Steps, Windows) {
  Checked checked =
      check_with_source("stream a = rows | key s | window tumbling(1h) late to tardy | aggregate n = count(), total = "
                        "sum(n), mean = avg(x), first_m = first(m), big = max(x where x > 5)\n"
                        "stream b = a | window same | top 3 by total desc, s as rank\n"
                        "sink b -> console()\nsink tardy -> discard()");
  EXPECT_THAT(checked.found(), IsEmpty()) << checked.messages();
  EXPECT_EQ(checked.columns("a"), "s: string, window_start: timestamp, window_end: timestamp, n: i64, total: i64, "
                                  "mean: f64, first_m: i64?, big: f64?");
  EXPECT_THAT(checked.columns("b"), HasSubstr("big: f64?, rank: i64"));
  EXPECT_EQ(checked.columns("tardy"), checked.columns("rows"));
  EXPECT_TRUE(checked.stream("b").schema().has_time);
}

TEST(Steps, KeyAndWindowWaitAcrossStreams) {
  Checked checked = check_with_source("stream keyed = rows | key { name: lower(s), id }\nstream hourly = keyed | where "
                                      "x > 0 | window hopping(1h, 5min, offset: 1min)\n"
                                      "stream o = hourly | derive z = 1 | aggregate n = count()\nsink o -> console()");
  EXPECT_THAT(checked.found(), IsEmpty()) << checked.messages();
  EXPECT_EQ(checked.columns("o"), "name: string, id: i64, window_start: timestamp, window_end: timestamp, n: i64");
  const auto& aggregate = std::get<Aggregate>(checked.stream("o").steps.back().node);
  EXPECT_EQ(aggregate.window.size_us, 3'600'000'000);
  EXPECT_EQ(aggregate.window.slide_us, 300'000'000);
  EXPECT_EQ(aggregate.window.offset_us, 60'000'000);
}

TEST(Steps, AnAggregateWithoutWindowIsATableWithoutTime) {
  Checked checked = check_with_source("table o = rows | key s | aggregate n = count()\nsink o -> csv(\"out\") final");
  EXPECT_THAT(checked.found(), IsEmpty()) << checked.messages();
  EXPECT_FALSE(checked.stream("o").schema().has_time);
  EXPECT_TRUE(checked.stream("o").is_table);
  EXPECT_THAT(check_with_source("stream o = rows | aggregate n = count()\nsink o -> csv(\"out\") final").found(),
              ElementsAre("2 wrong-nature"));
  EXPECT_THAT(check_with_source("table o = rows | aggregate n = count()\nsink o -> csv(\"out\")").found(),
              ElementsAre("3 table-not-final"));
  EXPECT_THAT(check_with_source("table o = rows | aggregate n = count()\nstream p = o | window tumbling(1h) | "
                                "aggregate c = count()\nsink p -> discard()")
                  .found(),
              ElementsAre("3 missing-time"));
}

TEST(Steps, OneStateOfAKindHasAName) {
  EXPECT_THAT(check_with_source("stream o = rows | window tumbling(1h) | aggregate n = count() | window tumbling(1d) | "
                                "aggregate m = sum(n)\nsink o -> discard()")
                  .found(),
              ElementsAre("2 duplicate-name"));
  Checked checked =
      check_with_source("stream o = rows | window tumbling(1h) | aggregate n = count() | window same | top 1 by "
                        "n\nstream p = o | window tumbling(1d) | aggregate m = sum(n)\nsink p -> discard()");
  EXPECT_THAT(checked.found(), IsEmpty()) << checked.messages();
}

TEST(Steps, DeriveSeesWhatItMadeBefore) {
  Checked checked = check_with_source(
      "stream o = rows | select { id } | derive a = id + 1, b = a * 2, id = b, c = id\nsink o -> discard()");
  EXPECT_THAT(checked.found(), IsEmpty()) << checked.messages();
  EXPECT_EQ(checked.columns("o"), "id: i64, a: i64, b: i64, c: i64");
  EXPECT_THAT(checked.text(), HasSubstr("derive.2: project id = id, a = a, b = (a * 2)\n"));
}

TEST(Steps, Union) {
  Checked checked = check_with_source("stream a = rows | select { id, s }\nstream b = rows | select { s, id }\nstream "
                                      "o = a | union b, (rows | where x > 0 | select { id, s })\nsink o -> console()");
  EXPECT_THAT(checked.found(), IsEmpty()) << checked.messages();
  EXPECT_EQ(checked.columns("o"), "id: i64, s: string");
  EXPECT_THAT(check_with_source("stream a = rows | select { id, s: id }\nstream b = rows | select { id, s }\nstream o "
                                "= a | union b\nsink o -> console()")
                  .found(),
              ElementsAre("4 union-mismatch"));
}

// ---- what is kept

TEST(Program, HoldsWhatSinksNeed) {
  Checked checked = check_with_source(
      "stream used = rows | select { id }\nstream spare = rows | where lower(s) == upper(s)\nsink used -> discard()");
  EXPECT_THAT(checked.found(), ElementsAre("3 unused-stream"));
  ASSERT_EQ(checked.program.streams.size(), 2u);
  EXPECT_EQ(checked.program.streams[0].name, "rows");
  EXPECT_THAT(checked.program.externs, IsEmpty());
}

TEST(Program, StreamsComeAfterThoseTheyRead) {
  Checked checked = check_with_source(
      "sink late -> discard()\nsink b -> discard()\nstream b = a | where x > 0\nstream a = rows | where id > 0\n"
      "stream w = rows | window tumbling(1h) late to late | aggregate n = count() | where n > 1\n");
  EXPECT_FALSE(checked.emitter->has_errors()) << checked.messages();
  const auto& streams = checked.program.streams;
  for (uint32_t i = 0; i < streams.size(); i++) {
    if (const auto* from = std::get_if<uint32_t>(&streams[i].origin)) {
      EXPECT_LT(*from, i);
    }
    if (const auto* late = std::get_if<LateStream>(&streams[i].origin)) {
      EXPECT_LT(late->stream, i);
      EXPECT_LT(late->step, streams[late->stream].steps.size());
    }
  }
}

// ---- errors

TEST(Errors, AllIndependentOnesAreFound) {
  Checked checked = check_with_source(
      "stream a = rows | where nope > 1 | select { id, w: s + 1 }\n"
      "stream b = a | derive z = id + \"1\" | key gone | window tumbling(0s) | aggregate n = count()\n"
      "stream c = nowhere | where id > 1\n"
      "sink b -> csvv(\"out\")\n");
  EXPECT_THAT(checked.found(), ElementsAre("2 unknown-name", "2 wrong-operand", "3 wrong-operand", "3 unknown-name",
                                           "3 bad-value", "4 unknown-stream", "5 unknown-connector"))
      << checked.messages();
}

TEST(Errors, NothingFollowsFromAnError) {
  EXPECT_THAT(check_text("source rows: Nope = csv(\"in\")\nstream a = rows | where x > 1 | key y | aggregate n = "
                         "sum(z)\nsink a -> console()")
                  .found(),
              testing::Each(testing::AnyOf(HasSubstr("unknown-type"), HasSubstr("wrong-nature"))));
}

TEST(Errors, LongChainsDoNotExhaustTheStack) {
  std::string text = "source s0 = generate(count: 1)\nsink s20000 -> discard()\n";
  for (int i = 20000; i > 0; i--) text += fmt::format("stream s{} = s{}\n", i, i - 1);
  check_text(text);
  text = "let a0 = 1\n";
  for (int i = 20000; i > 0; i--) text += fmt::format("let a{} = a{}\n", i, i - 1);
  check_text(text);
}

} // namespace
} // namespace flow::sema
