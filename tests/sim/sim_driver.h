// The simulation of whole jobs: one program, one seed, a life full of crashes.
//
// A seed decides everything: the order in which parts run, batch and channel sizes, parallelism and checkpoint spacing
// of every start, when the process is killed, loses power (and what of its unsynced data then remains), is asked to
// stop, or meets a full disk. After some such lives the job is left alone until it finishes. Then, and all along:
//
//   the committed output equals that of a run without faults, as lines in any order
//   what was once visible as committed is there after every start, unchanged
//   nothing is stuck: there is always something to do or something to wait for
//   nothing is left over: no staged files, no epochs that never completed, at most two checkpoints
//   no start is refused, no failure is told that was not injected
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "runtime/abi/flow_program.h"
#include "runtime/env/sim_env.h"
#include "runtime/host/canaries.h"

namespace flow::sim {

struct SimCase {
  std::string name;
  const FlowProgram* program = nullptr;
  std::vector<FlowCell> params;                           // strings live as long as the case
  std::function<void(runtime::SimMachine&)> prepare = {}; // puts the input there
};

// "folder: line" of every committed record, sorted.
using Lines = std::vector<std::string>;

// What has happened in the runs so far: a test in which nothing happened shows nothing.
struct SimCounts {
  uint64_t seeds = 0, starts = 0, restores = 0, rescalings = 0, kills = 0, power_losses = 0, deaths_at_start = 0;
  uint64_t stops = 0, faults = 0, failed_epochs = 0, epochs = 0, steps = 0;
  std::string text() const;
  // What should have happened and did not; empty: all of it.
  std::string missing() const;
};

// The output of a run without faults. `problem` is set if even that fails.
Lines run_without_faults(const SimCase& simulated, std::string* problem);

// Empty, or what went wrong.
std::string run_seed(const SimCase& simulated, const Lines& expected, uint64_t seed, runtime::Canaries canaries,
                     SimCounts& counts, bool is_verbose);

} // namespace flow::sim
