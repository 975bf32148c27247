// flowc: reads the command line and runs one command.
#include "compiler/driver/compile.h"
#include "compiler/driver/options.h"

int main(int argc, char** argv) {
  flow::driver::Options options;
  int exit_code = 0;
  if (!flow::driver::parse_options(argc, argv, options, exit_code)) return exit_code;
  return flow::driver::run_command(options);
}
