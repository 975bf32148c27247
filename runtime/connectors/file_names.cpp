#include "runtime/connectors/file_names.h"

#include <fmt/format.h>

#include <vector>

#include "runtime/base/text.h"

namespace flow::runtime {
namespace {

// The numbers of "1-2-3"; nothing if it is not `count` of them.
std::optional<std::vector<uint64_t>> numbers_of(std::string_view text, size_t count) {
  std::vector<uint64_t> numbers;
  while (numbers.size() < count) {
    size_t dash = text.find('-');
    std::optional<uint64_t> number = parse_u64(text.substr(0, dash));
    if (!number) return std::nullopt;
    numbers.push_back(*number);
    if (dash == std::string_view::npos) break;
    text.remove_prefix(dash + 1);
    if (numbers.size() == count) return std::nullopt;
  }
  if (numbers.size() != count) return std::nullopt;
  return numbers;
}

} // namespace

std::string FileNames::staged(uint64_t attempt, uint64_t epoch, uint32_t task, uint64_t number) const {
  return fmt::format("{}-{}-{}-{}-{}{}", job_id, attempt, epoch, task, number, tail());
}

// With zeros in front, so that a listing is in the order of epochs.
std::string FileNames::committed(uint64_t epoch, uint32_t task) const {
  return fmt::format("part-{:06}-{:03}{}", epoch, task, tail());
}

std::string FileNames::marker() const { return suffix.empty() ? "commit" : "commit-" + suffix; }

std::string FileNames::lock() const { return suffix.empty() ? "lock" : "lock-" + suffix; }

std::optional<uint64_t> FileNames::attempt_of(std::string_view name) const {
  std::string start = job_id + "-", end = tail();
  if (!name.starts_with(start) || !name.ends_with(end) || name.size() < start.size() + end.size()) return std::nullopt;
  name.remove_prefix(start.size());
  auto numbers = numbers_of(name.substr(0, name.size() - end.size()), 4);
  return numbers ? std::optional(numbers->front()) : std::nullopt;
}

std::optional<uint64_t> FileNames::epoch_of(std::string_view name) const {
  constexpr std::string_view start = "part-";
  std::string end = tail();
  if (!name.starts_with(start) || !name.ends_with(end) || name.size() < start.size() + end.size()) {
    return std::nullopt;
  }
  name.remove_prefix(start.size());
  auto numbers = numbers_of(name.substr(0, name.size() - end.size()), 2);
  return numbers ? std::optional(numbers->front()) : std::nullopt;
}

std::string FileNames::tail() const { return (suffix.empty() ? "" : "-" + suffix) + "." + extension; }

} // namespace flow::runtime
