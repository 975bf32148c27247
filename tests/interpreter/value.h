// Values as the interpreter holds them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace flow::interpreter {

/// Of a scalar kind, which the expression knows: integers, bool, enum index, date (days), timestamp and duration (us)
/// in `integer` (u64 by its bits), f32 and f64 in `real`, texts in `text`.
struct Value {
  bool is_null = false;
  int64_t integer = 0;
  double real = 0;
  std::string text;
};

using Row = std::vector<Value>;
/// Nothing where the evaluation failed.
using Evaluated = std::optional<Value>;

inline Value null_value() { return {.is_null = true}; }
inline Value of_integer(int64_t value) { return {.integer = value}; }
inline Value of_bool(bool value) { return {.integer = value ? 1 : 0}; }
inline Value of_real(double value) { return {.real = value}; }
inline Value of_text(std::string text) { return {.text = std::move(text)}; }

} // namespace flow::interpreter
