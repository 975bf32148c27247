// SimHost: runs a job under a seeded scheduler in one thread. The parts are those that the native host runs on threads;
// here the order of their steps, the passing of time and long pauses of single parts come from a random generator, so
// that a run is repeated exactly by its seed.
//
// In each round one part is chosen: some are faster than others, and now and then one is stopped for a while. When no
// part has anything to do, they rest (part.h), and then time jumps to the next deadline; if there is none, the job is
// stuck, which is a finding.
#pragma once

#include <cstdint>
#include <vector>

#include "runtime/env/sim_env.h"
#include "runtime/host/job.h"

namespace flow::runtime {

enum class SimEnd : uint8_t {
  outcome, // Coordinator::outcome() is known
  died,    // the process has
  stuck,   // nothing can go on, and nothing is to come
  paused,  // the steps are used up
};

enum class SimTime : uint8_t {
  passes, // a little with every step, and to the next deadline when there is nothing else to do
  stands, // others move it, and that of the coordinator, which tells when a checkpoint is due
};

class SimHost {
public:
  // All must outlive the host.
  SimHost(SimMachine& machine, SimEnv& process, Job& job, uint64_t seed, SimTime time = SimTime::passes);

  // At most `steps` steps.
  SimEnd run(uint64_t steps);
  // The next time at which a task has something to do, on the process's monotonic clock; no_deadline: none.
  int64_t next_deadline_us() const;
  int64_t now_us() const { return process_.monotonic_us(); }
  // The coordinator alone sees so much more time go by.
  void advance_coordinator(int64_t us) { coordinator_ahead_us_ += us; }
  uint64_t steps() const { return steps_; }

private:
  struct Runnable {
    Part* part;
    uint64_t weight;            // how often it is chosen
    uint64_t stopped_until = 0; // in steps
  };
  Runnable* choose();
  int64_t time_for(const Part& part) const;
  Progress step(Part& part);
  bool step_all();
  bool rest_all();
  bool jump_to_deadline();
  bool is_over() const;

  SimMachine& machine_;
  SimEnv& process_;
  Job& job_;
  Random random_;
  SimTime time_;
  int64_t coordinator_ahead_us_ = 0;
  std::vector<Runnable> parts_;
  uint64_t weights_ = 0;
  uint64_t steps_ = 0;
};

} // namespace flow::runtime
