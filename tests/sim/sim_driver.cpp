#include "tests/sim/sim_driver.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "runtime/host/sim_host.h"
#include "tests/sim/committed.h"

namespace flow::sim {
namespace {

using namespace flow::runtime;

constexpr const char* checkpoints = "/checkpoints";
constexpr uint64_t steps_max = 4'000'000; // of one life; more means that it goes round in circles
constexpr uint64_t chunk_steps = 50;
constexpr int lives_max = 60;

class Simulation {
public:
  Simulation(const SimCase& simulated, uint64_t seed, Canaries canaries, SimCounts& counts, bool is_verbose)
      : simulated_(simulated), machine_(seed), random_(mix_u64(seed) + 1), canaries_(canaries), counts_(counts),
        is_verbose_(is_verbose) {
    if (simulated.prepare) simulated.prepare(machine_);
    troubles_left_ = static_cast<int>(random_.between(1, 7));
  }

  std::string run(const Lines& expected) {
    ++counts_.seeds;
    for (int life = 0; life < lives_max; ++life) {
      live();
      if (!problem_.empty()) return fmt::format("in life {}: {}", life + 1, problem_);
      if (is_finished_) return compare(expected);
    }
    return fmt::format("not finished after {} lives", lives_max);
  }

private:
  // One start of the job, to its end in whatever way.
  void live() {
    process_ = std::make_unique<SimEnv>(machine_);
    log_ = std::make_unique<Log>(*process_, is_verbose_ ? LogLevel::debug : LogLevel::warning);
    machine_.faults().clear();
    bool is_troubled = troubles_left_-- > 0;
    stop_at_ = die_at_ = ~uint64_t{0};
    if (is_troubled) plan_trouble();
    ++counts_.starts;
    auto opened = Job::open(*process_, *simulated_.program, simulated_.params, options(), *log_);
    if (opened.is_ok()) {
      job_ = std::move(opened).value();
      go_on();
    } else if (process_->is_dead()) {
      ++counts_.deaths_at_start;
    } else if (!is_injected(opened.status())) {
      problem_ = fmt::format("the start failed: {}", opened.status().message());
    }
    say_console();
    end_life();
  }

  void go_on() {
    look();
    if (job_->start_epoch() > 0) ++counts_.restores;
    if (last_parallelism_ != 0 && last_parallelism_ != parallelism_ && job_->start_epoch() > 0) ++counts_.rescalings;
    last_parallelism_ = parallelism_;
    if (job_->was_finished()) {
      is_finished_ = true;
      return;
    }
    SimHost host(machine_, *process_, *job_, random_.next());
    SimEnd end = SimEnd::paused;
    while (end == SimEnd::paused && problem_.empty() && host.steps() < die_at_) {
      if (host.steps() >= stop_at_) job_->coordinator().request_stop();
      end = host.run(chunk_steps);
      if (end != SimEnd::died) look();
      if (host.steps() > steps_max) problem_ = "it goes on and on";
    }
    counts_.steps += host.steps();
    counts_.epochs += job_->coordinator().stats().completed.load();
    if (end == SimEnd::stuck) problem_ = "it is stuck: nothing can go on, and nothing is to come";
    if (end == SimEnd::outcome) judge();
  }

  void judge() {
    const Coordinator& coordinator = job_->coordinator();
    switch (coordinator.outcome()) {
    case Outcome::finished: is_finished_ = true; break;
    case Outcome::stopped: ++counts_.stops; break;
    case Outcome::failed:
      if (!is_injected(coordinator.failure()) && !process_->is_dead()) {
        problem_ = fmt::format("the job failed: {}", coordinator.failure().message());
      }
      break;
    case Outcome::running: problem_ = "the host ended before the job"; break;
    }
  }

  bool is_injected(const Status& status) {
    if (!has_faults_ || machine_.faults().hits() == 0 || status.code() != ExitCode::output_failed) return false;
    ++counts_.faults;
    return true;
  }

  void plan_trouble() {
    uint64_t kind = random_.below(8);
    if (kind <= 2) process_->die_before(random_.below(120) + 1);
    if (kind >= 3 && kind <= 5) die_at_ = random_.below(6000);
    if (kind == 6) stop_at_ = random_.below(4000);
    has_faults_ = kind == 7 || random_.one_in(5);
    if (has_faults_) plan_fault();
  }

  // A full disk, once or for some calls, in the checkpoint folder; or an fsync that fails, anywhere.
  void plan_fault() {
    constexpr Operation operations[] = {Operation::write, Operation::open_write, Operation::make_folder,
                                        Operation::fsync};
    Operation operation = operations[random_.below(4)];
    bool is_fsync = operation == Operation::fsync;
    machine_.faults().add({.operation = operation,
                           .path_part = is_fsync ? "" : "/epoch-",
                           .first = random_.below(20) + 1,
                           .times = random_.below(is_fsync ? 1 : 4) + 1,
                           .os_error = is_fsync ? EIO : ENOSPC});
  }

  JobOptions options() {
    JobOptions options;
    options.checkpoint_dir = checkpoints;
    parallelism_ = static_cast<uint32_t>(random_.between(1, 5));
    options.start.parallelism = parallelism_;
    options.epochs.interval_us = random_.between(200, 30'000);
    options.credit = random_.one_in(4) ? 2 : 1;
    options.batch_rows = static_cast<uint32_t>(random_.between(1, 6));
    options.rows_per_action = random_.between(1, 16);
    options.latency_us = random_.one_in(4) ? 0 : random_.between(1, 3000);
    options.canaries = canaries_;
    if (is_verbose_) {
      fmt::print("start: parallelism {}, interval {} us, batches of {}, credit {}\n", parallelism_,
                 options.epochs.interval_us, options.batch_rows, options.credit);
    }
    return options;
  }

  void look() {
    if (!problem_.empty()) return;
    problem_ = observer_.look(read_committed(machine_));
  }

  // The process is gone, in one of the ways in which processes go.
  void end_life() {
    bool was_asked = job_ != nullptr && !job_->was_finished() && job_->coordinator().outcome() == Outcome::stopped;
    process_->kill();
    job_.reset();
    log_.reset();
    process_.reset();
    if (is_finished_ || was_asked) return;
    if (random_.one_in(2)) {
      ++counts_.kills;
      return;
    }
    ++counts_.power_losses;
    auto kind = static_cast<PowerLoss>(random_.below(power_loss_count));
    if (is_verbose_) fmt::print("power loss: {}\n", power_loss_name(kind));
    machine_.lose_power(kind);
  }

  void say_console() {
    std::string text = process_->console_text(Console::error);
    size_t at = 0;
    while ((at = text.find("was given up", at)) != std::string::npos) {
      ++counts_.failed_epochs;
      ++at;
    }
    if (is_verbose_) fmt::print("{}", text);
  }

  std::string compare(const Lines& expected) {
    if (std::string text = left_overs(machine_, checkpoints); !text.empty()) return text;
    Lines lines = lines_of(read_committed(machine_));
    if (lines == expected) return {};
    Lines missing, surplus;
    std::set_difference(expected.begin(), expected.end(), lines.begin(), lines.end(), std::back_inserter(missing));
    std::set_difference(lines.begin(), lines.end(), expected.begin(), expected.end(), std::back_inserter(surplus));
    return fmt::format("the output differs: {} lines are missing (such as '{}'), {} are too many (such as '{}')",
                       missing.size(), missing.empty() ? "" : missing.front(), surplus.size(),
                       surplus.empty() ? "" : surplus.front());
  }

  const SimCase& simulated_;
  SimMachine machine_;
  Random random_;
  Canaries canaries_;
  SimCounts& counts_;
  bool is_verbose_;

  std::unique_ptr<SimEnv> process_;
  std::unique_ptr<Log> log_;
  std::unique_ptr<Job> job_;
  Observer observer_;
  int troubles_left_;
  uint64_t die_at_ = 0, stop_at_ = 0; // steps
  bool has_faults_ = false;
  bool is_finished_ = false;
  uint32_t parallelism_ = 0, last_parallelism_ = 0;
  std::string problem_;
};

} // namespace

std::string SimCounts::text() const {
  return fmt::format(
      "{} seeds, {} starts, {} restores ({} rescaled), {} kills, {} power losses, {} deaths while starting, "
      "{} stops, {} failures by faults, {} epochs given up, {} epochs, {} steps",
      seeds, starts, restores, rescalings, kills, power_losses, deaths_at_start, stops, faults, failed_epochs, epochs,
      steps);
}

std::string SimCounts::missing() const {
  std::string missing;
  auto need = [&](uint64_t count, const char* what) {
    if (count == 0) missing += fmt::format("{}{}", missing.empty() ? "" : ", ", what);
  };
  need(restores, "restores");
  need(rescalings, "rescalings");
  need(kills, "kills");
  need(power_losses, "power losses");
  need(deaths_at_start, "deaths while starting");
  need(stops, "stops");
  need(faults, "failures by faults");
  need(failed_epochs, "epochs given up");
  return missing;
}

Lines run_without_faults(const SimCase& simulated, std::string* problem) {
  SimMachine machine(1);
  if (simulated.prepare) simulated.prepare(machine);
  SimEnv process(machine);
  Log log(process, LogLevel::warning);
  JobOptions options;
  auto opened = Job::open(process, *simulated.program, simulated.params, options, log);
  if (!opened.is_ok()) {
    *problem = opened.status().message();
    return {};
  }
  std::unique_ptr<Job> job = std::move(opened).value();
  SimEnd end = SimHost(machine, process, *job, 1).run(100'000'000);
  if (end != SimEnd::outcome || job->coordinator().outcome() != Outcome::finished) {
    *problem = fmt::format("the run without faults does not finish: {}", job->coordinator().failure().message());
    return {};
  }
  return lines_of(read_committed(machine));
}

std::string run_seed(const SimCase& simulated, const Lines& expected, uint64_t seed, Canaries canaries,
                     SimCounts& counts, bool is_verbose) {
  return Simulation(simulated, seed, canaries, counts, is_verbose).run(expected);
}

} // namespace flow::sim
