// The command line of flowc as one struct.
#pragma once

#include <string>
#include <vector>

namespace flow::driver {

enum class Command { build, run, check, explain, state_list, state_show, test };
enum class Emit { none, ast, typed, graph, plan, layout, llvm, assembly, object };
enum class GraphFormat { text, dot, svg };

struct Options {
  Command command = Command::build;
  std::string program; // path of the .flow file
  std::string output;  // -o; empty: the program's name
  Emit emit = Emit::none;
  unsigned optimisation = 2;
  std::string target_cpu = "x86-64-v2";
  std::vector<std::string> disabled_passes;
  bool keep_debug_info = false;           // -g
  bool times = false;                     // --time
  bool shared = false;                    // --shared
  GraphFormat format = GraphFormat::text; // of explain
  std::vector<std::string> job_arguments; // of run and test: what stands after --
  std::string against;                    // of check: a checkpoint, or what holds them
  std::string filter;                     // of test; empty: all
  uint64_t seeds = 0;                     // of test: 1 to so many
  uint64_t seed = 0;                      // of test: this one alone, if it is not 0
  bool is_one_of_many = false;            // of test: a program of a folder
  std::string folder;                     // of state: a checkpoint, or what holds them
  std::string cell;                       // of state show
  bool as_json = false;                   // of state show
  bool shows_state = false;               // --state of explain
};

/// Parses the command line. False: the program is to end with `exit_code` (help was shown, or usage was wrong and
/// said).
bool parse_options(int argc, char** argv, Options& options, int& exit_code);

} // namespace flow::driver
