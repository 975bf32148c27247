// A FaultPlan says which calls to an Env fail, and how; it also counts the calls. The simulated Env asks one, and
// FaultyEnv puts one before any Env.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/random.h"
#include "runtime/env/operation.h"

namespace flow::runtime {

struct Fault {
  static constexpr uint64_t for_ever = std::numeric_limits<uint64_t>::max();
  static constexpr uint64_t nothing = 0;

  Operation operation = Operation::write;
  std::string path_part = ""; // only calls whose path contains this
  uint64_t first = 1;         // the first matching call that fails, counted from 1
  uint64_t times = 1;         // how many fail from there on
  uint64_t one_in = 1;        // of those, chosen at random
  int os_error = 5;           // EIO. 0, for reads: no failure, only fewer bytes than asked for
  uint64_t bytes = nothing;   // of a read or write, how many get through before it fails or ends
};

// What happens to one call.
struct FaultHit {
  int os_error = 0;
  uint64_t bytes = 0;
};

// Safe to use from several threads.
class FaultPlan {
public:
  explicit FaultPlan(uint64_t seed = 0) : random_(seed) {}

  void add(Fault fault);
  // Every change under paths with `path_part` fails with EROFS.
  void make_read_only(const std::string& path_part);
  // From now on nothing more fits under paths with `path_part`: ENOSPC.
  void fill_disk(const std::string& path_part);
  // No more faults; the counts stay.
  void clear();

  // Counts a call and says what goes wrong with it. The first fault added that matches wins.
  std::optional<FaultHit> on_call(Operation operation, std::string_view path);

  uint64_t calls(Operation operation) const;
  uint64_t hits() const; // calls that were interfered with

private:
  struct Rule {
    Fault fault;
    uint64_t seen = 0;
  };

  mutable std::mutex mutex_;
  std::vector<Rule> rules_;
  std::array<uint64_t, operation_count> calls_{};
  uint64_t hits_ = 0;
  Random random_;
};

} // namespace flow::runtime
