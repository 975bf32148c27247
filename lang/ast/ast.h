// The tree of a program, as the user wrote it.
//
// Five families: Decl, Statement, Step, Expr, TypeExpr. A member of a family is a range and a variant of plain structs;
// who walks it says what to do with each (`visit`) and the compiler of the compiler checks that none is forgotten.
// Nothing here is computed, resolved or changed later: later stages make trees of their own and point back by range.
//
// All nodes, lists and texts live in one Arena. Pointers are never null unless the comment says "or null"; a Name that
// was not given has an empty text. Where the text was wrong, and a diagnostic has told so, stands an Error… node:
// report nothing that follows from it. Trees are at most `nesting_max` levels high, so walking them may recurse.
#pragma once

#include <optional>

#include "lang/ast/expressions.h"
#include "lang/ast/tests.h"

namespace flow::lang {

struct Decl;
struct Pipeline;
struct Statement;
struct Step;

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

/// `small: price < 10` of a split, or `rest`.
struct Branch {
  Name name;
  Expr* condition; // or null: what no branch before it took
};
/// `split { small: c, large: d, rest }`
struct Split {
  List<Branch> branches;
};

/// `dedup keep first expires d`
struct Dedup {
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

/// `process Op(other, limit: 5)`: what flows is the first input of the operator.
struct Process {
  Path op;
  List<Argument> arguments;
};

/// `changes`: a table as the stream of its changes.
struct Changes {};
struct Rebalance {};
struct Broadcast {};
struct Forward {};
struct Parallelism {
  Expr* count;
};

struct Step {
  SourceRange range; // without the `|` before it, with its `on error`
  std::variant<ErrorStep, Where, Select, Derive, Drop, Rename, Unnest, Union, Key, Window, Aggregate, Top, Join, Dedup,
               Split, Process, Changes, Rebalance, Broadcast, Forward, Parallelism>
      node;
  OnError on_error;

  template <typename T> const T* as() const { return std::get_if<T>(&node); }
};

struct Pipeline {
  Feed feed;
  List<Step*> steps;
  SourceRange range;
};

// ------------------------------------------------------------------------------------------------ statements

struct Block {
  List<Statement*> statements;
  SourceRange range; // with its braces
};

/// Wrong, or not compiled yet.
struct ErrorStatement {};
struct LetStatement {
  Name name;
  Expr* value;
};
/// `place = value`, `place += value`. A place is a name, or a path `first.tip`.
struct Assign {
  Expr* place;
  std::optional<BinaryOperator> op; // of `+=` and the like
  SourceRange op_range;
  Expr* value;
};
/// `emit value`, `emit value to NAME`
struct Emit {
  Expr* value;
  Name to;
};
/// `at time as NAME`, `after duration as NAME`
struct SetTimer {
  Expr* when;
  Name timer;
  bool is_processing_time;
};
struct Cancel {
  Name timer;
};
struct Clear {
  Expr* place;
};
/// `else if` is an else of one statement.
struct IfStatement {
  Expr* condition;
  Block then_block;
  Block else_block; // empty, too, when there is none
};
struct Return {};

struct Statement {
  SourceRange range;
  std::variant<ErrorStatement, LetStatement, Assign, Emit, SetTimer, Cancel, Clear, IfStatement, Return> node;
  uint32_t height = 1;

  template <typename T> const T* as() const { return std::get_if<T>(&node); }
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

/// `ride: Ride keyed ride_id`, `limit: i64 = 5`
struct OperatorInput {
  Name name;
  TypeExpr* type;
  Expr* initial; // of a value, or null
  Expr* key;     // of `keyed`, or null
  SourceRange range;
};
struct OperatorOutput {
  Name name; // of the first: not given
  TypeExpr* type;
};
/// `state first: Ride? expires 1d`
struct StateDecl {
  Name name;
  TypeExpr* type;
  Expr* initial; // or null
  Name was;
  StateBound bound;
  SourceRange range;
  std::string_view doc;
};
/// `on ride { … }`, `on overdue(t) { … }`
struct Handler {
  Name on;
  Name time;
  Block block;
  SourceRange range;
};
struct OperatorDecl {
  Name name;
  Name was;
  List<OperatorInput> inputs;
  List<OperatorOutput> outputs;
  List<StateDecl> states;
  List<Handler> handlers;
  bool is_partial; // a part of it could not be read, and a diagnostic has told so
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
  std::variant<ErrorDecl, ImportDecl, ParamDecl, LetDecl, TypeDecl, EnumDecl, FnDecl, OperatorDecl, SourceDecl,
               StreamDecl, SinkDecl, TestDecl>
      node;
  std::string_view doc; // of the `///` lines before it, without the slashes

  template <typename T> const T* as() const { return std::get_if<T>(&node); }
};

struct Program {
  FileId file;
  std::string_view doc;
  List<Decl*> declarations;
};

} // namespace flow::lang
