// flowc: reads the command line and runs one command.
#include "compiler/driver/compile.h"
#include "compiler/driver/options.h"
#include "compiler/driver/state.h"

int main(int argc, char** argv) {
  flow::driver::Options options;
  int exit_code = 0;
  if (!flow::driver::parse_options(argc, argv, options, exit_code)) return exit_code;
  bool is_state =
      options.command == flow::driver::Command::state_list || options.command == flow::driver::Command::state_show;
  return is_state ? flow::driver::show_state(options) : flow::driver::run_command(options);
}
