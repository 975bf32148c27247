// Key groups: the unit in which keyed state moves between tasks. A stable hash belongs to one of `count` groups for the
// life of a job; a task owns a range of groups, which depends on how many tasks there are.
#pragma once

#include <cstdint>

namespace flow::runtime {

constexpr uint32_t key_groups_default = 128;
constexpr uint32_t key_groups_max = 32'768;

// Multiply-shift: the group grows with the hash.
constexpr uint32_t group_of_hash(uint64_t hash, uint32_t group_count) {
  return static_cast<uint32_t>((static_cast<unsigned __int128>(hash) * group_count) >> 64);
}

// The task that owns a group. REQUIRES: group < group_count, tasks <= group_count.
constexpr uint32_t task_of_group(uint32_t group, uint32_t group_count, uint32_t tasks) {
  return static_cast<uint32_t>(uint64_t{group} * tasks / group_count);
}

struct GroupRange {
  uint32_t first = 0;
  uint32_t end = 0;
};

constexpr GroupRange groups_of_task(uint32_t task, uint32_t group_count, uint32_t tasks) {
  auto first_of = [&](uint64_t number) { return static_cast<uint32_t>((number * group_count + tasks - 1) / tasks); };
  return {first_of(task), first_of(uint64_t{task} + 1)};
}

}  // namespace flow::runtime
