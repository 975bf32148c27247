#include "compiler/sema/expr.h"

#include "compiler/sema/numbers.h"

namespace flow::sema {

namespace {

/// Neither 0 nor -1, by which the least integer overflows.
bool is_safe_divisor(const Expr& expr) {
  return expr.kind == ExprKind::constant && !expr.is_null && expr.int_value != 0 && expr.int_value != -1;
}

bool may_fail_itself(const Expr& expr) {
  switch (expr.kind) {
  case ExprKind::negate:
  case ExprKind::add:
  case ExprKind::subtract:
  case ExprKind::multiply: return !expr.type.is_float();
  case ExprKind::divide:
  case ExprKind::remainder: return !expr.type.is_float() && !is_safe_divisor(*expr.args[1]);
  case ExprKind::shift_time:
  case ExprKind::concat: return true; // a text has a greatest size
  case ExprKind::convert: return !is_lossless(expr.args[0]->type.kind, expr.type.kind);
  case ExprKind::call_extern:
  case ExprKind::call: return true;
  default: return false;
  }
}

} // namespace

bool may_fail(const Expr& expr) {
  if (expr.kind == ExprKind::attempt) return false;
  if (may_fail_itself(expr)) return true;
  for (const Expr* arg : expr.args) {
    if (may_fail(*arg)) return true;
  }
  return false;
}

} // namespace flow::sema
