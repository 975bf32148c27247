// Object to executable: LLD in this process, against the link inputs that lie beside flowc. No other program runs.
#pragma once

#include <string>

namespace flow::driver {

struct LinkJob {
  std::string object; // path
  std::string output; // path
  std::string inputs; // folder of link inputs: lib/flow beside the folder of flowc
  bool shared = false;
  bool runs_tests = false; // of the program; it is no job then
  bool keep_debug_info = false;
};

/// Returns what went wrong, or an empty text.
std::string link(const LinkJob& job);

/// lib/flow, found from the place of the running executable.
std::string link_inputs_folder();

} // namespace flow::driver
