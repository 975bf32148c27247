// Simulation of programs written by hand: no compiler is needed. See sim_runs.h for the flags.
#include "tests/sim/long_program.h"
#include "tests/sim/sim_runs.h"

int main(int argc, char** argv) {
  using flow::test::Numbers;
  // Two splits, nothing late whatever the order of arrival.
  flow::test::NumberProgram direct(Numbers{.count = 400, .splits = 2, .keys = 7, .path = "/direct"});
  // One split with late rows: which rows are late follows from the input alone.
  flow::test::NumberProgram late(Numbers{
      .count = 400, .splits = 1, .keys = 5, .size_us = 200, .lag_us = 100, .disorder_us = 900, .path = "/late"});
  flow::sim::LongProgram hops(Numbers{.count = 250, .splits = 3, .keys = 4, .size_us = 300, .path = "/totals"});
  std::vector<flow::sim::SimCase> cases = {{"direct", &direct.program, {direct.param}},
                                           {"late", &late.program, {late.param}},
                                           {"hops", &hops.program, {hops.param}}};
  return flow::sim::run_simulations(cases, argc, argv);
}
