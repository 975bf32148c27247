// Days and dates: the proleptic Gregorian calendar, without time zones. Day 0 is 1970-01-01.
#pragma once

#include <cstdint>

namespace flow::runtime {

struct CivilDate {
  int64_t year = 1970;
  int month = 1; // 1 … 12
  int day = 1;   // 1 … 31
  bool operator==(const CivilDate&) const = default;
};

constexpr int64_t us_per_second = 1'000'000;
constexpr int64_t us_per_day = 86'400 * us_per_second;

bool is_leap_year(int64_t year);
int days_in_month(int64_t year, int month);

// REQUIRES: a date of the calendar, |year| < 2^33.
int64_t days_from_civil(CivilDate date);
CivilDate civil_from_days(int64_t days);

// Division that rounds down, so that instants before 1970 fall into their own day. REQUIRES: divisor > 0.
constexpr int64_t floor_div(int64_t value, int64_t divisor) { return value / divisor - (value % divisor < 0 ? 1 : 0); }
constexpr int64_t floor_mod(int64_t value, int64_t divisor) {
  int64_t rest = value % divisor;
  return rest < 0 ? rest + divisor : rest;
}

} // namespace flow::runtime
