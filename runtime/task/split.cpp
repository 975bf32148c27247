#include "runtime/task/split.h"

#include <algorithm>
#include <utility>

#include "runtime/abi/flow_program.h"

namespace flow::runtime {

Split::Split(std::string split_name, uint32_t split_index, uint32_t split_count, int64_t split_cursor)
    : FlowSplit{}, name(std::move(split_name)), cursor(split_cursor) {
  newest = pending = taken = told = INT64_MIN;
  index = split_index;
  splits = split_count;
}

void Split::set_watermark_rule(uint32_t kind, int64_t lag_us) {
  has_watermark = kind != FLOW_WATERMARK_NONE;
  lag = std::max<int64_t>(0, lag_us);
}

} // namespace flow::runtime
