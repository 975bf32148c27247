#include "compiler/driver/run_tests.h"

#include <algorithm>

#include <fmt/core.h>

#include "compiler/driver/exit_codes.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"

namespace flow::driver {

namespace {

std::vector<std::string> arguments_of(const Options& options) {
  std::vector<std::string> arguments = {llvm::sys::path::stem(options.program).str()};
  if (!options.filter.empty()) arguments.insert(arguments.end(), {"--filter", options.filter});
  if (options.seeds > 0) arguments.insert(arguments.end(), {"--seeds", std::to_string(options.seeds)});
  if (options.seed > 0) arguments.insert(arguments.end(), {"--seed", std::to_string(options.seed)});
  arguments.emplace_back("--");
  arguments.insert(arguments.end(), options.job_arguments.begin(), options.job_arguments.end());
  return arguments;
}

/// Of several programs: what is worst, by how much is known then.
int worse_of(int one, int other) {
  constexpr int order[] = {exit_no_tests, exit_ok, exit_tests_failed, exit_wrong_program, exit_usage, exit_no_file};
  auto rank = [&](int code) { return std::ranges::find(order, code) - std::begin(order); };
  return rank(one) < rank(other) ? other : one;
}

} // namespace

int run_tests(const std::string& executable, const Options& options) {
  std::vector<std::string> arguments = arguments_of(options);
  std::vector<llvm::StringRef> words(arguments.begin(), arguments.end());
  std::string problem;
  int code = llvm::sys::ExecuteAndWait(executable, words, std::nullopt, {}, 0, 0, &problem);
  llvm::sys::fs::remove(executable);
  if (code >= 0) return code;
  fmt::print(stderr, "flowc: the tests of {} broke off{}{}\n", options.program, problem.empty() ? "" : ": ", problem);
  return exit_internal;
}

std::vector<std::string> programs_in(const std::string& folder, std::string& problem) {
  std::vector<std::string> programs;
  std::error_code failure;
  llvm::sys::fs::recursive_directory_iterator at(folder, failure), end;
  for (; !failure && at != end; at.increment(failure)) {
    if (llvm::sys::path::extension(at->path()) == ".flow") programs.push_back(at->path());
  }
  if (failure) problem = fmt::format("cannot read the folder {}: {}", folder, failure.message());
  std::ranges::sort(programs);
  return failure ? std::vector<std::string>() : programs;
}

int test_folder(const Options& options, const std::function<int(const Options&)>& test) {
  std::string problem;
  std::vector<std::string> programs = programs_in(options.program, problem);
  if (!problem.empty()) {
    fmt::print(stderr, "flowc: {}\n", problem);
    return exit_no_file;
  }
  int exit_code = exit_no_tests;
  size_t tested = 0, failed = 0;
  for (const std::string& program : programs) {
    Options one = options;
    one.program = program;
    one.is_one_of_many = true;
    int code = test(one);
    exit_code = worse_of(exit_code, code);
    tested += code != exit_no_tests;
    failed += code != exit_no_tests && code != exit_ok;
  }
  if (tested == 0) {
    fmt::print(stderr, "flowc: no program in {} declares a test{}\n", options.program,
               options.filter.empty() ? "" : " that --filter takes");
  } else {
    fmt::print("{}: {} programs with tests, {} of them with failures\n", options.program, tested, failed);
  }
  return exit_code;
}

} // namespace flow::driver
