// What generated code says to read CSV records by itself (csv_marks.h tells what a marked record is).
//
// A source function asks for marks, reads the fields that it needs straight into registers, takes the record, and goes
// on with the next; where there are no marks, or a field is not right, it asks flow_rt_decode for that record.
//
// Each flow_csv_KIND reads the usual form of its kind, and only where the result is exactly that of the decoder
// (formats/value.h): else it answers 0 and leaves the question to flow_rt_csv_cell. They may read `csv_room_bytes`
// before and behind a field. `length` is never that of a null.
#pragma once

#include "runtime/abi/flow_abi.h"
#include "runtime/formats/csv_marks.h"

extern "C" {

// Plain records from `position`, which is where a record begins. Never null. Records read before count as taken.
flow::runtime::CsvMarks* flow_rt_csv_mark(FlowTask*, FlowSplit*, const FlowInput*, int64_t position);

int64_t flow_csv_next(flow::runtime::CsvMarks*);                     // the record that is due
int64_t flow_csv_count(flow::runtime::CsvMarks*);                    // one behind the last record
void flow_csv_take(flow::runtime::CsvMarks*, int64_t record);        // it counts as read, whatever becomes of it
int64_t flow_csv_position(flow::runtime::CsvMarks*, int64_t record); // where it begins in the input
uint8_t flow_csv_is_ascii(flow::runtime::CsvMarks*);                 // all texts of these records are valid UTF-8

// What a field is found by, to be kept in registers: none of it changes before the next marks.
const char* flow_csv_data(flow::runtime::CsvMarks*);
const flow::runtime::CsvMarkedColumn* flow_csv_columns(flow::runtime::CsvMarks*);
const uint32_t* flow_csv_starts(flow::runtime::CsvMarks*, int64_t record);
FlowView flow_csv_field(const char* data, const flow::runtime::CsvMarkedColumn* columns, const uint32_t* starts,
                        uint32_t field);
// Of a nullable field. `is_text`: string, bytes or enum, where no bytes at all are a value unless they mean null.
uint8_t flow_csv_is_null(flow::runtime::CsvMarks*, const char* data, uint64_t length, uint8_t is_text);

uint8_t flow_csv_integer(const char* data, uint64_t length, uint8_t is_signed, uint64_t high, int64_t* value);
uint8_t flow_csv_f64(const char* data, uint64_t length, double* value);
uint8_t flow_csv_f32(const char* data, uint64_t length, float* value);
uint8_t flow_csv_bool(const char* data, uint64_t length, uint8_t* value);
// The last date that a field held, as eight and two bytes, and its number of days: dates come in runs. At first all
// ones, which is no two bytes.
typedef struct FlowCsvDay {
  uint64_t year_month;
  uint64_t day;
  int64_t days;
} FlowCsvDay;
uint8_t flow_csv_timestamp(const char* data, uint64_t length, FlowCsvDay* last, int64_t* value);
uint8_t flow_csv_date(const char* data, uint64_t length, FlowCsvDay* last, int64_t* value);

// The field of the record that is due, as the decoder reads it. 0: the record is bad.
__attribute__((noinline)) uint8_t flow_rt_csv_cell(FlowSplit*, uint32_t field, const char* data, uint64_t length,
                                                   FlowCell* cell);
// Days since 1970 of "YYYY-MM-DD"; INT64_MIN if that is no date.
__attribute__((noinline)) int64_t flow_rt_csv_days(const char* data);

} // extern "C"
