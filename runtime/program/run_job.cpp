#include "runtime/program/run_job.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "runtime/env/log.h"
#include "runtime/env/posix_env.h"
#include "runtime/host/native_host.h"
#include "runtime/program/commands.h"
#include "runtime/program/control_socket.h"
#include "runtime/program/cpu.h"
#include "runtime/program/describe.h"
#include "runtime/program/flags.h"
#include "runtime/program/report.h"
#include "runtime/program/signals.h"

#ifndef FLOW_VERSION
#define FLOW_VERSION "unknown"
#endif

namespace flow::runtime {
namespace {

int exit_code(ExitCode code) { return static_cast<int>(code); }

uint32_t core_count() { return std::max(1u, std::thread::hardware_concurrency()); }

void say(Env& env, std::string_view text) { (void)env.console_write(Console::error, fmt::format("{}\n", text)); }

int fail(Env& env, const FlowProgram& program, const Status& status) {
  say(env, fmt::format("{}: {}", program.name, status.message()));
  return exit_code(status.code());
}

// What is printed and ends the program.
int show(Env& env, const FlowProgram& program, std::string_view text) {
  Status written = env.console_write(Console::out, text);
  return written.is_ok() ? exit_code(ExitCode::finished) : fail(env, program, written);
}

class Run {
public:
  Run(Env& env, const FlowProgram& program, JobFlags flags)
      : env_(env), program_(program), flags_(std::move(flags)),
        log_(env, flags_.is_quiet ? LogLevel::error : LogLevel::info), has_terminal_(env.is_terminal(Console::error)) {}

  int run(StopSignals& signals) {
    Result<std::unique_ptr<Job>> opened = Job::open(env_, program_, flags_.params, flags_.options, log_);
    if (!opened.is_ok()) return fail(env_, program_, opened.status());
    job_ = std::move(opened).value();
    if (job_->was_finished()) {
      if (!flags_.is_quiet)
        say(env_, fmt::format("{}: the job in '{}' had finished; its output is whole", program_.name,
                              flags_.options.checkpoint_dir));
      return exit_code(ExitCode::finished);
    }
    int64_t start_us = env_.monotonic_us();
    Outcome outcome = drive(signals);
    report(env_.monotonic_us() - start_us);
    return end(outcome);
  }

private:
  bool shows_report() const { return !flags_.is_quiet && (has_terminal_ || flags_.wants_summary); }

  Outcome drive(StopSignals& signals) {
    signals.listen([this] { job_->coordinator().request_stop(); });
    ProgressLine line(env_, has_terminal_ && !flags_.is_quiet);
    NativeHost host(env_, *job_);
    std::unique_ptr<ControlSocket> socket = open_socket();
    Outcome outcome = host.run([&] { line.update(*job_); });
    signals.forget();
    line.clear();
    return outcome;
  }

  // Null: there is none, and no savepoint can be asked for. The job runs all the same.
  std::unique_ptr<ControlSocket> open_socket() {
    if (!job_->has_checkpoints()) return nullptr;
    auto opened = ControlSocket::open(flags_.options.checkpoint_dir,
                                      [this](SavepointAsked asked) { job_->events().post(std::move(asked)); });
    if (opened.is_ok()) return std::move(opened).value();
    log_.warning("no savepoint can be asked for: {}", opened.status().message());
    return nullptr;
  }

  void report(int64_t elapsed_us) {
    JobTotals totals = totals_of(*job_, true);
    if (shows_report()) say(env_, fmt::format("{}: {}", program_.name, summary_text(totals, elapsed_us)));
    std::string losses = losses_text(totals);
    if (!losses.empty()) (void)env_.console_write(Console::error, losses);
  }

  int end(Outcome outcome) {
    if (outcome == Outcome::failed) return fail(env_, program_, job_->coordinator().failure());
    if (outcome == Outcome::finished) return exit_code(ExitCode::finished);
    if (flags_.is_quiet) return exit_code(ExitCode::stopped);
    if (!job_->has_checkpoints() && job_->has_late_output()) {
      say(env_, fmt::format("{}: stopped; output files are published at the end of the input, so there are none. With "
                            "--checkpoint-dir a job can go on later",
                            program_.name));
    } else if (job_->has_checkpoints()) {
      say(env_,
          fmt::format("{}: stopped with checkpoint {} in '{}'; start it again with the same flags to go on",
                      program_.name, job_->coordinator().stats().last_epoch.load(), flags_.options.checkpoint_dir));
    }
    return exit_code(ExitCode::stopped);
  }

  Env& env_;
  const FlowProgram& program_;
  JobFlags flags_;
  Log log_;
  bool has_terminal_;
  std::unique_ptr<Job> job_;
};

} // namespace

int run_job(const FlowProgram& program, int argc, char** argv) {
  PosixEnv env;
  std::vector<std::string_view> arguments(argv + std::min(argc, 1), argv + argc);
  if (is_command(arguments)) return run_command(env, program, arguments);
  StopSignals signals;
  Result<JobFlags> flags = parse_flags(program, arguments, core_count());
  if (!flags.is_ok()) return fail(env, program, flags.status());
  if (flags->wants_help) return show(env, program, help_text(program, core_count()));
  if (flags->wants_version) {
    return show(env, program, fmt::format("{} (Flow {}; {})\n", program.name, FLOW_VERSION, target_text(program)));
  }
  if (flags->wants_description) {
    return show(env, program, describe(program, flags->options.start.parallelism));
  }
  Status fits = check_cpu(program, machine_features());
  if (!fits.is_ok()) return fail(env, program, fits);
  return Run(env, program, std::move(flags).value()).run(signals);
}

} // namespace flow::runtime
