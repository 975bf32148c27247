#include "tests/interpreter/numbers.h"

#include <cmath>
#include <limits>

#include "runtime/base/text.h"

namespace flow::interpreter {

using sema::Kind;

namespace {

bool is_unsigned(Kind kind) { return kind >= Kind::U8 && kind <= Kind::U64; }
bool is_float(Kind kind) { return kind == Kind::F32 || kind == Kind::F64; }
unsigned bits_of(Kind kind) { return 8 * sema::size_of(kind); }

Evaluated maybe(auto parsed) {
  if (!parsed) return std::nullopt;
  return of_integer(static_cast<int64_t>(*parsed));
}

template <typename Write> std::string written(Write write) {
  char buffer[runtime::text_bytes_max];
  return {buffer, write(buffer)};
}

} // namespace

Wide wide_of(const Value& value, Kind kind) {
  return kind == Kind::U64 ? static_cast<Wide>(static_cast<uint64_t>(value.integer)) : value.integer;
}

Evaluated fitting(Wide value, Kind kind) {
  unsigned bits = bits_of(kind);
  Wide least = is_unsigned(kind) ? 0 : -(Wide{1} << (bits - 1));
  Wide greatest = (Wide{1} << (is_unsigned(kind) ? bits : bits - 1)) - 1;
  if (value < least || value > greatest) return std::nullopt;
  return of_integer(static_cast<int64_t>(static_cast<uint64_t>(value)));
}

Evaluated converted(const Value& value, Kind from, Kind to) {
  if (is_float(from) && is_float(to)) return of_real(to == Kind::F32 ? static_cast<float>(value.real) : value.real);
  if (is_float(from)) {
    double whole = std::trunc(value.real);
    if (std::isnan(whole) || std::fabs(whole) > std::ldexp(1.0, 100)) return std::nullopt;
    return fitting(static_cast<Wide>(whole), to);
  }
  Wide whole = wide_of(value, from);
  if (to == Kind::F32) return of_real(static_cast<float>(whole));
  if (to == Kind::F64) return of_real(static_cast<double>(whole));
  return fitting(whole, to);
}

Evaluated parsed(std::string_view text, Kind kind) {
  switch (kind) {
  case Kind::BOOL: return maybe(runtime::parse_bool(text));
  case Kind::TIMESTAMP: return maybe(runtime::parse_timestamp(text));
  case Kind::DATE: return maybe(runtime::parse_date(text));
  case Kind::DURATION: return maybe(runtime::parse_duration(text));
  case Kind::U8:
  case Kind::U16:
  case Kind::U32:
  case Kind::U64: {
    std::optional<uint64_t> value = runtime::parse_u64(text);
    return value ? fitting(*value, kind) : std::nullopt;
  }
  case Kind::F32: {
    std::optional<float> value = runtime::parse_f32(text);
    return value ? Evaluated(of_real(*value)) : std::nullopt;
  }
  case Kind::F64: {
    std::optional<double> value = runtime::parse_f64(text);
    return value ? Evaluated(of_real(*value)) : std::nullopt;
  }
  default: {
    std::optional<int64_t> value = runtime::parse_i64(text);
    return value ? fitting(*value, kind) : std::nullopt;
  }
  }
}

std::string text_of(const Value& value, sema::Type type) {
  switch (type.kind) {
  case Kind::BOOL: return value.integer != 0 ? "true" : "false";
  case Kind::U64:
    return written([&](char* to) { return runtime::write_u64(to, static_cast<uint64_t>(value.integer)); });
  case Kind::F32: return written([&](char* to) { return runtime::write_f32(to, static_cast<float>(value.real)); });
  case Kind::F64: return written([&](char* to) { return runtime::write_f64(to, value.real); });
  case Kind::TIMESTAMP: return written([&](char* to) { return runtime::write_timestamp(to, value.integer); });
  case Kind::DURATION: return written([&](char* to) { return runtime::write_duration(to, value.integer); });
  case Kind::DATE:
    return written([&](char* to) { return runtime::write_date(to, static_cast<int32_t>(value.integer)); });
  case Kind::ENUM: return std::string(type.enumeration->texts[static_cast<size_t>(value.integer)]);
  case Kind::STRING: return value.text;
  default: return written([&](char* to) { return runtime::write_i64(to, value.integer); });
  }
}

} // namespace flow::interpreter
