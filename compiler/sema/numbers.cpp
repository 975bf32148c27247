#include "compiler/sema/numbers.h"

#include <fmt/core.h>

namespace flow::sema {

namespace {

bool is_integer(Kind kind) { return kind >= Kind::I8 && kind <= Kind::U64; }
bool is_float(Kind kind) { return kind == Kind::F32 || kind == Kind::F64; }
bool is_number(Kind kind) { return is_integer(kind) || is_float(kind); }
bool is_signed(Kind kind) { return kind <= Kind::I64; }
unsigned bits_of(Kind kind) { return 8 * size_of(kind); }

/// i64 itself and what is an i64 of microseconds.
bool is_micros(Kind kind) { return kind == Kind::I64 || kind == Kind::TIMESTAMP || kind == Kind::DURATION; }

/// Bits of an integer that the float keeps exactly.
unsigned exact_bits(Kind kind) { return kind == Kind::F32 ? 24 : 53; }

} // namespace

Wide least_of(Kind kind) { return is_signed(kind) ? -(Wide{1} << (bits_of(kind) - 1)) : 0; }

Wide greatest_of(Kind kind) { return (Wide{1} << (is_signed(kind) ? bits_of(kind) - 1 : bits_of(kind))) - 1; }

bool holds(Kind kind, Wide value) { return value >= least_of(kind) && value <= greatest_of(kind); }

bool widens(Kind from, Kind to) {
  if (!is_number(from) || !is_number(to)) return false;
  if (from == to) return true;
  if (is_float(from)) return to == Kind::F64;
  if (is_float(to)) return bits_of(from) - (is_signed(from) ? 1 : 0) <= exact_bits(to);
  return least_of(from) >= least_of(to) && greatest_of(from) <= greatest_of(to);
}

bool is_lossless(Kind from, Kind to) { return from == to || widens(from, to) || (is_micros(from) && is_micros(to)); }

bool is_cast(Kind from, Kind to) {
  if (from >= Kind::RECORD || to >= Kind::RECORD) return false;
  if (to == Kind::STRING) return from != Kind::BYTES;
  if (from == Kind::STRING) return to != Kind::BYTES && to != Kind::ENUM;
  return from == to || (is_number(from) && is_number(to)) || (is_micros(from) && is_micros(to));
}

std::string duration_text(int64_t micros) {
  if (micros == 0) return "0s";
  constexpr std::pair<int64_t, const char*> units[] = {{86'400'000'000, "d"}, {3'600'000'000, "h"}, {60'000'000, "min"},
                                                       {1'000'000, "s"},      {1'000, "ms"},        {1, "us"}};
  for (const auto& [size, unit] : units) {
    if (micros % size == 0) return fmt::format("{}{}", micros / size, unit);
  }
  return {};
}

} // namespace flow::sema
