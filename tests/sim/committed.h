// What a reader of the output folders sees on the simulated disk.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "runtime/env/sim_env.h"
#include "tests/sim/sim_driver.h"

namespace flow::sim {

// Committed files by path, with their bytes. Everything named part-… outside of folders that begin with a dot.
using Committed = std::map<std::string, std::string>;

Committed read_committed(runtime::SimMachine& machine);
Lines lines_of(const Committed& committed);

// The observer: once seen, always there. Empty, or what has changed.
class Observer {
public:
  std::string look(const Committed& now);

private:
  Committed seen_;
};

// Files that no finished job leaves behind; empty, or what is there.
std::string left_overs(runtime::SimMachine& machine, const std::string& checkpoints);

} // namespace flow::sim
