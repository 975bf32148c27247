// DataflowGraph: the program as operators and edges, a closed set of plain structs.
//
// Semantics. A node takes the rows of its inputs in the order they come per edge and gives rows to all its consumers.
// Every row of a schema with has_time carries its event time besides the columns; every edge carries rows of one
// change kind set (see ChangeKinds). Stateless nodes pass time on; Aggregate and Top
// give their rows the last instant of the window. `key` and `window` have been folded into the stateful node that uses
// them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "compiler/sema/typed_program.h"

namespace flow::graph {

using NodeId = uint32_t;
using sema::Expr;
using sema::Schema;

/// Which kinds of change travel on an edge (Flink's RowKind: insert 0, update_before 1, update_after 2, delete 3).
struct ChangeKinds {
  bool updates = false; // update_before, update_after
  bool deletes = false;
  bool is_append_only() const { return !updates && !deletes; }
  bool operator==(const ChangeKinds&) const = default;
};

struct Source {
  uint32_t stream;             // of TypedProgram::streams, which holds its options
  bool decodes_inline = false; // usual records are read by generated code, the others by the runtime's decoder
};
struct Errors {}; // bad records of the input, a Source
struct Filter {
  const Expr* condition;
};
struct Project {
  std::vector<const Expr*> values;
};
struct Unnest {
  const Expr* text;
  const Expr* pattern;
  uint32_t column;
};
struct Union {};
/// As sema::Changes says: takes changes, gives inserts.
struct Changes {
  bool in_full;
};
/// `rebalance`, `broadcast`, `forward`: how rows reach the consumer. A forward to another parallelism is a rebalance.
enum class ExchangeKind : uint8_t { forward, rebalance, broadcast };
struct Exchange {
  ExchangeKind kind;
};
struct Aggregate {
  std::vector<sema::KeyColumn> keys;
  sema::Window window;
  std::vector<sema::AggregateCall> calls;
  bool combines_first = false; // each task of the input adds up its rows, and sends partial results
  bool counts_late = true;     // no: another node takes the same rows, and its late ones are theirs
};
struct Top {
  std::vector<sema::KeyColumn> keys;
  sema::Window window;
  uint32_t count;
  std::vector<sema::Order> orders;
  bool has_rank;
  bool combines_first = false; // each task of the input sends only its own first rows
};
/// As sema::Join says. Inputs: the rows that flow (left), the others (right). `condition` reads the columns of both,
/// one behind the other.
struct Join {
  sema::JoinKind kind;
  std::vector<sema::KeyColumn> keys;       // over the left rows
  std::vector<sema::KeyColumn> other_keys; // over the right rows
  const Expr* condition;                   // or null
  sema::Window window;
  std::optional<sema::Within> within;
  std::vector<sema::JoinColumn> columns; // of the result
};
/// An operator of the program. Input i of the node is that of the operator; column c of its handler is column
/// `columns[i][c]` of that input's rows (absent: nothing reads it).
struct Process {
  const sema::Process* op;
  std::vector<std::vector<const Expr*>> keys; // by input, over its rows
  std::vector<std::vector<uint32_t>> columns; // by input
  static constexpr uint32_t absent = UINT32_MAX;
};
/// What the input, a Process, emits to this output of it.
struct Side {
  uint32_t output;
};
struct Late {}; // late rows of the input, an Aggregate or Top; schema of that node's input
struct Sink {
  uint32_t sink;               // of TypedProgram::sinks
  bool encodes_inline = false; // records are written by generated code
};

struct Node {
  std::variant<Source, Errors, Filter, Project, Unnest, Union, Changes, Exchange, Aggregate, Top, Join, Process, Side,
               Late, Sink>
      op;
  std::string name; // "hourly_tips.aggregate": stable, unique in the graph; what messages and state are named by
  std::vector<NodeId> inputs;
  Schema schema; // of its result; of a Sink: that of its input
  ChangeKinds changes;
  sema::OnError on_error = sema::OnError::stop;
  uint32_t parallelism = 0; // 0: that of the job
  lang::SourceRange range;
};

/// Nodes in an order in which inputs come first. `program` outlives the graph.
struct DataflowGraph {
  const sema::TypedProgram* program = nullptr;
  std::vector<Node> nodes;
};

} // namespace flow::graph
