// What generated code says to write records of a sink by itself: it asks for room, writes the values one behind the
// other, and says where the record ends. The bytes are those of the runtime's encoder (formats/encoder.h).
//
// A flow_put function writes at `to` and returns the end of what it wrote; it may write up to `put_room_bytes` more,
// which the next one overwrites. Room is asked for before the first, for the longest that the record can be.
#pragma once

#include "runtime/abi/flow_abi.h"

#ifdef __cplusplus
namespace flow::runtime {
constexpr uint64_t put_room_bytes = 16;
// The longest that a value can be in quotes: a number, a time, a bool; null.
constexpr uint64_t put_value_bytes_max = 56;
} // namespace flow::runtime
#endif

extern "C" {

// Room for `bytes` in the output's batch.
char* flow_sink_room(FlowTask*, uint32_t output, uint64_t bytes);
// A record ends at `end`, in that room.
void flow_sink_wrote(FlowTask*, uint32_t output, char* end);

char* flow_put_i64(char* to, int64_t value);
char* flow_put_u64(char* to, uint64_t value);
char* flow_put_bool(char* to, uint8_t value);
char* flow_put_f64(char* to, double value);

// The last date that was written: dates come in runs. At first all bytes 0x80, which is no day.
typedef struct FlowWrittenDay {
  int64_t days;
  uint64_t length;
  char text[16];
} FlowWrittenDay;
char* flow_put_timestamp(char* to, int64_t us, FlowWrittenDay* last);
char* flow_put_date(char* to, int32_t days, FlowWrittenDay* last);

// `length` bytes take at most twice as many and two. `is_first`: of the record.
char* flow_put_csv_text(char* to, const char* data, uint64_t length, uint8_t is_nullable, uint8_t is_first);
// With its quotes. The longest it can be, at least `length`.
char* flow_put_json_text(char* to, const char* data, uint64_t length);
uint64_t flow_json_text_bytes(const char* data, uint64_t length);
char* flow_put_json_f64(char* to, double value);

// What is rare is written by the encoder: a field of the record as it stands there.
__attribute__((noinline)) char* flow_rt_put_field(FlowTask*, uint32_t output, uint32_t field, const FlowCell* cell,
                                                  char* to);
__attribute__((noinline)) char* flow_rt_put_f64(char* to, double value);
__attribute__((noinline)) char* flow_rt_put_csv_quoted(char* to, const char* data, uint64_t length);
__attribute__((noinline)) char* flow_rt_put_json_text(char* to, const char* data, uint64_t length);
__attribute__((noinline)) uint64_t flow_rt_json_text_bytes(const char* data, uint64_t length);
__attribute__((noinline)) void flow_rt_write_day(int64_t days, FlowWrittenDay* day);

} // extern "C"
