// Values as text and back: numbers, durations, dates, timestamps, the calendar.
// Alone: build/bin/tests/base_test --gtest_filter='Text.*:Calendar.*'
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "runtime/base/calendar.h"
#include "runtime/base/random.h"
#include "runtime/base/text.h"

namespace flow::runtime {
namespace {

constexpr int64_t i64_min = std::numeric_limits<int64_t>::min();
constexpr int64_t i64_max = std::numeric_limits<int64_t>::max();

TEST(Calendar, counts_days_as_a_plain_walk_through_the_years_does) {
  // From 1 January of year -800 to that of 2400, day by day.
  int64_t day = days_from_civil({-800, 1, 1});
  for (int64_t year = -800; year < 2400; ++year) {
    for (int month = 1; month <= 12; ++month) {
      for (int d = 1; d <= days_in_month(year, month); ++d, ++day) {
        CivilDate date{year, month, d};
        ASSERT_EQ(days_from_civil(date), day) << year << "-" << month << "-" << d;
        ASSERT_EQ(civil_from_days(day), date) << day;
      }
    }
  }
  EXPECT_EQ(days_from_civil({1970, 1, 1}), 0);
  EXPECT_EQ(days_from_civil({2000, 3, 1}), 11'017);
}

TEST(Calendar, leap_years) {
  EXPECT_TRUE(is_leap_year(2000));
  EXPECT_TRUE(is_leap_year(2024));
  EXPECT_FALSE(is_leap_year(1900));
  EXPECT_FALSE(is_leap_year(2023));
  EXPECT_TRUE(is_leap_year(0));
}

TEST(Calendar, division_rounds_down) {
  EXPECT_EQ(floor_div(-1, 10), -1);
  EXPECT_EQ(floor_mod(-1, 10), 9);
  EXPECT_EQ(floor_div(-10, 10), -1);
  EXPECT_EQ(floor_div(i64_min, us_per_day), i64_min / us_per_day - 1);
}

TEST(Text, integers_whole_or_not_at_all) {
  EXPECT_EQ(parse_i64("0"), 0);
  EXPECT_EQ(parse_i64("+12"), 12);
  EXPECT_EQ(parse_i64("-9223372036854775808"), i64_min);
  EXPECT_EQ(parse_i64("9223372036854775807"), i64_max);
  EXPECT_EQ(parse_u64("18446744073709551615"), std::numeric_limits<uint64_t>::max());
  for (auto bad : {"", " 1", "1 ", "1.0", "9223372036854775808", "0x10", "+-1", "+", "-", "--1", "1_000", "½"}) {
    EXPECT_FALSE(parse_i64(bad)) << bad;
  }
  EXPECT_FALSE(parse_u64("-1"));
}

TEST(Text, floats_round_trip_in_the_shortest_form) {
  EXPECT_EQ(format_f64(0.1), "0.1");
  EXPECT_EQ(format_f64(1.0), "1");
  EXPECT_EQ(format_f64(-0.0), "-0");
  EXPECT_EQ(format_f64(1e300), "1e+300");
  EXPECT_EQ(format_f64(-std::nan("")), "nan");
  EXPECT_EQ(parse_f64("2.5e3"), 2500.0);
  EXPECT_EQ(parse_f64("+.5"), 0.5);
  EXPECT_EQ(parse_f64("-inf"), -std::numeric_limits<double>::infinity());
  for (auto bad : {"", "1e999", "1,5", "1.5 ", "0x1p3", "e5", "+", "nan2"}) EXPECT_FALSE(parse_f64(bad)) << bad;
  Random random(11);
  for (int i = 0; i < 20'000; ++i) {
    auto value = std::bit_cast<double>(random.next());
    if (std::isnan(value) || !std::isfinite(value)) continue;
    ASSERT_EQ(parse_f64(format_f64(value)), value) << format_f64(value);
  }
}

TEST(Text, booleans_are_two_words) {
  EXPECT_EQ(parse_bool("true"), true);
  EXPECT_EQ(parse_bool("false"), false);
  for (auto bad : {"", "TRUE", "1", "yes", "true "}) EXPECT_FALSE(parse_bool(bad)) << bad;
}

TEST(Text, durations) {
  EXPECT_EQ(parse_duration("50ms"), 50'000);
  EXPECT_EQ(parse_duration("1h30min"), 5'400'000'000);
  EXPECT_EQ(parse_duration("0s"), 0);
  EXPECT_EQ(parse_duration("-2d"), -2 * us_per_day);
  EXPECT_EQ(parse_duration("1w"), 7 * us_per_day);
  EXPECT_EQ(format_duration(0), "0s");
  EXPECT_EQ(format_duration(5'400'000'000), "1h30min");
  EXPECT_EQ(format_duration(28 * 3'600'000'000), "1d4h");
  EXPECT_EQ(format_duration(-1'500), "-1ms500us");
  for (auto bad : {"", "-", "10", "s", "1.5s", "1 s", "1m", "1h 30min", "9223372036854775807w", "+1s", "1s-1ms",
                   "99999999999999999999us"}) {
    EXPECT_FALSE(parse_duration(bad)) << bad;
  }
}

TEST(Text, timestamps_in_all_their_forms) {
  constexpr int64_t noon = 1'577'880'000'000'000;
  for (auto good : {"2020-01-01T12:00:00Z", "2020-01-01 12:00:00", "2020-01-01T12:00", "2020-01-01T13:00:00+01:00",
                    "2020-01-01T04:30:00-0730", "2020-01-01t12:00:00.000000z"}) {
    EXPECT_EQ(parse_timestamp(good), noon) << good;
  }
  EXPECT_EQ(parse_timestamp("2020-01-01"), noon - us_per_day / 2);
  EXPECT_EQ(parse_timestamp("1969-12-31T23:59:59.999999Z"), -1);
  EXPECT_EQ(parse_timestamp("2018-01-31 02:18:21.235"), 1'517'365'101'235'000);
  EXPECT_EQ(parse_timestamp("2020-01-01T12:00:00.1234567Z"), noon + 123'456);
  EXPECT_EQ(parse_timestamp("2020-01-01T12:00:00,5"), noon + 500'000);
}

TEST(Text, timestamps_that_are_none) {
  for (auto bad : {"",
                   "2020",
                   "2020-1-1",
                   "2020-02-30T00:00:00Z",
                   "2019-02-29",
                   "2020-13-01",
                   "2020-00-10",
                   "2020-01-01T24:00:00Z",
                   "2020-01-01T12:60:00Z",
                   "2020-01-01T12:00:60Z",
                   "2020-01-01T12",
                   "2020-01-01T12:00:00.Z",
                   "2020-01-01T12:00:00ZZ",
                   "2020-01-01T12:00:00+1",
                   "2020-01-01T",
                   "2020-01-01T12:00:00.1234567890Z",
                   " 2020-01-01",
                   "20-01-01",
                   "+999999-01-01",
                   "12020-01-01"}) {
    EXPECT_FALSE(parse_timestamp(bad)) << bad;
  }
}

TEST(Text, timestamps_are_printed_in_utc_with_the_digits_they_have) {
  EXPECT_EQ(format_timestamp(0), "1970-01-01T00:00:00Z");
  EXPECT_EQ(format_timestamp(1'500'000), "1970-01-01T00:00:01.500Z");
  EXPECT_EQ(format_timestamp(-1), "1969-12-31T23:59:59.999999Z");
  EXPECT_EQ(format_timestamp(i64_max), "+294247-01-10T04:00:54.775807Z");
  EXPECT_EQ(format_timestamp(i64_min), "-290308-12-21T19:59:05.224192Z");
}

TEST(Text, dates) {
  EXPECT_EQ(parse_date("1970-01-01"), 0);
  EXPECT_EQ(parse_date("2001-01-31"), 11'353);
  EXPECT_EQ(format_date(-1), "1969-12-31");
  EXPECT_EQ(format_date(-719'529), "-000001-12-31");
  for (auto bad : {"", "2001-1-31", "2001-01-31 ", "2001/01/31", "2001-01-31T00:00:00Z"})
    EXPECT_FALSE(parse_date(bad)) << bad;
}

TEST(Text, every_value_comes_back_and_fits) {
  Random random(12);
  char text[text_bytes_max];
  auto view = [&](char* end) { return std::string_view(text, static_cast<size_t>(end - text)); };
  for (int i = 0; i < 50'000; ++i) {
    // Of all magnitudes, and the two ends first.
    int64_t value = i == 0 ? i64_min : i == 1 ? i64_max : static_cast<int64_t>(random.next()) >> random.below(64);
    auto days = static_cast<int32_t>(value);
    ASSERT_EQ(parse_i64(view(write_i64(text, value))), value);
    ASSERT_EQ(parse_duration(view(write_duration(text, value))), value) << format_duration(value);
    ASSERT_EQ(parse_timestamp(view(write_timestamp(text, value))), value) << format_timestamp(value);
    ASSERT_EQ(parse_date(view(write_date(text, days))), days) << format_date(days);
  }
}

TEST(Text, byte_sizes) {
  EXPECT_EQ(parse_byte_size("4096"), 4096u);
  EXPECT_EQ(parse_byte_size("64KiB"), 65'536u);
  EXPECT_EQ(parse_byte_size("2GB"), uint64_t{2} << 30);
  for (auto bad : {"", "MiB", "-1", "1TB1", "1.5MiB", "999999999999GiB"}) EXPECT_FALSE(parse_byte_size(bad)) << bad;
}

TEST(Text, quoted_shows_bytes_and_cuts) {
  EXPECT_EQ(quoted("plain"), "'plain'");
  EXPECT_EQ(quoted(std::string_view("a\n\0b", 4)), "'a\\x0a\\x00b'");
  EXPECT_EQ(quoted("abcdef", 3), "'abc…'");
  EXPECT_EQ(quoted("abé", 3), "'ab…'"); // not half of a character
}

} // namespace
} // namespace flow::runtime
