#include "runtime/formats/value.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <limits>

#include "runtime/base/text.h"
#include "runtime/formats/base64.h"
#include "runtime/formats/nearest.h"
#include "runtime/formats/utf8.h"

namespace flow::runtime {
namespace {

struct Range {
  int64_t low;
  uint64_t high;
};

template <typename T> constexpr Range range_of_type() {
  return {static_cast<int64_t>(std::numeric_limits<T>::min()), static_cast<uint64_t>(std::numeric_limits<T>::max())};
}

Range range_of(FlowKind kind) {
  switch (kind) {
  case FLOW_I8: return range_of_type<int8_t>();
  case FLOW_I16: return range_of_type<int16_t>();
  case FLOW_I32: return range_of_type<int32_t>();
  case FLOW_U8: return range_of_type<uint8_t>();
  case FLOW_U16: return range_of_type<uint16_t>();
  case FLOW_U32: return range_of_type<uint32_t>();
  case FLOW_U64: return range_of_type<uint64_t>();
  default: return range_of_type<int64_t>();
  }
}

bool is_integer(FlowKind kind) { return kind >= FLOW_I8 && kind <= FLOW_U64; }

ValueFault fault_of(std::errc error) {
  return error == std::errc::result_out_of_range ? ValueFault::range : ValueFault::form;
}

std::string_view without_plus(std::string_view text) {
  bool is_signed = text.size() > 1 && text[0] == '+' && text[1] != '-' && text[1] != '+';
  return is_signed ? text.substr(1) : text;
}

template <typename T> ValueFault parse_number(std::string_view text, T* value) {
  text = without_plus(text);
  const char* end = text.data() + text.size();
  auto [stop, error] = std::from_chars(text.data(), end, *value);
  if (error == std::errc() && stop != end) return ValueFault::form;
  return error == std::errc() ? ValueFault::none : fault_of(error);
}

ValueFault parse_integer(FlowKind kind, std::string_view text, FlowCell* cell) {
  if (kind == FLOW_U64) {
    uint64_t value = 0;
    ValueFault fault = parse_number(text, &value);
    cell->value.i = static_cast<int64_t>(value);
    bool is_negative = fault == ValueFault::form && parse_i64(text).has_value();
    return is_negative ? ValueFault::range : fault;
  }
  int64_t value = 0;
  ValueFault fault = parse_number(text, &value);
  if (fault != ValueFault::none) return fault;
  Range range = range_of(kind);
  cell->value.i = value;
  bool is_inside = value >= range.low && (value < 0 || static_cast<uint64_t>(value) <= range.high);
  return is_inside ? ValueFault::none : ValueFault::range;
}

template <typename T> ValueFault parse_float(std::string_view text, FlowCell* cell) {
  T value = 0;
  ValueFault fault = parse_number(text, &value);
  // from_chars takes "nan(…)"; one spelling is enough.
  if (fault == ValueFault::none && text.back() == ')') return ValueFault::form;
  cell->value.f = static_cast<double>(value);
  return fault;
}

bool equals_ignoring_case(std::string_view text, std::string_view lower) {
  return std::equal(text.begin(), text.end(), lower.begin(), lower.end(),
                    [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + ('a' - 'A') : a) == b; });
}

ValueFault parse_flag(std::string_view text, bool is_lenient, FlowCell* cell) {
  auto is = [&](std::string_view word, std::string_view letter, std::string_view digit) {
    if (!is_lenient) return text == word;
    return equals_ignoring_case(text, word) || equals_ignoring_case(text, letter) || text == digit;
  };
  cell->value.i = is("true", "t", "1") ? 1 : 0;
  return cell->value.i == 1 || is("false", "f", "0") ? ValueFault::none : ValueFault::form;
}

template <typename T> ValueFault set_parsed(std::optional<T> value, FlowCell* cell) {
  if (!value) return ValueFault::form;
  cell->value.i = static_cast<int64_t>(*value);
  return ValueFault::none;
}

ValueFault parse_enum(const Field& field, std::string_view text, FlowCell* cell) {
  auto found = std::find(field.texts.begin(), field.texts.end(), text);
  cell->value.i = found - field.texts.begin();
  return found == field.texts.end() ? ValueFault::form : ValueFault::none;
}

ValueFault parse_timestamp_cell(std::string_view text, const ValueOptions& options, FlowCell* cell) {
  ValueFault fault = set_parsed(parse_timestamp(text), cell);
  if (fault == ValueFault::none || options.us_per_number == 0) return fault;
  return parse_timestamp_number(text, options.us_per_number, cell);
}

ValueFault parse_bytes(std::string_view text, Scratch& scratch, FlowCell* cell) {
  char* to = scratch.take(base64_decoded_bytes_max(text.size()));
  char* end = base64_decode(to, text);
  if (end == nullptr) return ValueFault::form;
  set_text(cell, {to, static_cast<size_t>(end - to)});
  return ValueFault::none;
}

std::string_view type_name(const Field& field) {
  return field.kind == FLOW_ENUM ? field.enum_name : kind_name(field.kind);
}

std::string describe_enum(const Field& field, std::string_view text) {
  constexpr size_t texts_max = 8;
  size_t shown = std::min(field.texts.size(), texts_max);
  std::string all = fmt::format("{}", fmt::join(field.texts.begin(), field.texts.begin() + shown, ", "));
  if (shown < field.texts.size()) all += ", …";
  std::string result = fmt::format("{} is not a value of {} ({})", quoted(text), field.enum_name, all);
  std::string_view nearest = nearest_name(text, field.texts);
  return nearest.empty() ? result : result + fmt::format("; did you mean {}?", quoted(nearest));
}

std::string_view expected_form(FlowKind kind) {
  switch (kind) {
  case FLOW_BOOL: return "a bool (true or false)";
  case FLOW_TIMESTAMP: return "a timestamp (such as 2001-01-31 10:00:00 or 2001-01-31T10:00:00Z)";
  case FLOW_DATE: return "a date (such as 2001-01-31)";
  case FLOW_DURATION: return "a duration (such as 1h30min)";
  case FLOW_BYTES: return "base64, as fields of type bytes are written";
  default: return "";
  }
}

std::string describe_form(const Field& field, std::string_view text) {
  if (field.kind == FLOW_ENUM) return describe_enum(field, text);
  std::string_view expected = expected_form(field.kind);
  if (!expected.empty()) return fmt::format("{} is not {}", quoted(text), expected);
  return fmt::format("{} is not a value of type {}", quoted(text), kind_name(field.kind));
}

std::string describe_range(const Field& field, std::string_view text) {
  if (!is_integer(field.kind)) return fmt::format("{} is out of range for {}", quoted(text), kind_name(field.kind));
  Range range = range_of(field.kind);
  return fmt::format("{} is out of range for {} ({} … {})", quoted(text), kind_name(field.kind), range.low, range.high);
}

Field typed_field(const FlowProgram& program, const char* name, uint32_t kind, uint32_t enum_type) {
  Field field;
  field.name = name;
  field.kind = static_cast<FlowKind>(kind);
  if (field.kind == FLOW_ENUM) {
    const FlowEnum& values = program.enums[enum_type];
    field.enum_name = values.name;
    field.texts.assign(values.texts, values.texts + values.count);
  }
  return field;
}

} // namespace

std::vector<Field> fields_of(const FlowProgram& program, const FlowConnector& connector) {
  std::vector<Field> fields;
  for (uint32_t i = 0; i < connector.field_count; ++i) {
    const FlowFormatField& from = connector.fields[i];
    Field field = typed_field(program, from.name, from.kind, from.enum_type);
    field.is_nullable = from.nullable != 0;
    field.is_needed = from.is_needed != 0;
    fields.push_back(std::move(field));
  }
  return fields;
}

Field field_of(const FlowProgram& program, const FlowParam& param) {
  return typed_field(program, param.name, param.kind, param.enum_type);
}

Result<int64_t> timestamp_unit_us(std::string_view unit) {
  if (unit.empty() || unit == "iso") return int64_t{0};
  if (unit == "s") return int64_t{1'000'000};
  if (unit == "ms") return int64_t{1'000};
  if (unit == "us") return int64_t{1};
  return Status(ExitCode::usage,
                fmt::format("the option timestamps is {}: give \"iso\", \"s\", \"ms\" or \"us\"", quoted(unit)));
}

ValueFault parse_value(const Field& field, std::string_view text, const ValueOptions& options, Scratch& scratch,
                       FlowCell* cell) {
  *cell = FlowCell{};
  switch (field.kind) {
  case FLOW_BOOL: return parse_flag(text, options.is_lenient, cell);
  case FLOW_I8:
  case FLOW_I16:
  case FLOW_I32:
  case FLOW_I64:
  case FLOW_U8:
  case FLOW_U16:
  case FLOW_U32:
  case FLOW_U64: return parse_integer(field.kind, text, cell);
  case FLOW_F32: return parse_float<float>(text, cell);
  case FLOW_F64: return parse_float<double>(text, cell);
  case FLOW_STRING: set_text(cell, text); return is_utf8(text) ? ValueFault::none : ValueFault::utf8;
  case FLOW_BYTES: return parse_bytes(text, scratch, cell);
  case FLOW_TIMESTAMP: return parse_timestamp_cell(text, options, cell);
  case FLOW_DATE: return set_parsed(parse_date(text), cell);
  case FLOW_DURATION: return set_parsed(parse_duration(text), cell);
  case FLOW_ENUM: return parse_enum(field, text, cell);
  case FLOW_KIND_COUNT: break;
  }
  FLOW_UNREACHABLE("a field has one of the kinds of kinds.def");
}

ValueFault parse_timestamp_number(std::string_view text, int64_t us_per_number, FlowCell* cell) {
  int64_t number = 0;
  ValueFault fault = parse_number(text, &number);
  if (fault != ValueFault::none) return fault;
  *cell = FlowCell{};
  return __builtin_mul_overflow(number, us_per_number, &cell->value.i) ? ValueFault::range : ValueFault::none;
}

void set_text(FlowCell* cell, std::string_view text) {
  *cell = FlowCell{};
  cell->value.s = text.data() == nullptr ? "" : text.data();
  cell->length = static_cast<uint32_t>(text.size());
}

std::string describe_fault(const Field& field, std::string_view text, ValueFault fault) {
  switch (fault) {
  case ValueFault::none: break;
  case ValueFault::form: return describe_form(field, text);
  case ValueFault::range: return describe_range(field, text);
  case ValueFault::utf8: return fmt::format("{} is not valid UTF-8", quoted(utf8_mended(text)));
  case ValueFault::missing: return fmt::format("there is no value, and the type is {0}, not {0}?", type_name(field));
  case ValueFault::mismatch: return fmt::format("{} is not how {} is written in JSON", quoted(text), type_name(field));
  }
  FLOW_UNREACHABLE("only faults are described");
}

size_t value_bytes_max(const Field& field, const FlowCell& cell) {
  switch (field.kind) {
  case FLOW_STRING: return cell.length;
  case FLOW_BYTES: return base64_encoded_bytes(cell.length);
  case FLOW_ENUM: return field.texts[static_cast<size_t>(cell.value.i)].size();
  default: return text_bytes_max;
  }
}

char* write_value(char* to, const Field& field, const FlowCell& cell) {
  int64_t value = cell.value.i;
  auto write = [&](std::string_view text) { return std::copy(text.begin(), text.end(), to); };
  switch (field.kind) {
  case FLOW_BOOL: return write(value != 0 ? "true" : "false");
  case FLOW_U64: return write_u64(to, static_cast<uint64_t>(value));
  case FLOW_F32: return write_f32(to, static_cast<float>(cell.value.f));
  case FLOW_F64: return write_f64(to, cell.value.f);
  case FLOW_STRING: return write({cell.value.s, cell.length});
  case FLOW_BYTES: return base64_encode(to, {cell.value.s, cell.length});
  case FLOW_TIMESTAMP: return write_timestamp(to, value);
  case FLOW_DATE: return write_date(to, static_cast<int32_t>(value));
  case FLOW_DURATION: return write_duration(to, value);
  case FLOW_ENUM: return write(field.texts[static_cast<size_t>(value)]);
  default: return write_i64(to, value);
  }
}

std::string value_text(const Field& field, const FlowCell& cell) {
  std::string text(value_bytes_max(field, cell), '\0');
  text.resize(static_cast<size_t>(write_value(text.data(), field, cell) - text.data()));
  return text;
}

std::string_view kind_name(FlowKind kind) {
  switch (kind) {
#define FLOW_KIND(name, text, size, align)                                                                             \
  case FLOW_##name: return text;
#include "runtime/abi/kinds.def"
#undef FLOW_KIND
  case FLOW_KIND_COUNT: break;
  }
  return "?";
}

} // namespace flow::runtime
