// `flowc state`: checkpoints and savepoints, read by what they say of themselves.
#pragma once

#include "compiler/driver/options.h"

namespace flow::driver {

/// Runs `state list` or `state show`. Gives the exit code.
int show_state(const Options& options);

} // namespace flow::driver
