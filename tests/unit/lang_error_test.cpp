// Wrong programs: which errors, where, and that nothing follows from them.
// Alone: build/bin/tests/lang_test --gtest_filter='Errors*'
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <thread>

#include "lang/base/utf8.h"
#include "tests/unit/lang_fixture.h"

namespace flow::lang {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> places(std::string_view text) { return parse_text(text).places(); }

TEST(ErrorsRecovery, AllIndependentErrorsInOneRun) {
  EXPECT_THAT(places("streem a = x\n"
                     "stream b = x | wher y | slect { z } | where 1\n"
                     "type T = { a i64 }\n"
                     "sink b csv(\"o\")\n"
                     "let c = 12abc\n"
                     "let d = \"open\n"
                     "stream e = b | where f = 1\n"),
              testing::UnorderedElementsAre("1:1 unknown-declaration", "2:16 unknown-step", "2:25 unknown-step",
                                            "3:14 syntax", "4:8 syntax", "5:9 bad-duration", "6:9 unterminated-string",
                                            "7:24 syntax"));
}

TEST(ErrorsRecovery, StepsAroundAWrongOneAreKept) {
  Parsed parsed = parse_text("stream s = a | where x | wher y | key k\n");
  EXPECT_EQ(parsed.tree(),
            "program\n  stream s\n    from a\n    where\n      name x\n    error\n    key\n      name k\n");
}

TEST(ErrorsRecovery, NestedPipelineGoesOnInTheOuterOne) {
  Parsed parsed = parse_text("stream s = a | union (b | wher c) | key k\nstream t = s | kee u\n");
  EXPECT_THAT(parsed.places(), ElementsAre("1:27 unknown-step", "2:16 unknown-step"));
  EXPECT_THAT(parsed.tree(), HasSubstr("    key\n      name k\n"));
}

TEST(ErrorsRecovery, FailedDeclarationsKeepTheirNames) {
  Parsed parsed =
      parse_text("type T { a: i64 }\nstream s = \nlet x = 1\npattern O(a: T keyed b) { x then y emit { a: x.b } }\n"
                 "fn f(x: i64) -> i64 { return x }\nextern fn g(x) -> i64\n");
  EXPECT_EQ(parsed.tree(), "program\n  error T\n  error s\n  let x\n    int 1\n  error O\n  error f\n  error g\n");
}

TEST(ErrorsRecovery, NameOfTheDeclarationBeforeIsNotTaken) {
  EXPECT_EQ(parse_text("let x = 1;\n5\nlet y = 2\n").tree(),
            "program\n  let x\n    int 1\n  error\n  let y\n    int 2\n");
}

TEST(ErrorsRecovery, MistypedDeclarationDoesNotHarmTheOneBefore) {
  Parsed parsed = parse_text("let x = 1\nstreem y = x\nlet z = \nstreem u = (1\nlet v = 2\n");
  EXPECT_THAT(parsed.places(), ElementsAre("2:1 unknown-declaration", "3:8 syntax", "4:1 unknown-declaration"));
  EXPECT_EQ(parsed.tree(), "program\n  let x\n    int 1\n  error y\n  error z\n  error u\n  let v\n    int 2\n");
}

TEST(ErrorsRecovery, NoPlaceIsLeftTwice) {
  EXPECT_THAT(places("sink a | wher b\nstream c = d\nsink c -> 1"), ElementsAre("1:10 unknown-step", "3:11 syntax"));
  EXPECT_THAT(places("sink a | only b\nstream c = d\nsink c -> 1"), ElementsAre("1:10 not-yet", "3:11 syntax"));
  EXPECT_THAT(places("stream a = b | union (c | only d\nstream e = f | kee g\n"),
              ElementsAre("1:27 not-yet", "1:22 unclosed-bracket", "2:16 unknown-step"));
  EXPECT_THAT(places("stream a = b | union (c | union (d | union (e | wher"), ElementsAre("1:49 unknown-step"));
  EXPECT_THAT(places("stream a = ((((b | wher c\nstream d = e | kee f"),
              ElementsAre("1:20 unknown-step", "2:16 unknown-step"));
}

TEST(ErrorsRecovery, SinkGoesOnBehindItsArrow) {
  EXPECT_THAT(places("sink a | wher b -> csv(\"x\")\nsink a | wher b -> 5\n"),
              ElementsAre("1:10 unknown-step", "2:10 unknown-step", "2:20 syntax"));
}

TEST(ErrorsRecovery, BracketLeftOpenIsToldAtTheBracket) {
  EXPECT_THAT(places("type F = {\n  a: i64,\n  b: f64\n\nstream s = f | where g(h\n  | key k\nstream t = f | kee k\n"),
              ElementsAre("1:10 unclosed-bracket", "5:23 unclosed-bracket", "7:16 unknown-step"));
}

TEST(ErrorsRecovery, AlternativesInAMatchAreNoSteps) {
  EXPECT_THAT(places("stream s = a | derive b = match c { \"x\" | \"y\" = 1 } | wher d\n"),
              ElementsAre("1:47 syntax", "1:55 unknown-step"));
}

TEST(ErrorsRecovery, WordsOfDeclarationsMayBeNames) {
  Parsed parsed = parse_text("stream source = table | select { stream, sink, type: param } | where fn(let_) | wher x\n"
                             "stream table = source | key sink\n");
  EXPECT_THAT(parsed.places(), ElementsAre("1:81 unknown-step"));
  EXPECT_EQ(parsed.program->declarations.size(), 2u);
}

TEST(ErrorsRecovery, IncompleteDeclarationDoesNotEatTheNext) {
  Parsed parsed = parse_text("stream a = s | drop b,\nstream c = s | key\nstream d = s\n");
  EXPECT_THAT(parsed.places(), ElementsAre("1:23 syntax", "2:19 syntax"));
  EXPECT_THAT(parsed.tree(), HasSubstr("stream d\n    from s\n"));
}

// ---- operators: statements are places to go on, too

std::vector<std::string> places_in_handler(std::string_view statements) {
  return places("operator O(a: T keyed b) -> T {\non a {\n  " + std::string(statements) + "\n}\n}\n");
}

TEST(ErrorsRecovery, StatementsAroundAWrongOneAreKept) {
  Parsed parsed = parse_text("operator O(a: T keyed b) -> T {\n  state n: i64\n  stat m: i64\n  on a {\n    n = 1\n"
                             "    if n = 2 {\n      n = 3\n    } else {\n      n = 4\n    }\n    n = 5\n  }\n}\n");
  EXPECT_THAT(parsed.places(), ElementsAre("3:3 syntax", "6:10 syntax"));
  EXPECT_EQ(
      parsed.tree(),
      "program\n  operator O\n    input a\n      type T\n      keyed\n        name b\n    output\n      type T\n    on "
      "a\n      assign\n        name n\n        int 1\n      error\n      assign\n        name n\n        int 5\n");
}

TEST(ErrorsRecovery, AnOpenBlockEndsWithItsOperator) {
  EXPECT_THAT(places("operator O(a: T keyed b) -> T {\n  on a {\n    if c { emit a\n  on t { clear d }\n}\n"
                     "stream s = a | wher x\n"),
              testing::UnorderedElementsAre("2:8 unclosed-bracket", "3:10 unclosed-bracket", "6:16 unknown-step"));
}

TEST(ErrorsStatements, AreTold) {
  EXPECT_THAT(places_in_handler("n == 3"), Contains("3:5 syntax"));
  EXPECT_THAT(places_in_handler("n++"), Contains("3:4 syntax"));
  EXPECT_THAT(places_in_handler("emitt { b }"), Contains("3:3 syntax"));
  EXPECT_THAT(places_in_handler("var n = 3"), Contains("3:3 syntax"));
  EXPECT_THAT(places_in_handler("return n"), Contains("3:10 syntax"));
  EXPECT_THAT(places_in_handler("if n then emit a"), Contains("3:8 syntax"));
  EXPECT_THAT(places_in_handler("emit { b = 3 }"), Contains("3:12 syntax"));
}

TEST(ErrorsNotYet, LaterPartsAreToldOnceAndSkipped) {
  Parsed parsed = parse_text(R"(
union Event = Person | Bid
aggregate mean(x: f64) -> f64? {
  state n: i64 = 0
  add { n += 1 }
  result = if n == 0 then null else n
}
operator Op was Old(ride: Ride keyed ride_id) -> { id: i64 }, audit: Ride {
  state first: Ride? expires 1d
  on ride {
    if first is null { at ride.time + 2h as overdue } else { cancel overdue }
    let stream = 1
    seen.add(x); total -= 1; total *= 2; total /= 3
    for name, rule in rules { emit { id: rule.name } to audit }
  }
}
pattern Fall(bid: Bid keyed auction) {
  start then down+ where price < prev.price then (up{2,5} | x?)*
  followed by any (z) within 1h skip past last
  emit { start.auction, low: last(down).price }
}
test "nothing comes of nothing" {
  given rides = [{ id: 1, at: @2020-01-01T12:00:00Z }]
  watermark rides @2020-01-01T14:00:00Z
  advance 1min
  expect alerts == []
}
stream a = x | only Bid | where b
stream c = x | split { small: d < 1, rest } | join e as f on g == f.g within -5min..1h | key h
stream i = x | left lookup j on k | dedup keep last by l | over rows(10) m = avg(n) | process Op(a, limit: 5)
stream o = x | detect Fall | changes | partition p | lookup q on r == q.r
sink o -> console()
)");
  EXPECT_THAT(parsed.places(), ElementsAre("2:1 not-yet", "3:1 not-yet", "13:5 not-yet", "14:5 not-yet", "17:1 not-yet",
                                           "28:16 not-yet", "30:16 not-yet", "30:37 not-yet", "30:60 not-yet",
                                           "31:16 not-yet", "31:40 not-yet", "31:54 not-yet"));
  EXPECT_THAT(parsed.errors(), HasSubstr("`left lookup` is part of the language"));
  EXPECT_EQ(parsed.program->declarations.size(), 10u);
}

TEST(ErrorsNotYet, PartsOfExpressionsAndTypes) {
  EXPECT_THAT(
      places("let a = f(x => x.y)\nlet b = g((x, y) => x)\nlet c = [1: 2]\nlet d = [:]\nlet e = x is Bid\n"
             "let f = match x { Bid b => 1, else => 2 }\ntype T = [string: i64]\nstream s = a | unnest m as k, v\n"),
      ElementsAre("1:11 not-yet", "2:11 not-yet", "3:9 not-yet", "4:9 not-yet", "5:11 not-yet", "6:19 not-yet",
                  "7:10 not-yet", "8:16 not-yet"));
}

TEST(ErrorsLimits, BracketsNestTo256) {
  auto nested = [](size_t n, const char* open, const char* close) {
    std::string text = "let a = ";
    for (size_t i = 0; i < n; ++i) text += open;
    text += "1";
    for (size_t i = 0; i < n; ++i) text += close;
    return text;
  };
  EXPECT_THAT(places(nested(255, "(", ")")), IsEmpty());
  EXPECT_THAT(places(nested(255, "[", "]")), IsEmpty());
  for (auto [open, close] : {std::pair("(", ")"), {"[", "]"}, {"{a: ", "}"}, {"f(", ")"}, {"\"{", "}\""}}) {
    EXPECT_THAT(places(nested(300, open, close)), ElementsAre(testing::EndsWith("nesting-too-deep"))) << open;
    EXPECT_THAT(places(nested(100'000, open, close)), ElementsAre(testing::EndsWith("nesting-too-deep"))) << open;
  }
}

TEST(ErrorsLimits, ExpressionsAndTypesNestTo256) {
  auto repeated = [](std::string_view before, std::string_view part, size_t n, std::string_view after) {
    std::string text(before);
    for (size_t i = 0; i < n; ++i) text += part;
    return text + std::string(after);
  };
  EXPECT_THAT(places(repeated("let a = 1", " + 1", 255, "")), IsEmpty());
  EXPECT_THAT(places(repeated("let a = 1", " + 1", 256, "")), ElementsAre("1:9 nesting-too-deep"));
  EXPECT_THAT(places(repeated("let a = ", "not ", 200'000, "b")).size(), 1u);
  EXPECT_THAT(places(repeated("let a = ", "- ", 200'000, "b")).size(), 1u);
  EXPECT_THAT(places(repeated("let a = ", "if b then c else ", 50'000, "d")).size(), 1u);
  EXPECT_THAT(places(repeated("let a = b", ".c", 300'000, "")).size(), 1u);
  EXPECT_THAT(places(repeated("let a = b", "()", 300'000, "")).size(), 1u);
  EXPECT_THAT(places(repeated("let a = b", " ?? c", 100'000, "")).size(), 1u);
  EXPECT_THAT(places(repeated("type T = i64", " ?", 300'000, "")).size(), 1u);
}

TEST(ErrorsLimits, LargeProgramIsRefused) {
  std::string text(program_bytes_max, ' ');
  EXPECT_THAT(places(text), IsEmpty());
  EXPECT_THAT(places(text + " "), ElementsAre("1:1 program-too-large"));
}

TEST(ErrorsLimits, ManyErrorsStayReadableAndQuick) {
  std::string text = "stream a = b";
  for (int i = 0; i < 100'000; ++i) text += " | wher c";
  Parsed parsed = parse_text(text);
  EXPECT_EQ(parsed.emitter->diagnostics().size(), DiagnosticEmitter::error_limit);
}

TEST(ErrorsText, BytesThatAreNoText) {
  Parsed parsed = parse_text("let a = \"\xff\"\nlet \xfe = 1\nlet b = 1 | \x01\n");
  EXPECT_THAT(parsed.errors(), HasSubstr("1:10: error: this byte belongs to no UTF-8 text"));
  EXPECT_FALSE(find_invalid_utf8(parsed.errors()).has_value()) << "what is shown must be text";
}

TEST(ErrorsText, ZeroBytes) {
  using namespace std::string_view_literals;
  EXPECT_THAT(places("let a = \0 1\n\0let b = \"\0\"\n"sv),
              ElementsAre("1:9 unexpected-character", "2:1 unexpected-character"));
}

/// Programs of the slice, to be damaged.
constexpr std::string_view whole = R"(/// Tips
import taxi
param data: string = "data" where data != ""
enum Payment = CASH | CARD "credit card"
type Fare = { ride_id: i64, start: timestamp from "startTime", tip: f64?, }
source fares: Fare = csv("{data}/fares-{1 + 2}.csv") time start watermark lag 60s idle 30s on error to bad
fn f(x: i64) -> i64 = match x { 1 | 2 => 3, else => if x > 2 then -1 else x % 3 }
stream tips = fares | where tip ?? 0.0 > 1.5 and ride_id in 1..5 | key { ride_id }
  | window tumbling(1h, offset: 5min) late to tardy | aggregate n = count(distinct tip where tip is not null)
stream best = tips | window same | top 1 by n desc with ties | select { ...it, a: [1, 2][0], b: r"\W" }
sink best -> csv("out/x") parallelism 2
)";

TEST(ErrorsAnything, DamagedProgramsGiveTreesAndReadableErrors) {
  ASSERT_EQ(parse_text(whole).errors(), "");
  const unsigned seed = 20'240'101;
  std::mt19937 random(seed);
  constexpr std::string_view scraps[] = {"|",     "{",  "}",  "(",           ")",     "[",    "]",   "\"",   "\n",
                                         ",",     "=",  "->", "stream x = ", "=>",    "type", ":",   " is ", "..",
                                         "where", "/*", "'",  "r\"",         "@2020", "\xc3", "not", "join"};
  for (int i = 0; i < 5'000; ++i) {
    std::string text(whole);
    for (size_t n = 1 + random() % 4; n > 0; --n) {
      size_t at = random() % text.size();
      switch (random() % 4) {
      case 0: text.erase(at, 1 + random() % 20); break;
      case 1: text.insert(at, scraps[random() % std::size(scraps)]); break;
      case 2: text.insert(at, whole.substr(random() % whole.size(), random() % 60)); break;
      default: text.resize(at); break;
      }
      if (text.empty()) break;
    }
    Parsed parsed = parse_text(text);
    ASSERT_NE(parsed.program, nullptr);
    std::string shown = parsed.errors() + parsed.tree();
    ASSERT_FALSE(parsed.emitter->has_errors() && parsed.errors().empty()) << "seed " << seed << ", case " << i;
  }
}

TEST(ErrorsAnything, SeveralThreadsParseAtOnce) {
  std::string expected = parse_text(whole).tree();
  std::vector<std::string> found(4);
  std::vector<std::thread> threads;
  for (std::string& each : found) {
    threads.emplace_back([&each] {
      for (int i = 0; i < 50; ++i) each = parse_text(whole).tree();
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::string& each : found) EXPECT_EQ(each, expected);
}

} // namespace
} // namespace flow::lang
