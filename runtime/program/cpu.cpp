#include "runtime/program/cpu.h"

#include <fmt/format.h>

#include <string_view>
#include <vector>

namespace flow::runtime {
namespace {

constexpr std::string_view names[] = {
#define FLOW_CPU_FEATURE(name) name,
#include "runtime/abi/cpu_features.def"
#undef FLOW_CPU_FEATURE
};
static_assert(std::size(names) <= 64, "one bit each");

std::string name_of(size_t bit) { return bit < std::size(names) ? std::string(names[bit]) : fmt::format("#{}", bit); }

} // namespace

uint64_t machine_features() {
  __builtin_cpu_init();
  uint64_t present = 0;
  uint64_t bit = 1;
  auto note = [&](int is_there) {
    if (is_there != 0) present |= bit;
    bit <<= 1;
  };
#define FLOW_CPU_FEATURE(name) note(__builtin_cpu_supports(name));
#include "runtime/abi/cpu_features.def"
#undef FLOW_CPU_FEATURE
  return present;
}

Status check_cpu(const FlowProgram& program, uint64_t present) {
  uint64_t missing = program.cpu_features & ~present;
  if (missing == 0) return Status();
  std::vector<std::string> missed;
  for (size_t bit = 0; bit < 64; ++bit) {
    if ((missing >> bit & 1) != 0) missed.push_back(name_of(bit));
  }
  return Status(
      ExitCode::wrong_machine,
      fmt::format("this job was compiled for a CPU that this machine does not have (--target-cpu {}): {} "
                  "missing. Compile it with --target-cpu x86-64-v2, or for this machine with --target-cpu native",
                  program.target_cpu, fmt::join(missed, ", ")));
}

std::string target_text(const FlowProgram& program) {
  return fmt::format("{}, -O{}", program.target_cpu, program.optimisation);
}

} // namespace flow::runtime
