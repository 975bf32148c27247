#include "compiler/sema/expr_factory.h"

namespace flow::sema {

bool is_constant(const Expr& expr) { return expr.kind == ExprKind::constant && !expr.is_null && !expr.type.is_error(); }

Wide integer_of(const Expr& constant) {
  bool is_unsigned = constant.type.is_integer() && !constant.type.is_signed();
  return is_unsigned ? static_cast<Wide>(static_cast<uint64_t>(constant.int_value)) : constant.int_value;
}

Expr* ExprFactory::node(ExprKind kind, Type type, Range range) {
  auto* made = arena_.make<Expr>();
  made->kind = kind;
  made->type = type;
  made->range = range;
  return made;
}

const Expr* ExprFactory::error(Range range) { return node(ExprKind::constant, scalar(Kind::ERROR), range); }

const Expr* ExprFactory::null(Type type, Range range) {
  Expr* made = node(ExprKind::constant, type, range);
  made->is_null = true;
  return made;
}

const Expr* ExprFactory::boolean(bool value, Range range) { return integer(scalar(Kind::BOOL), value ? 1 : 0, range); }

const Expr* ExprFactory::integer(Type type, int64_t value, Range range) {
  Expr* made = node(ExprKind::constant, type, range);
  made->int_value = value;
  return made;
}

const Expr* ExprFactory::real(Type type, double value, Range range) {
  Expr* made = node(ExprKind::constant, type, range);
  made->float_value = value;
  return made;
}

const Expr* ExprFactory::text(std::string_view value, Range range) {
  Expr* made = node(ExprKind::constant, scalar(Kind::STRING), range);
  made->text = value;
  return made;
}

const Expr* ExprFactory::column(uint32_t index, Type type, Range range) {
  Expr* made = node(ExprKind::column, type, range);
  made->index = index;
  return made;
}

const Expr* ExprFactory::local(uint32_t index, Type type, Range range) {
  Expr* made = node(ExprKind::local, type, range);
  made->index = index;
  return made;
}

const Expr* ExprFactory::param(uint32_t index, Type type, Range range) {
  Expr* made = node(ExprKind::param, type, range);
  made->index = index;
  references_.push_back(made);
  return made;
}

const Expr* ExprFactory::place(ExprKind kind, uint32_t index, Type type, Range range) {
  Expr* made = node(kind, type, range);
  made->index = index;
  return made;
}

std::vector<const Expr*> ExprFactory::places(ExprKind kind, std::span<const Column> columns, uint32_t first,
                                             uint32_t count, Range range) {
  std::vector<const Expr*> made;
  for (uint32_t i = first; i < first + count; i++) {
    if (columns[i].type.is_error()) {
      made.push_back(error(range));
      continue;
    }
    made.push_back(place(kind, i, columns[i].type, range));
  }
  return made;
}

const Expr* ExprFactory::number(Range range) { return node(ExprKind::number, scalar(Kind::I64), range); }

const Expr* ExprFactory::make(ExprKind kind, Type type, std::initializer_list<const Expr*> args, Range range) {
  Expr* made = node(kind, type, range);
  made->args = arena_.copy(std::span<const Expr* const>(args.begin(), args.size()));
  return made;
}

const Expr* ExprFactory::make(ExprKind kind, Type type, const std::vector<const Expr*>& args, Range range) {
  Expr* made = node(kind, type, range);
  made->args = arena_.copy(std::span<const Expr* const>(args));
  return made;
}

const Expr* ExprFactory::call(ExprKind kind, uint32_t function, Type result, const std::vector<const Expr*>& args,
                              Range range) {
  Expr* made = node(kind, result, range);
  made->args = arena_.copy(std::span<const Expr* const>(args));
  made->function = function;
  references_.push_back(made);
  return made;
}

const Expr* ExprFactory::let(uint32_t local, const Expr* value, const Expr* body, Range range) {
  Expr* made = node(ExprKind::let, body->type, range);
  made->index = local;
  const Expr* args[] = {value, body};
  made->args = arena_.copy(std::span<const Expr* const>(args));
  return made;
}

Expr* ExprFactory::copy(const Expr& expr) {
  Expr* made = node(expr.kind, expr.type, expr.range);
  *made = expr;
  bool is_call = expr.kind == ExprKind::call || expr.kind == ExprKind::call_extern;
  if (is_call || expr.kind == ExprKind::param) references_.push_back(made);
  return made;
}

const Expr* ExprFactory::rebuilt(const Expr& expr, const std::vector<const Expr*>& args) {
  Expr* made = copy(expr);
  made->args = arena_.copy(std::span<const Expr* const>(args));
  return made;
}

const Expr* ExprFactory::placed(const Expr& expr, Range range) {
  Expr* made = copy(expr);
  made->range = range;
  return made;
}

const Expr* ExprFactory::negate(const Expr* operand, Range range) {
  if (is_constant(*operand) && operand->type.is_float()) return real(operand->type, -operand->float_value, range);
  if (is_constant(*operand)) {
    Wide value = -integer_of(*operand);
    // 2^63 is a literal of u64, and the least i64 once it is negated.
    bool is_least = operand->type.kind == Kind::U64 && value == least_of(Kind::I64);
    Type type = is_least ? scalar(Kind::I64) : operand->type;
    Kind holder = type.is_integer() ? type.kind : Kind::I64;
    if (holds(holder, value)) return integer(type, static_cast<int64_t>(value), range);
  }
  return make(ExprKind::negate, operand->type, {operand}, range);
}

const Expr* ExprFactory::logical_not(const Expr* operand, Range range) {
  if (operand->kind == ExprKind::logical_not) return placed(*operand->args[0], range);
  return make(ExprKind::logical_not, scalar(Kind::BOOL), {operand}, range);
}

const Expr* ExprFactory::arithmetic(ExprKind kind, Type type, const Expr* left, const Expr* right, Range range) {
  if (is_constant(*left) && is_constant(*right)) {
    if (const Expr* value = folded(kind, type, left, right, range)) return value;
  }
  return make(kind, type, {left, right}, range);
}

/// Null when the result is no constant: then the operation fails, or is made, when the job runs.
const Expr* ExprFactory::folded(ExprKind kind, Type type, const Expr* left, const Expr* right, Range range) {
  if (type.is_float()) {
    double a = left->float_value, b = right->float_value;
    if (type.kind == Kind::F32) return nullptr;
    switch (kind) {
    case ExprKind::add: return real(type, a + b, range);
    case ExprKind::subtract: return real(type, a - b, range);
    case ExprKind::multiply: return real(type, a * b, range);
    default: return nullptr;
    }
  }
  if (kind == ExprKind::remainder) return nullptr;
  std::optional<Wide> result = whole_arithmetic(kind, integer_of(*left), integer_of(*right));
  Kind holder = type.is_integer() ? type.kind : Kind::I64;
  return result && holds(holder, *result) ? integer(type, static_cast<int64_t>(*result), range) : nullptr;
}

std::optional<Wide> whole_arithmetic(ExprKind kind, Wide a, Wide b) {
  Wide result = 0;
  switch (kind) {
  case ExprKind::negate: return -a;
  case ExprKind::add:
  case ExprKind::shift_time: return a + b;
  case ExprKind::subtract: return a - b;
  case ExprKind::multiply: return __builtin_mul_overflow(a, b, &result) ? std::nullopt : std::optional(result);
  case ExprKind::divide: return b == 0 ? std::nullopt : std::optional(a / b);
  case ExprKind::remainder: return b == 0 ? std::nullopt : std::optional(a % b);
  default: return std::nullopt;
  }
}

} // namespace flow::sema
