// What a job's executable does when its first argument is a command instead of a flag:
//
//   job savepoint DIR --checkpoint-dir STATE [--stop | --drain]
#pragma once

#include <string_view>
#include <vector>

#include "runtime/abi/flow_program.h"
#include "runtime/env/env.h"

namespace flow::runtime {

// Whether the arguments (without the program's name) begin with a command.
bool is_command(const std::vector<std::string_view>& arguments);

// Runs it; gives the exit code. REQUIRES: is_command(arguments).
int run_command(Env& env, const FlowProgram& program, const std::vector<std::string_view>& arguments);

} // namespace flow::runtime
