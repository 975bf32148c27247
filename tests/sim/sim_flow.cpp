// Simulation of a compiled program: linked with the object that `flowc build --emit obj` makes of it.
//
//   sim_<program> [flags of sim_runs.h] [--load FROM TO]… -- [params]
//
// --load copies a file or folder of the real disk to the simulated one.
#include <fmt/format.h>

#include <cstring>
#include <string>
#include <utility>

#include "runtime/env/posix_env.h"
#include "runtime/program/flags.h"
#include "tests/sim/sim_runs.h"

namespace {

using namespace flow;

struct Load {
  std::string from, to;
};

void load_all(const std::vector<Load>& loads, runtime::SimMachine& machine) {
  runtime::PosixEnv disk;
  for (const Load& load : loads) {
    runtime::Status status = machine.preload(disk, load.from, load.to);
    if (!status.is_ok()) fmt::print(stderr, "{}\n", status.message());
  }
}

} // namespace

int main(int argc, char** argv) {
  std::vector<char*> ours = {argv[0]};
  std::vector<std::string_view> params;
  std::vector<Load> loads;
  for (int i = 1; i < argc; ++i) {
    if (strcmp(argv[i], "--") == 0) {
      params.assign(argv + i + 1, argv + argc);
      break;
    }
    if (strcmp(argv[i], "--load") == 0 && i + 2 < argc) {
      loads.push_back({argv[i + 1], argv[i + 2]});
      i += 2;
    } else {
      ours.push_back(argv[i]);
    }
  }
  auto flags = runtime::parse_flags(flow_program_v1, params, 1);
  if (!flags.is_ok()) {
    fmt::print(stderr, "{}\n", flags.status().message());
    return 2;
  }
  sim::SimCase simulated{.name = flow_program_v1.name,
                         .program = &flow_program_v1,
                         .params = flags->params,
                         .prepare = [&loads](runtime::SimMachine& machine) { load_all(loads, machine); }};
  return sim::run_simulations({simulated}, static_cast<int>(ours.size()), ours.data());
}
