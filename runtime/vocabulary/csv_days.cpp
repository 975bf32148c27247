// The slow path of dates in marked CSV records: a date other than the last one.
#include "runtime/base/text.h"
#include "runtime/vocabulary/csv.h"

int64_t flow_rt_csv_days(const char* data) {
  auto days = flow::runtime::parse_date({data, 10});
  return days ? *days : INT64_MIN;
}
