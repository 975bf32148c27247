// Functions of the prelude that are a few instructions: numbers and bits. Compiled twice, like the hot half (hot.h).
#include "runtime/vocabulary/functions.h"
#include "runtime/vocabulary/hot.h"

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
