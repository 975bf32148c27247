// Key groups: the unit in which keyed state is stored and given to tasks. Their number is fixed at a job's first start;
// a hash belongs to the group that multiply-shift gives (its top bits scaled to the number of groups), a task owns a
// contiguous range. So a row's destination follows from its hash, the number of groups and the parallelism alone.
#pragma once

#include <cstdint>

#include "runtime/base/assert.h"
#include "runtime/base/group_limits.h"

namespace flow::runtime {

class KeyGroups {
public:
  explicit KeyGroups(uint32_t count) : count_(count) {
    FLOW_ASSERT(count > 0 && count <= group_count_max, "the number of key groups is within its limits");
  }

  uint32_t count() const { return count_; }
  uint32_t group_of(uint64_t hash) const {
    return static_cast<uint32_t>((static_cast<unsigned __int128>(hash) * count_) >> 64);
  }
  // REQUIRES: group < count(), 0 < parallelism.
  uint32_t task_of(uint32_t group, uint32_t parallelism) const {
    return static_cast<uint32_t>(uint64_t{group} * parallelism / count_);
  }

private:
  uint32_t count_;
};

} // namespace flow::runtime
