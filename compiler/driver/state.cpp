#include "compiler/driver/state.h"

#include <cstdio>

#include <fmt/core.h>

#include "compiler/driver/exit_codes.h"
#include "runtime/env/posix_env.h"
#include "runtime/saved/show.h"

namespace flow::driver {

namespace {

int told(const runtime::Status& status) {
  if (status.is_ok()) return exit_ok;
  fmt::print(stderr, "flowc: {}\n", status.message());
  return status.code() == runtime::ExitCode::usage ? exit_usage : exit_no_file;
}

} // namespace

int show_state(const Options& options) {
  runtime::PosixEnv env;
  auto print = [&](std::string_view text) { return env.console_write(runtime::Console::out, text); };
  if (options.command == Command::state_show) {
    runtime::ShowFormat format = options.as_json ? runtime::ShowFormat::json : runtime::ShowFormat::csv;
    return told(runtime::show_state(env, options.folder, options.cell, format, print));
  }
  runtime::Result<std::string> list = runtime::list_states(env, options.folder);
  return told(list.is_ok() ? print(*list) : list.status());
}

} // namespace flow::driver
