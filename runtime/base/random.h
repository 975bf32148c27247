// A small random generator with a seed, the same sequence everywhere: for simulation, tests and job ids. Not for
// secrets. (SplitMix64: one addition and a mix a number, any seed is good.)
#pragma once

#include <cstdint>

#include "runtime/base/assert.h"

namespace flow::runtime {

// The mix alone: a bijection that spreads every bit of `value` over the whole result.
constexpr uint64_t mix_u64(uint64_t value) {
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
  return value ^ (value >> 31);
}

constexpr uint64_t random_step = 0x9e3779b97f4a7c15u;

class Random {
public:
  explicit Random(uint64_t seed) : state_(seed) {}

  uint64_t next() { return mix_u64(state_ += random_step); }
  // A number in [0, bound). The bias is below bound / 2^64. REQUIRES: bound > 0.
  uint64_t below(uint64_t bound) {
    FLOW_ASSERT(bound > 0, "there is no number below 0");
    return static_cast<uint64_t>((static_cast<unsigned __int128>(next()) * bound) >> 64);
  }
  // A number in [low, high]. REQUIRES: low <= high.
  int64_t between(int64_t low, int64_t high) {
    FLOW_ASSERT(low <= high, "an interval starts before its end");
    uint64_t span = static_cast<uint64_t>(high) - static_cast<uint64_t>(low) + 1;
    uint64_t step = span == 0 ? next() : below(span);
    return static_cast<int64_t>(static_cast<uint64_t>(low) + step);
  }
  bool one_in(uint64_t chances) { return below(chances) == 0; }

private:
  uint64_t state_;
};

} // namespace flow::runtime
