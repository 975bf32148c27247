// --describe: what a job consists of, as text for people.
#pragma once

#include <string>

#include "runtime/abi/flow_program.h"

namespace flow::runtime {

std::string describe(const FlowProgram& program, uint32_t parallelism);

} // namespace flow::runtime
