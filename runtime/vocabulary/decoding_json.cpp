// Reading the fields of marked JSON records (formats/json_shape.h). Compiled twice (hot.h). A JSON number is stricter
// than one in CSV: no zero before other digits.
#include "runtime/vocabulary/decoding.h"
#include "runtime/vocabulary/decoding_words.h"
#include "runtime/vocabulary/hot.h"

using flow::runtime::JsonPiece;
using flow::runtime::JsonShape;
using flow::runtime::MarkedField;
using flow::runtime::MarkedForm;
using flow::runtime::RecordMarks;

FLOW_INLINE uint64_t load_4(const char* data) {
  uint32_t word;
  memcpy(&word, data, 4);
  return word;
}

constexpr uint64_t word_true = 0x65757274, word_null = 0x6c6c756e, word_alse = 0x65736c61;

FLOW_INLINE FlowView value_at(const char* data, const uint32_t* starts, const MarkedField* field) {
  const uint32_t* start = starts + field->number;
  return {data + start[0] + field->skip, uint64_t{start[1] - start[0] - field->skip - field->gap}};
}

// Digits, perhaps with a sign and a point; the words. Others are left to the reader.
FLOW_INLINE uint8_t is_usual_value(const char* data, uint64_t length) {
  uint64_t is_negative = *data == '-', count = length - is_negative;
  if (count - 1 >= 16) return 0;
  uint64_t word = load_4(data);
  if ((length == 4) & ((word == word_true) | (word == word_null))) return 1;
  if ((length == 5) & (*data == 'f') & (load_4(data + 1) == word_alse)) return 1;
  __m128i digits = _mm_sub_epi8(load_16(data + length - 16), _mm_set1_epi8('0'));
  auto others = static_cast<uint32_t>(_mm_movemask_epi8(_mm_adds_epu8(digits, _mm_set1_epi8(0x76)))); // above 9
  others = others >> (16 - count) << (16 - count);
  const char* first = data + is_negative;
  if (others == 0) return count == 1 || *first != '0';
  auto place = static_cast<uint64_t>(__builtin_ctz(others)) - (16 - count); // of the first that is no digit
  uint8_t is_point = (others & (others - 1)) == 0 && first[place] == '.' && place > 0 && place + 1 < count;
  return is_point & (*first != '0' || place == 1);
}

// ---- records ----

FLOW_HOT const JsonShape* flow_marks_shape(RecordMarks* marks) { return marks->shape; }

FLOW_HOT uint8_t flow_json_fits(const JsonShape* shape, const char* data, const uint32_t* starts) {
  __m128i wrong = _mm_setzero_si128();
  const JsonPiece* piece = shape->pieces;
  for (uint32_t i = 0; i < shape->piece_count; ++i, ++piece) {
    __m128i there = load_16(data + starts[piece->number] + piece->offset);
    __m128i wanted = load_16(reinterpret_cast<const char*>(piece->bytes));
    __m128i mask = load_16(reinterpret_cast<const char*>(piece->mask));
    wrong = _mm_or_si128(wrong, _mm_and_si128(_mm_xor_si128(there, wanted), mask));
  }
  if (FLOW_UNLIKELY(_mm_movemask_epi8(_mm_cmpeq_epi8(wrong, _mm_setzero_si128())) != 0xffff)) return 0;
  for (uint32_t i = 0; i < shape->unread_count; ++i) {
    FlowView value = value_at(data, starts, shape->unread + i);
    if (FLOW_LIKELY(is_usual_value(value.data, value.length))) continue;
    if (!flow_rt_json_is_value(value.data, value.length)) return 0;
  }
  return 1;
}

FLOW_HOT FlowView flow_json_field(const char* data, const MarkedField* fields, const uint32_t* starts, uint32_t field) {
  return value_at(data, starts, fields + field);
}

FLOW_HOT uint8_t flow_json_is_null(RecordMarks*, const MarkedField* fields, uint32_t field, const char* data,
                                   uint64_t length, uint8_t) {
  MarkedForm form = fields[field].form;
  return form == MarkedForm::none || (form == MarkedForm::bare && length == 4 && load_4(data) == word_null);
}

// ---- values ----

FLOW_HOT uint8_t flow_json_integer(const char* data, uint64_t length, uint8_t is_signed, uint64_t high,
                                   int64_t* value) {
  const char* first = data + (*data == '-');
  if (FLOW_UNLIKELY(*first == '0' && first + 1 != data + length)) return 0;
  return flow_csv_integer(data, length, is_signed, high, value);
}

FLOW_INLINE bool has_zero_first(const char* data, uint64_t length) {
  const char* first = data + (*data == '-');
  return *first == '0' && first[1] != '.' && first + 1 != data + length;
}

FLOW_HOT uint8_t flow_json_f64(const char* data, uint64_t length, double* value) {
  if (FLOW_UNLIKELY(has_zero_first(data, length))) return 0;
  return flow_csv_f64(data, length, value);
}

FLOW_HOT uint8_t flow_json_f32(const char* data, uint64_t length, float* value) {
  if (FLOW_UNLIKELY(has_zero_first(data, length))) return 0;
  return flow_csv_f32(data, length, value);
}

FLOW_HOT uint8_t flow_json_bool(const char* data, uint64_t length, uint8_t* value) {
  uint64_t is_true = (length == 4) & (load_4(data) == word_true);
  uint64_t is_false = (length == 5) & (*data == 'f') & (load_4(data + 1) == word_alse);
  *value = static_cast<uint8_t>(is_true);
  return (is_true | is_false) != 0;
}

FLOW_HOT uint8_t flow_json_timestamp(RecordMarks* marks, const MarkedField* fields, uint32_t field, const char* data,
                                     uint64_t length, FlowDay* last, int64_t* value) {
  if (fields[field].form == MarkedForm::text) return flow_text_timestamp(data, length, last, value);
  int64_t number = 0;
  if (FLOW_UNLIKELY(!flow_json_integer(data, length, 1, INT64_MAX, &number))) return 0;
  return marks->us_per_number != 0 && !__builtin_mul_overflow(number, marks->us_per_number, value);
}
