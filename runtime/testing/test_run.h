// One test, once: the program as a job of the simulated host, from the first step of the test to its end.
//
// Seed 0 is the plain run: one task of each kind, and each step is worked off before the next one begins. Any other
// seed decides the order in which the parts of the job run, parallelism and batch sizes of every start, when
// checkpoints are taken, and one to three crashes, each followed by a start from the last checkpoint. There, the steps
// before an `expect` or `advance` are given at once: rows of one source keep their order, those of several have none.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/abi/flow_program.h"
#include "runtime/testing/script.h"
#include "runtime/testing/stage.h"

namespace flow::runtime {

struct TestResult {
  std::string failure; // of the job itself, one sentence; else empty
  std::vector<CapturedRecord> records;
  uint64_t steps = 0; // of the simulated host
  uint64_t crashes = 0, restores = 0;
};

// `steps`: about how many the test takes, so that crashes fall into it; of the plain run any number.
TestResult run_test(const FlowProgram& program, const std::vector<FlowCell>& params, const TestScript& test,
                    uint64_t seed, uint64_t steps);

} // namespace flow::runtime
