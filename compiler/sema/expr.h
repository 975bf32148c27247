// Typed expressions: names resolved, overloads chosen, conversions explicit, sugar gone. Made by sema, rewritten by
// the passes of compiler/optimize, emitted by codegen/expr_emitter. Nodes live in the program's arena and are not
// changed once made.
//
// Evaluation. Operands from left to right; `and`, `or`, `if`, `coalesce` evaluate only what they need. An operation on
// a null operand never happens: sema demands that it was taken away. A failure (overflow, division, cast, a function's
// refusal) stops the evaluation of the row and follows the `on error` of the site.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "compiler/sema/types.h"
#include "lang/source/source_file.h"

namespace flow::sema {

enum class ExprKind : uint8_t {
  constant,     // int_value (also bool, enum index, date days, timestamp and duration us), float_value or text; or null
  column,       // index: field of the row that flows
  local,        // index: parameter of the function, or the value of an enclosing `let`
  param,        // index: param of the program
  number,       // the event number, in the fields of a generate source
  key,          // index: key column of the operator, in its handlers
  state,        // index: field of the operator's state (Process::fields); of a nullable scalar cell with its null
  state_is_set, // index: cell of the operator's state
  negate,       // checked for integers
  logical_not,
  add,
  subtract,
  multiply,
  divide,
  remainder,  // operands have the result's type; integers checked; remainder by sign of the dividend
  shift_time, // timestamp + duration, timestamp - duration (negated by sema), duration + duration: i64 us, checked
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal, // operands of one type; equal and not_equal take nulls as values
  logical_and,
  logical_or,
  conditional, // args: condition, then, else
  coalesce,    // args: nullable, otherwise
  is_null,
  convert,      // args[0] to `type`; lossless or checked (failure CAST); nullability follows the operand
  to_nullable,  // T to T?
  assume_value, // T? to T where a test before has shown that it is not null
  to_text,      // any scalar to string, as the CSV encoder prints it
  concat,       // args: strings
  call_extern,  // function: index into TypedProgram::externs
  call,         // function: index into TypedProgram::functions
  let,          // args: value, body; `index` is the local the body reads
  attempt,      // try(x): args[0] with null in place of a failure
  record,       // inside of sema only, which takes it apart (records.h)
};

struct Expr {
  ExprKind kind = ExprKind::constant;
  Type type;
  lang::SourceRange range;
  std::span<const Expr* const> args;
  uint32_t index = 0;    // of column, local, param, let, key, state, state_is_set
  uint32_t function = 0; // of call, call_extern
  bool is_null = false;  // constant null
  int64_t int_value = 0;
  double float_value = 0;
  std::string_view text;
};

/// Could its evaluation fail? (integer arithmetic, conversions that narrow, functions that may refuse)
bool may_fail(const Expr& expr);

} // namespace flow::sema
