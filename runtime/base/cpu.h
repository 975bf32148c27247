// What the CPU that runs this can do and the system lets it. Asked of the CPU itself: what the compiler offers for it
// needs a part of its library that is not in shared objects.
#pragma once

namespace flow::runtime {

struct CpuFeatures {
  bool has_avx2 = false;   // with the bit instructions that came with it: bmi, popcnt
  bool has_avx512 = false; // f and bw, and all of the above
};

// Takes about a microsecond, under a hypervisor more: ask once per object that lives long.
CpuFeatures cpu_features();

} // namespace flow::runtime
