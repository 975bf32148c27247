// Marked CSV records against the decoder: whatever the input, the windows and the calls, reading the marks as generated
// code does gives the same rows, bad records, positions, counters and checkpoints as decoding record by record.
//   build/bin/tests/csv_marks_test --gtest_filter='CsvMarks.*'
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <optional>

#include "runtime/base/cpu.h"
#include "runtime/base/random.h"
#include "runtime/formats/csv_marker.h"
#include "runtime/formats/utf8.h"
#include "runtime/task/record_reader.h"
#include "runtime/vocabulary/csv.h"
#include "tests/unit/connector_fixture.h"

namespace flow::runtime {
namespace {

// ---- one field as generated code reads it ----

struct Days {
  FlowCsvDay last;
  Days() { std::memset(&last, 0xff, sizeof last); }
};

FlowCell integer(int64_t value) { return TestConnector::integer_cell(value); }
FlowCell number(double value) {
  FlowCell cell{};
  cell.value.f = value;
  return cell;
}

uint64_t highest(FlowKind kind) {
  switch (kind) {
  case FLOW_I8: return std::numeric_limits<int8_t>::max();
  case FLOW_I16: return std::numeric_limits<int16_t>::max();
  case FLOW_I32: return std::numeric_limits<int32_t>::max();
  case FLOW_U8: return std::numeric_limits<uint8_t>::max();
  case FLOW_U16: return std::numeric_limits<uint16_t>::max();
  case FLOW_U32: return std::numeric_limits<uint32_t>::max();
  case FLOW_U64: return std::numeric_limits<uint64_t>::max();
  default: return std::numeric_limits<int64_t>::max();
  }
}

// Whether the text is in the usual form of its kind; then the cell is filled.
bool read_usual(const Field& field, std::string_view text, bool is_ascii, Days& days, FlowCell* cell) {
  int64_t i = 0;
  double d = 0;
  float f = 0;
  uint8_t flag = 0;
  bool is_usual = false;
  switch (field.kind) {
  case FLOW_F64:
    is_usual = flow_csv_f64(text.data(), text.size(), &d) != 0;
    *cell = number(d);
    return is_usual;
  case FLOW_F32:
    is_usual = flow_csv_f32(text.data(), text.size(), &f) != 0;
    *cell = number(static_cast<double>(f));
    return is_usual;
  case FLOW_BOOL:
    is_usual = flow_csv_bool(text.data(), text.size(), &flag) != 0;
    *cell = integer(flag);
    return is_usual;
  case FLOW_STRING: set_text(cell, text); return is_ascii;
  case FLOW_TIMESTAMP:
    is_usual = flow_csv_timestamp(text.data(), text.size(), &days.last, &i) != 0;
    *cell = integer(i);
    return is_usual;
  case FLOW_DATE:
    is_usual = flow_csv_date(text.data(), text.size(), &days.last, &i) != 0;
    *cell = integer(i);
    return is_usual;
  case FLOW_ENUM: {
    auto found = std::find(field.texts.begin(), field.texts.end(), text);
    *cell = integer(found - field.texts.begin());
    return found != field.texts.end();
  }
  case FLOW_BYTES:
  case FLOW_DURATION: return false;
  default: {
    bool is_signed = field.kind >= FLOW_I8 && field.kind <= FLOW_I64;
    is_usual = flow_csv_integer(text.data(), text.size(), is_signed ? 1 : 0, highest(field.kind), &i) != 0;
    *cell = integer(i);
    return is_usual;
  }
  }
}

bool is_ascii(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return static_cast<uint8_t>(c) >= 0x80; });
}

bool is_exactly(const FlowCell& a, const FlowCell& b) {
  return a.is_null == b.is_null && a.length == b.length && a.value.i == b.value.i;
}

// ---- texts ----

const std::vector<std::string>& odd_texts() {
  static const std::vector<std::string> texts = {"",
                                                 " ",
                                                 "0",
                                                 "-0",
                                                 "+1",
                                                 "+-1",
                                                 "--1",
                                                 "-",
                                                 "+",
                                                 ".",
                                                 "-.",
                                                 "1.",
                                                 ".5",
                                                 "007",
                                                 "1e5",
                                                 "1E-3",
                                                 "1_0",
                                                 " 12",
                                                 "12 ",
                                                 "\t7",
                                                 "0x10",
                                                 "nan",
                                                 "inf",
                                                 "-inf",
                                                 "NA",
                                                 "null",
                                                 "127",
                                                 "128",
                                                 "-128",
                                                 "-129",
                                                 "255",
                                                 "256",
                                                 "32767",
                                                 "65535",
                                                 "65536",
                                                 "2147483647",
                                                 "2147483648",
                                                 "4294967295",
                                                 "4294967296",
                                                 "9223372036854775807",
                                                 "9223372036854775808",
                                                 "-9223372036854775808",
                                                 "-9223372036854775809",
                                                 "18446744073709551615",
                                                 "18446744073709551616",
                                                 "99999999999999999999",
                                                 "0000000000000000000000001",
                                                 "12345678",
                                                 "123456789",
                                                 "1234567890123456",
                                                 "12345678901234567",
                                                 "9007199254740992",
                                                 "9007199254740993",
                                                 "900719925474099.3",
                                                 "0.1",
                                                 "-0.0",
                                                 "123.456",
                                                 "12345678.87654321",
                                                 "123456789.5",
                                                 "1.234567890123456",
                                                 "1.2345678901234567",
                                                 "0.3000000000000000444",
                                                 "-73.98765432109876",
                                                 "99999999.9999999999",
                                                 "1.00000017881393432617",
                                                 "16777217",
                                                 "16777219",
                                                 "0.0000000000000001",
                                                 "33554433.5",
                                                 "1..2",
                                                 "1.2.3",
                                                 "1,2",
                                                 "12a",
                                                 "a12",
                                                 "12:34",
                                                 "1234567x",
                                                 "x2345678",
                                                 "1234567890:",
                                                 "true",
                                                 "false",
                                                 "TRUE",
                                                 "False",
                                                 "tRuE",
                                                 "t",
                                                 "F",
                                                 "1",
                                                 "yes",
                                                 "truex",
                                                 "\x11",
                                                 "T",
                                                 "fals",
                                                 "2020-01-01",
                                                 "2020-02-29",
                                                 "2019-02-29",
                                                 "2020-13-01",
                                                 "2020-00-10",
                                                 "2020-1-1",
                                                 "0000-01-01",
                                                 "9999-12-31",
                                                 "+012345-01-31",
                                                 "2020-01-01T00:00:00",
                                                 "2020-01-01 23:59:59",
                                                 "2020-01-01T24:00:00",
                                                 "2020-01-01T12:60:00",
                                                 "2020-01-01T12:00:60",
                                                 "2020-01-01T12:00:00Z",
                                                 "2020-01-01t12:00:00z",
                                                 "2020-01-01T12:00",
                                                 "2020-01-01T12:00:00.",
                                                 "2020-01-01T12:00:00.Z",
                                                 "2020-01-01T12:00:00.5",
                                                 "2020-01-01T12:00:00.25Z",
                                                 "2020-01-01T12:00:00.123456Z",
                                                 "2020-01-01T12:00:00.1234567Z",
                                                 "2020-01-01T12:00:00,5",
                                                 "2020-01-01T12:00:00.12a",
                                                 "2020-01-01T12:00:00+01:00",
                                                 "2020-01-01T12:00:00-0130",
                                                 "2020-01-01X12:00:00",
                                                 "2020-01-01T1a:00:00",
                                                 "2020-01-01T12-00:00",
                                                 "2020-02-30T12:00:00",
                                                 "1600000000",
                                                 "1h30min",
                                                 "50ms",
                                                 "-2d",
                                                 "1x",
                                                 "CASH",
                                                 "credit card",
                                                 "cash",
                                                 "CASHX",
                                                 "credit car",
                                                 "YWJj",
                                                 "YWI=",
                                                 "Y",
                                                 "caf\xc3\xa9",
                                                 "\xff\xfe",
                                                 "\xc3",
                                                 "\xed\xa0\x80",
                                                 "a\rb",
                                                 "\r",
                                                 std::string("\0\0\0\0\0\0\0\0\0\0", 10),
                                                 std::string("\0\0\0\0\0\0\0\0\0\0T00:00:00", 19),
                                                 std::string("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xffT00:00:00", 19),
                                                 "123456781234567\xb0",
                                                 "1234\xb0"
                                                 "678",
                                                 "\xb1\xb2\xb3",
                                                 "12345678901234567890123456789012345678901234567890"};
  return texts;
}

std::string digits(Random& random, size_t count) {
  std::string text;
  for (size_t i = 0; i < count; ++i) text += static_cast<char>('0' + random.below(10));
  return text;
}

std::string decimal(Random& random) {
  std::string text = random.below(3) == 0 ? "-" : "";
  text += digits(random, 1 + random.below(random.below(4) == 0 ? 12 : 4));
  if (random.below(4) != 0) text += "." + digits(random, 1 + random.below(random.below(4) == 0 ? 18 : 6));
  return text;
}

std::string two(Random& random, uint64_t low, uint64_t below) {
  uint64_t value = low + random.below(below - low);
  return {static_cast<char>('0' + value / 10), static_cast<char>('0' + value % 10)};
}

std::string date(Random& random) {
  if (random.below(4) != 0) return "2020-01-0" + digits(random, 1);
  return digits(random, 4) + "-" + two(random, 0, 14) + "-" + two(random, 0, 33);
}

std::string timestamp(Random& random) {
  std::string text = date(random) + (random.below(2) == 0 ? "T" : " ") + two(random, 0, 25) + ":" + two(random, 0, 61) +
                     ":" + two(random, 0, 61);
  if (random.below(2) == 0) text += "." + digits(random, random.below(9));
  return text + (random.below(2) == 0 ? "Z" : "");
}

// Mostly of the kind, and right.
std::string usual_text(Random& random, FlowKind kind) {
  switch (kind) {
  case FLOW_BOOL: return random.below(2) == 0 ? "true" : "false";
  case FLOW_F32:
  case FLOW_F64: return decimal(random);
  case FLOW_STRING: return std::string(random.below(random.below(50) == 0 ? 300 : 12), 'x');
  case FLOW_BYTES: return random.below(2) == 0 ? "YWJj" : "YWI=";
  case FLOW_TIMESTAMP: return timestamp(random);
  case FLOW_DATE: return date(random);
  case FLOW_DURATION: return digits(random, 2) + "ms";
  case FLOW_ENUM: return random.below(2) == 0 ? "CASH" : "credit card";
  case FLOW_I8:
  case FLOW_U8: return digits(random, 2);
  case FLOW_I16:
  case FLOW_U16: return digits(random, 4);
  default: return (random.below(3) == 0 ? "-" : "") + digits(random, 1 + random.below(random.below(5) == 0 ? 19 : 9));
  }
}

// ---- values ----

constexpr FlowKind kinds[] = {FLOW_BOOL,  FLOW_I8,        FLOW_I16,  FLOW_I32,      FLOW_I64, FLOW_U8,
                              FLOW_U16,   FLOW_U32,       FLOW_U64,  FLOW_F32,      FLOW_F64, FLOW_STRING,
                              FLOW_BYTES, FLOW_TIMESTAMP, FLOW_DATE, FLOW_DURATION, FLOW_ENUM};

// A text with what may be read around it, in memory that ends there.
class Padded {
public:
  Padded(std::string_view text, char around) : memory_(text.size() + 2 * csv_room_bytes, around), size_(text.size()) {
    std::copy(text.begin(), text.end(), memory_.begin() + csv_room_bytes);
  }
  std::string_view text() const { return {memory_.data() + csv_room_bytes, size_}; }

private:
  std::vector<char> memory_;
  size_t size_;
};

// Every kind against the decoder; whether the usual form was recognised.
bool check_value(const Field& field, std::string_view text, Days& days) {
  bool was_usual = false;
  for (char around : {',', '\n', '0', '9', '.', '-', '\xff'}) {
    Padded padded(text, around);
    Scratch scratch;
    scratch.begin(2 * text.size());
    FlowCell expected{}, got{};
    ValueFault fault = parse_value(field, padded.text(), {.us_per_number = 0, .is_lenient = true}, scratch, &expected);
    was_usual = read_usual(field, padded.text(), is_ascii(padded.text()), days, &got);
    if (!was_usual) continue;
    EXPECT_EQ(fault, ValueFault::none) << kind_name(field.kind) << " " << testing::PrintToString(text);
    EXPECT_TRUE(is_exactly(got, expected)) << kind_name(field.kind) << " " << testing::PrintToString(text);
  }
  return was_usual;
}

Field field_of_kind(FlowKind kind) {
  Field field;
  field.name = "f";
  field.kind = kind;
  if (kind == FLOW_ENUM) field.texts = {"CASH", "credit card"};
  return field;
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

// A source as it is written in a file, with what the test does to it.
struct Case {
  std::vector<FlowKind> kinds;
  std::vector<bool> is_nullable, is_needed;
  bool has_header = false;
  char delimiter = ',';
  std::string null_text, timestamps, input;
  std::vector<size_t> cuts;
  uint32_t on_error = FLOW_ON_ERROR_TO;
  uint64_t seed = 0; // of the lengths of calls, of records put back, of restored checkpoints

  TestConnector connector() const {
    TestConnector made("csv");
    made.flag("header", has_header).option("delimiter", std::string(1, delimiter)).option("null", null_text);
    if (!timestamps.empty()) made.option("timestamps", timestamps);
    for (size_t i = 0; i < kinds.size(); ++i) {
      made.field("f" + std::to_string(i), kinds[i], is_nullable[i], is_needed[i]);
    }
    return made;
  }
};

// Drives a RecordReader as Task and a source function do, and writes down everything that could be seen.
class Reading {
public:
  Reading(const Case& of, bool uses_marks)
      : case_(of), uses_marks_(uses_marks), connector_(of.connector()), fields_(connector_.fields()),
        days_(fields_.size()) {
    described_ = connector_.connector();
    described_.on_error = of.on_error;
    make_reader();
  }

  std::vector<std::string> run() {
    std::vector<size_t> cuts = case_.cuts;
    cuts.push_back(case_.input.size());
    for (size_t cut : cuts) {
      if (!read_window(cut)) return log_;
    }
    return log_;
  }
  int64_t marked() const { return marked_; }

private:
  void make_reader() {
    reader_ = RecordReader::make(connector_.program(), described_, connector_.cells(), "fares.csv").value();
  }
  uint64_t chance(uint64_t what, uint64_t number, uint64_t bound) {
    return Random(case_.seed * 31 + what * 7919 + number).below(bound);
  }
  void note(std::string text) { log_.push_back(std::move(text)); }

  // In memory that ends with the window, so that a sanitizer sees every read beyond it.
  bool read_window(size_t cut) {
    std::vector<char> window(case_.input.begin() + static_cast<ptrdiff_t>(begin_),
                             case_.input.begin() + static_cast<ptrdiff_t>(cut));
    FlowInput input{};
    input.data = window.data();
    input.end = static_cast<int64_t>(window.size());
    input.is_last = cut == case_.input.size() ? 1 : 0;
    for (int64_t from = 0;;) {
      ++pulls_;
      input.rows_max = 1 + static_cast<int64_t>(chance(1, pulls_, chance(2, case_.seed, 2) == 0 ? 300 : 5));
      reader_->begin(input.rows_max);
      int64_t reached = pull(input, from);
      if (reached < 0) return false;
      bool has_moved = reached > from;
      from = reached;
      save(from);
      if (!has_moved) break;
    }
    begin_ += static_cast<size_t>(from_);
    return true;
  }

  // Task::pull: again while records are put back.
  int64_t pull(const FlowInput& input, int64_t from) {
    while (true) {
      is_waiting_ = false;
      int64_t reached = source(input, from);
      reader_->settle(&counts_);
      if (reached < 0) return -1;
      if (!is_waiting_) return from_ = reached;
      from = reader_->undo_record();
      --counts_.taken;
      note("back to " + std::to_string(begin_ + static_cast<size_t>(from)));
    }
  }

  void save(int64_t position) {
    ByteWriter out;
    reader_->save(out);
    std::string bytes = out.take();
    note("at " + std::to_string(begin_ + static_cast<size_t>(position)) + " counted " + std::to_string(counts_.taken) +
         " bad " + std::to_string(counts_.bad) + " skipped " + std::to_string(counts_.skipped) + " saved " + bytes);
    if (chance(3, pulls_, 10) != 0) return;
    make_reader();
    ByteReader in(bytes);
    EXPECT_TRUE(reader_->restore(in).is_ok());
  }

  // A source function; false: the record waits.
  bool take_row(const std::vector<FlowCell>& cells) {
    if (chance(4, rows_, 20) == 0 && put_back_ != rows_) {
      put_back_ = rows_;
      return false;
    }
    ++rows_;
    note(show_row(fields_, cells));
    return true;
  }

  int64_t source(const FlowInput& input, int64_t from) {
    for (int64_t position = from;;) {
      if (uses_marks_) {
        reader_->settle(&counts_);
        CsvMarks* marks = reader_->mark(input, position);
        int64_t record = flow_csv_next(marks);
        for (; record < flow_csv_count(marks); ++record) {
          EXPECT_EQ(flow_csv_position(marks, record), position);
          std::optional<std::vector<FlowCell>> cells = read_marked(marks, record);
          if (!cells) break;
          flow_csv_take(marks, record);
          ++marked_;
          if (!take_row(*cells)) return wait(position);
          position = flow_csv_position(marks, record + 1);
          if (chance(5, rows_, 50) == 0) return position; // outputs are full
        }
      }
      reader_->settle(&counts_);
      int64_t begin = position;
      const FlowCell* cells = nullptr;
      int32_t answer = reader_->next(input, &position, &cells, &counts_);
      if (answer == 0) return position;
      if (answer < 0) {
        note("stopped: " + reader_->error().message() + " counted " + std::to_string(counts_.taken));
        return -1;
      }
      if (answer == 1) {
        if (!take_row({cells, cells + fields_.size()})) return wait(begin);
        if (chance(5, rows_, 50) == 0) return position;
      } else {
        std::string bad = "bad";
        for (int i : {0, 2 + 1, 5}) bad += " " + std::string(cells[i].value.s, cells[i].length);
        note(bad + " " + std::to_string(cells[2].value.i) + ":" + std::to_string(cells[3].value.i));
      }
    }
  }

  int64_t wait(int64_t position) {
    is_waiting_ = true;
    return position;
  }

  std::optional<std::vector<FlowCell>> read_marked(CsvMarks* marks, int64_t record) {
    std::vector<FlowCell> cells(fields_.size());
    for (uint32_t i = 0; i < fields_.size(); ++i) {
      if (!fields_[i].is_needed) continue;
      FlowView text = flow_csv_field(flow_csv_data(marks), flow_csv_columns(marks), flow_csv_starts(marks, record), i);
      bool is_text = is_free_text(fields_[i].kind) || fields_[i].kind == FLOW_BYTES;
      if (fields_[i].is_nullable && flow_csv_is_null(marks, text.data, text.length, is_text ? 1 : 0)) {
        cells[i] = null_cell();
        continue;
      }
      if (read_usual(fields_[i], {text.data, text.length}, flow_csv_is_ascii(marks) != 0, days_[i], &cells[i]))
        continue;
      if (!reader_->read_marked(i, {text.data, text.length}, &cells[i])) return std::nullopt;
    }
    return cells;
  }

  const Case& case_;
  bool uses_marks_;
  TestConnector connector_;
  FlowConnector described_{};
  std::vector<Field> fields_;
  std::vector<Days> days_;
  std::unique_ptr<RecordReader> reader_;
  RecordCounts counts_;
  std::vector<std::string> log_;
  size_t begin_ = 0; // of the window
  int64_t from_ = 0; // in it
  uint64_t pulls_ = 0, rows_ = 0, put_back_ = ~uint64_t{0};
  bool is_waiting_ = false;
  int64_t marked_ = 0;
};

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
  for (size_t i = random.below(random.one_in(3) ? 30 : 3); i > 0; --i) {
    made.cuts.push_back(random.below(made.input.size() + 1));
  }
  std::sort(made.cuts.begin(), made.cuts.end());
  return made;
}

TEST(CsvMarks, what_is_read_does_not_depend_on_the_marks) {
  int64_t marked = 0;
  for (uint64_t seed = 1; seed <= 3000; ++seed) {
    Case of = make_case(seed);
    Reading plain(of, false), inlined(of, true);
    std::vector<std::string> expected = plain.run(), got = inlined.run();
    marked += inlined.marked();
    for (size_t i = 0; i < std::min(got.size(), expected.size()); ++i) {
      ASSERT_EQ(got[i], expected[i]) << "seed " << seed << ", entry " << i;
    }
    ASSERT_EQ(got.size(), expected.size()) << "seed " << seed;
  }
  EXPECT_GT(marked, 100'000); // else nothing was tested
}

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
