/* The functions of stdlib/prelude.flow: `extern fn name(…)` is flow_fn_name here, or flow_fn_name_<kinds of its
 * arguments, joined by _> when several functions have the name. A test holds the two files together.
 *
 * How values are passed stands in vocabulary.h. A function that refuses its arguments calls flow_fail with the site
 * UINT32_MAX and returns zero. Strings that are made lie in the task's scratch memory. No function knows a locale, a
 * time zone, a clock or chance: the same arguments give the same result everywhere. */
#pragma once
#include "runtime/vocabulary/vocabulary.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- text: positions and lengths count characters (code points) ---- */
FlowView flow_fn_lower(FlowTask*, const char* text, uint64_t length);
FlowView flow_fn_upper(FlowTask*, const char* text, uint64_t length);
FlowView flow_fn_trim(FlowTask*, const char* text, uint64_t length);
int64_t flow_fn_length(FlowTask*, const char* text, uint64_t length);
uint8_t flow_fn_contains(FlowTask*, const char* text, uint64_t length, const char* part, uint64_t part_length);
uint8_t flow_fn_starts_with(FlowTask*, const char* text, uint64_t length, const char* part, uint64_t part_length);
uint8_t flow_fn_ends_with(FlowTask*, const char* text, uint64_t length, const char* part, uint64_t part_length);
FlowView flow_fn_substring(FlowTask*, const char* text, uint64_t length, int64_t start, int64_t count);
FlowView flow_fn_replace(FlowTask*, const char* text, uint64_t length, const char* part, uint64_t part_length,
                         const char* with, uint64_t with_length);
int64_t flow_fn_count_of(FlowTask*, const char* text, uint64_t length, const char* part, uint64_t part_length);
FlowMaybe flow_fn_index_of(FlowTask*, const char* text, uint64_t length, const char* part, uint64_t part_length);
FlowView flow_fn_reverse(FlowTask*, const char* text, uint64_t length);
FlowView flow_fn_repeat(FlowTask*, const char* text, uint64_t length, int64_t times);
FlowView flow_fn_pad_start(FlowTask*, const char* text, uint64_t length, int64_t width, const char* fill,
                           uint64_t fill_length);
FlowView flow_fn_pad_end(FlowTask*, const char* text, uint64_t length, int64_t width, const char* fill,
                         uint64_t fill_length);
/* regular expressions (RE2; linked only into programs that use them) */
uint8_t flow_fn_matches(FlowTask*, const char* text, uint64_t length, const char* pattern, uint64_t pattern_length);
FlowView flow_fn_group(FlowTask*, const char* text, uint64_t length, const char* pattern, uint64_t pattern_length,
                       int64_t number);

/* split(text, pattern), of which `unnest` makes a row per part: the parts are views into the text. */
typedef struct FlowSplitter FlowSplitter;
FlowSplitter* flow_rt_split_begin(FlowTask*, const char* text, uint64_t length, const char* pattern,
                                  uint64_t pattern_length);
uint8_t flow_rt_split_next(FlowSplitter*, FlowView* part); /* 0: no further part */

/* ---- time: UTC ---- */
int64_t flow_fn_year_timestamp(FlowTask*, int64_t time);
int64_t flow_fn_year_date(FlowTask*, int32_t date);
int64_t flow_fn_month_timestamp(FlowTask*, int64_t time);
int64_t flow_fn_month_date(FlowTask*, int32_t date);
int64_t flow_fn_day_timestamp(FlowTask*, int64_t time);
int64_t flow_fn_day_date(FlowTask*, int32_t date);
int64_t flow_fn_hour(FlowTask*, int64_t time);
int64_t flow_fn_minute(FlowTask*, int64_t time);
int64_t flow_fn_second(FlowTask*, int64_t time);
int64_t flow_fn_day_of_week_timestamp(FlowTask*, int64_t time);
int64_t flow_fn_day_of_week_date(FlowTask*, int32_t date);
int32_t flow_fn_date(FlowTask*, int64_t time);
int64_t flow_fn_timestamp(FlowTask*, int32_t date);
int64_t flow_fn_truncate(FlowTask*, int64_t time, int64_t step);
FlowView flow_fn_format(FlowTask*, int64_t time, const char* pattern, uint64_t pattern_length);
int64_t flow_fn_epoch_ms(FlowTask*, int64_t time);
int64_t flow_fn_from_epoch_ms(FlowTask*, int64_t ms);

/* ---- numbers ---- */
int64_t flow_fn_abs_i64(FlowTask*, int64_t);
double flow_fn_abs_f64(FlowTask*, double);
int64_t flow_fn_abs_duration(FlowTask*, int64_t);
int64_t flow_fn_min_i64_i64(FlowTask*, int64_t, int64_t);
double flow_fn_min_f64_f64(FlowTask*, double, double);
int64_t flow_fn_min_timestamp_timestamp(FlowTask*, int64_t, int64_t);
int64_t flow_fn_max_i64_i64(FlowTask*, int64_t, int64_t);
double flow_fn_max_f64_f64(FlowTask*, double, double);
int64_t flow_fn_max_timestamp_timestamp(FlowTask*, int64_t, int64_t);
int64_t flow_fn_sign_i64(FlowTask*, int64_t);
double flow_fn_sign_f64(FlowTask*, double);
double flow_fn_sqrt(FlowTask*, double);
double flow_fn_exp(FlowTask*, double);
double flow_fn_ln(FlowTask*, double);
double flow_fn_log10(FlowTask*, double);
double flow_fn_pow(FlowTask*, double, double);
double flow_fn_sin(FlowTask*, double);
double flow_fn_cos(FlowTask*, double);
double flow_fn_floor(FlowTask*, double);
double flow_fn_ceil(FlowTask*, double);
double flow_fn_round(FlowTask*, double);
uint8_t flow_fn_is_nan(FlowTask*, double);

/* ---- bits, for generators ---- */
int64_t flow_fn_hash64_i64(FlowTask*, int64_t);
int64_t flow_fn_hash64_string(FlowTask*, const char* text, uint64_t length);
int64_t flow_fn_wrapping_add(FlowTask*, int64_t, int64_t);
int64_t flow_fn_wrapping_sub(FlowTask*, int64_t, int64_t);
int64_t flow_fn_wrapping_mul(FlowTask*, int64_t, int64_t);
int64_t flow_fn_bit_and(FlowTask*, int64_t, int64_t);
int64_t flow_fn_bit_or(FlowTask*, int64_t, int64_t);
int64_t flow_fn_bit_xor(FlowTask*, int64_t, int64_t);
int64_t flow_fn_bit_not(FlowTask*, int64_t);
int64_t flow_fn_shift_left(FlowTask*, int64_t, int64_t);
int64_t flow_fn_shift_right(FlowTask*, int64_t, int64_t);
int64_t flow_fn_shift_right_logical(FlowTask*, int64_t, int64_t);

/* ---- not in the prelude: what casts and templates become ---- */
FlowView flow_fn_text_bool(FlowTask*, uint8_t);
FlowView flow_fn_text_i64(FlowTask*, int64_t); /* of every signed integer */
FlowView flow_fn_text_u64(FlowTask*, uint64_t);
FlowView flow_fn_text_f32(FlowTask*, float);
FlowView flow_fn_text_f64(FlowTask*, double);
FlowView flow_fn_text_timestamp(FlowTask*, int64_t);
FlowView flow_fn_text_date(FlowTask*, int32_t);
FlowView flow_fn_text_duration(FlowTask*, int64_t);
/* They fail with FLOW_FAIL_CAST unless the whole text is a value of the kind. */
uint8_t flow_fn_parse_bool(FlowTask*, const char* text, uint64_t length);
int8_t flow_fn_parse_i8(FlowTask*, const char* text, uint64_t length);
int16_t flow_fn_parse_i16(FlowTask*, const char* text, uint64_t length);
int32_t flow_fn_parse_i32(FlowTask*, const char* text, uint64_t length);
int64_t flow_fn_parse_i64(FlowTask*, const char* text, uint64_t length);
uint8_t flow_fn_parse_u8(FlowTask*, const char* text, uint64_t length);
uint16_t flow_fn_parse_u16(FlowTask*, const char* text, uint64_t length);
uint32_t flow_fn_parse_u32(FlowTask*, const char* text, uint64_t length);
uint64_t flow_fn_parse_u64(FlowTask*, const char* text, uint64_t length);
float flow_fn_parse_f32(FlowTask*, const char* text, uint64_t length);
double flow_fn_parse_f64(FlowTask*, const char* text, uint64_t length);
int64_t flow_fn_parse_timestamp(FlowTask*, const char* text, uint64_t length);
int32_t flow_fn_parse_date(FlowTask*, const char* text, uint64_t length);
int64_t flow_fn_parse_duration(FlowTask*, const char* text, uint64_t length);
FlowView flow_fn_parse_string(FlowTask*, const char* bytes, uint64_t length); /* bytes that must be UTF-8 */
FlowView flow_fn_parse_bytes(FlowTask*, const char* text, uint64_t length);   /* its UTF-8 */

#ifdef __cplusplus
}
#endif
