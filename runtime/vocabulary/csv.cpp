// Reading the fields of marked CSV records: several bytes of a field at a time, as one word. Compiled twice (hot.h).
//
// In a word the first byte of the text is the lowest. `digit_bytes` turns '0' … '9' into 0 … 9 and shifts a short text
// up, so that zeros stand before it, as digits that change nothing; `not_digits` is not zero if any byte is above 9.
#include "runtime/vocabulary/csv.h"

#include <string.h>

#include "runtime/vocabulary/hot.h"

using flow::runtime::CsvMarkedColumn;
using flow::runtime::CsvMarks;

#define FLOW_INLINE static inline __attribute__((always_inline))

namespace {

FLOW_INLINE uint64_t load_8(const char* data) {
  uint64_t word;
  memcpy(&word, data, 8);
  return word;
}

FLOW_INLINE uint64_t load_2(const char* data) {
  uint16_t word;
  memcpy(&word, data, 2);
  return word;
}

constexpr uint64_t zero_digits = 0x3030303030303030u;
constexpr uint64_t high_bits = 0x8080808080808080u;

FLOW_INLINE uint64_t not_digits(uint64_t digits) { return ((digits + 0x7676767676767676u) | digits) & high_bits; }

// REQUIRES: 1 <= length <= 8.
FLOW_INLINE uint64_t digit_bytes(const char* data, uint64_t length) {
  return (load_8(data) ^ zero_digits) << (64 - 8 * length);
}

// Two digits, four, eight: neighbours are joined by one multiplication each.
FLOW_INLINE uint64_t value_of(uint64_t digits) {
  digits = digits * 2561 >> 8; // 10 and 1
  digits = (digits & 0x00ff00ff00ff00ffu) * 6553601 >> 16;
  return (digits & 0x0000ffff0000ffffu) * 42949672960001u >> 32;
}

constexpr uint64_t powers_of_ten[17] = {1u,
                                        10u,
                                        100u,
                                        1000u,
                                        10000u,
                                        100000u,
                                        1000000u,
                                        10000000u,
                                        100000000u,
                                        1000000000u,
                                        10000000000u,
                                        100000000000u,
                                        1000000000000u,
                                        10000000000000u,
                                        100000000000000u,
                                        1000000000000000u,
                                        10000000000000000u};

// Digits only, 1 to 19 of them. Adds to `wrong` if any is none.
FLOW_INLINE uint64_t whole_number(const char* data, uint64_t length, uint64_t* wrong) {
  if (FLOW_LIKELY(length <= 8)) {
    uint64_t digits = digit_bytes(data, length);
    *wrong |= not_digits(digits);
    return value_of(digits);
  }
  uint64_t last = load_8(data + length - 8) ^ zero_digits;
  *wrong |= not_digits(last);
  if (FLOW_LIKELY(length <= 16)) {
    uint64_t first = digit_bytes(data, length - 8);
    *wrong |= not_digits(first);
    return value_of(first) * powers_of_ten[8] + value_of(last);
  }
  uint64_t first = digit_bytes(data, length - 16), middle = load_8(data + length - 16) ^ zero_digits;
  *wrong |= not_digits(first) | not_digits(middle);
  return (value_of(first) * powers_of_ten[8] + value_of(middle)) * powers_of_ten[8] + value_of(last);
}

constexpr uint64_t integer_digits_max = 19; // more may not fit into 64 bits

} // namespace

// ---- records ----

FLOW_HOT int64_t flow_csv_next(CsvMarks* marks) { return marks->taken; }
FLOW_HOT int64_t flow_csv_count(CsvMarks* marks) { return marks->count; }
FLOW_HOT void flow_csv_take(CsvMarks* marks, int64_t record) { marks->taken = record + 1; }
FLOW_HOT int64_t flow_csv_position(CsvMarks* marks, int64_t record) { return csv_position(*marks, record); }
FLOW_HOT uint8_t flow_csv_is_ascii(CsvMarks* marks) { return marks->is_ascii; }

FLOW_HOT const char* flow_csv_data(CsvMarks* marks) { return marks->data; }
FLOW_HOT const CsvMarkedColumn* flow_csv_columns(CsvMarks* marks) { return marks->columns; }
FLOW_HOT const uint32_t* flow_csv_starts(CsvMarks* marks, int64_t record) {
  return marks->starts + record * static_cast<int64_t>(marks->width);
}

FLOW_HOT FlowView flow_csv_field(const char* data, const CsvMarkedColumn* columns, const uint32_t* starts,
                                 uint32_t field) {
  CsvMarkedColumn column = columns[field];
  const uint32_t* start = starts + column.number;
  return {data + start[0], uint64_t{start[1] - start[0] - column.gap}};
}

FLOW_HOT uint8_t flow_csv_is_null(CsvMarks* marks, const char* data, uint64_t length, uint8_t is_text) {
  if (length == 0 && !is_text) return 1;
  uint32_t null_length = is_text ? marks->null_length : marks->null_value_length;
  return length == null_length && (length == 0 || memcmp(data, marks->null_text, length) == 0);
}

// ---- numbers ----

FLOW_HOT uint8_t flow_csv_integer(const char* data, uint64_t length, uint8_t is_signed, uint64_t high, int64_t* value) {
  uint64_t is_negative = is_signed && length > 0 && *data == '-';
  data += is_negative;
  length -= is_negative;
  if (FLOW_UNLIKELY(length - 1 >= integer_digits_max)) return 0;
  uint64_t wrong = 0;
  uint64_t number = whole_number(data, length, &wrong);
  *value = static_cast<int64_t>(is_negative ? 0 - number : number);
  return wrong == 0 && number <= high; // the lowest number itself is left to the decoder
}

// An integer below 2^53 divided by a power of ten up to 10^22 is the double next to the decimal number, because both
// are doubles and division rounds correctly (Clinger).
FLOW_HOT uint8_t flow_csv_f64(const char* data, uint64_t length, double* value) {
  uint64_t is_negative = length > 0 && *data == '-';
  data += is_negative;
  length -= is_negative;
  if (FLOW_UNLIKELY(length - 1 >= 19)) return 0;
  uint64_t wrong = 0, number, fraction = 0; // digits behind the point
  uint64_t first = load_8(data) ^ zero_digits, ends = not_digits(first);
  uint64_t whole = ends == 0 ? 8 : static_cast<uint64_t>(__builtin_ctzll(ends)) / 8; // digits before it, if so few
  if (whole >= length) {
    number = value_of(first << (64 - 8 * length));
  } else if (FLOW_LIKELY(whole - 1 < 8 && data[whole] == '.' && length - whole - 2 < 16)) {
    fraction = length - whole - 1;
    number = value_of(first << (64 - 8 * whole)) * powers_of_ten[fraction] +
             whole_number(data + whole + 1, fraction, &wrong);
    if (FLOW_UNLIKELY(whole + fraction > 18)) return 0;
  } else {
    number = whole_number(data, length, &wrong);
    if (length > 18) return 0;
  }
  double magnitude = static_cast<double>(static_cast<int64_t>(number)) / static_cast<double>(powers_of_ten[fraction]);
  *value = is_negative ? -magnitude : magnitude;
  return wrong == 0 && number <= uint64_t{1} << 53;
}

// The float next to a decimal number is the one next to its double, unless that lies half way between two floats.
FLOW_HOT uint8_t flow_csv_f32(const char* data, uint64_t length, float* value) {
  double near = 0;
  if (FLOW_UNLIKELY(!flow_csv_f64(data, length, &near))) return 0;
  uint64_t bits;
  memcpy(&bits, &near, 8);
  *value = static_cast<float>(near);
  return (bits & 0x1fffffff) != 0x10000000;
}

FLOW_HOT uint8_t flow_csv_bool(const char* data, uint64_t length, uint8_t* value) {
  uint64_t lower = load_8(data) | 0x2020202020202020u; // letters in any case
  bool is_true =
      (length == 4 && (lower & 0xffffffffu) == 0x65757274u) || (length == 1 && ((lower & 0xff) == 't' || *data == '1'));
  bool is_false = (length == 5 && (lower & 0xffffffffffu) == 0x65736c6166u) ||
                  (length == 1 && ((lower & 0xff) == 'f' || *data == '0'));
  *value = is_true;
  return is_true || is_false;
}

// ---- time ----

FLOW_INLINE uint8_t read_day(const char* data, FlowCsvDay* last) {
  uint64_t year_month = load_8(data), day = load_2(data + 8);
  if (FLOW_LIKELY(year_month == last->year_month && day == last->day)) return 1;
  int64_t days = flow_rt_csv_days(data);
  if (days == INT64_MIN) return 0;
  last->year_month = year_month;
  last->day = day;
  last->days = days;
  return 1;
}

FLOW_HOT uint8_t flow_csv_date(const char* data, uint64_t length, FlowCsvDay* last, int64_t* value) {
  if (FLOW_UNLIKELY(length != 10 || !read_day(data, last))) return 0;
  *value = last->days;
  return 1;
}

// "YYYY-MM-DD HH:MM:SS" or with a T, perhaps with one to six digits of fraction, perhaps with a Z.
FLOW_HOT uint8_t flow_csv_timestamp(const char* data, uint64_t length, FlowCsvDay* last, int64_t* value) {
  uint64_t fraction_end = length - (data[length > 0 ? length - 1 : 0] == 'Z');
  if (FLOW_UNLIKELY(fraction_end - 19 > 7 || fraction_end == 20 || (data[10] != 'T' && data[10] != ' '))) return 0;
  if (FLOW_UNLIKELY(!read_day(data, last))) return 0;
  constexpr uint64_t form = 0x30303a30303a3030;   // "00:00:00"
  constexpr uint64_t excess = 0x767a7f767a7f767d; // a byte above 9, 5, 0 or 2 gets its high bit
  uint64_t clock = load_8(data + 11) ^ form;
  uint64_t wrong = ((clock + excess) | clock) & high_bits;
  uint64_t pairs = clock * 10 + (clock >> 8);
  uint64_t hours = pairs & 0xff, minutes = pairs >> 24 & 0xff, seconds = pairs >> 48 & 0xff;
  int64_t micros = 0;
  if (fraction_end > 19) {
    uint64_t digits = fraction_end - 20; // as the last six, the missing ones zero
    uint64_t bytes = (load_8(data + 20) ^ zero_digits) & ((uint64_t{1} << (8 * digits)) - 1);
    wrong |= not_digits(bytes) | (data[19] != '.');
    micros = static_cast<int64_t>(value_of(bytes << 16));
  }
  int64_t time_of_day = static_cast<int64_t>(hours * 3600 + minutes * 60 + seconds) * 1'000'000 + micros;
  *value = last->days * 86'400'000'000 + time_of_day;
  return wrong == 0 && hours < 24;
}
