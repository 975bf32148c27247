// The check by tables (Keiser and Lemire, Validating UTF-8 in less than one instruction per byte, 2020): what may be
// wrong with a byte behind another is told by three half bytes, each by a table of sixteen sets of faults; a fault is
// there if it is in all three. That leaves the third and fourth byte of a character, which are known from the bytes
// two and three before.
#include "runtime/formats/utf8_blocks.h"

#include <cstring>

#include "runtime/formats/mark_blocks.h"
#include "runtime/formats/utf8.h"

namespace flow::runtime {
namespace {

constexpr size_t block = 32;
constexpr size_t behind = 3; // bytes that a character may reach back

enum Fault : int {
  cut_short = 1,   // a first byte, and no continuation behind it
  stray = 2,       // a continuation behind ASCII
  overlong_3 = 4,  // e0 80 … 9f
  above = 8,       // f4 90 and more
  surrogate = 16,  // ed a0 …
  overlong_2 = 32, // c0, c1
  far_above = 64,  // f5 80 … 8f and more
  overlong_4 = 64, // f0 80 … 8f
  twice = 128,     // a continuation behind another: right only as a third or fourth byte
  always = cut_short | stray | twice,
};

#define FLOW_TABLE(...) _mm256_broadcastsi128_si256(_mm_setr_epi8(__VA_ARGS__))
#define FLOW_BYTE(faults) static_cast<char>(faults)

FLOW_AVX2 inline __m256i high_halves(__m256i bytes) {
  return _mm256_and_si256(_mm256_srli_epi16(bytes, 4), _mm256_set1_epi8(0x0f));
}

FLOW_AVX2 inline __m256i load(const char* at) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at)); }

// Not zero where one of the 32 bytes at `at` is wrong behind the three before.
FLOW_AVX2 inline __m256i faults(const char* at) {
  const __m256i by_first_high =
      FLOW_TABLE(stray, stray, stray, stray, stray, stray, stray, stray, FLOW_BYTE(twice), FLOW_BYTE(twice),
                 FLOW_BYTE(twice), FLOW_BYTE(twice), cut_short | overlong_2, cut_short,
                 cut_short | overlong_3 | surrogate, cut_short | above | far_above | overlong_4);
  constexpr char any = FLOW_BYTE(always), high = FLOW_BYTE(always | above | far_above);
  const __m256i by_first_low =
      FLOW_TABLE(FLOW_BYTE(always | overlong_3 | overlong_2 | overlong_4), FLOW_BYTE(always | overlong_2), any, any,
                 FLOW_BYTE(always | above), high, high, high, high, high, high, high, high, FLOW_BYTE(high | surrogate),
                 high, high);
  constexpr char eighty = FLOW_BYTE(stray | overlong_2 | twice | overlong_3 | far_above | overlong_4);
  constexpr char ninety = FLOW_BYTE(stray | overlong_2 | twice | overlong_3 | above);
  constexpr char a0 = FLOW_BYTE(stray | overlong_2 | twice | surrogate | above);
  const __m256i by_second_high =
      FLOW_TABLE(cut_short, cut_short, cut_short, cut_short, cut_short, cut_short, cut_short, cut_short, eighty, ninety,
                 a0, a0, cut_short, cut_short, cut_short, cut_short);
  __m256i first = load(at - 1);
  __m256i pairs = _mm256_and_si256(
      _mm256_and_si256(_mm256_shuffle_epi8(by_first_high, high_halves(first)),
                       _mm256_shuffle_epi8(by_first_low, _mm256_and_si256(first, _mm256_set1_epi8(0x0f)))),
      _mm256_shuffle_epi8(by_second_high, high_halves(load(at))));
  __m256i is_third = _mm256_subs_epu8(load(at - 2), _mm256_set1_epi8(0xe0 - 0x80));
  __m256i is_fourth = _mm256_subs_epu8(load(at - 3), _mm256_set1_epi8(static_cast<char>(0xf0 - 0x80)));
  __m256i continues = _mm256_and_si256(_mm256_or_si256(is_third, is_fourth), _mm256_set1_epi8(FLOW_BYTE(0x80)));
  return _mm256_xor_si256(pairs, continues);
}

FLOW_AVX2 bool check_avx2(std::string_view text) {
  if (text.size() < block) return is_utf8(text);
  char padded[behind + block] = {}; // zeros stand before and behind the text
  std::memcpy(padded + behind, text.data(), block);
  __m256i wrong = faults(padded + behind);
  size_t at = block;
  for (; at + block <= text.size(); at += block) {
    __m256i bytes = _mm256_or_si256(load(text.data() + at), load(text.data() + at - behind));
    if (_mm256_movemask_epi8(bytes) != 0) wrong = _mm256_or_si256(wrong, faults(text.data() + at));
  }
  std::memset(padded, 0, sizeof padded);
  std::memcpy(padded, text.data() + at - behind, text.size() - at + behind);
  wrong = _mm256_or_si256(wrong, faults(padded + behind));
  return _mm256_testz_si256(wrong, wrong) != 0;
}

bool check_narrow(std::string_view text) { return is_utf8(text); }

} // namespace

Utf8Check utf8_check_for(CpuFeatures cpu) { return cpu.has_avx2 ? check_avx2 : check_narrow; }

} // namespace flow::runtime
