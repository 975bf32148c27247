// The command line of a simulation: which cases, which seeds, with which mistakes on purpose.
//
//   --seeds N       seeds 1 … N of every case (default 100)
//   --seed S        this one alone, told in detail
//   --case NAME     this case alone
//   --canary NAME   with this mistake; the run is right if it is caught within the seeds
//   --canaries      every mistake in turn
#pragma once

#include <vector>

#include "tests/sim/sim_driver.h"

namespace flow::sim {

// Returns the exit code.
int run_simulations(const std::vector<SimCase>& cases, int argc, char** argv);

} // namespace flow::sim
