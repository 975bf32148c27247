#include "runtime/base/calendar.h"

// Years are counted from 1 March, so that the leap day is the last of its year; 400 such years are an era of always
// 146097 days, and the days before a month follow from one linear formula.

namespace flow::runtime {
namespace {

constexpr int64_t days_per_era = 146'097;
constexpr int64_t days_from_era_start_to_epoch = 719'468; // from 0000-03-01 to 1970-01-01

// Days of the March-based year before its month `m` (0 is March).
int64_t days_before_month(int64_t m) { return (153 * m + 2) / 5; }

} // namespace

bool is_leap_year(int64_t year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

int days_in_month(int64_t year, int month) {
  if (month == 2) return is_leap_year(year) ? 29 : 28;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

int64_t days_from_civil(CivilDate date) {
  int64_t year = date.month > 2 ? date.year : date.year - 1;
  int64_t era = floor_div(year, 400);
  int64_t year_of_era = floor_mod(year, 400);
  int64_t day_of_year = days_before_month((date.month + 9) % 12) + date.day - 1;
  int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * days_per_era + day_of_era - days_from_era_start_to_epoch;
}

CivilDate civil_from_days(int64_t days) {
  int64_t shifted = days + days_from_era_start_to_epoch;
  int64_t era = floor_div(shifted, days_per_era);
  int64_t day_of_era = floor_mod(shifted, days_per_era);
  // Take out the leap days (every 1460 + 1 days, but every 36524, and every 146096 again); what is left are 365s.
  int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  int64_t month_from_march = (5 * day_of_year + 2) / 153;
  CivilDate date;
  date.day = static_cast<int>(day_of_year - days_before_month(month_from_march)) + 1;
  date.month = static_cast<int>(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
  date.year = era * 400 + year_of_era + (date.month <= 2 ? 1 : 0);
  return date;
}

} // namespace flow::runtime
