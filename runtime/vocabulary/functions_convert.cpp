// Values to text as the CSV encoder prints them, and text to values as the CSV decoder takes them.
#include <string.h>

#include <limits>
#include <optional>

#include "runtime/base/text.h"
#include "runtime/formats/utf8.h"
#include "runtime/vocabulary/functions.h"

using namespace flow::runtime;

namespace {

template <typename Write> FlowView written(FlowTask* task, Write write) {
  char* text = flow_scratch(task, text_bytes_max);
  return {text, static_cast<uint64_t>(write(text) - text)};
}

template <typename To, typename From> To parsed(FlowTask* task, std::optional<From> value) {
  bool fits = value.has_value();
  if constexpr (std::numeric_limits<To>::is_integer) {
    fits = fits && *value >= std::numeric_limits<To>::min() && *value <= std::numeric_limits<To>::max();
  }
  if (fits) return static_cast<To>(*value);
  flow_fail(task, UINT32_MAX, FLOW_FAIL_CAST);
  return To{};
}

std::string_view view(const char* text, uint64_t length) { return {text, length}; }

} // namespace

extern "C" {

FlowView flow_fn_text_bool(FlowTask*, uint8_t value) { return value != 0 ? FlowView{"true", 4} : FlowView{"false", 5}; }
FlowView flow_fn_text_i64(FlowTask* task, int64_t value) {
  return written(task, [=](char* to) { return write_i64(to, value); });
}
FlowView flow_fn_text_u64(FlowTask* task, uint64_t value) {
  return written(task, [=](char* to) { return write_u64(to, value); });
}
FlowView flow_fn_text_f32(FlowTask* task, float value) {
  return written(task, [=](char* to) { return write_f32(to, value); });
}
FlowView flow_fn_text_f64(FlowTask* task, double value) {
  return written(task, [=](char* to) { return write_f64(to, value); });
}
FlowView flow_fn_text_timestamp(FlowTask* task, int64_t value) {
  return written(task, [=](char* to) { return write_timestamp(to, value); });
}
FlowView flow_fn_text_date(FlowTask* task, int32_t value) {
  return written(task, [=](char* to) { return write_date(to, value); });
}
FlowView flow_fn_text_duration(FlowTask* task, int64_t value) {
  return written(task, [=](char* to) { return write_duration(to, value); });
}

uint8_t flow_fn_parse_bool(FlowTask* task, const char* text, uint64_t length) {
  return parsed<bool>(task, parse_bool(view(text, length)));
}
int8_t flow_fn_parse_i8(FlowTask* task, const char* text, uint64_t length) {
  return parsed<int8_t>(task, parse_i64(view(text, length)));
}
int16_t flow_fn_parse_i16(FlowTask* task, const char* text, uint64_t length) {
  return parsed<int16_t>(task, parse_i64(view(text, length)));
}
int32_t flow_fn_parse_i32(FlowTask* task, const char* text, uint64_t length) {
  return parsed<int32_t>(task, parse_i64(view(text, length)));
}
int64_t flow_fn_parse_i64(FlowTask* task, const char* text, uint64_t length) {
  return parsed<int64_t>(task, parse_i64(view(text, length)));
}
uint8_t flow_fn_parse_u8(FlowTask* task, const char* text, uint64_t length) {
  return parsed<uint8_t>(task, parse_u64(view(text, length)));
}
uint16_t flow_fn_parse_u16(FlowTask* task, const char* text, uint64_t length) {
  return parsed<uint16_t>(task, parse_u64(view(text, length)));
}
uint32_t flow_fn_parse_u32(FlowTask* task, const char* text, uint64_t length) {
  return parsed<uint32_t>(task, parse_u64(view(text, length)));
}
uint64_t flow_fn_parse_u64(FlowTask* task, const char* text, uint64_t length) {
  return parsed<uint64_t>(task, parse_u64(view(text, length)));
}
float flow_fn_parse_f32(FlowTask* task, const char* text, uint64_t length) {
  return parsed<float>(task, parse_f32(view(text, length)));
}
double flow_fn_parse_f64(FlowTask* task, const char* text, uint64_t length) {
  return parsed<double>(task, parse_f64(view(text, length)));
}
int64_t flow_fn_parse_timestamp(FlowTask* task, const char* text, uint64_t length) {
  return parsed<int64_t>(task, parse_timestamp(view(text, length)));
}
int32_t flow_fn_parse_date(FlowTask* task, const char* text, uint64_t length) {
  return parsed<int32_t>(task, parse_date(view(text, length)));
}
int64_t flow_fn_parse_duration(FlowTask* task, const char* text, uint64_t length) {
  return parsed<int64_t>(task, parse_duration(view(text, length)));
}

FlowView flow_fn_parse_string(FlowTask* task, const char* bytes, uint64_t length) {
  if (is_utf8(view(bytes, length))) return {bytes, length};
  flow_fail(task, UINT32_MAX, FLOW_FAIL_CAST);
  return {"", 0};
}
FlowView flow_fn_parse_bytes(FlowTask*, const char* text, uint64_t length) { return {text, length}; }

} // extern "C"
