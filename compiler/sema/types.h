// The types of values. Small, copied, compared with ==; what is larger (enums, records) is owned by the program's arena
// and compared by identity, so of two records only their fields say whether they fit (`have_same_fields`, records.h).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "runtime/abi/flow_abi.h"

namespace flow::sema {

/// The scalar kinds in the order of kinds.def, then what only the compiler knows.
enum class Kind : uint8_t {
#define FLOW_KIND(name, text, size, align) name,
#include "runtime/abi/kinds.def"
#undef FLOW_KIND
  RECORD, // of a row, of a field, of `{ … }`; later stages see its scalars only
  LIST,   // only what `unnest` takes: the result of split()
  NULL_,  // the type of the literal null, fits every T?
  ERROR,  // already reported; fits everything
};

struct EnumType {
  std::string_view name;
  std::span<const std::string_view> names; // as written in programs
  std::span<const std::string_view> texts; // as in the data
};

struct RecordType;

struct Type {
  Kind kind = Kind::ERROR;
  bool nullable = false;
  const EnumType* enumeration = nullptr; // of ENUM
  const RecordType* record = nullptr;    // of RECORD
  Kind element = Kind::ERROR;            // of LIST

  bool operator==(const Type&) const = default;
  bool is_error() const { return kind == Kind::ERROR; }
  bool is_scalar() const { return kind < Kind::RECORD; }
  bool is_integer() const { return kind >= Kind::I8 && kind <= Kind::U64; }
  bool is_signed() const { return kind >= Kind::I8 && kind <= Kind::I64; }
  bool is_float() const { return kind == Kind::F32 || kind == Kind::F64; }
  bool is_number() const { return is_integer() || is_float(); }
  bool is_text() const { return kind == Kind::STRING || kind == Kind::BYTES; }
  Type without_null() const {
    Type t = *this;
    t.nullable = false;
    return t;
  }
  Type with_null() const {
    Type t = *this;
    t.nullable = true;
    return t;
  }
};

inline Type scalar(Kind kind) { return {.kind = kind}; }

struct RecordField {
  std::string_view name;
  Type type;
  std::string_view from; // its name in the data; the same as `name` unless the program says otherwise
};

struct RecordType {
  std::string_view name; // or empty
  std::span<const RecordField> fields;
};

/// As the user would write it: `i64?`, `Payment`, `{ a: i64 }`.
std::string text_of(Type type);
/// Bytes and bits of a scalar kind.
uint32_t size_of(Kind kind);
uint32_t align_of(Kind kind);

} // namespace flow::sema
