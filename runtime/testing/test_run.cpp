#include "runtime/testing/test_run.h"

#include <algorithm>
#include <memory>

#include "runtime/env/log.h"
#include "runtime/host/sim_host.h"

namespace flow::runtime {
namespace {

constexpr uint64_t steps_max = 10'000'000; // of one start; more means that it goes round in circles
constexpr int64_t epoch_steps_max = 200;   // when a checkpoint is taken, behind what was opened last

class TestRun {
public:
  TestRun(const FlowProgram& program, const std::vector<FlowCell>& params, const TestScript& test, uint64_t seed,
          uint64_t steps)
      : program_(program), params_(params), test_(test), is_plain_(seed == 0), steps_expected_(steps),
        machine_(seed + 1), random_(mix_u64(seed) + 1), stage_(test, machine_, is_plain_) {
    if (!is_plain_) crashes_left_ = static_cast<uint64_t>(random_.between(1, 3));
  }

  TestResult run() {
    while (!is_over_ && result_.failure.empty()) live();
    result_.records = stage_.records();
    return std::move(result_);
  }

private:
  // One start of the job, to its end or a crash.
  void live() {
    SimEnv process(machine_);
    Log log(process, LogLevel::error);
    auto opened = Job::open(process, program_, params_, options(), log);
    if (!opened.is_ok()) return fail(opened.status());
    std::unique_ptr<Job> job = std::move(opened).value();
    if (job->start_epoch() > 0) ++result_.restores;
    if (job->was_finished()) {
      is_over_ = true;
      return;
    }
    SimHost host(machine_, process, *job, random_.next(), SimTime::stands);
    host_ = &host;
    job_ = job.get();
    die_at_ = crashes_left_ > 0 ? random_.below(steps_expected_ * 2 + 1) : steps_max;
    go_on();
    result_.steps += host.steps();
    process.kill();
    if (is_over_ || !result_.failure.empty()) return;
    --crashes_left_;
    ++result_.crashes;
    if (random_.one_in(2)) machine_.lose_power(static_cast<PowerLoss>(random_.below(power_loss_count)));
  }

  JobOptions options() {
    JobOptions options;
    options.connectors = &stage_;
    options.start.parallelism = 1;
    if (is_plain_) return options;
    options.checkpoint_dir = "/checkpoints";
    options.start.parallelism = static_cast<uint32_t>(random_.between(1, 4));
    options.credit = random_.one_in(4) ? 2 : 1;
    options.batch_rows = static_cast<uint32_t>(random_.between(1, 6));
    options.rows_per_action = random_.between(1, 16);
    return options;
  }

  // The steps of the test, one after the other, until the job is over or dies.
  void go_on() {
    while (work_off()) {
      Stage::Position& position = stage_.position();
      if (position.is_input_over) {
        result_.failure = "its input has ended, but the job does not";
        return;
      }
      if (position.clock_us < clock_of(position.open)) {
        advance_clock();
      } else if (ends_here()) {
        position.open = std::max(position.open, test_.first_of_last_expects());
        position.is_input_over = true;
      } else if (position.open >= test_.steps.size()) {
        ++position.open; // what comes out of the end is expected by nobody
        position.is_input_over = true;
      } else {
        open_next(position);
      }
    }
  }

  bool ends_here() const { return test_.ends_input && stage_.position().open >= test_.first_of_last_expects(); }

  void open_next(Stage::Position& position) const {
    if (is_plain_) {
      ++position.open;
      return;
    }
    // All up to and with the next `expect`, or up to the next `advance`.
    size_t next = position.open;
    if (test_.steps[next].kind == ScriptStep::Kind::advance) {
      ++position.open;
      return;
    }
    auto is = [&](ScriptStep::Kind kind) { return next < test_.steps.size() && test_.steps[next].kind == kind; };
    while (next < test_.steps.size() && !is(ScriptStep::Kind::expect) && !is(ScriptStep::Kind::advance)) ++next;
    position.open = next + (is(ScriptStep::Kind::expect) ? 1 : 0);
    if (ends_here()) position.is_input_over = true;
  }

  // Until nothing is left to do; on the way a checkpoint may be taken. False: the job is over, has failed or died.
  bool work_off() {
    epoch_at_ = is_plain_ || random_.one_in(3)
                    ? steps_max
                    : host_->steps() + static_cast<uint64_t>(random_.between(0, epoch_steps_max));
    for (;;) {
      SimEnd end = host_->run(std::min(die_at_, epoch_at_) - std::min(host_->steps(), die_at_));
      bool is_epoch_due = host_->steps() >= epoch_at_ && host_->steps() < die_at_;
      if (end != SimEnd::paused || !is_epoch_due) return has_come_to_rest(end);
      host_->advance_coordinator(EpochPlan().interval_us + 1);
      epoch_at_ = steps_max;
      // Crashes around a checkpoint show more than those before it.
      if (crashes_left_ > 0 && random_.one_in(2))
        die_at_ = host_->steps() + static_cast<uint64_t>(random_.between(0, 2 * epoch_steps_max));
    }
  }

  bool has_come_to_rest(SimEnd end) {
    switch (end) {
    case SimEnd::stuck: return true;
    case SimEnd::outcome: judge(); return false;
    case SimEnd::died: return false;
    case SimEnd::paused:
      if (die_at_ == steps_max) result_.failure = "it goes on and on";
      return false;
    }
    return false;
  }

  void judge() {
    const Coordinator& coordinator = job_->coordinator();
    is_over_ = coordinator.outcome() == Outcome::finished;
    if (coordinator.outcome() == Outcome::failed) fail(coordinator.failure());
  }

  void fail(const Status& status) { result_.failure = status.message(); }

  // ---- processing time, which goes from one timer to the next

  int64_t clock_of(size_t open) const {
    int64_t clock_us = 0;
    for (size_t i = 0; i < std::min(open, test_.steps.size()); ++i) {
      if (test_.steps[i].kind == ScriptStep::Kind::advance) clock_us += test_.steps[i].micros;
    }
    return clock_us;
  }

  void advance_clock() {
    Stage::Position& position = stage_.position();
    int64_t left_us = clock_of(position.open) - position.clock_us;
    int64_t next_us = host_->next_deadline_us();
    if (next_us != no_deadline) left_us = std::clamp<int64_t>(next_us - host_->now_us(), 1, left_us);
    position.clock_us += left_us;
    machine_.advance_us(left_us);
  }

  const FlowProgram& program_;
  const std::vector<FlowCell>& params_;
  const TestScript& test_;
  bool is_plain_;
  uint64_t steps_expected_;
  SimMachine machine_;
  Random random_;
  Stage stage_;
  SimHost* host_ = nullptr; // of this start
  Job* job_ = nullptr;
  uint64_t crashes_left_ = 0;
  uint64_t die_at_ = 0, epoch_at_ = 0; // in steps of this start
  bool is_over_ = false;
  TestResult result_;
};

} // namespace

TestResult run_test(const FlowProgram& program, const std::vector<FlowCell>& params, const TestScript& test,
                    uint64_t seed, uint64_t steps) {
  return TestRun(program, params, test, seed, steps).run();
}

} // namespace flow::runtime
