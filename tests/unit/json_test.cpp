// JSON lines: what they decode to, and what is bad and where.
//   build/bin/tests/json_test
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/connector_fixture.h"

namespace flow::runtime {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

TEST(Json, members_in_any_order_others_ignored) {
  auto source = std::move(TestConnector("json").field("id", FLOW_I64).field("name", FLOW_STRING));
  EXPECT_THAT(
      decode(source, "{\"id\":1,\"name\":\"Ann\"}\n  { \"x\" : [1, {\"id\": 9}], \"name\" : \"B\" , \"id\" : 2 }\r\n"),
      ElementsAre("1 'Ann'", "2 'B'"));
}

TEST(Json, duplicates_last_wins) {
  auto source = std::move(TestConnector("json").field("id", FLOW_I64));
  EXPECT_THAT(decode(source, "{\"id\":1,\"id\":2}"), ElementsAre("2"));
}

TEST(Json, blank_lines_and_a_byte_order_mark_are_passed_over) {
  auto source = std::move(TestConnector("json").field("id", FLOW_I64));
  EXPECT_THAT(decode(source, "\xef\xbb\xbf{\"id\":1}\n \t\r\n\n{\"id\":\"x\"}\n"),
              ElementsAre("1", "bad 4:7 id: '\"x\"' is not how i64 is written in JSON [{\"id\":\"x\"}]"));
  EXPECT_THAT(decode(source, ""), IsEmpty());
}

TEST(Json, missing_and_null) {
  auto source = std::move(TestConnector("json").field("a", FLOW_I64, true).field("b", FLOW_I64));
  EXPECT_THAT(decode(source, "{\"b\":1}\n{\"a\":null,\"b\":2}\n{\"a\":3}\n{\"b\":null}\n{}\n"),
              ElementsAre("null 1", "null 2", StartsWith("bad 3:1 b: there is no value, and the type is i64, not i64?"),
                          StartsWith("bad 4:6 b: there is no value"), StartsWith("bad 5:1 b: there is no value")));
}

TEST(Json, numbers_are_exact) {
  auto source = std::move(TestConnector("json").field("n", FLOW_I64));
  EXPECT_THAT(
      decode(source, "{\"n\":9223372036854775807}\n{\"n\":-9007199254740993}\n{\"n\":1.0}\n{\"n\":1e3}\n{\"n\":-0}\n"),
      ElementsAre("9223372036854775807", "-9007199254740993", "1", "1000", "0"));
  EXPECT_THAT(decode(source, "{\"n\":1.5}\n{\"n\":9223372036854775808}\n{\"n\":1e300}\n"),
              ElementsAre(HasSubstr("'1.5' is not a value of type i64"), HasSubstr("out of range"), StartsWith("bad")));
  auto big = std::move(TestConnector("json").field("n", FLOW_U64));
  EXPECT_THAT(decode(big, "{\"n\":18446744073709551615}\n{\"n\":-1}\n"),
              ElementsAre("18446744073709551615", HasSubstr("out of range for u64")));
  for (const char* wrong : {"01", "+1", "1.", ".5", "1e", "1e+", "-", "0x1", "1_0", "--1", "NaN", "Infinity"}) {
    EXPECT_THAT(decode(source, std::string("{\"n\":") + wrong + "}"), ElementsAre(StartsWith("bad"))) << wrong;
  }
}

TEST(Json, floats) {
  auto source = std::move(TestConnector("json").field("x", FLOW_F64));
  EXPECT_THAT(
      decode(source, "{\"x\":1}\n{\"x\":-1.25e-3}\n{\"x\":\"inf\"}\n{\"x\":\"nan\"}\n{\"x\":\"1\"}\n{\"x\":1e999}\n"),
      ElementsAre("1", "-0.00125", "inf", "nan", HasSubstr("is not how f64 is written"), HasSubstr("out of range")));
}

TEST(Json, kinds) {
  auto source = std::move(TestConnector("json")
                              .field("b", FLOW_BOOL)
                              .field("t", FLOW_TIMESTAMP)
                              .field("d", FLOW_DATE)
                              .field("u", FLOW_DURATION)
                              .field("e", FLOW_ENUM)
                              .field("y", FLOW_BYTES));
  EXPECT_THAT(
      decode(source, R"({"b":true,"t":"2001-01-01 00:03","d":"2001-01-31","u":"90s","e":"credit card","y":"QQ=="})"),
      ElementsAre("true 2001-01-01T00:03:00Z 2001-01-31 1min30s 'credit card' QQ=="));
  EXPECT_THAT(decode(source, R"({"b":"true"})"), ElementsAre(HasSubstr("is not how bool is written in JSON")));
  EXPECT_THAT(decode(source, R"({"b":1})"), ElementsAre(HasSubstr("is not how bool is written in JSON")));
  EXPECT_THAT(decode(source, R"({"t":978307200000})"),
              ElementsAre(HasSubstr("the option timestamps: \"ms\" reads numbers")));
  EXPECT_THAT(decode(source, R"({"t":true})"), ElementsAre(StartsWith("bad 1:6 t:")));
  EXPECT_THAT(decode(source, R"({"e":"CASHH"})"), ElementsAre(HasSubstr("did you mean 'CASH'?")));
  EXPECT_THAT(decode(source, R"({"e":{"a":[1]}})"), ElementsAre(HasSubstr("is not how Payment is written in JSON")));
  auto numbers = std::move(TestConnector("json").option("timestamps", "ms").field("t", FLOW_TIMESTAMP));
  EXPECT_THAT(
      decode(numbers, "{\"t\":978307200000}\n{\"t\":9.783072e11}\n{\"t\":\"2001-01-01T00:00:00Z\"}\n{\"t\":0.5}\n"),
      ElementsAre("2001-01-01T00:00:00Z", "2001-01-01T00:00:00Z", "2001-01-01T00:00:00Z", StartsWith("bad")));
}

TEST(Json, escapes_and_surrogates) {
  auto source = std::move(TestConnector("json").field("s", FLOW_STRING));
  EXPECT_THAT(decode(source, R"({"s":"\"\\\/\b\f\n\r\t\u00e4\uD83D\ude00"})"), ElementsAre("'\"\\/\b\f\n\r\tä😀'"));
  EXPECT_THAT(decode(source, R"({"\u0073":"x"})"), ElementsAre("'x'"));
  for (const char* wrong :
       {R"(\ud83d)", R"(\ude00)", R"(\ud83d\u0041)", R"(\ud83dx)", R"(\x)", R"(\u12)", R"(\u12g4)", "\t", "\xff"}) {
    EXPECT_THAT(decode(source, std::string("{\"s\":\"") + wrong + "\"}"), ElementsAre(StartsWith("bad 1:"))) << wrong;
  }
}

TEST(Json, malformed_records_are_bad_with_their_place_and_the_next_line_is_read) {
  auto source = std::move(TestConnector("json").field("id", FLOW_I64));
  struct Case {
    const char* line;
    const char* expected;
  };
  for (const Case& c :
       {Case{"[1]", "bad 1:1 : an object is expected"}, Case{"{\"id\":1", "bad 1:8 : ',' or '}' is expected here"},
        Case{"{\"id\":1}x", "bad 1:9 : there is something behind the object"},
        Case{"{\"id\":1,}", "bad 1:9 : a name in double quotes is expected here"},
        Case{"{id:1}", "bad 1:2 : a name in double quotes"},
        Case{"{\"id\" 1}", "bad 1:7 : ':' is expected after a name"},
        Case{"{\"id\":}", "bad 1:7 id: a value is expected here"},
        Case{"{\"id\":", "bad 1:7 id: the record ends too early"},
        Case{"{\"x\":\"a}", "bad 1:6 : the string is not closed"},
        Case{"{\"x\":tru}", "bad 1:6 : this is not a JSON value"},
        Case{"{\"x\":nul", "bad 1:6 : this is not a JSON value"},
        Case{"{\"x\":[1,]}", "bad 1:9 : a value is expected here"},
        Case{"{\"x\":{\"y\":1}", "bad 1:13 : ',' or '}' is expected here"},
        Case{"{\"id\":truex}", "bad 1:7 id: 'true' is not how i64"}}) {
    EXPECT_THAT(decode(source, std::string(c.line) + "\n{\"id\":7}\n"), ElementsAre(StartsWith(c.expected), "7"))
        << c.line;
  }
  EXPECT_THAT(decode(source, std::string_view("{\"id\":1}\0\n", 10)),
              ElementsAre(HasSubstr("something behind the object")));
}

TEST(Json, depth_is_limited) {
  auto source = std::move(TestConnector("json").field("id", FLOW_I64));
  auto nested = [](size_t depth) {
    return "{\"x\":" + std::string(depth, '[') + std::string(depth, ']') + ",\"id\":1}\n";
  };
  EXPECT_THAT(decode(source, nested(200)), ElementsAre("1"));
  EXPECT_THAT(decode(source, nested(300)), ElementsAre(HasSubstr("values are nested too deeply")));
  EXPECT_THAT(decode(source, nested(1'000'000)), ElementsAre(HasSubstr("values are nested too deeply")));
}

} // namespace
} // namespace flow::runtime
