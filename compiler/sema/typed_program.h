// TypedProgram: what sema makes of the tree. Every name is resolved, every expression typed, every stream has its
// schema and its nature (keyed, timed, stream or table). Only what a sink needs is in it, streams in an order in which
// each comes after those it reads.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "compiler/sema/expr.h"
#include "compiler/sema/handlers.h"
#include "lang/base/arena.h"

namespace flow::sema {

/// A field of record type is one column per field of it, named "ride.ride_id". Where the record is nullable, a column
/// `marks_record` with the name of the field itself (a bool: there is one) stands before them, and they are zero when
/// there is none.
struct Column {
  std::string_view name;
  Type type; // a scalar
  bool marks_record = false;
};

/// The rows of a stream. Event time is not a column: it stays with the row whatever is selected.
struct Schema {
  std::vector<Column> columns;
  bool has_time = false;
};

enum class OnError : uint8_t { stop, skip, divert };

// ---- what the user declared besides streams ------------------------------------------------------------------

struct Param {
  std::string_view name;
  std::string_view doc;
  Type type;
  const Expr* initial = nullptr;   // a constant, or null: it must be given
  const Expr* condition = nullptr; // of `where`; reads ExprKind::param
  lang::SourceRange range;
};

/// An `extern fn` of stdlib. The symbol is the vocabulary function's name.
struct Extern {
  std::string_view name;
  std::string_view symbol; // "flow_fn_lower"
  std::vector<Type> params;
  Type result;
  bool may_fail = false;
};

struct Function {
  std::string_view name;
  std::vector<Column> params;
  Type result;
  const Expr* body = nullptr;
  lang::SourceRange range;
};

// ---- steps ---------------------------------------------------------------------------------------------------

struct Where {
  const Expr* condition;
};
/// select, derive, drop, rename: the columns of the result, each an expression over those before.
struct Project {
  std::vector<const Expr*> values;
}; // as many as the result's columns
/// One row per part of `text` split at `pattern`; the new column is the last of the result, or replaces `replaced`.
struct Unnest {
  const Expr* text;
  const Expr* pattern;
  uint32_t column;
};
struct Union {
  std::vector<uint32_t> others;
}; // streams
/// The changes of a table as rows of a stream. In full: each with its kind before it (`op`, a string). Else only the
/// rows as they are now: what was there before is left out.
struct Changes {
  bool in_full;
};
struct Rebalance {};
struct Broadcast {};
struct Forward {};
struct Parallelism {
  uint32_t count;
};

struct KeyColumn {
  std::string_view name;
  const Expr* value;
};

enum class WindowKind : uint8_t { tumbling, hopping, session, same, global, cumulate };
struct Window {
  WindowKind kind = WindowKind::global;
  int64_t size_us = 0; // of `same`: that of the window the rows came out of; of sessions: the gap; of cumulate: the max
  int64_t slide_us = 0; // tumbling: the size; cumulate: the step
  int64_t offset_us = 0;
  bool is_cumulated = false; // of `same`: the rows came out of windows `cumulate`
  /// How long after its end a window takes rows, each of which gives an updated result; then they are late. 0: none.
  int64_t late_allow_us = 0;
  std::optional<uint32_t> late; // stream that gets the late rows
};

enum class AggregateKind : uint8_t { count, sum, min, max, avg, first, last, min_by, max_by };
struct AggregateCall {
  std::string_view name;
  AggregateKind kind;
  const Expr* argument = nullptr; // none for count()
  const Expr* by = nullptr;       // of min_by, max_by
  const Expr* filter = nullptr;
  Type result;
  lang::SourceRange range;  // of the call
  bool is_distinct = false; // of count(x): equal values count once
};
/// Result columns: key columns, window_start and window_end (unless the window is global), then the calls.
struct Aggregate {
  std::vector<KeyColumn> keys;
  Window window;
  std::vector<AggregateCall> calls;
};

struct Order {
  const Expr* value;
  bool descending;
};
/// Result columns: those of the row, with window_start and window_end set (appended when not there), then the rank.
struct Top {
  std::vector<KeyColumn> keys;
  Window window;
  uint32_t count;
  std::vector<Order> orders;
  std::optional<std::string_view> rank;
};

enum class JoinKind : uint8_t { inner, left, right, full, semi, anti };
constexpr std::string_view word_of(JoinKind kind) {
  constexpr std::string_view names[] = {"join", "left join", "right join", "full join", "semi join", "anti join"};
  return names[static_cast<size_t>(kind)];
}
/// Does a row of that side come out alone if it has no pair?
constexpr bool keeps_left(JoinKind kind) {
  return kind == JoinKind::left || kind == JoinKind::full || kind == JoinKind::anti;
}
constexpr bool keeps_right(JoinKind kind) { return kind == JoinKind::right || kind == JoinKind::full; }
/// Is the right row part of the result?
constexpr bool has_right_row(JoinKind kind) { return kind != JoinKind::semi && kind != JoinKind::anti; }

/// Where a column of a join's result comes from: a column of the pair (if there is no such row: null, or zero inside of
/// a record), the window, or a marker that says whether there is the one row.
struct JoinColumn {
  enum class From : uint8_t { pair, window_start, window_end, has_left, has_right };
  From from;
  uint32_t column = 0; // of the pair
};
/// Bounds of the time of a right row minus that of a left one, both included.
struct Within {
  int64_t from_us, to_us;
};
/// Pairs of a row that flows (left) and one of `other` (right) that are in one window, have the same key, none of which
/// is null, and for which the condition holds. The columns of the pair are those of the left row, then those of the
/// right one. Result columns: of inner joins those of the left row, the window's bounds set or appended, then the right
/// row as a record. A left row without a pair comes out alone in left and full joins, a right one in right and full
/// ones. semi and anti: left rows that have a pair, or none, with the bounds. All have the window's last instant as
/// event time.
/// With `within` the times of the two rows must differ by as much instead; there are no bounds of a window, a pair has
/// the later of the two event times, a row alone its own.
struct Join {
  JoinKind kind;
  uint32_t other;                    // stream
  std::vector<KeyColumn> keys;       // over the left rows
  std::vector<KeyColumn> other_keys; // over the right rows: as many, of the same types and names
  const Expr* condition = nullptr;   // or null
  Window window;
  std::optional<Within> within;    // the window is global
  std::vector<JoinColumn> columns; // of the result
};

/// `process Op(…)`. Rows go to the handler of their input, in the order in which they come; those behind the watermark,
/// too. Timers fire in the order of their times, behind the rows before the watermark.
struct ProcessInput {
  std::string_view name;          // of the parameter
  std::optional<uint32_t> stream; // none: what flows into the step
  Schema schema;                  // of its rows: what ExprKind::column reads
  std::vector<const Expr*> keys;  // over the columns; all inputs have the same number and types of keys, or none
  Block body;
};
struct ProcessTimer {
  Timer timer;
  std::optional<uint32_t> time; // the local that holds the timer's time, if the handler named it
  Block body;                   // empty: it only ends something
};
struct ProcessOutput {
  std::string_view name; // of the first: empty
  Schema schema;
};
/// Result columns: those of the first output. The others are streams of their own (OutputStream).
struct Process {
  std::string_view op; // as declared
  std::vector<std::string_view> key_names;
  std::vector<Type> key_types;
  std::vector<ProcessInput> inputs;
  std::vector<StateCell> cells;
  std::vector<StateField> fields;
  std::vector<ProcessTimer> timers;
  std::vector<ProcessOutput> outputs;
};

struct Step {
  std::variant<Where, Project, Unnest, Union, Changes, Rebalance, Broadcast, Forward, Parallelism, Aggregate, Top, Join,
               Process>
      node;
  Schema result;
  std::string_view name; // stable within its stream: "aggregate", "top", "where.2"
  OnError on_error = OnError::stop;
  lang::SourceRange range;
};

// ---- streams, sources, sinks ------------------------------------------------------------------------------------

struct Option {
  std::string_view name;
  const Expr* value; // over params only
};

enum class WatermarkKind : uint8_t { none, lag, ascending };

struct Source {
  std::string_view type;              // "file", "generate"
  std::string_view format;            // "csv", "json", "text", ""
  std::vector<Option> options;        // named as the runtime's connectors know them; rate, lag, idle among them
  std::vector<RecordField> fields;    // in the data; the schema's columns have the same order
  std::vector<const Expr*> generated; // generate: one per field, over ExprKind::number and params
  const Expr* time = nullptr;         // over the columns
  WatermarkKind watermark = WatermarkKind::none;
  OnError on_error = OnError::stop;
  std::optional<uint32_t> errors; // stream of the bad records
  uint32_t parallelism = 0;       // 0: that of the job
};

/// What is not the result of a step: the bad records of a source, the late rows of a step, what an operator emits
/// `to` another output than its first.
struct ErrorStream {
  uint32_t source;
};
struct LateStream {
  uint32_t stream;
  uint32_t step;
};

struct OutputStream {
  uint32_t stream;
  uint32_t step;
  uint32_t output; // of the Process, not 0
};

struct Stream {
  std::string_view name;
  std::variant<Source, ErrorStream, LateStream, OutputStream, uint32_t>
      origin; // uint32_t: the stream that flows into the steps
  std::vector<Step> steps;
  Schema origin_schema;  // before the steps
  bool is_table = false; // its rows are replaced, or hold at the end only
  lang::SourceRange range;
  const Schema& schema() const { return steps.empty() ? origin_schema : steps.back().result; }
};

struct Sink {
  std::string_view name;
  uint32_t stream;
  std::string_view type; // "file", "console", "discard"
  std::string_view format;
  std::vector<Option> options;
  std::vector<std::string_view> field_names; // in the data
  bool is_final = false;
  uint32_t parallelism = 0;
  lang::SourceRange range;
};

struct TypedProgram {
  std::string_view name; // of the file, without .flow
  std::string_view doc;
  std::vector<Param> params;
  std::vector<Extern> externs;
  std::vector<Function> functions;
  std::vector<const EnumType*> enums;
  std::vector<Stream> streams;
  std::vector<Sink> sinks;
};

} // namespace flow::sema
