#include "compiler/sema/total_functions.h"

#include <algorithm>

namespace flow::sema {

namespace {

/// Those whose definitions in runtime/vocabulary do not even name the task, without which nothing can fail, or use it
/// for scratch memory alone; a test compares. To add one, write it here.
constexpr std::string_view functions[] = {
    "flow_fn_abs_f64",
    "flow_fn_min_i64_i64",
    "flow_fn_min_timestamp_timestamp",
    "flow_fn_max_i64_i64",
    "flow_fn_max_timestamp_timestamp",
    "flow_fn_min_f64_f64",
    "flow_fn_max_f64_f64",
    "flow_fn_sign_i64",
    "flow_fn_sign_f64",
    "flow_fn_sqrt",
    "flow_fn_floor",
    "flow_fn_ceil",
    "flow_fn_round",
    "flow_fn_is_nan",
    "flow_fn_hash64_i64",
    "flow_fn_hash64_string",
    "flow_fn_wrapping_add",
    "flow_fn_wrapping_sub",
    "flow_fn_wrapping_mul",
    "flow_fn_bit_and",
    "flow_fn_bit_or",
    "flow_fn_bit_xor",
    "flow_fn_bit_not",
    "flow_fn_shift_left",
    "flow_fn_shift_right",
    "flow_fn_shift_right_logical",
    "flow_fn_exp",
    "flow_fn_ln",
    "flow_fn_log10",
    "flow_fn_pow",
    "flow_fn_sin",
    "flow_fn_cos",
    "flow_fn_lower",
    "flow_fn_upper",
    "flow_fn_trim",
    "flow_fn_length",
    "flow_fn_contains",
    "flow_fn_starts_with",
    "flow_fn_ends_with",
    "flow_fn_substring",
    "flow_fn_count_of",
    "flow_fn_index_of",
    "flow_fn_year_timestamp",
    "flow_fn_year_date",
    "flow_fn_month_timestamp",
    "flow_fn_month_date",
    "flow_fn_day_timestamp",
    "flow_fn_day_date",
    "flow_fn_hour",
    "flow_fn_minute",
    "flow_fn_second",
    "flow_fn_day_of_week_timestamp",
    "flow_fn_day_of_week_date",
    "flow_fn_date",
    "flow_fn_epoch_ms",
};

} // namespace

bool is_total(std::string_view symbol) { return std::ranges::find(functions, symbol) != std::end(functions); }

std::span<const std::string_view> total_functions() { return functions; }

} // namespace flow::sema
