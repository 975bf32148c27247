// A job from its command line to its exit code: what `main` of every compiled program calls.
#pragma once

#include "runtime/abi/flow_program.h"

namespace flow::runtime {

int run_job(const FlowProgram& program, int argc, char** argv);

} // namespace flow::runtime
