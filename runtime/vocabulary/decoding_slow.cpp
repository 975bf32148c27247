// The slow path of fields of marked records: a date other than the last one, a bare JSON value out of the ordinary.
#include <algorithm>

#include "runtime/base/text.h"
#include "runtime/formats/json_reader.h"
#include "runtime/vocabulary/decoding.h"

int64_t flow_rt_days_of(const char* data) {
  auto days = flow::runtime::parse_date({data, 10});
  return days ? *days : INT64_MIN;
}

// The value may stand in others, so only half the depth is allowed here.
uint8_t flow_rt_json_is_value(const char* data, uint64_t length) {
  if (length > static_cast<uint64_t>(INT32_MAX)) return 0;
  auto opens = std::count_if(data, data + length, [](char c) { return c == '{' || c == '['; });
  if (opens > flow::runtime::json_depth_max / 2) return 0;
  flow::runtime::JsonReader reader({data, length});
  return reader.skip_value() && reader.is_at_end() ? 1 : 0;
}
