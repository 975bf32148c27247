// Marked JSON records against the decoder: whatever the input, the windows and the calls, reading the marks as
// generated code does gives the same rows, bad records, positions, counters and checkpoints as decoding record by
// record.
//   build/bin/tests/json_marks_test --gtest_filter='JsonMarks.*'
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "runtime/base/cpu.h"
#include "runtime/formats/json_marker.h"
#include "runtime/formats/json_shape.h"
#include "runtime/formats/utf8.h"
#include "runtime/formats/utf8_blocks.h"
#include "tests/unit/marks_reading.h"
#include "tests/unit/marks_texts.h"

namespace flow::runtime {
namespace {

// ---- values ----

// What the decoder makes of a record with this value; none: it is bad.
std::optional<FlowCell> decoded(FlowKind kind, std::string_view value) {
  TestConnector source("json");
  source.field("f", kind).option("timestamps", "ms");
  std::string record = R"({"f":)" + std::string(value) + "}\n";
  FlowInput input{};
  input.data = record.data();
  input.end = static_cast<int64_t>(record.size());
  input.is_last = 1;
  int64_t position = 0;
  FlowCell cell{};
  if (source.decoder()->next(input, &position, &cell) != Decoded::row) return std::nullopt;
  if (is_free_text(kind) && kind != FLOW_ENUM) cell.value.i = 0;
  return cell;
}

// A bare value, or one between quotes, against the decoder; whether the usual form was recognised.
bool check_value(FlowKind kind, const std::string& text, MarkedForm form) {
  bool is_text = form == MarkedForm::text;
  std::optional<FlowCell> expected = decoded(kind, is_text ? '"' + text + '"' : text);
  MarkedField field{.form = form};
  RecordMarks marks{.fields = &field, .us_per_number = 1000};
  bool was_usual = false;
  for (char around : {',', '\n', '0', '9', '.', '-', '\xff'}) {
    Padded padded(text, around);
    Days days;
    FlowCell got{};
    UsualReader usual{true, &marks, 0, is_ascii(text), &days};
    was_usual = usual.read(field_of_kind(kind), padded.text(), &got);
    if (kind == FLOW_STRING) got.value.i = 0;
    if (!was_usual) continue;
    EXPECT_TRUE(expected.has_value()) << kind_name(kind) << " " << testing::PrintToString(text);
    EXPECT_TRUE(expected && is_exactly(got, *expected)) << kind_name(kind) << " " << testing::PrintToString(text);
  }
  return was_usual;
}

bool stands_in_quotes(FlowKind kind) {
  return is_free_text(kind) || kind == FLOW_BYTES || kind == FLOW_DATE || kind == FLOW_DURATION;
}

bool has_marks(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return c == '"' || c == '\\' || static_cast<uint8_t>(c) < 0x20; });
}

// Each form in which the field of a record with marks can stand.
bool check_forms(FlowKind kind, const std::string& text) {
  if (has_marks(text)) return false; // is never between two marks
  bool was_usual = stands_in_quotes(kind) || kind == FLOW_TIMESTAMP ? check_value(kind, text, MarkedForm::text) : false;
  if (!stands_in_quotes(kind)) was_usual |= check_value(kind, text, MarkedForm::bare);
  return was_usual;
}

TEST(JsonMarks, what_is_accepted_of_odd_texts_is_what_the_decoder_gives) {
  for (FlowKind kind : kinds) {
    for (const std::string& text : odd_texts()) check_forms(kind, text);
  }
}

TEST(JsonMarks, usual_texts_are_accepted_and_exact) {
  constexpr uint64_t seed = 21;
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Random random(seed);
  for (FlowKind kind : kinds) {
    for (int i = 0; i < 5000; ++i) check_forms(kind, usual_text(random, kind));
  }
}

// Losing the usual form would cost nothing but time, so no other test would see it.
TEST(JsonMarks, the_usual_forms) {
  auto accepted = [](FlowKind kind, std::vector<std::string> texts) {
    for (const std::string& text : texts) EXPECT_TRUE(check_forms(kind, text)) << text;
  };
  accepted(FLOW_I64, {"0", "-1", "12345678", "123456789", "1234567890123456", "9223372036854775807"});
  accepted(FLOW_U64, {"0", "9999999999999999999"});
  accepted(FLOW_F64, {"0", "-0.0", "12", "17.5", "-73.978165", "40.7579040527344", "0.000001"});
  accepted(FLOW_F32, {"0.1", "-73.978165"});
  accepted(FLOW_BOOL, {"true", "false"});
  accepted(FLOW_TIMESTAMP, {"2020-02-29 12:34:56", "2020-02-29T12:34:56.123Z", "1600000000000", "-5"});
  accepted(FLOW_DATE, {"2020-02-29"});
  accepted(FLOW_STRING, {"", "abc"});
  accepted(FLOW_ENUM, {"CASH", "credit card"});
}

// ---- records ----

struct Member {
  std::string name;
  FlowKind kind;        // of a field, or as what an unknown member is written
  uint32_t nesting = 0; // an unknown member may hold one of a few values of this number
};

// How the records of a case look when nothing is odd.
struct Style {
  std::vector<Member> members;
  std::string colon = ":", comma = ",", open = "{", close = "}";
  bool has_numbers_for_time = false;
};

std::string json_quoted(Random& random, const std::string& text, bool may_escape) {
  std::string made = "\"";
  for (char c : text) {
    if (may_escape && random.one_in(4) && c >= ' ' && static_cast<uint8_t>(c) < 0x7f) {
      constexpr std::string_view hex = "0123456789abcdef";
      auto byte = static_cast<uint8_t>(c);
      made += std::string("\\u00") + hex[byte >> 4] + hex[byte & 15];
    } else {
      made += c;
    }
  }
  return made + "\"";
}

std::string json_value(Random& random, const Style& style, const Member& member, uint64_t odd_one_in) {
  const std::vector<std::vector<std::string>> nested = {
      {"[1,2,3]", "[]", "[4]"},
      {R"({"x":1,"y":"z"})", R"({"x":25,"y":""})", R"({"x":true,"y":"w\n"})"},
      {"{}", "[[1,[2]],{}]", "{ }"},
      {R"(["a",1.5])", R"(["b",-2])", R"(["c",01])"},
      {R"({"a":{"b":[1,2]}})", R"({"a":{"b":[3,4]}})", R"({"a":{"b":[3]}})"}};
  if (member.nesting > 0) return nested[member.nesting - 1][random.below(random.one_in(odd_one_in) ? 3 : 1)];
  std::string text = usual_text(random, member.kind);
  bool is_odd = random.one_in(odd_one_in);
  if (is_odd) text = odd_texts()[random.below(odd_texts().size())];
  if (random.one_in(odd_one_in)) return "null";
  bool is_number_for_time = member.kind == FLOW_TIMESTAMP && style.has_numbers_for_time;
  if (is_number_for_time && !is_odd) text = std::to_string(random.below(2'000'000'000));
  bool is_quoted = (stands_in_quotes(member.kind) || member.kind == FLOW_TIMESTAMP) && !is_number_for_time;
  if (member.kind == FLOW_STRING && random.one_in(odd_one_in)) text += "caf\xc3\xa9 \xe2\x82\xac";
  if (random.one_in(odd_one_in * 2)) is_quoted = !is_quoted;
  return is_quoted ? json_quoted(random, text, random.one_in(odd_one_in)) : text;
}

std::string json_record(Random& random, const Style& style, uint64_t odd_one_in) {
  std::vector<Member> members = style.members;
  if (random.one_in(odd_one_in * 3)) std::swap(members[0], members[random.below(members.size())]);
  if (random.one_in(odd_one_in * 3)) members.erase(members.begin());
  if (random.one_in(odd_one_in * 3)) members.push_back(style.members[random.below(style.members.size())]);
  if (random.one_in(odd_one_in * 3)) members.push_back({"more", FLOW_I64});
  std::string line = style.open;
  for (size_t i = 0; i < members.size(); ++i) {
    if (i > 0) line += style.comma;
    line += json_quoted(random, members[i].name, random.one_in(odd_one_in * 4)) + style.colon;
    if (random.one_in(odd_one_in * 4)) line += random.one_in(2) ? " " : "\t";
    line += json_value(random, style, members[i], odd_one_in);
    if (random.one_in(odd_one_in * 4)) line += " ";
  }
  line += style.close;
  if (random.one_in(odd_one_in)) {
    constexpr std::string_view damage = "\"\\{}[]:,0 -\n\r\t\x01\xff";
    line[random.below(line.size())] = damage[random.below(damage.size())];
  }
  if (random.one_in(odd_one_in * 4)) line.resize(random.below(line.size()));
  return line;
}

Style make_style(Random& random, const Case& of) {
  Style style;
  for (size_t i = 0; i < of.kinds.size(); ++i) {
    bool is_left_out = of.is_nullable[i] && random.one_in(5);
    if (!is_left_out) style.members.push_back({"f" + std::to_string(i), of.kinds[i]});
  }
  for (size_t i = random.below(4); i > 0 || style.members.empty(); i -= i > 0 ? 1 : 0) {
    std::string name =
        random.one_in(4) ? "a rather long name of something that nobody asks for" : "g" + std::to_string(i);
    auto nesting = static_cast<uint32_t>(random.one_in(2) ? 1 + random.below(5) : 0);
    style.members.push_back({name, kinds[random.below(std::size(kinds))], nesting});
  }
  if (random.one_in(2)) {
    for (size_t i = style.members.size(); i > 1; --i) std::swap(style.members[i - 1], style.members[random.below(i)]);
  }
  if (random.one_in(3)) style.colon = ": ", style.comma = ", ";
  if (random.one_in(8)) style.colon = " :\t", style.comma = " ,   ";
  if (random.one_in(8)) style.open = "  { ", style.close = " } ";
  style.has_numbers_for_time = !of.timestamps.empty() && random.one_in(2);
  return style;
}

Case make_case(uint64_t seed) {
  Random random(seed);
  Case made;
  made.is_json = true;
  made.seed = seed;
  size_t fields = 1 + random.below(random.one_in(3) ? 3 : 12);
  for (size_t i = 0; i < fields; ++i) {
    made.kinds.push_back(kinds[random.below(std::size(kinds))]);
    made.is_nullable.push_back(random.one_in(3));
    made.is_needed.push_back(!random.one_in(4));
  }
  if (random.one_in(3)) made.timestamps = random.one_in(2) ? "s" : "ms";
  made.on_error = random.one_in(8) ? FLOW_ON_ERROR_STOP : random.one_in(3) ? FLOW_ON_ERROR_SKIP : FLOW_ON_ERROR_TO;
  Style style = make_style(random, made), second = make_style(random, made);
  uint64_t odd_one_in = std::array<uint64_t, 4>{10, 100, 2000, 200'000}[random.below(4)];
  uint64_t line_ends = random.below(3); // \n, \r\n, mixed
  size_t records = 1 + random.below(random.one_in(4) ? 1500 : 60);
  bool has_second = random.one_in(3);
  for (size_t i = 0; i < records; ++i) {
    made.input += json_record(random, has_second && i / 40 % 2 == 1 ? second : style, odd_one_in);
    bool has_return = line_ends == 1 || (line_ends == 2 && random.one_in(20));
    if (i + 1 < records || random.one_in(2)) made.input += has_return ? "\r\n" : "\n";
    if (random.one_in(odd_one_in * 5)) made.input += random.one_in(2) ? "\n" : " \r\n";
  }
  cut_anywhere(made, random);
  return made;
}

TEST(JsonMarks, what_is_read_does_not_depend_on_the_marks) { expect_same_readings(make_case); }

// ---- shapes ----

// How many of a thousand records are read by their marks.
int64_t marked_of(std::string_view begin, std::string_view end,
                  std::vector<FlowKind> of_kinds = {FLOW_I64, FLOW_STRING}, bool is_nullable = false) {
  Case of;
  of.is_json = true;
  of.kinds = std::move(of_kinds);
  of.is_nullable.assign(of.kinds.size(), is_nullable);
  of.is_needed.assign(of.kinds.size(), true);
  for (int i = 0; i < 1000; ++i) of.input += std::string(begin) + std::to_string(i) + std::string(end) + "\n";
  Reading reading(of, true);
  for (const std::string& entry : reading.run()) EXPECT_FALSE(entry.starts_with("bad")) << entry;
  return reading.marked();
}

TEST(JsonMarks, the_shape_is_that_of_the_input) {
  constexpr int64_t nearly_all = 900; // not those at the edges of a call, and some are put back
  EXPECT_GT(marked_of(R"({"f0":)", R"(,"f1":"a text"})"), nearly_all);
  EXPECT_GT(marked_of(R"({"f1":"a text","f0":)", "}"), nearly_all);
  EXPECT_GT(marked_of(R"({ "f1": "a text", "f0": )", "}\r"), nearly_all);
  EXPECT_GT(marked_of(R"({"f1":"a text","other":[1,{}],"f0":)", R"(,"x":{"y":{"z":[true,"t"]}}})"), nearly_all);
  EXPECT_GT(marked_of("{\"f1\":\"caf\xc3\xa9\",\"f0\":", "}"), nearly_all);
  EXPECT_GT(marked_of(R"({"f1":null,"f0":)", "}", {FLOW_I64, FLOW_STRING}, true), nearly_all);
  EXPECT_GT(marked_of(R"({"f0":)", "}", {FLOW_I64, FLOW_STRING}, true), nearly_all);
}

TEST(JsonMarks, records_that_have_no_fixed_shape_are_left_to_the_decoder) {
  EXPECT_EQ(marked_of(R"({"f1":"","f\u0030":)", "}"), 0);
  EXPECT_EQ(marked_of(R"({"f0":1,"f1":"","f0":)", "}"), 0);
  EXPECT_EQ(marked_of(R"({"f1":"","x":{"y":[1,[2,3]]},"x":["a",2,3],"f0":)", "}"), 0);
  EXPECT_EQ(marked_of("{" + std::string(200, ' ') + R"("f1":"","f0":)", "}"), 0);
}

TEST(JsonMarks, a_new_shape_is_taken_where_the_old_one_ends) {
  Case of;
  of.is_json = true;
  of.kinds = {FLOW_I64};
  of.is_nullable = {false};
  of.is_needed = {true};
  for (int i = 0; i < 1000; ++i) of.input += R"({"f0":)" + std::to_string(i) + "}\n";
  for (int i = 0; i < 1000; ++i) of.input += R"({ "x": "", "f0": )" + std::to_string(i) + " }\n";
  Reading reading(of, true);
  reading.run();
  EXPECT_GT(reading.marked(), 1750);
}

// ---- marks ----

TEST(JsonMarks, every_width_of_registers_finds_the_same) {
  CpuFeatures have = cpu_features();
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    Case of = make_case(seed);
    const char *begin = of.input.data(), *end = begin + of.input.size();
    JsonMarker narrow(CpuFeatures{});
    JsonMarker::Marked expected = narrow.mark(begin, end, end - 20, 1, 3000);
    for (CpuFeatures cpu : {CpuFeatures{.has_avx2 = have.has_avx2}, have}) {
      JsonMarker wide(cpu);
      JsonMarker::Marked found = wide.mark(begin, end, end - 20, 1, 3000);
      ASSERT_EQ(found.count, expected.count) << "seed " << seed;
      ASSERT_EQ(found.has_valid_texts, expected.has_valid_texts) << "seed " << seed;
      for (int64_t i = 0; i <= found.count && found.count > 0; ++i) ASSERT_EQ(found.starts[i], expected.starts[i]);
    }
  }
}

TEST(Utf8Blocks, says_what_is_utf8_says) {
  Utf8Check check = utf8_check_for(cpu_features());
  Random random(7);
  const std::vector<std::string> pieces = {"a", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80",
                                           "some plain text of ASCII "};
  int valid = 0;
  for (int round = 0; round < 100'000; ++round) {
    std::string text;
    for (uint64_t i = random.below(40); i > 0; --i) text += pieces[random.below(pieces.size())];
    for (uint64_t i = random.below(3); i > 0 && !text.empty(); --i) {
      text[random.below(text.size())] = static_cast<char>(random.below(256));
    }
    if (random.one_in(4)) text.resize(random.below(text.size() + 1));
    valid += is_utf8(text) ? 1 : 0;
    ASSERT_EQ(check(text), is_utf8(text)) << testing::PrintToString(text);
  }
  EXPECT_GT(valid, 20'000);
}

// Every pair of bytes where a character may begin, before every third and fourth that may matter.
TEST(Utf8Blocks, every_beginning_of_a_character) {
  Utf8Check check = utf8_check_for(cpu_features());
  for (uint32_t pair = 0; pair < 65'536; ++pair) {
    for (std::string_view more : {"", "\x80", "\xbf\x80", "\x80\x80\x80", "a"}) {
      std::string text(40, 'x');
      text += {static_cast<char>(pair >> 8), static_cast<char>(pair & 0xff)};
      text += more;
      text += std::string(pair % 37, 'y');
      ASSERT_EQ(check(text), is_utf8(text)) << testing::PrintToString(text);
    }
  }
}

} // namespace
} // namespace flow::runtime
