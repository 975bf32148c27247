// Marked CSV records against the decoder: whatever the input, the windows and the calls, reading the marks as generated
// code does gives the same rows, bad records, positions, counters and checkpoints as decoding record by record.
//   build/bin/tests/csv_marks_test --gtest_filter='CsvMarks.*'
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "runtime/base/cpu.h"
#include "runtime/formats/csv_marker.h"
#include "tests/unit/marks_reading.h"
#include "tests/unit/marks_texts.h"

namespace flow::runtime {
namespace {

// ---- values ----

// Every kind against the decoder; whether the usual form was recognised.
bool check_value(const Field& field, std::string_view text, Days& days) {
  bool was_usual = false;
  for (char around : {',', '\n', '0', '9', '.', '-', '\xff'}) {
    Padded padded(text, around);
    Scratch scratch;
    scratch.begin(2 * text.size());
    FlowCell expected{}, got{};
    ValueFault fault = parse_value(field, padded.text(), {.us_per_number = 0, .is_lenient = true}, scratch, &expected);
    RecordMarks marks;
    UsualReader usual{false, &marks, 0, is_ascii(padded.text()), &days};
    was_usual = usual.read(field, padded.text(), &got);
    if (!was_usual) continue;
    EXPECT_EQ(fault, ValueFault::none) << kind_name(field.kind) << " " << testing::PrintToString(text);
    EXPECT_TRUE(is_exactly(got, expected)) << kind_name(field.kind) << " " << testing::PrintToString(text);
  }
  return was_usual;
}

TEST(CsvMarks, what_is_accepted_of_odd_texts_is_what_the_decoder_gives) {
  for (FlowKind kind : kinds) {
    Days days;
    Field field = field_of_kind(kind);
    for (const std::string& text : odd_texts()) check_value(field, text, days);
  }
}

TEST(CsvMarks, usual_texts_are_accepted_and_exact) {
  constexpr uint64_t seed = 20;
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Random random(seed);
  for (FlowKind kind : kinds) {
    Days days;
    Field field = field_of_kind(kind);
    for (int i = 0; i < 20'000; ++i) check_value(field, usual_text(random, kind), days);
  }
}

// Losing the usual form would cost nothing but time, so no other test would see it.
TEST(CsvMarks, the_usual_forms) {
  auto accepted = [](FlowKind kind, std::vector<std::string> texts) {
    Days days;
    for (const std::string& text : texts) EXPECT_TRUE(check_value(field_of_kind(kind), text, days)) << text;
  };
  accepted(FLOW_I64, {"0", "-1", "12345678", "123456789", "1234567890123456", "-12345678901234567",
                      "9223372036854775807", "007"});
  accepted(FLOW_U64, {"0", "9999999999999999999"});
  accepted(FLOW_I8, {"127", "-127"});
  accepted(FLOW_F64,
           {"0", "-0.0", "12", "17.5", "-73.978165", "40.7579040527344", "123456789", "0.000001", "12345678.1234567"});
  accepted(FLOW_F32, {"0.1", "-73.978165", "16777216"});
  accepted(FLOW_BOOL, {"true", "false", "True", "t", "0"});
  accepted(FLOW_TIMESTAMP, {"2020-02-29 12:34:56", "2020-02-29T12:34:56Z", "2020-02-29T12:34:56.5",
                            "2020-02-29T12:34:56.123Z", "2020-02-29T12:34:56.123456Z", "1969-12-31T23:59:59.999999Z"});
  accepted(FLOW_DATE, {"2020-02-29", "0000-01-01"});
  accepted(FLOW_STRING, {"", "abc"});
}
// ---- records ----

std::string csv_quoted(const std::string& text) {
  std::string made = "\"";
  for (char c : text) made += c == '"' ? "\"\"" : std::string(1, c);
  return made + "\"";
}

std::string record(Random& random, const Case& of, const std::vector<size_t>& columns, uint64_t odd_one_in) {
  std::string line;
  size_t count = columns.size();
  if (random.one_in(odd_one_in * 4)) count = random.below(count + 2);
  for (size_t c = 0; c < count; ++c) {
    FlowKind kind = of.kinds[columns[c % columns.size()] % of.kinds.size()];
    std::string text = usual_text(random, kind);
    if (random.one_in(odd_one_in)) text = odd_texts()[random.below(odd_texts().size())];
    if (random.one_in(odd_one_in)) text = of.null_text;
    if (random.one_in(odd_one_in * 3)) text += "\"";
    if (random.one_in(odd_one_in * 2)) text = csv_quoted(text + (random.one_in(3) ? "\n" : ""));
    line += (c == 0 ? "" : std::string(1, of.delimiter)) + text;
  }
  return line;
}

Case make_case(uint64_t seed) {
  Random random(seed);
  Case made;
  made.seed = seed;
  size_t fields = 1 + random.below(random.one_in(3) ? 3 : 12);
  for (size_t i = 0; i < fields; ++i) {
    made.kinds.push_back(kinds[random.below(std::size(kinds))]);
    made.is_nullable.push_back(random.one_in(3));
    made.is_needed.push_back(!random.one_in(4));
  }
  made.has_header = random.one_in(2);
  made.delimiter = std::string_view(",;\t| ")[random.one_in(2) ? 0 : random.below(5)];
  const std::vector<std::string> nulls = {"", "NA", "0", " NA", "-", "null"};
  made.null_text = random.one_in(2) ? "" : nulls[random.below(nulls.size())];
  if (made.null_text.find(made.delimiter) != std::string::npos) made.null_text = "";
  if (random.one_in(6)) made.timestamps = random.one_in(2) ? "s" : "ms";
  made.on_error = random.one_in(8) ? FLOW_ON_ERROR_STOP : random.one_in(3) ? FLOW_ON_ERROR_SKIP : FLOW_ON_ERROR_TO;
  std::vector<size_t> columns;
  for (size_t i = 0; i < fields; ++i) columns.push_back(i);
  if (made.has_header) {
    for (size_t i = random.below(3); i > 0; --i) columns.push_back(fields + i); // of nobody
    for (size_t i = columns.size(); i > 1; --i) std::swap(columns[i - 1], columns[random.below(i)]);
    for (size_t i = 0; i < columns.size(); ++i) {
      made.input += (i == 0 ? "" : std::string(1, made.delimiter)) + "f" + std::to_string(columns[i]);
    }
    made.input += "\n";
  }
  uint64_t odd_one_in = std::array<uint64_t, 4>{5, 50, 1000, 100'000}[random.below(4)];
  uint64_t line_ends = random.below(4); // \n, \r\n, mixed, mostly \n
  size_t records = 1 + random.below(random.one_in(4) ? 1500 : 60);
  for (size_t i = 0; i < records; ++i) {
    made.input += record(random, made, columns, odd_one_in);
    bool has_return = line_ends == 1 || (line_ends == 2 && random.one_in(2)) || (line_ends == 3 && random.one_in(40));
    if (i + 1 < records || random.one_in(2)) made.input += has_return ? "\r\n" : "\n";
    if (random.one_in(odd_one_in * 5)) made.input += random.one_in(2) ? "\n" : "\r\n";
  }
  cut_anywhere(made, random);
  return made;
}

TEST(CsvMarks, what_is_read_does_not_depend_on_the_marks) { expect_same_readings(make_case); }

// ---- marks ----

TEST(CsvMarks, all_but_the_last_of_plain_records_are_marked) {
  Case of;
  of.kinds = {FLOW_I64, FLOW_STRING};
  of.is_nullable = {false, false};
  of.is_needed = {true, true};
  for (int i = 0; i < 3000; ++i) of.input += std::to_string(i) + ",some text\r\n";
  Reading reading(of, true);
  reading.run();
  EXPECT_GT(reading.marked(), 2900);
}

TEST(CsvMarks, every_width_of_registers_finds_the_same) {
  CpuFeatures have = cpu_features();
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    Case of = make_case(seed);
    const char *begin = of.input.data(), *end = begin + of.input.size();
    auto width = static_cast<uint32_t>(1 + std::count(begin, std::find(begin, end, '\n'), of.delimiter));
    CsvMarker narrow(CpuFeatures{});
    CsvMarker::Found expected = narrow.mark(begin, end, of.delimiter, width, 200);
    for (CpuFeatures cpu : {CpuFeatures{.has_avx2 = have.has_avx2}, have}) {
      CsvMarker wide(cpu);
      CsvMarker::Found found = wide.mark(begin, end, of.delimiter, width, 200);
      ASSERT_EQ(found.records, expected.records) << "seed " << seed;
      ASSERT_EQ(found.is_ascii, expected.is_ascii) << "seed " << seed;
      ASSERT_EQ(found.line_end_bytes, expected.line_end_bytes) << "seed " << seed;
      for (int64_t i = 0; i <= found.records * width && found.records > 0; ++i) {
        ASSERT_EQ(wide.starts()[i], narrow.starts()[i]) << "seed " << seed;
      }
    }
  }
}

} // namespace
} // namespace flow::runtime
