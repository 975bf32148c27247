// CsvMarks: where the fields of some CSV records stand, so that generated code can read them by itself.
//
// Only plain records are marked: no quote anywhere, exactly the expected number of columns, all with the same kind of
// line end, at least `csv_room_bytes` of input before and behind them (a field is read in words, from both ends).
// Whatever else stands in the input is read record by record with Decoder::next, which has the last word on every
// record; generated code hands it a marked record too as soon as a field is not right. So what is decoded does not
// depend on what was marked.
//
// Plain data, written by CsvMarker (csv_marker.h), read by the vocabulary. The marks live as long as the input that
// they were made for.
#pragma once

#include <cstdint>

namespace flow::runtime {

constexpr int64_t csv_portion_bytes = 255 * 64; // records are marked so far ahead
constexpr int64_t csv_room_bytes = 32;

struct CsvMarkedColumn {
  uint32_t number = 0; // in the record, from 0
  uint32_t gap = 1;    // bytes between the field and the next one: 2 if that is "\r\n"
};

struct CsvMarks {
  const char* data = nullptr; // the first marked record
  // Where each field begins, counted from `data`, all records in a row; starts[0] is 0. A field ends its column's gap
  // before the next begins.
  const uint32_t* starts = nullptr;
  const CsvMarkedColumn* columns = nullptr; // by field of the connector
  const char* null_text = nullptr;
  uint32_t null_length = 0;
  uint32_t null_value_length = 0; // for kinds that may have spaces around them; no length at all if it has some
  uint32_t width = 0;             // columns of a record
  int64_t position = 0;           // of `data` in the input
  int64_t count = 0;              // marked records
  int64_t taken = 0;              // of them, those that the program has taken
  uint8_t is_ascii = 0;           // all of their bytes are
};

// Where record `record` begins in the input; for `count`, where the marks end.
inline int64_t csv_position(const CsvMarks& marks, int64_t record) {
  return marks.position + marks.starts[record * static_cast<int64_t>(marks.width)];
}

} // namespace flow::runtime
