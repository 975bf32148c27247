// Bytes of a field as words, all at a time; for the decoding half of the vocabulary only. SSE2 alone, which every CPU
// has.
#pragma once

#include <emmintrin.h>
#include <stdint.h>
#include <string.h>

#define FLOW_INLINE static inline __attribute__((always_inline))

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
constexpr uint64_t ten_to_8 = 100'000'000, ten_to_16 = ten_to_8 * ten_to_8;

FLOW_INLINE __m128i load_16(const char* data) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(data)); }

// All bits of the last `count` of sixteen bytes. REQUIRES: count <= 16.
constexpr unsigned char last_bytes[32] = {0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,
                                          0,   0,   0,   0,   0,   255, 255, 255, 255, 255, 255,
                                          255, 255, 255, 255, 255, 255, 255, 255, 255, 255};
FLOW_INLINE __m128i last(uint64_t count) { return load_16(reinterpret_cast<const char*>(last_bytes) + count); }

// The number in the last `count` of sixteen bytes; not zero in `wrong` if one of them is no digit.
FLOW_INLINE uint64_t value_of(__m128i text, uint64_t count, uint64_t* wrong) {
  __m128i digits = _mm_and_si128(_mm_sub_epi8(text, _mm_set1_epi8('0')), last(count));
  *wrong |= static_cast<uint32_t>(_mm_movemask_epi8(_mm_adds_epu8(digits, _mm_set1_epi8(0x76)))); // above 9
  __m128i twos = _mm_srli_epi16(_mm_mullo_epi16(digits, _mm_set1_epi16(2561)), 8);                // 10 and 1
  __m128i fours = _mm_madd_epi16(twos, _mm_set1_epi32(1 << 16 | 100));
  __m128i eights = _mm_madd_epi16(_mm_packs_epi32(fours, fours), _mm_set1_epi32(1 << 16 | 10000));
  auto both = static_cast<uint64_t>(_mm_cvtsi128_si64(eights));
  return (both & 0xffffffffu) * ten_to_8 + (both >> 32);
}
