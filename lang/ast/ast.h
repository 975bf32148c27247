// The tree of a program, as the user wrote it.
//
// Four families: Decl, Step, Expr, TypeExpr. A member of a family is a range and a variant of plain structs; who walks
// it says what to do with each (`visit` below) and the compiler of the compiler checks that none is forgotten. Nothing
// here is computed, resolved or changed later: later stages make trees of their own and point back by range.
//
// All nodes, lists and texts live in one Arena. Pointers are never null unless the comment says "or null"; a Name that
// was not given has an empty text. Where the text was wrong, and a diagnostic has told so, stands an Error… node:
// report nothing that follows from it. Trees are at most `nesting_max` levels high, so walking them may recurse.
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

struct Decl;
struct Expr;
struct Pipeline;
struct Step;
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

// ------------------------------------------------------------------------------------------------ steps

enum class ErrorPolicy : uint8_t { unsaid, stop, skip, divert };
/// `on error stop | skip | to NAME`
struct OnError {
  ErrorPolicy policy = ErrorPolicy::unsaid;
  Name to;
  SourceRange range;
};

enum class BoundKind : uint8_t { unsaid, expires, unbounded };
/// What ends the state of a step: `expires d`, or `unbounded "why"`.
struct StateBound {
  BoundKind kind = BoundKind::unsaid;
  Expr* expires = nullptr;
  Text why;
  SourceRange range;
};

/// `name = value`
struct Binding {
  Name name;
  Expr* value;
};

/// What flows into a pipeline: a named stream, or a pipeline in parentheses.
struct Feed {
  Path path;        // when `nested` is null
  Pipeline* nested; // or null
  SourceRange range;
};

/// Wrong, or not compiled yet: what comes out of it is unknown.
struct ErrorStep {};
struct Where {
  Expr* condition;
};
struct Select {
  Expr* value;
};
struct Derive {
  List<Binding> bindings;
};
struct Drop {
  List<Name> names;
};
/// `rename new = old`
struct Renaming {
  Name new_name;
  Name old_name;
};
struct Rename {
  List<Renaming> renamings;
};
/// `unnest list as x`
struct Unnest {
  Expr* list;
  Name as;
};
struct Union {
  List<Feed> others;
};
struct Key {
  Expr* key;
};

enum class EmitKind : uint8_t { unsaid, on_close, on_update, every };
/// `window NAME(args) late allow d late to NAME emit … by processing time`
struct Window {
  Name kind;
  List<Argument> arguments;
  Expr* late_allow; // or null
  Name late_to;
  EmitKind emit;
  Expr* emit_every; // or null unless `emit` is `every`
  SourceRange emit_range;
  bool by_processing_time;
  SourceRange processing_time_range;
};

struct Aggregate {
  List<Binding> bindings;
  StateBound bound;
};

enum class Direction : uint8_t { ascending, descending };
struct Order {
  Expr* value;
  Direction direction;
};
/// `top n by x desc, y with ties as rank`
struct Top {
  Expr* count;
  List<Order> orders;
  bool with_ties;
  Name rank;
  StateBound bound;
};

enum class JoinKind : uint8_t { inner, left, right, full, semi, anti };
/// `left join other as x on condition within range as of time expires d`
struct Join {
  JoinKind kind;
  Feed other;
  Name as; // if it is given
  Expr* on;
  Expr* within; // or null
  Expr* as_of;  // or null
  StateBound bound;
};

struct Rebalance {};
struct Broadcast {};
struct Forward {};
struct Parallelism {
  Expr* count;
};

struct Step {
  SourceRange range; // without the `|` before it, with its `on error`
  std::variant<ErrorStep, Where, Select, Derive, Drop, Rename, Unnest, Union, Key, Window, Aggregate, Top, Join,
               Rebalance, Broadcast, Forward, Parallelism>
      node;
  OnError on_error;

  template <typename T> const T* as() const { return std::get_if<T>(&node); }
};

struct Pipeline {
  Feed feed;
  List<Step*> steps;
  SourceRange range;
};

// ------------------------------------------------------------------------------------------------ declarations

/// Wrong, or not compiled yet. The name, if one was read, is known but nothing may be said of it.
struct ErrorDecl {
  Name name;
};
/// `import a`, `import a as b`
struct ImportDecl {
  Path path;
  Name as;
};
/// `param n: i64 = 4 where n > 0`
struct ParamDecl {
  Name name;
  TypeExpr* type;
  Expr* initial; // or null: must be given
  Expr* where;   // or null
};
struct LetDecl {
  Name name;
  Expr* value;
};
struct TypeDecl {
  Name name;
  TypeExpr* type;
};
/// `CARD "credit card"`: the text is what stands in the data.
struct EnumValue {
  Name name;
  Text text;
  std::string_view doc;
};
struct EnumDecl {
  Name name;
  List<EnumValue> values;
};
struct Parameter {
  Name name;
  TypeExpr* type;
  Expr* initial; // or null
};
/// `fn f(x: T) -> U = body`; `extern fn` has no body.
struct FnDecl {
  Name name;
  List<Parameter> parameters;
  TypeExpr* result;
  Expr* body; // or null: extern
};

/// `csv("{data}/fares.csv", header: true)`
struct Connector {
  Name name;
  List<Argument> arguments;
  SourceRange range;
};

enum class WatermarkKind : uint8_t { unsaid, lag, ascending, on };
struct SourceDecl {
  Name name;
  Name was;
  TypeExpr* type; // or null
  Connector connector;
  Expr* time; // or null
  WatermarkKind watermark;
  Expr* watermark_value; // of `lag` and `on`, or null
  SourceRange watermark_range;
  Expr* idle;        // or null
  Expr* key;         // or null
  Expr* parallelism; // or null
  OnError on_error;
};

/// `stream NAME = …` and `table NAME = …`
struct StreamDecl {
  Name name;
  Name was;
  Pipeline* pipeline;
  bool is_table;
};

enum class SinkMode : uint8_t { unsaid, upsert, changes, final };
struct SinkDecl {
  Pipeline* pipeline;
  Connector connector;
  SinkMode mode;
  SourceRange mode_range;
  Expr* parallelism; // or null
  Name as;
};

struct Decl {
  SourceRange range;
  std::variant<ErrorDecl, ImportDecl, ParamDecl, LetDecl, TypeDecl, EnumDecl, FnDecl, SourceDecl, StreamDecl, SinkDecl>
      node;
  std::string_view doc; // of the `///` lines before it, without the slashes

  template <typename T> const T* as() const { return std::get_if<T>(&node); }
};

struct Program {
  FileId file;
  std::string_view doc;
  List<Decl*> declarations;
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
