#include "runtime/host/sim_host.h"

#include <algorithm>

namespace flow::runtime {
namespace {

constexpr uint64_t weights[] = {1, 4, 4, 16};
constexpr uint64_t stop_one_in = 200;
constexpr int64_t stop_steps_max = 400;
constexpr int64_t step_us_max = 60;
constexpr uint64_t rest_one_in = 3;

} // namespace

SimHost::SimHost(SimMachine& machine, SimEnv& process, Job& job, uint64_t seed, SimTime time)
    : machine_(machine), process_(process), job_(job), random_(seed), time_(time) {
  auto add = [this](Part* part) {
    parts_.push_back({part, weights[random_.below(std::size(weights))]});
    weights_ += parts_.back().weight;
  };
  for (const auto& runner : job.runners()) add(runner.get());
  for (const auto& sink : job.sink_parts()) add(sink.get());
  if (job.writer() != nullptr) add(job.writer());
  add(&job.coordinator());
}

SimEnd SimHost::run(uint64_t steps) {
  size_t idle = 0;
  for (uint64_t end = steps_ + steps; steps_ < end;) {
    if (process_.is_dead()) return SimEnd::died;
    if (job_.coordinator().outcome() != Outcome::running) return SimEnd::outcome;
    ++steps_;
    if (time_ == SimTime::passes) machine_.advance_us(random_.between(0, step_us_max));
    Runnable* chosen = choose();
    if (chosen->stopped_until > steps_) continue;
    if (random_.one_in(stop_one_in)) {
      chosen->stopped_until = steps_ + static_cast<uint64_t>(random_.between(1, stop_steps_max));
    } else if (step(*chosen->part) == Progress::worked) {
      idle = 0;
    } else if (++idle > 4 * parts_.size()) {
      idle = 0;
      if (!step_all() && !rest_all() && !jump_to_deadline()) return is_over() ? SimEnd::outcome : SimEnd::stuck;
    }
  }
  return process_.is_dead() ? SimEnd::died : is_over() ? SimEnd::outcome : SimEnd::paused;
}

bool SimHost::is_over() const { return job_.coordinator().outcome() != Outcome::running; }

SimHost::Runnable* SimHost::choose() {
  uint64_t at = random_.below(weights_);
  for (Runnable& one : parts_) {
    if (at < one.weight) return &one;
    at -= one.weight;
  }
  return &parts_.back();
}

int64_t SimHost::time_for(const Part& part) const {
  return process_.monotonic_us() + (&part == &job_.coordinator() ? coordinator_ahead_us_ : 0);
}

// Whether a thread has nothing else to do depends on what other parts it has: at times it has none.
Progress SimHost::step(Part& part) {
  Progress progress = part.step(time_for(part));
  if (progress == Progress::worked || !random_.one_in(rest_one_in)) return progress;
  return part.rest(process_.monotonic_us());
}

// Each part once, also those that were stopped: whether any has something to do.
bool SimHost::step_all() {
  bool worked = false;
  for (Runnable& one : parts_) {
    one.stopped_until = 0;
    worked = one.part->step(time_for(*one.part)) == Progress::worked || worked;
  }
  return worked;
}

bool SimHost::rest_all() {
  bool worked = false;
  for (Runnable& one : parts_) worked = one.part->rest(process_.monotonic_us()) == Progress::worked || worked;
  return worked;
}

int64_t SimHost::next_deadline_us() const {
  int64_t next_us = no_deadline;
  for (const auto& runner : job_.runners()) next_us = std::min(next_us, runner->deadline_us());
  return next_us;
}

bool SimHost::jump_to_deadline() {
  if (time_ == SimTime::stands) return false;
  int64_t now_us = process_.monotonic_us();
  int64_t next_us = no_deadline;
  for (const Runnable& one : parts_) next_us = std::min(next_us, one.part->deadline_us());
  if (next_us == no_deadline) return false;
  machine_.advance_us(std::max<int64_t>(1, next_us - now_us));
  return true;
}

} // namespace flow::runtime
