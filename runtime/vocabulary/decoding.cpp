// Reading the fields of marked records: what both formats share, and CSV. Compiled twice (hot.h).
//
// Numbers are read from their end: sixteen bytes that end with the last digit, of which those before the first are put
// to zero, as zeros before a number change nothing; so no step depends on the length. SSE2 alone, which every CPU has.
#include "runtime/vocabulary/decoding.h"

#include "runtime/vocabulary/decoding_words.h"
#include "runtime/vocabulary/hot.h"

using flow::runtime::MarkedField;
using flow::runtime::RecordMarks;

namespace {

constexpr uint64_t integer_digits_max = 19; // more may not fit into 64 bits
constexpr double tens[17] = {1e0, 1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7, 1e8,
                             1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e0}; // the last one is for "no point"

} // namespace

// ---- records ----

FLOW_HOT int64_t flow_marks_next(RecordMarks* marks) { return marks->taken; }
FLOW_HOT int64_t flow_marks_count(RecordMarks* marks) { return marks->count; }
FLOW_HOT void flow_marks_reach(RecordMarks* marks, int64_t due) {
  if (due != INT64_MAX) marks->taken = due;
}
FLOW_HOT int64_t flow_marks_following(RecordMarks* marks, int64_t due, int64_t otherwise) {
  return due == INT64_MAX ? otherwise : mark_position(*marks, due);
}
FLOW_HOT int64_t flow_marks_position(RecordMarks* marks, int64_t record) { return mark_position(*marks, record); }
FLOW_HOT uint8_t flow_marks_has_valid_texts(RecordMarks* marks) { return marks->has_valid_texts; }

FLOW_HOT const char* flow_marks_data(RecordMarks* marks) { return marks->data; }
FLOW_HOT const MarkedField* flow_marks_fields(RecordMarks* marks) { return marks->fields; }
FLOW_HOT const uint32_t* flow_marks_starts(RecordMarks* marks, int64_t record) {
  return marks->starts + record * static_cast<int64_t>(marks->width);
}

FLOW_HOT FlowView flow_csv_field(const char* data, const MarkedField* columns, const uint32_t* starts, uint32_t field) {
  MarkedField column = columns[field];
  const uint32_t* start = starts + column.number;
  return {data + start[0], uint64_t{start[1] - start[0] - column.gap}};
}

FLOW_HOT uint8_t flow_csv_is_null(RecordMarks* marks, const MarkedField*, uint32_t, const char* data, uint64_t length,
                                  uint8_t is_text) {
  if (length == 0 && !is_text) return 1;
  uint32_t null_length = is_text ? marks->null_length : marks->null_value_length;
  return length == null_length && (length == 0 || memcmp(data, marks->null_text, length) == 0);
}

// ---- numbers ----

// Seventeen digits and more, with a sign or without; the same answers as flow_csv_integer.
FLOW_INLINE uint8_t long_integer(const char* data, uint64_t length, uint8_t is_signed, uint64_t high, int64_t* value) {
  const char* end = data + length;
  uint64_t is_negative = is_signed != 0 && *data == '-', count = length - is_negative;
  if (count > integer_digits_max || count < 16) return 0;
  uint64_t wrong = 0;
  uint64_t number = value_of(load_16(end - 32), count - 16, &wrong) * ten_to_16;
  number += value_of(load_16(end - 16), 16, &wrong);
  *value = static_cast<int64_t>(is_negative ? 0 - number : number);
  return wrong == 0 && number <= high; // the lowest number itself is left to the decoder
}

// A sign is looked for only where not all is digits.
FLOW_HOT uint8_t flow_csv_integer(const char* data, uint64_t length, uint8_t is_signed, uint64_t high, int64_t* value) {
  if (FLOW_UNLIKELY(length - 1 >= 16)) return long_integer(data, length, is_signed, high, value);
  __m128i text = load_16(data + length - 16);
  uint64_t wrong = 0, number = value_of(text, length, &wrong);
  *value = static_cast<int64_t>(number);
  if (FLOW_LIKELY(wrong == 0)) return number <= high;
  if (is_signed == 0 || *data != '-' || length == 1) return 0;
  wrong = 0;
  number = value_of(text, length - 1, &wrong);
  *value = static_cast<int64_t>(0 - number);
  return wrong == 0 && number <= high;
}

// An integer below 2^53 divided by a power of ten up to 10^22 is the double next to the decimal number, because both
// are doubles and division rounds correctly (Clinger).
FLOW_HOT uint8_t flow_csv_f64(const char* data, uint64_t length, double* value) {
  const char* end = data + length;
  uint64_t is_negative = *data == '-', count = length - is_negative;
  if (FLOW_UNLIKELY(count - 1 >= 16)) return 0;
  __m128i text = load_16(end - 16);
  auto points = static_cast<uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(text, _mm_set1_epi8('.'))));
  points = (points >> (16 - count) << (16 - count)); // those inside
  uint64_t has_point = points != 0;
  auto fraction =
      static_cast<uint64_t>(__builtin_clz(points * 2 + 1) - 15); // digits behind the last; 16: there is none
  // What stands before the point moves into its place; a second point stays, and is no digit.
  __m128i behind = last(fraction);
  __m128i digits = _mm_or_si128(_mm_and_si128(behind, text), _mm_andnot_si128(behind, load_16(end - 17)));
  uint64_t wrong = has_point & (fraction - 1 >= count - 2); // a digit before and one behind it
  uint64_t number = value_of(digits, count - has_point, &wrong);
  double magnitude = static_cast<double>(static_cast<int64_t>(number)) / tens[fraction];
  uint64_t bits;
  memcpy(&bits, &magnitude, 8);
  bits |= is_negative << 63;
  memcpy(value, &bits, 8);
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

// Without branches on what the value is: nobody can predict a bool.
FLOW_HOT uint8_t flow_csv_bool(const char* data, uint64_t length, uint8_t* value) {
  if (FLOW_UNLIKELY(length == 1)) {
    char letter = static_cast<char>(*data | 0x20);
    *value = letter == 't' || *data == '1';
    return letter == 't' || letter == 'f' || *data == '1' || *data == '0';
  }
  uint64_t lower = load_8(data) | 0x2020202020202020u; // letters in any case
  uint64_t is_true = (length == 4) & ((lower & 0xffffffffu) == 0x65757274u);
  uint64_t is_false = (length == 5) & ((lower & 0xffffffffffu) == 0x65736c6166u);
  *value = static_cast<uint8_t>(is_true);
  return (is_true | is_false) != 0;
}

// ---- time ----

FLOW_INLINE uint8_t read_day(const char* data, FlowDay* last) {
  uint64_t year_month = load_8(data), day = load_2(data + 8);
  if (FLOW_LIKELY(year_month == last->year_month && day == last->day)) return 1;
  int64_t days = flow_rt_days_of(data);
  if (days == INT64_MIN) return 0;
  last->year_month = year_month;
  last->day = day;
  last->days = days;
  return 1;
}

FLOW_HOT uint8_t flow_text_date(const char* data, uint64_t length, FlowDay* last, int64_t* value) {
  if (FLOW_UNLIKELY(length != 10 || !read_day(data, last))) return 0;
  *value = last->days;
  return 1;
}

// One to six digits, as microseconds.
FLOW_INLINE int64_t fraction_us(const char* data, uint64_t count, uint64_t* wrong) {
  uint64_t digits = (load_8(data) ^ zero_digits) & ((uint64_t{1} << (8 * count)) - 1); // the missing ones zero
  *wrong |= ((digits + 0x7676767676767676u) | digits) & high_bits;
  digits = digits << 16; // two zeros before the six
  digits = digits * 2561 >> 8;
  digits = (digits & 0x00ff00ff00ff00ffu) * 6553601 >> 16;
  return static_cast<int64_t>((digits & 0x0000ffff0000ffffu) * 42949672960001u >> 32);
}

// "YYYY-MM-DD HH:MM:SS" or with a T, perhaps with one to six digits of fraction, perhaps with a Z.
FLOW_HOT uint8_t flow_text_timestamp(const char* data, uint64_t length, FlowDay* last, int64_t* value) {
  uint64_t end = length - (data[static_cast<int64_t>(length) - 1] == 'Z');
  if (FLOW_UNLIKELY(end - 19 > 7 || (data[10] != 'T' && data[10] != ' '))) return 0;
  if (FLOW_UNLIKELY(!read_day(data, last))) return 0;
  constexpr uint64_t form = 0x30303a30303a3030;   // "00:00:00", as a word: the first byte is the lowest
  constexpr uint64_t excess = 0x767a7f767a7f767d; // a byte above 9, 5, 0 or 2 gets its high bit
  uint64_t clock = load_8(data + 11) ^ form;
  uint64_t wrong = ((clock + excess) | clock) & high_bits;
  uint64_t pairs = clock * 10 + (clock >> 8);
  uint64_t hours = pairs & 0xff, minutes = pairs >> 24 & 0xff, seconds = pairs >> 48 & 0xff;
  int64_t micros =
      last->days * 86'400'000'000 + static_cast<int64_t>(hours * 3600 + minutes * 60 + seconds) * 1'000'000;
  wrong |= hours > 23;
  if (end > 19) {
    if (FLOW_UNLIKELY(end == 20 || data[19] != '.')) return 0;
    micros += fraction_us(data + 20, end - 20, &wrong);
  }
  *value = micros;
  return wrong == 0;
}

FLOW_HOT uint8_t flow_csv_timestamp(RecordMarks*, const MarkedField*, uint32_t, const char* data, uint64_t length,
                                    FlowDay* last, int64_t* value) {
  return flow_text_timestamp(data, length, last, value);
}
