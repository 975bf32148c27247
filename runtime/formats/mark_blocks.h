// What the first passes over CSV and JSON share: 64 bytes a step, and a bit for each byte that matters.
#pragma once

#include <immintrin.h>

#include <bit>
#include <cstdint>

#define FLOW_AVX2 __attribute__((target("avx2,bmi,popcnt")))
#define FLOW_AVX512 __attribute__((target("avx512bw,avx512f,avx2,bmi,popcnt")))

namespace flow::runtime {

constexpr int64_t mark_block_bytes = 64;

// Writes where the bytes behind the marks of one block are; up to fifteen more than there are, to be overwritten: a
// loop as long as their number would be mispredicted time and again.
inline __attribute__((always_inline)) uint32_t* write_starts(uint32_t* to, uint64_t marks, uint32_t behind) {
  uint32_t* end = to + std::popcount(marks);
  do {
    for (int i = 0; i < 8; ++i) {
      to[i] = behind + static_cast<uint32_t>(std::countr_zero(marks));
      marks &= marks - 1;
    }
    to += 8;
  } while (marks != 0);
  return end;
}

} // namespace flow::runtime
