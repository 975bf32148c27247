// The flags of a job: those that every job has, and the program's params as flags of its own.
//
//   --name value   --name=value   --name (of a flag that takes none, or a bool param: true)
//
// A param is called as in the program; '-' may stand for '_'. No param is named like a job's flag (sema sees to it).
// All mistakes are told at once.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/abi/flow_program.h"
#include "runtime/base/status.h"
#include "runtime/formats/value.h"
#include "runtime/host/job.h"
#include "runtime/program/restart.h"

namespace flow::runtime {

struct JobFlags {
  JobOptions options;
  std::vector<FlowCell> params; // by param; texts lie in the arguments or in `texts`
  bool wants_help = false;
  bool wants_version = false;
  bool wants_description = false;
  bool is_quiet = false;
  bool wants_summary = false;
  RestartPolicy restart;
  std::vector<std::unique_ptr<Scratch>> texts;
};

// `arguments` without the program's name; they outlive the result. With --help or --version nothing else is looked at.
Result<JobFlags> parse_flags(const FlowProgram& program, const std::vector<std::string_view>& arguments,
                             uint32_t default_parallelism);

std::string help_text(const FlowProgram& program, uint32_t default_parallelism);

} // namespace flow::runtime
