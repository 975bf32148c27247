#include "runtime/program/restart.h"

#include <algorithm>

#include "runtime/base/text.h"

namespace flow::runtime {
namespace {

constexpr int64_t delay_max_us = int64_t{300} * 1'000'000;
constexpr uint32_t times_default = 3;
constexpr uint32_t times_max = 1'000'000;
constexpr std::string_view form = "give no, on-failure, or on-failure=5,delay=1s";

} // namespace

int64_t RestartPolicy::delay_before(uint32_t number) const {
  int64_t delay_us = this->delay_us;
  for (uint32_t i = 1; i < number && delay_us < delay_max_us; ++i) delay_us *= 2;
  return std::min(delay_us, std::max(delay_max_us, this->delay_us));
}

std::string parse_restart(std::string_view text, RestartPolicy& policy) {
  policy = {};
  if (text == "no") return {};
  constexpr std::string_view head = "on-failure", delay = ",delay=";
  if (!text.starts_with(head)) return std::string(form);
  text.remove_prefix(head.size());
  policy.times = times_default;
  size_t comma = std::min(text.find(','), text.size());
  std::string_view times = text.substr(0, comma), rest = text.substr(comma);
  if (!times.empty()) {
    std::optional<uint64_t> number = times.starts_with('=') ? parse_u64(times.substr(1)) : std::nullopt;
    if (!number || *number < 1 || *number > times_max) return std::string(form);
    policy.times = static_cast<uint32_t>(*number);
  }
  if (rest.empty()) return {};
  std::optional<int64_t> us = rest.starts_with(delay) ? parse_duration(rest.substr(delay.size())) : std::nullopt;
  if (!us || *us < 0 || *us > int64_t{24} * 3600 * 1'000'000) return std::string(form);
  policy.delay_us = *us;
  return {};
}

bool may_pass(ExitCode code) {
  return code == ExitCode::internal_error || code == ExitCode::input_missing || code == ExitCode::output_failed;
}

} // namespace flow::runtime
