// `flowc state`: checkpoints and savepoints, read by what they say of themselves.
#pragma once

#include "compiler/driver/options.h"
#include "runtime/saved/schema.h"

namespace flow::driver {

/// `check --against`: prints how each part of a checkpoint's state fits the program's. Gives the exit code: whether it
/// does without a loss.
int check_against(const runtime::Schema& program, const std::string& folder);

/// Runs `state list` or `state show`. Gives the exit code.
int show_state(const Options& options);

} // namespace flow::driver
