// Functions of the prelude that are a few instructions: times, numbers and bits. Compiled twice, like the hot half
// (hot.h).
#include "runtime/base/calendar.h"
#include "runtime/vocabulary/functions.h"
#include "runtime/vocabulary/hot.h"

// ---- time, in UTC ----

using namespace flow::runtime;

static constexpr int64_t us_per_minute = 60 * us_per_second;
static constexpr int64_t us_per_hour = 60 * us_per_minute;

// 1 Monday … 7 Sunday; day 0 was a Thursday.
static inline __attribute__((always_inline)) int64_t weekday_of(int64_t days) { return floor_mod(days + 3, 7) + 1; }

static inline __attribute__((always_inline)) int64_t refuse(FlowTask* task, FlowFailure failure) {
  flow_fail(task, UINT32_MAX, failure);
  return 0;
}

FLOW_HOT int64_t flow_fn_hour(FlowTask*, int64_t time) { return floor_mod(time, us_per_day) / us_per_hour; }
FLOW_HOT int64_t flow_fn_minute(FlowTask*, int64_t time) { return floor_mod(time, us_per_hour) / us_per_minute; }
FLOW_HOT int64_t flow_fn_second(FlowTask*, int64_t time) { return floor_mod(time, us_per_minute) / us_per_second; }
FLOW_HOT int64_t flow_fn_day_of_week_timestamp(FlowTask*, int64_t time) {
  return weekday_of(floor_div(time, us_per_day));
}
FLOW_HOT int64_t flow_fn_day_of_week_date(FlowTask*, int32_t date) { return weekday_of(date); }
// Every instant lies on a day that fits: 2^63 us are about 107 million days.
FLOW_HOT int32_t flow_fn_date(FlowTask*, int64_t time) { return static_cast<int32_t>(floor_div(time, us_per_day)); }

FLOW_HOT int64_t flow_fn_timestamp(FlowTask* task, int32_t date) {
  int64_t time;
  if (__builtin_mul_overflow(static_cast<int64_t>(date), us_per_day, &time)) return refuse(task, FLOW_FAIL_CAST);
  return time;
}

FLOW_HOT int64_t flow_fn_truncate(FlowTask* task, int64_t time, int64_t step) {
  if (step <= 0) return refuse(task, FLOW_FAIL_ARGUMENT);
  int64_t start;
  if (__builtin_sub_overflow(time, floor_mod(time, step), &start)) return refuse(task, FLOW_FAIL_OVERFLOW);
  return start;
}

FLOW_HOT int64_t flow_fn_epoch_ms(FlowTask*, int64_t time) { return floor_div(time, 1000); }
FLOW_HOT int64_t flow_fn_from_epoch_ms(FlowTask* task, int64_t ms) {
  int64_t time;
  if (__builtin_mul_overflow(ms, int64_t{1000}, &time)) return refuse(task, FLOW_FAIL_OVERFLOW);
  return time;
}

// ---- numbers ----

FLOW_HOT int64_t flow_fn_abs_i64(FlowTask* task, int64_t value) {
  if (FLOW_UNLIKELY(value == INT64_MIN)) {
    flow_fail(task, UINT32_MAX, FLOW_FAIL_OVERFLOW);
    return 0;
  }
  return value < 0 ? -value : value;
}
FLOW_HOT double flow_fn_abs_f64(FlowTask*, double value) { return __builtin_fabs(value); }
FLOW_HOT int64_t flow_fn_abs_duration(FlowTask* task, int64_t value) {
  if (FLOW_UNLIKELY(value == INT64_MIN)) {
    flow_fail(task, UINT32_MAX, FLOW_FAIL_OVERFLOW);
    return 0;
  }
  return value < 0 ? -value : value;
}

FLOW_HOT int64_t flow_fn_min_i64_i64(FlowTask*, int64_t a, int64_t b) { return b < a ? b : a; }
FLOW_HOT int64_t flow_fn_min_timestamp_timestamp(FlowTask*, int64_t a, int64_t b) { return b < a ? b : a; }
FLOW_HOT int64_t flow_fn_max_i64_i64(FlowTask*, int64_t a, int64_t b) { return b > a ? b : a; }
FLOW_HOT int64_t flow_fn_max_timestamp_timestamp(FlowTask*, int64_t a, int64_t b) { return b > a ? b : a; }
// Not a number if one of them is not.
FLOW_HOT double flow_fn_min_f64_f64(FlowTask*, double a, double b) { return b < a || b != b ? b : a; }
FLOW_HOT double flow_fn_max_f64_f64(FlowTask*, double a, double b) { return b > a || b != b ? b : a; }

FLOW_HOT int64_t flow_fn_sign_i64(FlowTask*, int64_t value) { return (value > 0) - (value < 0); }
FLOW_HOT double flow_fn_sign_f64(FlowTask*, double value) { return value > 0 ? 1.0 : value < 0 ? -1.0 : value; }

FLOW_HOT double flow_fn_sqrt(FlowTask*, double value) { return __builtin_sqrt(value); }
FLOW_HOT double flow_fn_floor(FlowTask*, double value) { return __builtin_floor(value); }
FLOW_HOT double flow_fn_ceil(FlowTask*, double value) { return __builtin_ceil(value); }
FLOW_HOT double flow_fn_round(FlowTask*, double value) { return __builtin_round(value); }
FLOW_HOT uint8_t flow_fn_is_nan(FlowTask*, double value) { return value != value; }

// ---- bits ----

FLOW_HOT int64_t flow_fn_hash64_i64(FlowTask*, int64_t value) {
  return static_cast<int64_t>(flow_hash_i64(static_cast<uint64_t>(value)));
}
FLOW_HOT int64_t flow_fn_hash64_string(FlowTask*, const char* text, uint64_t length) {
  return static_cast<int64_t>(flow_hash_bytes(text, length));
}

FLOW_HOT int64_t flow_fn_wrapping_add(FlowTask*, int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
}
FLOW_HOT int64_t flow_fn_wrapping_sub(FlowTask*, int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) - static_cast<uint64_t>(b));
}
FLOW_HOT int64_t flow_fn_wrapping_mul(FlowTask*, int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
}
FLOW_HOT int64_t flow_fn_bit_and(FlowTask*, int64_t a, int64_t b) { return a & b; }
FLOW_HOT int64_t flow_fn_bit_or(FlowTask*, int64_t a, int64_t b) { return a | b; }
FLOW_HOT int64_t flow_fn_bit_xor(FlowTask*, int64_t a, int64_t b) { return a ^ b; }
FLOW_HOT int64_t flow_fn_bit_not(FlowTask*, int64_t a) { return ~a; }
FLOW_HOT int64_t flow_fn_shift_left(FlowTask*, int64_t a, int64_t bits) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) << (bits & 63));
}
FLOW_HOT int64_t flow_fn_shift_right(FlowTask*, int64_t a, int64_t bits) { return a >> (bits & 63); }
FLOW_HOT int64_t flow_fn_shift_right_logical(FlowTask*, int64_t a, int64_t bits) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) >> (bits & 63));
}
