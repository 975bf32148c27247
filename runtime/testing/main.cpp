// The entry of what `flowc test` makes of a program: runs its tests and says what differs. It stands before the
// runtime's own main; the program's object brings flow_program_v1 and flow_test_script_v1.
//
//   --filter TEXT   only the tests in whose name it stands
//   --seeds N       each test N times more, with seeds 1 to N
//   --seed S        each test once more, with this seed
//   --              values of the program's params
//
// Ends with the codes of compiler/driver/exit_codes.h.
#include <fmt/format.h>

#include <charconv>
#include <optional>

#include "runtime/env/posix_env.h"
#include "runtime/program/flags.h"
#include "runtime/testing/compare.h"
#include "runtime/testing/test_run.h"

extern "C" const char flow_test_script_v1[];

namespace flow::runtime {
namespace {

enum TestExit : int { tests_passed = 0, wrong_usage = 2, tests_failed = 5, no_tests = 6 };

struct TestFlags {
  std::string_view filter;
  uint64_t first_seed = 1, last_seed = 0; // none
  std::vector<std::string_view> of_program;
};

std::optional<uint64_t> number_of(std::string_view text) {
  uint64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  bool is_number = error == std::errc() && end == text.data() + text.size() && value > 0;
  return is_number ? std::optional(value) : std::nullopt;
}

// flowc has looked at them before.
std::optional<TestFlags> flags_of(int argc, char** argv) {
  TestFlags flags;
  for (int i = 1; i < argc; ++i) {
    std::string_view flag = argv[i];
    if (flag == "--") {
      flags.of_program.assign(argv + i + 1, argv + argc);
      return flags;
    }
    if (i + 1 == argc) return std::nullopt;
    std::string_view value = argv[++i];
    std::optional<uint64_t> number = number_of(value);
    if (flag == "--filter") {
      flags.filter = value;
    } else if (flag == "--seeds" && number) {
      flags.last_seed = *number;
    } else if (flag == "--seed" && number) {
      flags.first_seed = flags.last_seed = *number;
    } else {
      return std::nullopt;
    }
  }
  return flags;
}

class Tests {
public:
  Tests(Env& env, TestFlags flags, std::vector<FlowCell> params)
      : env_(env), flags_(std::move(flags)), params_(std::move(params)) {}

  int run() {
    for (const TestScript& test : read_script(flow_test_script_v1)) {
      if (test.name.find(flags_.filter) != std::string::npos) run(test);
    }
    if (passed_ + failed_ == 0) {
      say(fmt::format("no test of {} has `{}` in its name\n", flow_program_v1.name, flags_.filter));
      return no_tests;
    }
    std::string seeds;
    if (flags_.last_seed > 0) {
      seeds = fmt::format(" ({} more runs, {} crashes, {} restores)", seed_runs_, crashes_, restores_);
    }
    say(fmt::format("{}: {} passed, {} failed{}\n", flow_program_v1.name, passed_, failed_, seeds));
    return failed_ == 0 ? tests_passed : tests_failed;
  }

private:
  void run(const TestScript& test) {
    TestResult plain = run_test(flow_program_v1, params_, test, 0, 0);
    std::string text = plain.failure.empty() ? "" : failure_text(test, plain.failure);
    std::optional<ExpectedRows> expected;
    if (text.empty()) {
      expected.emplace(test, plain.records);
      text = differences(test, *expected, plain.records);
    }
    for (uint64_t seed = flags_.first_seed; seed <= flags_.last_seed && text.empty(); ++seed) {
      text = run_seed(test, *expected, seed, plain.steps);
    }
    ++(text.empty() ? passed_ : failed_);
    say(fmt::format("{}  {}\n{}", text.empty() ? "ok    " : "FAILED", test.name, text));
  }

  // Empty, or what differs.
  std::string run_seed(const TestScript& test, const ExpectedRows& expected, uint64_t seed, uint64_t steps) {
    TestResult result = run_test(flow_program_v1, params_, test, seed, steps);
    ++seed_runs_;
    crashes_ += result.crashes;
    restores_ += result.restores;
    std::string text =
        result.failure.empty() ? differences(test, expected, result.records) : failure_text(test, result.failure);
    if (text.empty()) return text;
    return fmt::format("  with seed {}, though not without; to repeat it: --seed {}\n{}", seed, seed, text);
  }

  static std::string failure_text(const TestScript& test, const std::string& failure) {
    return fmt::format("  {}:{}: the job failed: {}\n", test.file, test.line, failure);
  }

  void say(std::string_view text) { (void)env_.console_write(Console::out, text); }

  Env& env_;
  TestFlags flags_;
  std::vector<FlowCell> params_;
  uint64_t passed_ = 0, failed_ = 0, seed_runs_ = 0, crashes_ = 0, restores_ = 0;
};

int main_of_tests(int argc, char** argv) {
  PosixEnv env;
  auto refuse = [&](std::string_view text) {
    (void)env.console_write(Console::error, text);
    return wrong_usage;
  };
  std::optional<TestFlags> flags = flags_of(argc, argv);
  if (!flags)
    return refuse("give --filter TEXT, --seeds N or --seed S, and behind -- values of the program's params\n");
  Result<JobFlags> of_program = parse_flags(flow_program_v1, flags->of_program, 1);
  if (!of_program.is_ok()) {
    return refuse(
        fmt::format("{}: {}; params get values behind --\n", flow_program_v1.name, of_program.status().message()));
  }
  return Tests(env, std::move(*flags), of_program->params).run();
}

} // namespace
} // namespace flow::runtime

int main(int argc, char** argv) { return flow::runtime::main_of_tests(argc, argv); }
