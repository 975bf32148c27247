#include "lang/grammar/literals.h"

#include <array>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

namespace flow::lang {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string without_underscores(std::string_view text) {
  std::string digits;
  for (char c : text) {
    if (c != '_') digits += c;
  }
  return digits;
}

struct Unit {
  std::string_view name;
  int64_t micros;
};
constexpr std::array units = {
    Unit{"us", 1},
    Unit{"ms", 1'000},
    Unit{"s", 1'000'000},
    Unit{"min", 60'000'000},
    Unit{"h", 3'600'000'000},
    Unit{"d", 86'400'000'000},
    Unit{"w", 604'800'000'000},
};

const Unit* find_unit(std::string_view name) {
  for (const Unit& unit : units) {
    if (unit.name == name) return &unit;
  }
  return nullptr;
}

/// Takes characters from the front of a text.
struct Cursor {
  std::string_view rest;

  bool take(char c) {
    if (rest.empty() || rest.front() != c) return false;
    rest.remove_prefix(1);
    return true;
  }
  std::string_view take_while(bool (*accepts)(char)) {
    size_t count = 0;
    while (count < rest.size() && accepts(rest[count])) ++count;
    std::string_view taken = rest.substr(0, count);
    rest.remove_prefix(count);
    return taken;
  }
  /// A number of exactly `count` digits.
  std::optional<int> digits(size_t count) {
    if (rest.size() < count) return {};
    int value = 0;
    for (size_t i = 0; i < count; ++i) {
      if (!is_digit(rest[i])) return {};
      value = value * 10 + (rest[i] - '0');
    }
    rest.remove_prefix(count);
    return value;
  }
};

bool is_leap(int year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

int days_of_month(int year, int month) {
  constexpr std::array days = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && is_leap(year) ? 29 : days[static_cast<size_t>(month - 1)];
}

int64_t days_before_year(int64_t year) {
  int64_t past = year - 1;
  return past * 365 + past / 4 - past / 100 + past / 400;
}

int64_t days_since_1970(int year, int month, int day) {
  int64_t days = days_before_year(year) - days_before_year(1970) + day - 1;
  for (int past = 1; past < month; ++past) days += days_of_month(year, past);
  return days;
}

/// Microseconds of `.5`, when it has one to six digits.
std::optional<int64_t> read_fraction(Cursor& cursor) {
  std::string_view digits = cursor.take_while(is_digit);
  if (digits.empty() || digits.size() > 6) return {};
  int64_t micros = 0;
  for (size_t i = 0; i < 6; ++i) micros = micros * 10 + (i < digits.size() ? digits[i] - '0' : 0);
  return micros;
}

struct TimeOfDay {
  int64_t micros = 0;
  int64_t offset = 0; // what to take away to come to UTC
};

Read<TimeOfDay> read_time_of_day(Cursor& cursor) {
  constexpr const char* shape = "a time is written like 12:30:00Z";
  std::optional<int> hour = cursor.digits(2);
  std::optional<int> minute = hour && cursor.take(':') ? cursor.digits(2) : std::nullopt;
  if (!minute) return {{}, shape};
  int second = 0;
  if (cursor.take(':')) {
    std::optional<int> read = cursor.digits(2);
    if (!read) return {{}, shape};
    second = *read;
  }
  if (*hour > 23 || *minute > 59 || second > 59) return {{}, "there is no such time of day"};
  int64_t micros = ((*hour * 60 + *minute) * 60 + int64_t{second}) * 1'000'000;
  if (cursor.take('.')) {
    std::optional<int64_t> fraction = read_fraction(cursor);
    if (!fraction) return {{}, "a second has one to six decimals"};
    micros += *fraction;
  }
  if (cursor.take('Z')) return {TimeOfDay{micros, 0}};
  bool is_east = cursor.take('+');
  if (!is_east && !cursor.take('-')) return {{}, "a time needs its zone: `Z` for UTC, or an offset such as +02:00"};
  std::optional<int> hours = cursor.digits(2);
  cursor.take(':');
  std::optional<int> minutes = hours ? cursor.digits(2) : std::nullopt;
  if (!minutes || *hours > 23 || *minutes > 59) return {{}, "an offset is written like +02:00"};
  int64_t offset = (*hours * 60 + *minutes) * int64_t{60'000'000};
  return {TimeOfDay{micros, is_east ? offset : -offset}};
}

} // namespace

Read<uint64_t> read_integer(std::string_view text) {
  bool is_hex = text.size() > 1 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
  std::string digits = without_underscores(is_hex ? text.substr(2) : text);
  uint64_t value = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, is_hex ? 16 : 10);
  if (error == std::errc::result_out_of_range) return {{}, "this number does not fit into 64 bits"};
  if (error != std::errc{} || end != digits.data() + digits.size()) return {{}, "this is no number"};
  return {value};
}

Read<double> read_float(std::string_view text) {
  double value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range) return {{}, "this number is beyond what a float can hold"};
  if (error != std::errc{} || end != text.data() + text.size()) return {{}, "this is no number"};
  return {value};
}

Read<int64_t> read_duration(std::string_view text) {
  int64_t micros = 0;
  Cursor cursor{text};
  while (!cursor.rest.empty()) {
    std::string_view digits = cursor.take_while([](char c) { return is_digit(c) || c == '_'; });
    std::string_view name = cursor.take_while([](char c) { return !is_digit(c); });
    const Unit* unit = find_unit(name);
    if (unit == nullptr) {
      return {{}, fmt::format("`{}` is no unit of time; the units are us, ms, s, min, h, d and w", name)};
    }
    Read<uint64_t> count = read_integer(digits);
    int64_t part = 0;
    bool is_beyond = !count.value || *count.value > INT64_MAX ||
                     __builtin_mul_overflow(static_cast<int64_t>(*count.value), unit->micros, &part) ||
                     __builtin_add_overflow(micros, part, &micros);
    if (is_beyond) return {{}, "this duration is longer than 292 000 years, which is beyond what can be held"};
  }
  return {micros};
}

Read<Instant> read_instant(std::string_view text) {
  Cursor cursor{text};
  std::optional<int> year = cursor.digits(4);
  std::optional<int> month = year && cursor.take('-') ? cursor.digits(2) : std::nullopt;
  std::optional<int> day = month && cursor.take('-') ? cursor.digits(2) : std::nullopt;
  if (!day) return {{}, "a date is written like @2020-01-31, a time like @2020-01-31T12:00:00Z"};
  bool exists = *year >= 1 && *month >= 1 && *month <= 12 && *day >= 1 && *day <= days_of_month(*year, *month);
  if (!exists) return {{}, "there is no such day"};
  int64_t micros = days_since_1970(*year, *month, *day) * 86'400'000'000;
  if (cursor.rest.empty()) return {Instant{micros, true}};
  if (!cursor.take('T')) return {{}, "behind the date stands `T` and the time, as in @2020-01-31T12:00:00Z"};
  Read<TimeOfDay> time = read_time_of_day(cursor);
  if (!time.value) return {{}, time.problem};
  if (!cursor.rest.empty()) return {{}, fmt::format("`{}` does not belong to a time", cursor.rest)};
  return {Instant{micros + time.value->micros - time.value->offset, false}};
}

} // namespace flow::lang
