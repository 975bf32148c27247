#include "runtime/base/cpu.h"

#include <cpuid.h>

#include <cstdint>

namespace flow::runtime {
namespace {

bool has(uint32_t word, int bit) { return (word >> bit & 1) != 0; }

// The registers that the system saves when it switches threads.
uint32_t saved_registers() {
  uint32_t low, high;
  asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low;
}

} // namespace

CpuFeatures cpu_features() {
  constexpr uint32_t avx_registers = 0x06, avx512_registers = 0xe6;
  uint32_t a, b, c, d;
  if (__get_cpuid(1, &a, &b, &c, &d) == 0) return {};
  bool has_popcnt = has(c, 23), has_xgetbv = has(c, 27), has_avx = has(c, 28);
  if (!has_popcnt || !has_xgetbv || !has_avx || __get_cpuid_count(7, 0, &a, &b, &c, &d) == 0) return {};
  bool has_bmi = has(b, 3), has_avx2 = has(b, 5), has_avx512 = has(b, 16) && has(b, 30);
  uint32_t saved = saved_registers();
  CpuFeatures features;
  features.has_avx2 = has_bmi && has_avx2 && (saved & avx_registers) == avx_registers;
  features.has_avx512 = features.has_avx2 && has_avx512 && (saved & avx512_registers) == avx512_registers;
  return features;
}

} // namespace flow::runtime
