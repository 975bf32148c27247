// Values of literals from their text. Each returns nothing, or why not, when the text is no such value or does not fit.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace flow::lang {

/// A value, or a sentence that says why there is none.
template <typename T> struct Read {
  std::optional<T> value;
  std::string problem = {};
};

/// `1_000`, `0x1F`.
Read<uint64_t> read_integer(std::string_view text);
/// `0.5`, `1e-9`, without `_`.
Read<double> read_float(std::string_view text);
/// `1h30min`, in microseconds; units us ms s min h d w.
Read<int64_t> read_duration(std::string_view text);

struct Instant {
  int64_t micros;
  bool is_date;
};
/// `2020-01-01`, `2020-01-01T12:00:00.5Z`, `2020-01-01T12:00+02:00`.
Read<Instant> read_instant(std::string_view text);

} // namespace flow::lang
