// The slow path of writing values: what is rare, and what the formats of the runtime have.
#include <algorithm>

#include "runtime/base/text.h"
#include "runtime/formats/csv_encoder.h"
#include "runtime/formats/json_encoder.h"
#include "runtime/vocabulary/encoding.h"

using namespace flow::runtime;

char* flow_rt_put_f64(char* to, double value) { return write_f64(to, value); }

char* flow_rt_put_csv_quoted(char* to, const char* data, uint64_t length) {
  return write_csv_quoted(to, {data, length});
}

char* flow_rt_put_json_text(char* to, const char* data, uint64_t length) { return write_json_text(to, {data, length}); }

uint64_t flow_rt_json_text_bytes(const char* data, uint64_t length) { return json_text_bytes_max({data, length}) + 2; }

void flow_rt_write_day(int64_t days, FlowWrittenDay* day) {
  char text[text_bytes_max];
  char* end = write_date(text, static_cast<int32_t>(days));
  day->days = days;
  day->length = static_cast<uint64_t>(end - text);
  std::copy(text, end, day->text);
}
