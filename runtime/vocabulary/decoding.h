// What generated code says to read records by itself (formats/marks.h tells what a marked record is).
//
// A source function asks for marks, reads the fields that it needs straight into registers, takes the record, and goes
// on with the next; where there are no marks, or a field is not right, it asks flow_rt_decode for that record.
//
// Each function that reads a value reads the usual form of its kind, and only where the result is exactly that of the
// decoder (formats/value.h): else it answers 0 and leaves the question to flow_rt_marked_cell. It may read
// `marks_room_bytes` before and behind a field. `length` is never that of a null.
#pragma once

#include "runtime/abi/flow_abi.h"
#include "runtime/formats/json_shape.h"
#include "runtime/formats/marks.h"

extern "C" {

// ---- records ----

// Records from `position`, which is where a record begins. Never null. Records read before count as taken.
flow::runtime::RecordMarks* flow_rt_mark(FlowTask*, FlowSplit*, const FlowInput*, int64_t position);

int64_t flow_marks_next(flow::runtime::RecordMarks*);  // the record that is due
int64_t flow_marks_count(flow::runtime::RecordMarks*); // one behind the last record
// All before the record that is due now count as read, whatever becomes of them: said before anything else is asked of
// the runtime, and when the source function ends. INT64_MAX: they do already.
void flow_marks_reach(flow::runtime::RecordMarks*, int64_t due);
// Where the record that is due begins; `otherwise` if it is INT64_MAX.
int64_t flow_marks_following(flow::runtime::RecordMarks*, int64_t due, int64_t otherwise);
int64_t flow_marks_position(flow::runtime::RecordMarks*, int64_t record); // where it begins in the input
uint8_t flow_marks_has_valid_texts(flow::runtime::RecordMarks*);          // all texts of these records are valid UTF-8

// What a field is found by, to be kept in registers: none of it changes before the next marks.
const char* flow_marks_data(flow::runtime::RecordMarks*);
const flow::runtime::MarkedField* flow_marks_fields(flow::runtime::RecordMarks*);
const uint32_t* flow_marks_starts(flow::runtime::RecordMarks*, int64_t record);

// The field of the record that is due, as the decoder reads it. 0: the record is bad.
__attribute__((noinline)) uint8_t flow_rt_marked_cell(FlowSplit*, uint32_t field, const char* data, uint64_t length,
                                                      FlowCell* cell);

// ---- CSV ----
//
// The functions of CSV and JSON that have one name but for the format do the same, and generated code calls either.

FlowView flow_csv_field(const char* data, const flow::runtime::MarkedField* columns, const uint32_t* starts,
                        uint32_t field);
// Of a nullable field. `is_text`: string, bytes or enum, where no bytes at all are a value unless they mean null.
uint8_t flow_csv_is_null(flow::runtime::RecordMarks*, const flow::runtime::MarkedField* columns, uint32_t field,
                         const char* data, uint64_t length, uint8_t is_text);

uint8_t flow_csv_bool(const char* data, uint64_t length, uint8_t* value);

// `high`: the highest value of the kind.
uint8_t flow_csv_integer(const char* data, uint64_t length, uint8_t is_signed, uint64_t high, int64_t* value);
uint8_t flow_csv_f64(const char* data, uint64_t length, double* value);
uint8_t flow_csv_f32(const char* data, uint64_t length, float* value);
// The last date that a field held, as eight and two bytes, and its number of days: dates come in runs. At first all
// ones, which is no two bytes.
typedef struct FlowDay {
  uint64_t year_month;
  uint64_t day;
  int64_t days;
} FlowDay;
uint8_t flow_csv_timestamp(flow::runtime::RecordMarks*, const flow::runtime::MarkedField* columns, uint32_t field,
                           const char* data, uint64_t length, FlowDay* last, int64_t* value);

// ---- texts of times, as both formats write them ----

uint8_t flow_text_timestamp(const char* data, uint64_t length, FlowDay* last, int64_t* value);
uint8_t flow_text_date(const char* data, uint64_t length, FlowDay* last, int64_t* value);
// Days since 1970 of "YYYY-MM-DD"; INT64_MIN if that is no date.
__attribute__((noinline)) int64_t flow_rt_days_of(const char* data);

// ---- JSON ----

// Whether the record has the shape that its marks were made for. REQUIRES of everything below: it has.
const flow::runtime::JsonShape* flow_marks_shape(flow::runtime::RecordMarks*);
uint8_t flow_json_fits(const flow::runtime::JsonShape*, const char* data, const uint32_t* starts);
// What stands between the quotes, or bare; neither may be right.
FlowView flow_json_field(const char* data, const flow::runtime::MarkedField* fields, const uint32_t* starts,
                         uint32_t field);
uint8_t flow_json_is_null(flow::runtime::RecordMarks*, const flow::runtime::MarkedField* fields, uint32_t field,
                          const char* data, uint64_t length, uint8_t is_text);

uint8_t flow_json_integer(const char* data, uint64_t length, uint8_t is_signed, uint64_t high, int64_t* value);
uint8_t flow_json_f64(const char* data, uint64_t length, double* value);
uint8_t flow_json_f32(const char* data, uint64_t length, float* value);
uint8_t flow_json_bool(const char* data, uint64_t length, uint8_t* value);
// A text, or a number of the units that the source's option names.
uint8_t flow_json_timestamp(flow::runtime::RecordMarks*, const flow::runtime::MarkedField* fields, uint32_t field,
                            const char* data, uint64_t length, FlowDay* last, int64_t* value);

// Whether it is one JSON value, and nothing more.
__attribute__((noinline)) uint8_t flow_rt_json_is_value(const char* data, uint64_t length);

} // extern "C"
