#include "tests/interpreter/interpreter.h"

#include <cmath>

#include "lang/base/overloaded.h"
#include "runtime/base/assert.h"
#include "tests/interpreter/functions.h"
#include "tests/interpreter/numbers.h"

namespace flow::interpreter {

using sema::ExprKind;
using sema::Kind;

namespace {

[[noreturn]] void refuse(const char* what) {
  FLOW_ASSERT(false, what);
  __builtin_unreachable();
}

} // namespace

/// What an operator keeps for one key.
struct Entry {
  std::vector<bool> is_set; // by cell
  Row fields;
};

// ---- expressions

Evaluated Interpreter::evaluate(const sema::Expr& expr, Scope& scope) {
  switch (expr.kind) {
  case ExprKind::constant: return Value{expr.is_null, expr.int_value, expr.float_value, std::string(expr.text)};
  case ExprKind::column: return (*scope.row)[expr.index];
  case ExprKind::local: return scope.locals.at(expr.index);
  case ExprKind::key: return (*scope.key)[expr.index];
  case ExprKind::state: return state(expr.index, scope);
  case ExprKind::state_is_set: return of_bool(scope.entry->is_set[expr.index]);
  case ExprKind::param:
  case ExprKind::number:
  case ExprKind::record: refuse("programs of the interpreter have no such expression");
  case ExprKind::add:
  case ExprKind::subtract:
  case ExprKind::multiply:
  case ExprKind::divide:
  case ExprKind::remainder:
  case ExprKind::shift_time: return arithmetic(expr, scope);
  case ExprKind::equal:
  case ExprKind::not_equal:
  case ExprKind::less:
  case ExprKind::less_equal:
  case ExprKind::greater:
  case ExprKind::greater_equal: return comparison(expr, scope);
  case ExprKind::convert: return convert(expr, scope);
  case ExprKind::call_extern: return call_extern(expr, scope);
  case ExprKind::call: return call(expr, scope);
  default: break;
  }
  if (expr.kind == ExprKind::concat) {
    std::string text;
    for (const sema::Expr* part : expr.args) {
      Evaluated value = evaluate(*part, scope);
      if (!value) return std::nullopt;
      text += value->text;
    }
    return of_text(std::move(text));
  }
  Evaluated first = evaluate(*expr.args[0], scope);
  if (expr.kind == ExprKind::attempt) return first ? first : null_value();
  if (!first) return std::nullopt;
  switch (expr.kind) {
  case ExprKind::negate:
    if (expr.type.is_float()) return of_real(-first->real);
    return fitting(-wide_of(*first, expr.type.kind), expr.type.kind);
  case ExprKind::logical_not: return of_bool(first->integer == 0);
  case ExprKind::logical_and: return first->integer != 0 ? evaluate(*expr.args[1], scope) : first;
  case ExprKind::logical_or: return first->integer != 0 ? first : evaluate(*expr.args[1], scope);
  case ExprKind::conditional: return evaluate(*expr.args[first->integer != 0 ? 1 : 2], scope);
  case ExprKind::coalesce: return first->is_null ? evaluate(*expr.args[1], scope) : first;
  case ExprKind::is_null: return of_bool(first->is_null);
  case ExprKind::to_nullable:
  case ExprKind::assume_value: return first;
  case ExprKind::to_text: return first->is_null ? first : of_text(text_of(*first, expr.args[0]->type));
  case ExprKind::let: scope.locals[expr.index] = *first; return evaluate(*expr.args[1], scope);
  default: refuse("all kinds of expressions are known");
  }
}

Evaluated Interpreter::arithmetic(const sema::Expr& expr, Scope& scope) {
  Row operands;
  if (!evaluate_all(expr.args, scope, operands)) return std::nullopt;
  Kind kind = expr.type.kind;
  if (expr.type.is_float()) {
    double left = operands[0].real, right = operands[1].real, result = 0;
    switch (expr.kind) {
    case ExprKind::add: result = left + right; break;
    case ExprKind::subtract: result = left - right; break;
    case ExprKind::multiply: result = left * right; break;
    case ExprKind::divide: result = left / right; break;
    default: result = std::fmod(left, right); break;
    }
    // Of two f32 the double result is rounded once more to what f32 arithmetic gives: a double has more than twice the
    // bits (S. A. Figueroa, "When is double rounding innocuous?", 1995).
    return of_real(kind == Kind::F32 ? static_cast<float>(result) : result);
  }
  Wide left = wide_of(operands[0], kind), right = wide_of(operands[1], kind);
  bool divides = expr.kind == ExprKind::divide || expr.kind == ExprKind::remainder;
  if (divides && right == 0) return std::nullopt;
  switch (expr.kind) {
  case ExprKind::subtract: return fitting(left - right, kind);
  case ExprKind::multiply: {
    Wide product = 0;
    if (__builtin_mul_overflow(left, right, &product)) return std::nullopt;
    return fitting(product, kind);
  }
  case ExprKind::divide: return fitting(left / right, kind);
  case ExprKind::remainder: return fitting(left % right, kind);
  default: return fitting(left + right, kind);
  }
}

Evaluated Interpreter::comparison(const sema::Expr& expr, Scope& scope) {
  Row operands;
  if (!evaluate_all(expr.args, scope, operands)) return std::nullopt;
  const Value &left = operands[0], &right = operands[1];
  auto answer = [&](auto a, auto b) {
    switch (expr.kind) {
    case ExprKind::equal: return of_bool(a == b);
    case ExprKind::not_equal: return of_bool(a != b);
    case ExprKind::less: return of_bool(a < b);
    case ExprKind::less_equal: return of_bool(a <= b);
    case ExprKind::greater: return of_bool(a > b);
    default: return of_bool(a >= b);
    }
  };
  if (left.is_null || right.is_null) return answer(left.is_null, right.is_null);
  sema::Type type = expr.args[0]->type;
  if (type.is_float()) return answer(left.real, right.real);
  if (type.is_text()) return answer(left.text.compare(right.text), 0);
  return answer(wide_of(left, type.kind), wide_of(right, type.kind));
}

Evaluated Interpreter::convert(const sema::Expr& expr, Scope& scope) {
  Evaluated value = evaluate(*expr.args[0], scope);
  if (!value || value->is_null) return value;
  Kind from = expr.args[0]->type.kind;
  return from == Kind::STRING ? parsed(value->text, expr.type.kind) : converted(*value, from, expr.type.kind);
}

Evaluated Interpreter::call(const sema::Expr& expr, Scope& scope) {
  Row arguments;
  if (!evaluate_all(expr.args, scope, arguments)) return std::nullopt;
  Scope inner;
  for (uint32_t i = 0; i < arguments.size(); i++) inner.locals[i] = arguments[i];
  return evaluate(*program_.functions[expr.function].body, inner);
}

Evaluated Interpreter::call_extern(const sema::Expr& expr, Scope& scope) {
  Row arguments;
  if (!evaluate_all(expr.args, scope, arguments)) return std::nullopt;
  return call_function(program_.externs[expr.function], arguments);
}

bool Interpreter::evaluate_all(std::span<const sema::Expr* const> exprs, Scope& scope, Row& values) {
  for (const sema::Expr* expr : exprs) {
    Evaluated value = evaluate(*expr, scope);
    if (!value) return false;
    values.push_back(std::move(*value));
  }
  return true;
}

/// Of a cell that is not set: null, what it holds at first, or, in a record that is not there, zero.
Value Interpreter::state(uint32_t field, Scope& scope) {
  const sema::StateCell& cell = scope.process->cells[scope.process->fields[field].cell];
  if (scope.entry->is_set[scope.process->fields[field].cell]) return scope.entry->fields[field];
  if (cell.type.kind == Kind::RECORD) return Value{};
  return cell.type.nullable ? null_value() : evaluate(*cell.initial, scope).value();
}

// ---- streams

std::vector<Row> Interpreter::rows_of(const sema::Stream& stream, const std::vector<Row>& input) {
  const uint32_t* from = std::get_if<uint32_t>(&stream.origin);
  std::vector<Row> rows = from != nullptr ? rows_of(program_.streams[*from], input) : input;
  for (const sema::Step& step : stream.steps) rows = apply(step, std::move(rows));
  return rows;
}

std::vector<Row> Interpreter::apply(const sema::Step& step, std::vector<Row> rows) {
  if (const auto* process = std::get_if<sema::Process>(&step.node)) return this->process(*process, rows);
  const auto* where = std::get_if<sema::Where>(&step.node);
  const auto* project = std::get_if<sema::Project>(&step.node);
  if (where == nullptr && project == nullptr) refuse("the interpreter knows `where`, projections and `process`");
  std::vector<Row> result;
  for (const Row& row : rows) {
    Scope scope{.row = &row};
    Row made;
    bool is_good = where != nullptr ? evaluate_all({&where->condition, 1}, scope, made)
                                    : evaluate_all(project->values, scope, made);
    FLOW_ASSERT(is_good || step.on_error == sema::OnError::skip, "rows fail only where they may be left out");
    if (is_good && where == nullptr) result.push_back(std::move(made));
    if (is_good && where != nullptr && made[0].integer != 0) result.push_back(row);
  }
  return result;
}

// ---- operators

std::vector<Row> Interpreter::process(const sema::Process& process, const std::vector<Row>& rows) {
  FLOW_ASSERT(process.timers.empty() && process.inputs.size() == 1, "operators of the interpreter have one input");
  std::map<std::string, Entry> entries;
  std::vector<Row> emitted;
  for (const Row& row : rows) {
    Scope scope{.row = &row};
    Row key;
    FLOW_ASSERT(evaluate_all(process.inputs[0].keys, scope, key), "a key does not fail");
    std::string name;
    for (size_t i = 0; i < key.size(); i++) name += text_of(key[i], process.key_types[i]) + '\0';
    Entry& entry = entries[name];
    entry.is_set.resize(process.cells.size());
    entry.fields.resize(process.fields.size());
    scope.process = &process;
    scope.key = &key;
    scope.entry = &entry;
    run(process.inputs[0].body, scope, emitted);
  }
  return emitted;
}

bool Interpreter::run(sema::Block block, Scope& scope, std::vector<Row>& emitted) {
  auto values_of = [&](std::span<const sema::Expr* const> exprs) {
    Row values;
    FLOW_ASSERT(evaluate_all(exprs, scope, values), "statements of the interpreter do not fail");
    return values;
  };
  for (const sema::Statement* statement : block) {
    bool goes_on =
        std::visit(lang::Overloaded{
                       [&](const sema::Let& let) {
                         scope.locals[let.local] = values_of({&let.value, 1})[0];
                         return true;
                       },
                       [&](const sema::Assign& assign) {
                         bool is_set = assign.is_set == nullptr || values_of({&assign.is_set, 1})[0].integer != 0;
                         Row values = is_set ? values_of(assign.values) : Row{}; // which may read the cell itself
                         scope.entry->is_set[assign.cell] = is_set;
                         uint32_t first = scope.process->cells[assign.cell].first_field;
                         for (size_t i = 0; i < values.size(); i++) scope.entry->fields[first + i] = values[i];
                         return true;
                       },
                       [&](const sema::Clear& clear) {
                         scope.entry->is_set[clear.cell] = false;
                         return true;
                       },
                       [&](const sema::IfStatement& choice) {
                         bool is_true = values_of({&choice.condition, 1})[0].integer != 0;
                         return run(is_true ? choice.then_block : choice.else_block, scope, emitted);
                       },
                       [&](const sema::EmitRow& emit) {
                         emitted.push_back(values_of(emit.values));
                         return true;
                       },
                       [](const sema::SetTimer&) -> bool { refuse("operators of the interpreter have no timers"); },
                       [](const sema::CancelTimer&) -> bool { refuse("operators of the interpreter have no timers"); },
                       [](const sema::ReturnStatement&) { return false; },
                   },
                   statement->node);
    if (!goes_on) return false;
  }
  return true;
}

} // namespace flow::interpreter
