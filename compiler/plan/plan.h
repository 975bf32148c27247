// PhysicalPlan: what will run. Chains (operators fused into one generated function), the edges between them, state
// specs and the bytes of every row and entry. codegen turns it into code without deciding anything.
//
// A chain's body is a tree of PlanOps: each has one input, an *origin* (the source's rows, its bad records, the rows of
// the ports, the entries that a trigger fires, the late rows of a stateful op) or another op; leaves are Emit and
// SinkWrite. Codegen walks from an origin to its leaves and emits one loop. Expressions of an op read the columns of
// its input. Every stateful op is the only op at its chain's ports and opens the chain, so a chain has at most one
// state; one with several inputs is there once for each. Besides it may have partial states: what it combines before
// rows cross to a stateful op of another chain.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "compiler/graph/graph.h"

namespace flow::plan {

using sema::Expr;
inline constexpr uint32_t none = UINT32_MAX;

// ---- layouts: decided by layout.cpp and by nobody else ----------------------------------------------------------

struct Field {
  std::string name;
  sema::Type type;
  uint32_t offset = 0;
  uint32_t null_bit = none; // counted from the row's first byte
};

/// A list inside an entry, see FlowRepeat.
struct Repeat {
  uint32_t count_offset, offset, stride, max;
  uint32_t row_layout;
};

/// A list of any length that belongs to an entry, see FlowList.
struct List {
  uint32_t offset;
  uint32_t row_layout;
};
inline constexpr uint32_t list_bytes = 24; // in the entry

struct Layout {
  std::string name;
  std::vector<Field> fields; // of a row with event time the last is "@time"
  uint32_t stride = 0;       // multiple of 8
  std::optional<Repeat> repeat;
  std::vector<List> lists;
  uint64_t fingerprint = 0;
};

// ---- state ------------------------------------------------------------------------------------------------------

/// Key of a stateful op. fixed: the key columns as the first fields of the entry's layout, zero padded, nullable ones
/// with null bits inside the key bytes. bytes: a FlowString over the canonical bytes: each fixed column in its row size
/// (a nullable one after a byte 1 = null), each string with a u32 length before it; a single non-null string column as
/// it is.
/// The key of a session is followed by 8 bytes that say which session of the key it is.
struct KeySpec {
  bool is_bytes = false;
  bool has_session = false;
  uint32_t size = 0;                 // bytes in the entry; 16 if is_bytes; 0 without key
  std::vector<sema::Column> columns; // in canonical order; columns of the port's layout, by position `from`
  std::vector<uint32_t> from;
};

/// State that is kept for a key until nothing of it is set: where cells, their fields and timers lie in the entry, as
/// numbers of the layout's fields. Of an operator of the program; of session windows, each of which is an entry with
/// one cell (its accumulators and its start) and one timer (its last instant).
struct KeyedState {
  struct Cell {
    std::string name;
    uint32_t set = none;               // a bool: is it set?
    uint32_t begin = 0, end = 0;       // the bytes that are zero while it is not
    std::optional<int64_t> expires_us; // after it was written last
    std::string was = {};              // its name in an earlier program, or empty
    uint32_t written = none;           // when that was
  };
  struct Timer {
    std::string name;
    uint32_t set = none, time = none, queued = none;
    bool is_processing_time = false;
  };
  const sema::Process* op = nullptr; // null: session windows
  std::vector<Cell> cells;
  std::vector<uint32_t> fields; // by Process::fields
  std::vector<Timer> timers;
  uint32_t session_start = none; // of session windows
};

/// Of a join `within`: a row meets those of the other side whose time lies between `from_us` and `to_us` from its own,
/// and is kept in a pane, one of several in a row that make a hopping window. Both sides come out as FlowState says.
struct Interval {
  int64_t from_us = 0, to_us = 0; // from left to right rows
  int64_t judged_us = -1;         // within its window the pane whose rows come out alone when it closes; -1: none do
  int64_t hold_us = 0;            // so far is the watermark behind
};

struct State {
  std::string name; // "hourly_tips.aggregate"
  /// Data in flight and no state: in no snapshot, sent on before barriers and before the watermark that closes a pane.
  bool is_partial = false;
  sema::Window window;
  int64_t pane_us = 0; // greatest common divisor of size and slide; cumulate: the step
  KeySpec key;
  uint32_t layout = 0; // of an entry: key, then value
  /// Of an entry of the running window: panes are added to it when they come in and subtracted when they leave; derived
  /// from them, in no snapshot. Of cumulate windows it is `layout`: all panes leave at once. none: the panes of each
  /// window are merged.
  uint32_t running_layout = none;
  std::optional<KeyedState> keyed;
  std::optional<Interval> interval; // the window is hopping
  /// What the names of its fields do not say, as FlowState has it.
  std::string meaning;
  bool counts_late = true; // no: those of another state are the same rows
};

// ---- operators in a chain -----------------------------------------------------------------------------------------

enum class OriginKind : uint8_t { source, source_errors, ports, fired, late, emitted };

/// Where rows of a tree begin. Columns: source: the needed fields as decoded or generated; ports: the input's layout.
struct Origin {
  OriginKind kind;
  uint32_t state = none; // of fired, late and emitted rows
  uint32_t number = 0;   // of ports: the input; of emitted rows: the operator's output
};

struct Filter {
  const Expr* condition;
};
struct Project {
  std::vector<const Expr*> values;
};
/// As sema::Changes says.
struct Changes {
  bool in_full;
};
struct Unnest {
  const Expr* text;
  const Expr* pattern;
  uint32_t column;
};

/// Fields of the entry's layout that one aggregate call uses. min/max/first/last/by: `value`, `is_set` (u8), and
/// `order` (the event time or the `by` value that the kept value had; with ties by event time `order_time`). sum of
/// floats and avg: `value` is two f64. avg: also `count`.
struct Accumulator {
  sema::AggregateKind kind;
  uint32_t value = none, count = none, is_set = none, order = none, order_time = none; // field numbers
  uint32_t high = none; // of an integer sum in a running window: the upper half of its 128 bits
  uint32_t call = 0;
};
/// Adds the row to the entry of its key in its pane. `time` is the column that places it (@time, or window_start for
/// `same`). In two phases the rows between them are partial results: keys, the accumulators' fields, and as event time
/// the start of the pane.
///   whole    fired rows: keys, window_start, window_end, results
///   partial  the state is a partial one; fired rows: partial results, one an entry. Rows of panes that the task's
///            watermark has closed, and all rows while combining does not help, come out at once, each on its own
///   merging  takes partial results; fired rows as of whole; the calls have no expressions
enum class AggregateStage : uint8_t { whole, partial, merging };
struct Aggregate {
  AggregateStage stage = AggregateStage::whole;
  uint32_t state = none;
  std::vector<sema::AggregateCall> calls; // argument, by, filter over the port's columns
  std::vector<Accumulator> accumulators;
  uint32_t failed = none; // field of an entry that panes or sessions are merged into: that failed, there is no result
  /// Where the state has a running window: the fields of its entries.
  std::vector<Accumulator> running;
  uint32_t panes = none; // in how many panes the key is
  /// Of a window with `late allow`: a field of its entries that says that there was a row. Each window has its own
  /// entry then, also of hopping ones. A row that comes after a window's end changes its result at once: rows of the
  /// fired origin carry the kind of change.
  uint32_t seen = none;
};
/// Keeps the first `count` rows by `orders`; ties by event time, then by the remaining columns in order, so that
/// the result does not show in which order threads met. Fired rows: the kept rows in order; of a partial state as they
/// came.
struct Top {
  uint32_t state = none;
  uint32_t count;
  std::vector<sema::Order> orders; // over the port's columns
  bool has_rank;
  uint32_t row_layout;
};

/// Keeps the row in its window, in the list that its key's entry has for this side: the columns `kept` of the input.
/// One for each of the two inputs (0: left), with one state. Fired rows: those of sema::Join; condition and result
/// columns are over what is kept of both rows, one behind the other.
struct Join {
  uint32_t state = none;
  uint32_t side = 0;
  sema::JoinKind kind = sema::JoinKind::inner;
  std::vector<uint32_t> kept;
  const Expr* condition = nullptr; // or null
  std::vector<sema::JoinColumn> columns;
};

/// Gives the row to the handler of an operator's input. What it emits comes out of `emitted` origins; its timers are
/// fired. Column c of the handler is column `columns[c]` of the input (none: it does not read it).
struct Handle {
  uint32_t state = none;
  uint32_t input = 0;
  std::vector<uint32_t> columns;
};

/// Writes the row to an edge. Columns of the input in the layout's order; @time last if the layout has it.
struct Emit {
  uint32_t output;
  uint32_t edge;
};
/// Hands the row to the sink's encoder. Columns of the input are the sink's fields.
struct SinkWrite {
  uint32_t output;
};

struct PlanOp {
  std::variant<Origin, Filter, Project, Unnest, Changes, Aggregate, Top, Join, Handle, Emit, SinkWrite> op;
  uint32_t input = none;             // position in Chain::ops; none for an Origin
  std::vector<sema::Column> columns; // of its result, without event time
  bool has_time = false;             // rows carry event time besides
  bool has_changes = false;          // rows carry the kind of change besides; no edge does
  std::string name;                  // label for blocks, debug info and explain
  sema::OnError on_error = sema::OnError::stop;
  lang::SourceRange range;
};

// ---- chains, edges, connectors --------------------------------------------------------------------------------------

enum class OutputKind : uint8_t { edge, sink };
struct Output {
  OutputKind kind;
  uint32_t target;
}; // edge: PhysicalPlan::edges; sink: connectors

/// Rows of one kind that come to a chain: their layout, and the key by which a stateful op takes them.
struct Input {
  uint32_t layout;
  KeySpec key;
};
struct Port {
  uint32_t edge;
  uint32_t input; // which of the chain's its rows are
};

struct Chain {
  std::string name;       // "fares > hourly_tips.where"
  std::string uid;        // stable
  uint32_t source = none; // connector
  std::vector<Input> inputs;
  std::vector<Port> ports;
  std::vector<PlanOp> ops; // inputs before what reads them
  std::vector<Output> outputs;
  uint32_t state = none;          // of the stateful op
  std::vector<uint32_t> partials; // states
  uint32_t parallelism = 0;

  /// All its states: what their positions count in.
  std::vector<uint32_t> states() const;
};

enum class EdgeKind : uint8_t { forward, hash, broadcast, rebalance, single };
struct Edge {
  EdgeKind kind;
  uint32_t from_chain, from_output, to_chain, to_port;
  uint32_t layout;
  KeySpec key; // of hash: columns of the layout
};

struct Connector {
  std::string name, type, format;
  bool is_source = false;
  std::vector<sema::Option> options;
  std::vector<sema::Type> option_types;
  std::vector<sema::RecordField> fields;
  std::vector<bool> is_needed;        // per field; sources
  bool decodes_inline = false;        // by generated code, as far as it goes; sources
  bool encodes_inline = false;        // sinks
  std::vector<const Expr*> generated; // generate: per field
  const Expr* time = nullptr;         // over the fields
  sema::WatermarkKind watermark = sema::WatermarkKind::none;
  sema::OnError on_error = sema::OnError::stop;
  bool is_final = false;
  uint32_t parallelism = 0;
  lang::SourceRange range;
};

struct PhysicalPlan {
  const sema::TypedProgram* program = nullptr;
  std::vector<Layout> layouts;
  std::vector<State> states;
  std::vector<Chain> chains; // in an order in which producers come first
  std::vector<Edge> edges;
  std::vector<Connector> connectors;
  uint64_t fingerprint = 0;
};

} // namespace flow::plan
