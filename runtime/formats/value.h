// One field of a record as text and back: what CSV and JSON have in common.
//
//   integers    decimal, in the range of the kind                 12
//   f32, f64    decimal or scientific, inf, -inf, nan; shortest   12   0.1   1e+30
//   bool        true false, in CSV also t f 1 0 and any case      true
//   timestamp   2001-01-01T00:00:00Z, 2001-01-01 00:00, +01:00 …  2001-01-01T00:00:00.25Z  (read), UTC (written)
//   date        2001-01-01
//   duration    1h30min
//   enum        its text
//   bytes       base64
//   string      UTF-8
//
// With the option `timestamps: "s" | "ms" | "us"` a timestamp may also be a whole number since 1970.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/abi/flow_program.h"
#include "runtime/base/status.h"

namespace flow::runtime {

// A field of a connector with the texts of its enum at hand. Views into the FlowProgram.
struct Field {
  std::string_view name;
  FlowKind kind = FLOW_STRING;
  bool is_nullable = false;
  bool is_needed = true;
  std::string_view enum_name;
  std::vector<std::string_view> texts;
};

std::vector<Field> fields_of(const FlowProgram& program, const FlowConnector& connector);
Field field_of(const FlowProgram& program, const FlowParam& param);

// Memory for texts that are not in the input as they stand (escapes, base64). What it gave stays valid until the next
// `begin`.
class Scratch {
public:
  // Room for `bytes` until the next call.
  void begin(size_t bytes) {
    if (memory_.size() <= bytes) memory_.resize(bytes + 1); // one more: no bytes at all have an address too
    used_ = 0;
  }
  // REQUIRES: not more in all than `begin` was told.
  char* take(size_t bytes) {
    FLOW_ASSERT(used_ + bytes <= memory_.size(), "a decoder knows how much scratch memory a record needs");
    char* at = memory_.data() + used_;
    used_ += bytes;
    return at;
  }

private:
  std::vector<char> memory_;
  size_t used_ = 0;
};

struct ValueOptions {
  int64_t us_per_number = 0; // of timestamps written as numbers; 0: they are not
  bool is_lenient = false;   // bool as t, f, 1, 0 and in any case
};

// "s", "ms", "us"; "iso" or "" (not as numbers).
Result<int64_t> timestamp_unit_us(std::string_view unit);

enum class ValueFault : uint8_t {
  none,
  form,     // not a value of the kind
  range,    // a number outside the kind's range
  utf8,     // not UTF-8
  missing,  // null where the field takes none
  mismatch, // JSON: another type of value
};

// Fills the cell from its text. On a fault the cell is undefined. Bytes need base64_decoded_bytes_max of scratch.
ValueFault parse_value(const Field& field, std::string_view text, const ValueOptions& options, Scratch& scratch,
                       FlowCell* cell);
ValueFault parse_timestamp_number(std::string_view text, int64_t us_per_number, FlowCell* cell);
inline FlowCell null_cell() {
  FlowCell cell{};
  cell.is_null = 1;
  return cell;
}
void set_text(FlowCell* cell, std::string_view text);

// The sentence for a fault: "'300' is out of range for u8 (0 … 255)".
std::string describe_fault(const Field& field, std::string_view text, ValueFault fault);

// How many bytes write_value writes at most. REQUIRES: the cell is not null.
size_t value_bytes_max(const Field& field, const FlowCell& cell);
// Writes the value's text, without quotes or escapes, and returns its end. REQUIRES: the cell is not null.
char* write_value(char* to, const Field& field, const FlowCell& cell);
std::string value_text(const Field& field, const FlowCell& cell);
// Whether the text may hold any character (string, enum), so that it may need quotes.
inline bool is_free_text(FlowKind kind) { return kind == FLOW_STRING || kind == FLOW_ENUM; }

std::string_view kind_name(FlowKind kind);

} // namespace flow::runtime
