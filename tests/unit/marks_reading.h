// A source's records read as generated code reads them, with marks, or one by one: for the tests that compare the two.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/random.h"
#include "runtime/task/record_reader.h"
#include "runtime/vocabulary/decoding.h"
#include "tests/unit/connector_fixture.h"

namespace flow::runtime {

inline constexpr FlowKind kinds[] = {FLOW_BOOL,  FLOW_I8,        FLOW_I16,  FLOW_I32,      FLOW_I64, FLOW_U8,
                                     FLOW_U16,   FLOW_U32,       FLOW_U64,  FLOW_F32,      FLOW_F64, FLOW_STRING,
                                     FLOW_BYTES, FLOW_TIMESTAMP, FLOW_DATE, FLOW_DURATION, FLOW_ENUM};

// A text with what may be read around it, in memory that ends there.
class Padded {
public:
  Padded(std::string_view text, char around) : memory_(text.size() + 2 * marks_room_bytes, around), size_(text.size()) {
    std::copy(text.begin(), text.end(), memory_.begin() + marks_room_bytes);
  }
  std::string_view text() const { return {memory_.data() + marks_room_bytes, size_}; }

private:
  std::vector<char> memory_;
  size_t size_;
};

struct Days {
  FlowDay last;
  Days() { std::memset(&last, 0xff, sizeof last); }
};

inline FlowCell integer(int64_t value) { return TestConnector::integer_cell(value); }
inline FlowCell number(double value) {
  FlowCell cell{};
  cell.value.f = value;
  return cell;
}

inline uint64_t highest(FlowKind kind) {
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

// One field as generated code reads it.
struct UsualReader {
  bool is_json;
  RecordMarks* marks;
  uint32_t field;
  bool has_valid_texts;
  Days* days;

  // Whether the text is in the usual form of its kind; then the cell is filled.
  bool read(const Field& of, std::string_view text, FlowCell* cell) const {
    const char* data = text.data();
    uint64_t length = text.size();
    int64_t i = 0;
    double d = 0;
    float f = 0;
    uint8_t flag = 0;
    bool is_usual = false;
    switch (of.kind) {
    case FLOW_F64:
      is_usual = (is_json ? flow_json_f64 : flow_csv_f64)(data, length, &d) != 0;
      *cell = number(d);
      return is_usual;
    case FLOW_F32:
      is_usual = (is_json ? flow_json_f32 : flow_csv_f32)(data, length, &f) != 0;
      *cell = number(static_cast<double>(f));
      return is_usual;
    case FLOW_BOOL:
      is_usual = (is_json ? flow_json_bool : flow_csv_bool)(data, length, &flag) != 0;
      *cell = integer(flag);
      return is_usual;
    case FLOW_STRING: set_text(cell, text); return has_valid_texts;
    case FLOW_TIMESTAMP: {
      auto read_timestamp = is_json ? flow_json_timestamp : flow_csv_timestamp;
      is_usual = read_timestamp(marks, marks->fields, field, data, length, &days->last, &i) != 0;
      *cell = integer(i);
      return is_usual;
    }
    case FLOW_DATE:
      is_usual = flow_text_date(data, length, &days->last, &i) != 0;
      *cell = integer(i);
      return is_usual;
    case FLOW_ENUM: {
      auto found = std::find(of.texts.begin(), of.texts.end(), text);
      *cell = integer(found - of.texts.begin());
      return found != of.texts.end();
    }
    case FLOW_BYTES:
    case FLOW_DURATION: return false;
    default: {
      uint8_t is_signed = of.kind >= FLOW_I8 && of.kind <= FLOW_I64 ? 1 : 0;
      is_usual = (is_json ? flow_json_integer : flow_csv_integer)(data, length, is_signed, highest(of.kind), &i) != 0;
      *cell = integer(i);
      return is_usual;
    }
    }
  }
};

inline bool is_ascii(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return static_cast<uint8_t>(c) >= 0x80; });
}

inline bool is_exactly(const FlowCell& a, const FlowCell& b) {
  return a.is_null == b.is_null && a.length == b.length && a.value.i == b.value.i;
}

inline Field field_of_kind(FlowKind kind) {
  Field field;
  field.name = "f";
  field.kind = kind;
  if (kind == FLOW_ENUM) field.texts = {"CASH", "credit card"};
  return field;
}

// A source as it is written in a file, with what the test does to it.
struct Case {
  bool is_json = false;
  std::vector<FlowKind> kinds;
  std::vector<bool> is_nullable, is_needed;
  bool has_header = false;
  char delimiter = ',';
  std::string null_text, timestamps, input;
  std::vector<size_t> cuts;
  uint32_t on_error = FLOW_ON_ERROR_TO;
  uint64_t seed = 0; // of the lengths of calls, of records put back, of restored checkpoints

  TestConnector connector() const {
    TestConnector made(is_json ? "json" : "csv");
    if (!is_json)
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
        RecordMarks* marks = reader_->mark(input, position);
        int64_t record = flow_marks_next(marks);
        for (; record < flow_marks_count(marks); ++record) {
          EXPECT_EQ(flow_marks_position(marks, record), position);
          std::optional<std::vector<FlowCell>> cells = read_marked(marks, record);
          if (!cells) break;
          flow_marks_reach(marks, record + 1);
          ++marked_;
          if (!take_row(*cells)) return wait(position);
          position = flow_marks_position(marks, record + 1);
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

  std::optional<std::vector<FlowCell>> read_marked(RecordMarks* marks, int64_t record) {
    const char* data = flow_marks_data(marks);
    const uint32_t* starts = flow_marks_starts(marks, record);
    if (case_.is_json && !flow_json_fits(flow_marks_shape(marks), data, starts)) return std::nullopt;
    std::vector<FlowCell> cells(fields_.size());
    for (uint32_t i = 0; i < fields_.size(); ++i) {
      if (fields_[i].is_needed && !read_field(marks, data, starts, i, &cells[i])) return std::nullopt;
    }
    return cells;
  }

  bool read_field(RecordMarks* marks, const char* data, const uint32_t* starts, uint32_t i, FlowCell* cell) {
    const Field& field = fields_[i];
    const MarkedField* marked = flow_marks_fields(marks);
    FlowView text = (case_.is_json ? flow_json_field : flow_csv_field)(data, marked, starts, i);
    uint8_t is_text = is_free_text(field.kind) || field.kind == FLOW_BYTES ? 1 : 0;
    auto is_null = case_.is_json ? flow_json_is_null : flow_csv_is_null;
    if (field.is_nullable && is_null(marks, marked, i, text.data, text.length, is_text)) {
      *cell = null_cell();
      return true;
    }
    bool has_valid_texts = flow_marks_has_valid_texts(marks) != 0;
    UsualReader usual{case_.is_json, marks, i, has_valid_texts, &days_[i]};
    return usual.read(field, {text.data, text.length}, cell) || reader_->read_marked(i, {text.data, text.length}, cell);
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

/// The windows in which the input comes end anywhere.
inline void cut_anywhere(Case& made, Random& random) {
  for (size_t i = random.below(random.one_in(3) ? 30 : 3); i > 0; --i) {
    made.cuts.push_back(random.below(made.input.size() + 1));
  }
  std::sort(made.cuts.begin(), made.cuts.end());
}

/// 3000 made-up inputs give the same by marks as by the decoder alone.
inline void expect_same_readings(Case (*make_case)(uint64_t seed)) {
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

} // namespace flow::runtime
