// With what flowc ends. `flowc run` ends with the job's own exit code once the job runs.
#pragma once

namespace flow::driver {

inline constexpr int exit_ok = 0;
inline constexpr int exit_wrong_program = 1; // the program has errors, all of them shown
inline constexpr int exit_usage = 2;         // the command line is wrong
inline constexpr int exit_no_file = 3;       // a file cannot be read or written
inline constexpr int exit_internal = 4;      // flowc itself is wrong
inline constexpr int exit_tests_failed = 5;  // of `flowc test`: a test failed
inline constexpr int exit_no_tests = 6;      // of `flowc test`: there is no test, or none that --filter takes

} // namespace flow::driver
