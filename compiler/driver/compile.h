// A command from beginning to end: the route from text to executable, each stage timed, printable, stoppable.
#pragma once

#include "compiler/driver/options.h"

namespace flow::driver {

/// Returns the exit code; messages go to standard error, what was asked for to standard output or the file.
int run_command(const Options& options);

} // namespace flow::driver
