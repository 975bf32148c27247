// How many key groups a job may have; fixed at its first start (runtime/exchange/key_groups.h says what they are).
#pragma once

#include <cstdint>

namespace flow::runtime {

constexpr uint32_t group_count_default = 128;
constexpr uint32_t group_count_max = 32'768;

} // namespace flow::runtime
