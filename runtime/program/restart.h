// `--restart on-failure=N,delay=D`: a job that fails is opened again in the same process, from its newest checkpoint.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/base/status.h"

namespace flow::runtime {

struct RestartPolicy {
  uint32_t times = 0;           // in a row, without a checkpoint between; 0: never
  int64_t delay_us = 1'000'000; // before the first; twice as long before each that follows

  bool is_on() const { return times > 0; }
  // Before restart `number`, counted from 1; at most five minutes, but no less than the first.
  int64_t delay_before(uint32_t number) const;
};

// Empty, or what is wrong: "no", "on-failure", "on-failure=5", "on-failure=5,delay=2s".
std::string parse_restart(std::string_view text, RestartPolicy& policy);

// Whether trying again may help: the disk, the network, or a mistake of ours; not bad data, which is still there, and
// nothing that the start itself refused.
bool may_pass(ExitCode code);

} // namespace flow::runtime
