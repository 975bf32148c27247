// NativeHost: runs a job on threads. The calling thread runs the coordinator; workers run the tasks, one worker per
// core, at most as many as the widest chain has tasks. Task i of every chain is on worker i, modulo their number, so
// that forward edges stay on one thread. What waits for the disk has threads of its own: one for all sinks, one for the
// writer of checkpoints.
//
// A worker takes its parts in turn, each for about 100 µs or until it has nothing to do. When none has, they send what
// they hold back; then it looks a moment longer if that paid off lately, and sleeps until a channel wakes it or a
// deadline comes. At low rates it so wakes once for what has come together, and never spins: on a virtual machine a
// wake-up by the clock costs some 25 µs of the processor, as much as a spin.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "runtime/env/env.h"
#include "runtime/exchange/signal.h"
#include "runtime/host/job.h"

namespace flow::runtime {

class NativeHost {
public:
  // `workers`: 0: one per core. The job is open and not run yet.
  NativeHost(Env& env, Job& job, uint32_t workers = 0);
  ~NativeHost();
  NativeHost(const NativeHost&) = delete;
  NativeHost& operator=(const NativeHost&) = delete;

  // Until the job's outcome is known; all threads have ended then. `tick` is called now and then on the calling thread.
  Outcome run(const std::function<void()>& tick);

private:
  // Looking on for a moment instead of sleeping at once: as long as the last pauses were shorter than the moment, and
  // now and then to see whether they are.
  class SpinHabit {
  public:
    bool is_worth_it();
    void learn(bool has_come);

  private:
    int hopes_ = 1;
    uint32_t waits_ = 0;
  };
  struct Worker { // and its thread, on which all but `signal` is
    Signal signal;
    SpinHabit spins;
    std::vector<Part*> parts;
    std::thread thread;
  };

  void place_parts(uint32_t workers);
  void connect_signals();
  void start_threads();
  void stop_threads();
  void wake_all();
  // One look at every part.
  struct Look {
    uint32_t seen = 0;                 // of the worker's signal, before it
    bool has_worked = false;           // some part had something to do
    int64_t deadline_us = no_deadline; // when none had: when the first may have
  };
  void work(Worker& worker);
  Look run_turns(Worker& worker);
  int64_t run_turn(Part& part, int64_t now_us, Look& look);
  bool rest(Worker& worker);
  Look spin(Worker& worker);
  void relax() const;

  Env& env_;
  Job& job_;
  std::vector<std::unique_ptr<Worker>> workers_; // then sinks, then the writer of checkpoints, if there are
  Signal main_signal_;
  std::atomic<bool> is_over_{false};
  bool is_crowded_ = false; // more threads than cores: one that spins lets others run
};

} // namespace flow::runtime
