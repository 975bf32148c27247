// RecordMarks: where the fields of some records stand, so that generated code can read them by itself.
//
//   csv    plain records only: no quote anywhere, exactly the expected number of columns, all with the same kind of
//   line
//          end. What is marked is such a record.
//   json   what would be records if all were of one shape (json_shape.h). Generated code first asks whether the next
//   one
//          is (flow_json_fits): only then its fields are where the marks say.
//
// Whatever else stands in the input is read record by record with Decoder::next, which has the last word on every
// record; generated code hands it a marked record too as soon as a field is not right. So what is decoded does not
// depend on what was marked. There are at least `marks_room_bytes` of input before the marked records (a field is read
// in words, from both ends) and csv_room_bytes or json_room_bytes behind them.
//
// Plain data, written by the decoders, read by the vocabulary. The marks live as long as the input that they were made
// for.
#pragma once

#include <cstdint>

namespace flow::runtime {

constexpr int64_t marks_room_bytes = 32;

// In JSON, how a field's value stands in records of the shape. CSV fields are all text.
enum class MarkedForm : uint32_t {
  text, // in quotes, which are not part of the field
  bare, // a number, true, false, null
  none, // there is none, or always null
};

// The field begins `skip` bytes behind one of the record's starts and ends `gap` bytes before the next.
struct MarkedField {
  uint32_t number = 0; // of the start, from 0
  uint32_t gap = 1;
  uint32_t skip = 0; // JSON only
  MarkedForm form = MarkedForm::text;
};

struct JsonShape;

struct RecordMarks {
  const char* data = nullptr; // what `starts` are counted from
  // Where the first marked record begins, and each byte behind a mark, up to the end of the last record.
  const uint32_t* starts = nullptr;
  const MarkedField* fields = nullptr; // by field of the connector
  const JsonShape* shape = nullptr;    // JSON
  const char* null_text = nullptr;     // CSV
  uint32_t null_length = 0;
  uint32_t null_value_length = 0; // for kinds that may have spaces around them; no length at all if it has some
  int64_t us_per_number = 0;      // JSON, of timestamps that are numbers; 0: they may not be
  uint32_t width = 0;             // starts of a record
  int64_t position = 0;           // of `data` in the input
  int64_t count = 0;              // marked records
  int64_t taken = 0;              // of them, those that the program has taken
  uint8_t has_valid_texts = 0;    // all bytes of these records are UTF-8
};

// Where record `record` begins in the input; for `count`, where the marks end.
inline int64_t mark_position(const RecordMarks& marks, int64_t record) {
  return marks.position + marks.starts[record * static_cast<int64_t>(marks.width)];
}

} // namespace flow::runtime
