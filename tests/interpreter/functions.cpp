#include "tests/interpreter/functions.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>

#include "runtime/base/calendar.h"

namespace flow::interpreter {

namespace {

using Characters = std::vector<std::string>;

Characters characters_of(const std::string& text) {
  Characters characters;
  for (char c : text) {
    bool continues = (static_cast<unsigned char>(c) & 0xc0) == 0x80;
    if (!continues || characters.empty()) characters.emplace_back();
    characters.back() += c;
  }
  return characters;
}

std::string joined(const Characters& characters) {
  std::string text;
  for (const std::string& character : characters) text += character;
  return text;
}

int64_t length_of(const std::string& text) { return static_cast<int64_t>(characters_of(text).size()); }

std::string substring(const std::string& text, int64_t start, int64_t count) {
  Characters all = characters_of(text), cut;
  __int128 end = static_cast<__int128>(start) + count;
  for (size_t i = 0; i < all.size(); i++) {
    __int128 at = static_cast<__int128>(i);
    if (at >= start && at < end) cut.push_back(all[i]);
  }
  return joined(cut);
}

std::string replaced(std::string text, const std::string& part, const std::string& with) {
  if (part.empty()) return text;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + with.size()))
    text.replace(at, part.size(), with);
  return text;
}

int64_t count_of(const std::string& text, const std::string& part) {
  int64_t count = 0;
  if (part.empty()) return count;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) count++;
  return count;
}

std::string trimmed(const std::string& text) {
  constexpr const char* spaces = " \t\n\v\f\r";
  size_t begin = text.find_first_not_of(spaces);
  return begin == std::string::npos ? "" : text.substr(begin, text.find_last_not_of(spaces) + 1 - begin);
}

std::string with_letters(std::string text, char from, int shift) {
  for (char& c : text) {
    if (c >= from && c < from + 26) c = static_cast<char>(c + shift);
  }
  return text;
}

constexpr int64_t us_per_second = 1'000'000, us_per_day = 86'400 * us_per_second;

int64_t floored(int64_t value, int64_t step) {
  int64_t quotient = value / step;
  return (value % step < 0 ? quotient - 1 : quotient) * step;
}

int64_t day_of(int64_t us) { return floored(us, us_per_day) / us_per_day; }
int64_t second_of_day(int64_t us) { return (us - floored(us, us_per_day)) / us_per_second; }
/// 1970-01-01 was a Thursday.
int64_t weekday_of(int64_t days) { return days + 3 - floored(days + 3, 7) + 1; }

int64_t year_of(int64_t days) { return runtime::civil_from_days(days).year; }
int64_t month_of(int64_t days) { return runtime::civil_from_days(days).month; }
int64_t day_of_month(int64_t days) { return runtime::civil_from_days(days).day; }

int64_t wrapped(uint64_t value) { return static_cast<int64_t>(value); }
uint64_t bits(const Value& value) { return static_cast<uint64_t>(value.integer); }

using Body = std::function<Evaluated(const Row&)>;

const std::map<std::string_view, Body>& bodies() {
  constexpr int64_t least = std::numeric_limits<int64_t>::min();
  static const std::map<std::string_view, Body> all = {
      // text
      {"lower", [](const Row& a) { return of_text(with_letters(a[0].text, 'A', 'a' - 'A')); }},
      {"upper", [](const Row& a) { return of_text(with_letters(a[0].text, 'a', 'A' - 'a')); }},
      {"trim", [](const Row& a) { return of_text(trimmed(a[0].text)); }},
      {"length", [](const Row& a) { return of_integer(length_of(a[0].text)); }},
      {"contains", [](const Row& a) { return of_bool(a[0].text.find(a[1].text) != std::string::npos); }},
      {"starts_with", [](const Row& a) { return of_bool(a[0].text.starts_with(a[1].text)); }},
      {"ends_with", [](const Row& a) { return of_bool(a[0].text.ends_with(a[1].text)); }},
      {"substring", [](const Row& a) { return of_text(substring(a[0].text, a[1].integer, a[2].integer)); }},
      {"replace", [](const Row& a) { return of_text(replaced(a[0].text, a[1].text, a[2].text)); }},
      {"count_of", [](const Row& a) { return of_integer(count_of(a[0].text, a[1].text)); }},
      {"index_of",
       [](const Row& a) {
         size_t at = a[0].text.find(a[1].text);
         return at == std::string::npos ? null_value() : of_integer(length_of(a[0].text.substr(0, at)));
       }},
      {"reverse",
       [](const Row& a) {
         Characters characters = characters_of(a[0].text);
         std::reverse(characters.begin(), characters.end());
         return of_text(joined(characters));
       }},
      // time
      {"year_timestamp", [](const Row& a) { return of_integer(year_of(day_of(a[0].integer))); }},
      {"year_date", [](const Row& a) { return of_integer(year_of(a[0].integer)); }},
      {"month_timestamp", [](const Row& a) { return of_integer(month_of(day_of(a[0].integer))); }},
      {"month_date", [](const Row& a) { return of_integer(month_of(a[0].integer)); }},
      {"day_timestamp", [](const Row& a) { return of_integer(day_of_month(day_of(a[0].integer))); }},
      {"day_date", [](const Row& a) { return of_integer(day_of_month(a[0].integer)); }},
      {"hour", [](const Row& a) { return of_integer(second_of_day(a[0].integer) / 3600); }},
      {"minute", [](const Row& a) { return of_integer(second_of_day(a[0].integer) / 60 % 60); }},
      {"second", [](const Row& a) { return of_integer(second_of_day(a[0].integer) % 60); }},
      {"day_of_week_timestamp", [](const Row& a) { return of_integer(weekday_of(day_of(a[0].integer))); }},
      {"day_of_week_date", [](const Row& a) { return of_integer(weekday_of(a[0].integer)); }},
      {"date", [](const Row& a) { return of_integer(day_of(a[0].integer)); }},
      {"timestamp",
       [](const Row& a) -> Evaluated {
         int64_t us = 0;
         if (__builtin_mul_overflow(a[0].integer, us_per_day, &us)) return std::nullopt;
         return of_integer(us);
       }},
      {"truncate",
       [](const Row& a) -> Evaluated {
         if (a[1].integer <= 0) return std::nullopt;
         return of_integer(floored(a[0].integer, a[1].integer));
       }},
      {"epoch_ms", [](const Row& a) { return of_integer(floored(a[0].integer, 1000) / 1000); }},
      {"from_epoch_ms",
       [](const Row& a) -> Evaluated {
         int64_t us = 0;
         if (__builtin_mul_overflow(a[0].integer, 1000, &us)) return std::nullopt;
         return of_integer(us);
       }},
      // numbers
      {"abs_i64",
       [](const Row& a) -> Evaluated {
         if (a[0].integer == least) return std::nullopt;
         return of_integer(a[0].integer < 0 ? -a[0].integer : a[0].integer);
       }},
      {"abs_duration",
       [](const Row& a) -> Evaluated {
         if (a[0].integer == least) return std::nullopt;
         return of_integer(a[0].integer < 0 ? -a[0].integer : a[0].integer);
       }},
      {"abs_f64", [](const Row& a) { return of_real(std::fabs(a[0].real)); }},
      {"min_i64_i64", [](const Row& a) { return of_integer(std::min(a[0].integer, a[1].integer)); }},
      {"max_i64_i64", [](const Row& a) { return of_integer(std::max(a[0].integer, a[1].integer)); }},
      {"min_timestamp_timestamp", [](const Row& a) { return of_integer(std::min(a[0].integer, a[1].integer)); }},
      {"max_timestamp_timestamp", [](const Row& a) { return of_integer(std::max(a[0].integer, a[1].integer)); }},
      {"sign_i64", [](const Row& a) { return of_integer((a[0].integer > 0) - (a[0].integer < 0)); }},
      {"floor", [](const Row& a) { return of_real(std::floor(a[0].real)); }},
      {"ceil", [](const Row& a) { return of_real(std::ceil(a[0].real)); }},
      {"round", [](const Row& a) { return of_real(std::round(a[0].real)); }},
      {"sqrt", [](const Row& a) { return of_real(std::sqrt(a[0].real)); }},
      {"is_nan", [](const Row& a) { return of_bool(std::isnan(a[0].real)); }},
      // bits
      {"wrapping_add", [](const Row& a) { return of_integer(wrapped(bits(a[0]) + bits(a[1]))); }},
      {"wrapping_sub", [](const Row& a) { return of_integer(wrapped(bits(a[0]) - bits(a[1]))); }},
      {"wrapping_mul", [](const Row& a) { return of_integer(wrapped(bits(a[0]) * bits(a[1]))); }},
      {"bit_and", [](const Row& a) { return of_integer(wrapped(bits(a[0]) & bits(a[1]))); }},
      {"bit_or", [](const Row& a) { return of_integer(wrapped(bits(a[0]) | bits(a[1]))); }},
      {"bit_xor", [](const Row& a) { return of_integer(wrapped(bits(a[0]) ^ bits(a[1]))); }},
      {"bit_not", [](const Row& a) { return of_integer(wrapped(~bits(a[0]))); }},
      {"shift_left", [](const Row& a) { return of_integer(wrapped(bits(a[0]) << (bits(a[1]) % 64))); }},
      {"shift_right", [](const Row& a) { return of_integer(a[0].integer >> (bits(a[1]) % 64)); }},
      {"shift_right_logical", [](const Row& a) { return of_integer(wrapped(bits(a[0]) >> (bits(a[1]) % 64))); }},
  };
  return all;
}

std::string_view name_of(std::string_view symbol) {
  constexpr std::string_view prefix = "flow_fn_";
  return symbol.starts_with(prefix) ? symbol.substr(prefix.size()) : symbol;
}

} // namespace

bool knows_function(std::string_view symbol) { return bodies().contains(name_of(symbol)); }

Evaluated call_function(const sema::Extern& callee, const Row& arguments) {
  return bodies().at(name_of(callee.symbol))(arguments);
}

} // namespace flow::interpreter
