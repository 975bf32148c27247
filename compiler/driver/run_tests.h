// `flowc test`: what is run, and what its exit code is.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "compiler/driver/options.h"

namespace flow::driver {

/// Runs an executable that `flowc test` has made, which then is gone, and returns its exit code.
int run_tests(const std::string& executable, const Options& options);

/// The programs in a folder and below it, by name. Nothing and `problem` when it cannot be read.
std::vector<std::string> programs_in(const std::string& folder, std::string& problem);

/// Runs `test` for each program of the folder that `options` name, and tells how many had failures. `test` gives
/// exit_no_tests for a program without tests, which is passed over.
int test_folder(const Options& options, const std::function<int(const Options&)>& test);

} // namespace flow::driver
