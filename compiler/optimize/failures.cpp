#include "compiler/optimize/failures.h"

#include <set>

namespace flow::optimize {

namespace {

using sema::Expr;
using sema::ExprKind;

class FailureSearch {
public:
  explicit FailureSearch(const sema::TypedProgram& program) : program_(program) {}

  bool can_fail(const Expr& expr) {
    switch (expr.kind) {
    case ExprKind::attempt: return false;
    case ExprKind::call_extern:
      if (program_.externs[expr.function].may_fail) return true;
      break;
    case ExprKind::call:
      if (can_function_fail(expr.function)) return true;
      break;
    default:
      if (has_own_failure(expr)) return true;
    }
    return any_operand(expr);
  }

private:
  /// Its operands taken for columns (constants as they are), which never fail: what is left is the operation.
  static bool has_own_failure(const Expr& expr) {
    std::vector<Expr> operands(expr.args.size());
    std::vector<const Expr*> pointers;
    for (size_t i = 0; i < operands.size(); i++) {
      if (expr.args[i]->kind == ExprKind::constant)
        operands[i] = *expr.args[i];
      else
        operands[i].kind = ExprKind::column;
      operands[i].type = expr.args[i]->type;
      pointers.push_back(&operands[i]);
    }
    Expr alone = expr;
    alone.args = pointers;
    return sema::may_fail(alone);
  }

  bool any_operand(const Expr& expr) {
    for (const Expr* arg : expr.args) {
      if (can_fail(*arg)) return true;
    }
    return false;
  }

  /// One that calls itself may run out of stack: that counts as a failure.
  bool can_function_fail(uint32_t function) {
    if (!entered_.insert(function).second) return true;
    const Expr* body = program_.functions[function].body;
    bool fails = body == nullptr || can_fail(*body);
    entered_.erase(function);
    return fails;
  }

  const sema::TypedProgram& program_;
  std::set<uint32_t> entered_;
};

} // namespace

bool can_fail(const Expr& expr, const sema::TypedProgram& program) { return FailureSearch(program).can_fail(expr); }

bool can_fail(const graph::Project& project, const sema::TypedProgram& program) {
  for (const Expr* value : project.values) {
    if (can_fail(*value, program)) return true;
  }
  return false;
}

} // namespace flow::optimize
