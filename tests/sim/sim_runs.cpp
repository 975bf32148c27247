#include "tests/sim/sim_runs.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <cstring>
#include <optional>
#include <string_view>

#include "runtime/base/text.h"

namespace flow::sim {
namespace {

using runtime::Canaries;

struct NamedCanary {
  const char* name;
  bool Canaries::* mistake;
};
constexpr NamedCanary canaries[] = {
    {"missing-fsync", &Canaries::skips_fsync_of_output},
    {"commit-before-manifest", &Canaries::commits_before_manifest},
    {"watermark-not-restored", &Canaries::forgets_watermarks},
    {"barrier-ahead-of-watermark", &Canaries::barrier_overtakes_watermark},
    {"wrong-key-group", &Canaries::sends_to_wrong_group},
    {"staging-forgotten", &Canaries::forgets_staging},
};

// An assertion that fails ends the process: then at least the seed is known.
char running[200];
void tell_running(int) {
  (void)!write(STDERR_FILENO, running, strlen(running));
  signal(SIGABRT, SIG_DFL);
  abort();
}

void note_running(const SimCase& simulated, uint64_t seed) {
  auto end =
      fmt::format_to_n(running, sizeof(running) - 1, "in the simulation of {} with --seed {}\n", simulated.name, seed);
  *end.out = '\0';
}

struct Request {
  uint64_t seeds = 100;
  std::optional<uint64_t> seed;
  std::string only_case;
  const NamedCanary* canary = nullptr;
  bool all_canaries = false;
};

std::optional<Request> parse(int argc, char** argv) {
  Request request;
  for (int i = 1; i < argc; ++i) {
    std::string_view flag = argv[i];
    if (flag == "--canaries") {
      request.all_canaries = true;
      continue;
    }
    if (i + 1 == argc) return std::nullopt;
    std::string_view value = argv[++i];
    std::optional<uint64_t> number = runtime::parse_u64(value);
    if (flag == "--seeds" && number)
      request.seeds = *number;
    else if (flag == "--seed" && number)
      request.seed = *number;
    else if (flag == "--case")
      request.only_case = value;
    else if (flag == "--canary") {
      for (const NamedCanary& canary : canaries) {
        if (value == canary.name) request.canary = &canary;
      }
      if (request.canary == nullptr) return std::nullopt;
    } else
      return std::nullopt;
  }
  return request;
}

class Runs {
public:
  Runs(const std::vector<SimCase>& cases, const Request& request) : cases_(cases), request_(request) {}

  bool run_all() {
    bool is_right = true;
    if (request_.all_canaries) {
      for (const NamedCanary& canary : canaries) is_right = catches(canary) && is_right;
    } else if (request_.canary != nullptr) {
      is_right = catches(*request_.canary);
    } else {
      is_right = is_fault_free();
    }
    return is_right;
  }

private:
  bool is_chosen(const SimCase& simulated) const {
    return request_.only_case.empty() || request_.only_case == simulated.name;
  }

  std::optional<Lines> expected_of(const SimCase& simulated) {
    std::string problem;
    note_running(simulated, 0);
    Lines lines = run_without_faults(simulated, &problem);
    if (problem.empty() && !lines.empty()) return lines;
    fmt::print("{}: {}\n", simulated.name, problem.empty() ? "the program has no output" : problem);
    return std::nullopt;
  }

  // Every seed of every case is right, and everything that can go wrong did.
  bool is_fault_free() {
    bool is_right = true;
    SimCounts counts;
    for (const SimCase& simulated : cases_) {
      if (!is_chosen(simulated)) continue;
      std::optional<Lines> expected = expected_of(simulated);
      if (!expected) return false;
      uint64_t first = request_.seed.value_or(1), last = request_.seed.value_or(request_.seeds);
      int failed = 0;
      for (uint64_t seed = first; seed <= last && failed < 5; ++seed) {
        note_running(simulated, seed);
        std::string problem = run_seed(simulated, *expected, seed, {}, counts, request_.seed.has_value());
        if (problem.empty()) continue;
        ++failed;
        fmt::print("{} --case {} --seed {}: {}\n", "FAILED", simulated.name, seed, problem);
      }
      is_right = is_right && failed == 0;
    }
    fmt::print("{}\n", counts.text());
    if (request_.seed || counts.missing().empty()) return is_right;
    fmt::print("FAILED: these runs had no {}\n", counts.missing());
    return false;
  }

  bool catches(const NamedCanary& canary) {
    Canaries mistakes;
    mistakes.*canary.mistake = true;
    SimCounts counts;
    for (const SimCase& simulated : cases_) {
      if (!is_chosen(simulated)) continue;
      std::optional<Lines> expected = expected_of(simulated);
      if (!expected) return false;
      for (uint64_t seed = request_.seed.value_or(1); seed <= request_.seed.value_or(request_.seeds); ++seed) {
        note_running(simulated, seed);
        std::string problem = run_seed(simulated, *expected, seed, mistakes, counts, request_.seed.has_value());
        if (problem.empty()) continue;
        fmt::print("{} is caught, in {} with seed {}: {}\n", canary.name, simulated.name, seed, problem);
        return true;
      }
    }
    fmt::print("FAILED: {} is not caught ({})\n", canary.name, counts.text());
    return false;
  }

  const std::vector<SimCase>& cases_;
  const Request& request_;
};

} // namespace

int run_simulations(const std::vector<SimCase>& cases, int argc, char** argv) {
  std::optional<Request> request = parse(argc, argv);
  if (!request) {
    fmt::print(stderr, "usage: [--seeds N | --seed S] [--case NAME] [--canary NAME | --canaries]\n");
    return 2;
  }
  signal(SIGABRT, tell_running);
  return Runs(cases, *request).run_all() ? 0 : 1;
}

} // namespace flow::sim
