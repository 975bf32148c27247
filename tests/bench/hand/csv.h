// CSV by hand, as fast as we know how: first the separators of 16 KB at a time, 64 bytes a compare, then every field
// from where it begins, so that fields do not wait for each other; only these kinds of fields, nothing checked.
#pragma once

#include <immintrin.h>

#include <cstdint>
#include <cstring>

#include "tests/bench/hand/input.h"

namespace bench {

constexpr uint32_t portion_bytes = 16384;
constexpr uint64_t powers_of_ten[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000};

/// [-]digits.digits, at most 8 of each.
inline double decimal(const char* p, uint32_t length) {
  bool is_negative = *p == '-';
  p += is_negative;
  length -= is_negative;
  uint64_t points = load_8(p) ^ 0x2e2e2e2e2e2e2e2e;
  points = (points - 0x0101010101010101) & ~points & 0x8080808080808080;
  uint32_t whole = points == 0 ? 8 : static_cast<uint32_t>(__builtin_ctzll(points)) / 8;
  if (whole >= length) whole = length;
  uint64_t value = short_number(p, whole);
  double divisor = 1;
  if (whole < length) {
    uint32_t fraction = length - whole - 1;
    value = value * powers_of_ten[fraction] + short_number(p + whole + 1, fraction);
    divisor = static_cast<double>(powers_of_ten[fraction]);
  }
  double magnitude = static_cast<double>(static_cast<int64_t>(value)) / divisor;
  return is_negative ? -magnitude : magnitude;
}

inline int64_t days_from_civil(int64_t year, int64_t month, int64_t day) {
  year -= month <= 2;
  int64_t era = year / 400, yoe = year - era * 400;
  int64_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

/// "YYYY-MM-DDTHH:MM:SS[.fraction]Z"; the last day is remembered.
struct Clock {
  uint64_t year_month = 0;
  uint16_t day = 0;
  int64_t days = 0;

  int64_t micros(const char* p, uint32_t length = 20) {
    uint64_t new_year_month = load_8(p);
    uint16_t new_day;
    std::memcpy(&new_day, p + 8, 2);
    if (new_year_month != year_month || new_day != day) {
      year_month = new_year_month;
      day = new_day;
      days = days_from_civil(static_cast<int64_t>(short_number(p, 4)), static_cast<int64_t>(short_number(p + 5, 2)),
                             static_cast<int64_t>(short_number(p + 8, 2)));
    }
    uint64_t clock = load_8(p + 11) & 0x0f0f000f0f000f0f, pairs = clock * 10 + (clock >> 8);
    uint64_t seconds = (pairs & 0xff) * 3600 + (pairs >> 24 & 0xff) * 60 + (pairs >> 48 & 0xff);
    int64_t micros = (days * 86400 + static_cast<int64_t>(seconds)) * 1'000'000;
    if (length == 20) return micros;
    uint32_t digits = length - 21;
    return micros + static_cast<int64_t>(short_number(p + 20, digits) * powers_of_ten[6 - digits]);
  }
};

/// Calls `row(p, begin, ends)` for each record: its first byte, and the ends of its fields, both counted from p. A
/// little beyond `end` is read.
template <uint32_t columns, typename Row> void each_record(const char* p, const char* end, const Row& row) {
  static uint32_t ends[portion_bytes + 256];
  const __m256i comma = _mm256_set1_epi8(','), line = _mm256_set1_epi8('\n');
  auto separators = [&](const char* at) {
    __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
    __m256i hits = _mm256_or_si256(_mm256_cmpeq_epi8(bytes, comma), _mm256_cmpeq_epi8(bytes, line));
    return static_cast<uint64_t>(static_cast<uint32_t>(_mm256_movemask_epi8(hits)));
  };
  while (p < end) {
    uint32_t found = 0, limit = static_cast<uint32_t>(end - p < portion_bytes ? end - p : portion_bytes);
    for (uint32_t at = 0; at < limit; at += 64) {
      uint64_t hits = separators(p + at) | separators(p + at + 32) << 32;
      auto count = static_cast<uint32_t>(__builtin_popcountll(hits));
      for (uint32_t done = 0; done < count; done += 8) {
        for (uint32_t i = 0; i < 8; i++) {
          ends[found + done + i] = at + static_cast<uint32_t>(__builtin_ctzll(hits));
          hits &= hits - 1;
        }
      }
      found += count;
    }
    uint32_t begin = 0;
    for (uint32_t r = 0; (r + 1) * columns <= found; r++) {
      const uint32_t* q = ends + r * columns;
      row(p, begin, q);
      begin = q[columns - 1] + 1;
    }
    p += begin;
  }
}

/// The field, which is not the first of its record.
struct Field {
  const char* begin;
  uint32_t length;
};
inline Field field_at(const char* p, const uint32_t* ends, int i) {
  return {p + ends[i - 1] + 1, ends[i] - ends[i - 1] - 1};
}
inline int64_t number(Field field) { return number(field.begin, field.length); }
inline double decimal(Field field) { return decimal(field.begin, field.length); }

} // namespace bench
