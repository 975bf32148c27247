// Typed operators: what a `process` step keeps for each key, and what it does with a row or a timer.
//
// Records are gone here: a field, a parameter or a cell of record type is several scalars, named "ride.ride_id". An
// operator is checked anew for each step that uses it, with the step's arguments in place of its parameters, so a step
// holds all of it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include "compiler/sema/expr.h"

namespace flow::sema {

// ---- state -------------------------------------------------------------------------------------------------------

/// One `state name: T`. A cell is set or not; one that is not reads as null where it is nullable, else as `initial`.
struct StateCell {
  std::string_view name;
  Type type;                         // as declared; of a record the kind RECORD
  uint32_t first_field = 0;          // in Process::fields
  uint32_t field_count = 1;          // more than one only of records
  const Expr* initial = nullptr;     // over params; of cells that are not nullable, which are scalars
  std::optional<int64_t> expires_us; // after the last write, in event time
  std::string_view unbounded;        // why it may stay for ever, or empty
  std::string_view was;              // its name in an earlier program, or empty
  lang::SourceRange range;
};

struct StateField {
  std::string_view name; // "first.ride_id", or of a scalar that of its cell
  Type type;             // of a nullable scalar without the null: that is the cell's being set
  uint32_t cell = 0;
};

struct Timer {
  std::string_view name;
  bool is_processing_time = false; // `after`, not `at`
  lang::SourceRange range;
};

// ---- statements --------------------------------------------------------------------------------------------------

struct Statement;
using Block = std::span<const Statement* const>;

/// Each scalar has a number of its own in its handler; what reads it is ExprKind::local.
struct Let {
  uint32_t local;
  const Expr* value;
};
/// All values are taken before one is stored. One value per field of the cell, of the field's type; `is_set` (or null:
/// always) says whether the cell is set afterwards: the values are taken only if it is.
struct Assign {
  uint32_t cell;
  std::span<const Expr* const> values;
  const Expr* is_set = nullptr;
};
struct Clear {
  uint32_t cell;
};
struct IfStatement {
  const Expr* condition;
  Block then_block;
  Block else_block;
};
struct EmitRow {
  uint32_t output;
  std::span<const Expr* const> values; // one per column of the output
};
/// Sets the timer of this key, or moves it. at: timestamp; of a processing-time timer a duration from now.
struct SetTimer {
  uint32_t timer;
  const Expr* at;
};
struct CancelTimer {
  uint32_t timer;
};
/// Ends the handler.
struct ReturnStatement {};

struct Statement {
  std::variant<Let, Assign, Clear, IfStatement, EmitRow, SetTimer, CancelTimer, ReturnStatement> node;
  lang::SourceRange range;
};

/// Every expression of the statements, whole ones, in the order of the text.
void visit_exprs(Block block, const std::function<void(const Expr&)>& visit);

} // namespace flow::sema
