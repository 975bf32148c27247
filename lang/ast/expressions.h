// The part of the tree (ast.h) that says values and types: names, TypeExpr, Expr.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <variant>

#include "lang/base/overloaded.h"
#include "lang/source/source_file.h"

namespace flow::lang {

inline constexpr size_t nesting_max = 256;
inline constexpr size_t program_bytes_max = 1024 * 1024;

struct Expr;
struct TypeExpr;

template <typename T> using List = std::span<const T>;

struct Name {
  std::string_view text;
  SourceRange range;
  bool is_given() const { return !text.empty(); }
};

/// `a` or `module.a`: never empty in a tree without errors.
struct Path {
  List<Name> names;
  SourceRange range;
};

/// A text of the program with its escapes resolved.
struct Text {
  std::string_view text;
  SourceRange range;
  bool is_given = false;
};

// ------------------------------------------------------------------------------------------------ types

struct ErrorType {};

/// `i64`, `Fare`, `taxi.Fare`, `decimal(10, 2)`.
struct NamedType {
  Path path;
  List<uint64_t> arguments;
};

/// `T?`
struct NullableType {
  TypeExpr* inner;
};

/// `[T]`
struct ListType {
  TypeExpr* element;
};

/// One field of a record type. `from "x"` is its name in the data.
struct Field {
  Name name;
  TypeExpr* type;
  Text from;
  Name was;
  Expr* initial; // or null
  std::string_view doc;
  SourceRange range;
};

/// `{ a: T, b: U from "B" }`
struct RecordType {
  List<Field> fields;
};

struct TypeExpr {
  SourceRange range;
  std::variant<ErrorType, NamedType, NullableType, ListType, RecordType> node;
  uint32_t height = 1;

  template <typename T> const T* as() const { return std::get_if<T>(&node); }
};

// ------------------------------------------------------------------------------------------------ expressions

struct ErrorExpr {};
struct NullLiteral {};
struct BoolLiteral {
  bool value;
};
/// Without sign: `-1` is Unary of 1, so that the least i64 can be written.
struct IntLiteral {
  uint64_t value;
};
/// The text too, without `_`: `decimal(0.908)` is exact.
struct FloatLiteral {
  double value;
  std::string_view text;
};
struct DurationLiteral {
  int64_t micros;
};
/// Microseconds since 1970 in UTC; `@2020-01-01` is the first moment of the day and says that it is a day.
struct InstantLiteral {
  int64_t micros;
  bool is_date;
};
struct StringLiteral {
  std::string_view text;
};

/// A part of a template: text, or the expression of a hole.
struct TemplatePart {
  std::string_view text;
  Expr* hole; // or null: then it is text
};
/// `"text {expr}"`, with at least one hole.
struct Template {
  List<TemplatePart> parts;
};

/// A bare name: parameter, field, param, let, enum value, module, or the function of a Call.
struct NameExpr {
  std::string_view name;
};

/// `a.b`, or `a?.b`.
struct Member {
  Expr* object;
  Name name;
  bool is_safe;
};
/// `a[i]`
struct Index {
  Expr* object;
  Expr* index;
};

struct Argument {
  Name name; // of `name: value`
  Expr* value;
};
/// `f(a, b: c)`, `module.f(a)`, `list.get(i)`; as an aggregate also `count(distinct x where c)`.
struct Call {
  Expr* callee; // a NameExpr or a Member, or what the user wrote instead
  List<Argument> arguments;
  Expr* filter; // or null
  bool is_distinct;
};

enum class UnaryOperator : uint8_t { negate, logical_not };
struct Unary {
  UnaryOperator op;
  Expr* operand;
};

enum class BinaryOperator : uint8_t {
  logical_or,
  logical_and,
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
  in,
  not_in,
  range,       // a..b, both ends
  range_below, // a..<b
  coalesce,    // a ?? b
  add,
  subtract,
  multiply,
  divide,
  remainder,
};
struct Binary {
  BinaryOperator op;
  SourceRange op_range;
  Expr* left;
  Expr* right;
};

/// `x is null`, `x is not null`.
struct IsNull {
  Expr* operand;
  bool is_negated;
};

/// `if c then a else b`
struct If {
  Expr* condition;
  Expr* then_value;
  Expr* else_value;
};

/// `"a" | "b" => value`; no patterns for `else`. A pattern is a literal, a negated number or a name (an enum value).
struct MatchArm {
  List<Expr*> patterns;
  Expr* value;
  SourceRange range;
};
struct Match {
  Expr* subject;
  List<MatchArm> arms;
};

/// `[1, 2]`
struct ListExpr {
  List<Expr*> items;
};

/// `name: value`, `value` (a path, which gives its last name), `...value`.
struct RecordMember {
  Name name;
  Expr* value;
  bool is_spread;
};
struct RecordExpr {
  List<RecordMember> members;
};

struct Expr {
  SourceRange range; // of a bracketed expression: with its brackets
  std::variant<ErrorExpr, NullLiteral, BoolLiteral, IntLiteral, FloatLiteral, DurationLiteral, InstantLiteral,
               StringLiteral, Template, NameExpr, Member, Index, Call, Unary, Binary, IsNull, If, Match, ListExpr,
               RecordExpr>
      node;
  uint32_t height = 1; // 1 + that of the highest child

  template <typename T> const T* as() const { return std::get_if<T>(&node); }
};

// ------------------------------------------------------------------------------------------------ walking

/// One case for each kind of node: `visit(*expr, [&](const Call& call) { … }, …)`.
template <typename Family, typename... Cases> decltype(auto) visit(const Family& member, Cases&&... cases) {
  return std::visit(Overloaded{std::forward<Cases>(cases)...}, member.node);
}

/// The operator as it is written: `and`, `==`, `..<`.
std::string_view text_of(UnaryOperator op);
std::string_view text_of(BinaryOperator op);

} // namespace flow::lang
