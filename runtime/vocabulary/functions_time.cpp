// Functions of the prelude over instants and dates, in UTC, that are more than a few instructions.
#include <string.h>

#include <string>

#include "runtime/base/calendar.h"
#include "runtime/vocabulary/functions.h"

using namespace flow::runtime;

namespace {

constexpr int64_t us_per_minute = 60 * us_per_second;
constexpr int64_t us_per_hour = 60 * us_per_minute;

CivilDate civil_of(int64_t time) { return civil_from_days(floor_div(time, us_per_day)); }

void append_number(std::string& out, int64_t value, size_t width) {
  std::string digits = std::to_string(value < 0 ? -value : value);
  if (value < 0) out += '-';
  if (digits.size() < width) out.append(width - digits.size(), '0');
  out += digits;
}

// One run of a letter; false: the letter has no meaning.
bool append_field(std::string& out, char letter, size_t width, int64_t time) {
  int64_t in_day = floor_mod(time, us_per_day);
  CivilDate date = civil_of(time);
  switch (letter) {
  case 'y': append_number(out, width == 2 ? floor_mod(date.year, 100) : date.year, width); return true;
  case 'M': append_number(out, date.month, width); return true;
  case 'd': append_number(out, date.day, width); return true;
  case 'H': append_number(out, in_day / us_per_hour, width); return true;
  case 'm': append_number(out, in_day / us_per_minute % 60, width); return true;
  case 's': append_number(out, in_day / us_per_second % 60, width); return true;
  case 'S': {
    std::string fraction;
    append_number(fraction, in_day % us_per_second, 6);
    fraction.resize(width, '0');
    out += fraction;
    return true;
  }
  default: return false;
  }
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

constexpr size_t field_width_max = 32;

// 'text' as it stands; two quotes are one, inside and outside. `at` is at the first quote and moves behind the last.
bool append_quoted(std::string& out, std::string_view pattern, size_t& at) {
  if (pattern.substr(at, 2) == "''") {
    out += '\'';
    at += 2;
    return true;
  }
  for (++at; at < pattern.size(); ++at) {
    if (pattern[at] == '\'') {
      if (pattern.substr(at, 2) != "''") return ++at, true;
      ++at;
    }
    out += pattern[at];
  }
  return false;
}

bool format_time(std::string& out, int64_t time, std::string_view pattern) {
  for (size_t at = 0; at < pattern.size();) {
    char c = pattern[at];
    if (c == '\'') {
      if (!append_quoted(out, pattern, at)) return false;
      continue;
    }
    if (!is_letter(c)) {
      out += c;
      ++at;
      continue;
    }
    size_t width = 1;
    while (at + width < pattern.size() && pattern[at + width] == c) ++width;
    if (width > field_width_max || !append_field(out, c, width, time)) return false;
    at += width;
  }
  return true;
}

} // namespace

extern "C" {

int64_t flow_fn_year_timestamp(FlowTask*, int64_t time) { return civil_of(time).year; }
int64_t flow_fn_year_date(FlowTask*, int32_t date) { return civil_from_days(date).year; }
int64_t flow_fn_month_timestamp(FlowTask*, int64_t time) { return civil_of(time).month; }
int64_t flow_fn_month_date(FlowTask*, int32_t date) { return civil_from_days(date).month; }
int64_t flow_fn_day_timestamp(FlowTask*, int64_t time) { return civil_of(time).day; }
int64_t flow_fn_day_date(FlowTask*, int32_t date) { return civil_from_days(date).day; }

FlowView flow_fn_format(FlowTask* task, int64_t time, const char* pattern, uint64_t pattern_length) {
  std::string text;
  if (!format_time(text, time, {pattern, pattern_length})) {
    flow_fail(task, UINT32_MAX, FLOW_FAIL_ARGUMENT);
    return {"", 0};
  }
  char* kept = flow_scratch(task, text.size());
  memcpy(kept, text.data(), text.size());
  return {kept, text.size()};
}

} // extern "C"
