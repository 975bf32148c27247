// Whether this machine has the instructions that a job was compiled with: told before any of them runs.
#pragma once

#include <cstdint>
#include <string>

#include "runtime/abi/flow_program.h"
#include "runtime/base/status.h"

namespace flow::runtime {

// Bits as in FlowProgram.cpu_features.
uint64_t machine_features();

// Refuses a program that needs more than `present`, and names what is missing.
Status check_cpu(const FlowProgram& program, uint64_t present);

// What it was compiled for and how: "x86-64-v3, -O2".
std::string target_text(const FlowProgram& program);

} // namespace flow::runtime
