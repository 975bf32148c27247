// Writing the values of records: eight digits at a time, sixteen bytes of a text at a time. Compiled twice (hot.h).
#include "runtime/vocabulary/encoding.h"

#include "runtime/batch/batch.h"
#include "runtime/task/task_view.h"
#include "runtime/vocabulary/decoding_words.h"
#include "runtime/vocabulary/hot.h"
#include "runtime/vocabulary/slow.h"

using flow::runtime::batch_heap_bytes_max;

FLOW_INLINE void store_8(char* to, uint64_t word) { memcpy(to, &word, 8); }
FLOW_INLINE void store_4(char* to, uint64_t word) { memcpy(to, &word, 4); }

// ---- records ----

FLOW_INLINE char* heap_of(FlowBatch* batch) { return reinterpret_cast<char*>(batch) + batch->heap_offset; }

FLOW_HOT char* flow_sink_room(FlowTask* task, uint32_t output, uint64_t bytes) {
  FlowBatch* batch = task->outputs[output].current;
  if (FLOW_UNLIKELY(batch == nullptr || batch->heap_used + bytes > batch->heap_capacity)) {
    batch = flow_rt_sink_room(task, output, bytes);
  }
  return heap_of(batch) + batch->heap_used;
}

FLOW_HOT void flow_sink_wrote(FlowTask* task, uint32_t output, char* end) {
  FlowBatch* batch = task->outputs[output].current;
  batch->heap_used = static_cast<uint64_t>(end - heap_of(batch));
  batch->rows++;
  if (FLOW_UNLIKELY(batch->heap_used >= batch_heap_bytes_max)) flow_rt_sink_send(task, output);
}

// ---- numbers ----

// The eight digits of a number below 10^8 as a word, the first one lowest.
FLOW_INLINE uint64_t eight_digits(uint64_t value) {
  uint64_t fours = value / 10'000 | (value % 10'000) << 32;
  uint64_t high = (fours * 10'486 >> 20) & 0x0000007f'0000007fu; // by 100
  uint64_t twos = high | (fours - 100 * high) << 16;
  uint64_t tens = (twos * 103 >> 10) & 0x000f000f'000f000fu; // by 10
  return tens | (twos - 10 * tens) << 8;
}

FLOW_INLINE char* put_eight(char* to, uint64_t value) {
  store_8(to, eight_digits(value) | zero_digits);
  return to + 8;
}

// Below 10^8, without zeros before it.
FLOW_INLINE char* put_short(char* to, uint64_t value) {
  uint64_t digits = eight_digits(value);
  auto zeros = static_cast<uint64_t>(__builtin_ctzll(digits | uint64_t{1} << 56)) / 8;
  store_8(to, (digits | zero_digits) >> (8 * zeros));
  return to + 8 - zeros;
}

FLOW_HOT char* flow_put_u64(char* to, uint64_t value) {
  if (FLOW_LIKELY(value < ten_to_8)) return put_short(to, value);
  if (value < ten_to_16) return put_eight(put_short(to, value / ten_to_8), value % ten_to_8);
  uint64_t low = value % ten_to_16;
  return put_eight(put_eight(put_short(to, value / ten_to_16), low / ten_to_8), low % ten_to_8);
}

FLOW_HOT char* flow_put_i64(char* to, int64_t value) {
  *to = '-';
  uint64_t sign = value < 0;
  return flow_put_u64(to + sign, sign ? 0 - static_cast<uint64_t>(value) : static_cast<uint64_t>(value));
}

FLOW_HOT char* flow_put_bool(char* to, uint8_t value) {
  store_8(to, value ? 0x65757274u : 0x65736c6166u);
  return to + 5 - (value != 0);
}

// A number with up to six decimals and fifteen digits in all. No other text of so few digits is read as this double, so
// this is the shortest; and it is shorter than with an exponent unless it is small or ends with zeros.
FLOW_HOT char* flow_put_f64(char* to, double value) {
  uint64_t bits;
  memcpy(&bits, &value, 8);
  uint64_t sign = bits >> 63;
  double magnitude = __builtin_fabs(value);
  if (FLOW_UNLIKELY(!(magnitude >= 0.001 && magnitude < 1e8))) {
    *to = '0';
    return bits == 0 ? to + 1 : flow_rt_put_f64(to, value);
  }
  auto micros = static_cast<uint64_t>(static_cast<int64_t>(magnitude * 1e6 + 0.5));
  uint64_t whole = micros / 1'000'000, fraction = micros % 1'000'000;
  bool is_exact = static_cast<double>(static_cast<int64_t>(micros)) / 1e6 == magnitude;
  if (FLOW_UNLIKELY(!is_exact || (fraction == 0 && whole >= 100'000))) return flow_rt_put_f64(to, value);
  *to = '-';
  to = put_short(to + sign, whole);
  if (fraction == 0) return to;
  uint64_t digits = eight_digits(fraction) >> 16; // six of them
  auto zeros = static_cast<uint64_t>(__builtin_clzll(digits << 16)) / 8;
  *to = '.';
  store_8(to + 1, digits | zero_digits);
  return to + 7 - zeros;
}

// ---- times ----

FLOW_INLINE char* put_day(char* to, int64_t days, FlowWrittenDay* last) {
  if (FLOW_UNLIKELY(days != last->days)) flow_rt_write_day(days, last);
  memcpy(to, last->text, 16);
  return to + last->length;
}

FLOW_HOT char* flow_put_date(char* to, int32_t days, FlowWrittenDay* last) { return put_day(to, days, last); }

// "HH:MM:SS" as a word: two digits in every third byte and the one behind it.
FLOW_INLINE uint64_t clock_of(uint64_t second) {
  uint64_t minute = second / 60;
  uint64_t parts = minute / 60 | (minute % 60) << 24 | (second % 60) << 48;
  uint64_t tens = (parts * 103 >> 10) & 0x000f00000f00000fu;
  return (tens | (parts - 10 * tens) << 8) | 0x30303a30303a3030u;
}

FLOW_HOT char* flow_put_timestamp(char* to, int64_t us, FlowWrittenDay* last) {
  constexpr int64_t us_per_day = 86'400'000'000;
  int64_t days = us / us_per_day, rest = us % us_per_day;
  if (rest < 0) {
    --days;
    rest += us_per_day;
  }
  to = put_day(to, days, last);
  *to = 'T';
  auto micros = static_cast<uint64_t>(rest) % 1'000'000;
  store_8(to + 1, clock_of(static_cast<uint64_t>(rest) / 1'000'000));
  to += 9;
  if (micros != 0) {
    *to = '.';
    store_8(to + 1, eight_digits(micros) >> 16 | zero_digits);
    to += micros % 1000 == 0 ? 4 : 7;
  }
  *to = 'Z';
  return to + 1;
}

// ---- texts ----

// Copies a text, and says whether one of its bytes is what `test` looks for. Nothing is read beyond the text.
template <typename Test> FLOW_INLINE uint32_t copy_tested(char* to, const char* data, uint64_t length, Test test) {
  auto store = [](char* at, __m128i bytes) { _mm_storeu_si128(reinterpret_cast<__m128i*>(at), bytes); };
  if (length >= 16) {
    __m128i found = _mm_setzero_si128();
    for (uint64_t at = 0; at + 16 < length; at += 16) {
      __m128i bytes = load_16(data + at);
      store(to + at, bytes);
      found = _mm_or_si128(found, test(bytes));
    }
    __m128i last_ones = load_16(data + length - 16);
    store(to + length - 16, last_ones);
    return static_cast<uint32_t>(_mm_movemask_epi8(_mm_or_si128(found, test(last_ones))));
  }
  uint64_t first, second;
  if (length >= 8) {
    first = load_8(data);
    second = load_8(data + length - 8);
    store_8(to, first);
    store_8(to + length - 8, second);
  } else if (length >= 4) {
    uint32_t low, high;
    memcpy(&low, data, 4);
    memcpy(&high, data + length - 4, 4);
    store_4(to, low);
    store_4(to + length - 4, high);
    first = second = low | uint64_t{high} << 32;
  } else {
    auto byte = [&](uint64_t at) { return uint64_t{static_cast<unsigned char>(data[at])}; };
    uint64_t middle = byte(length / 2), end = byte(length - 1);
    first = second = (byte(0) | middle << 8 | end << 16) * 0x0001000001 | byte(0) << 48 | byte(0) << 56;
    to[0] = data[0];
    to[length / 2] = static_cast<char>(middle);
    to[length - 1] = static_cast<char>(end);
  }
  __m128i bytes = _mm_set_epi64x(static_cast<int64_t>(second), static_cast<int64_t>(first));
  return static_cast<uint32_t>(_mm_movemask_epi8(test(bytes)));
}

FLOW_INLINE __m128i equal(__m128i bytes, char to) { return _mm_cmpeq_epi8(bytes, _mm_set1_epi8(to)); }

FLOW_HOT char* flow_put_csv_text(char* to, const char* data, uint64_t length, uint8_t is_nullable, uint8_t is_first) {
  if (length == 0) {
    if (!is_nullable) return to;
    to[0] = to[1] = '"'; // nothing at all is null
    return to + 2;
  }
  uint32_t special = copy_tested(to, data, length, [](__m128i bytes) {
    __m128i lines = _mm_or_si128(equal(bytes, '\n'), equal(bytes, '\r'));
    return _mm_or_si128(lines, _mm_or_si128(equal(bytes, ','), equal(bytes, '"')));
  });
  // A byte order mark at the start of a file would be passed over.
  if (is_first) special |= length >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0;
  if (FLOW_UNLIKELY(special != 0)) return flow_rt_put_csv_quoted(to, data, length);
  return to + length;
}

FLOW_HOT char* flow_put_json_text(char* to, const char* data, uint64_t length) {
  *to = '"';
  if (length > 0) {
    uint32_t special = copy_tested(to + 1, data, length, [](__m128i bytes) {
      __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
      return _mm_or_si128(control, _mm_or_si128(equal(bytes, '\\'), equal(bytes, '"')));
    });
    if (FLOW_UNLIKELY(special != 0)) return flow_rt_put_json_text(to, data, length);
  }
  to[length + 1] = '"';
  return to + length + 2;
}

FLOW_HOT uint64_t flow_json_text_bytes(const char* data, uint64_t length) {
  constexpr uint64_t short_text = 256, escape_bytes_max = 6; // the worst case is cheaper to assume than to count
  return FLOW_LIKELY(length <= short_text) ? escape_bytes_max * length + 2 : flow_rt_json_text_bytes(data, length);
}

FLOW_HOT char* flow_put_json_f64(char* to, double value) {
  if (FLOW_LIKELY(__builtin_fabs(value) < __builtin_inf())) return flow_put_f64(to, value);
  *to = '"';
  to = flow_rt_put_f64(to + 1, value);
  *to = '"';
  return to + 1;
}
