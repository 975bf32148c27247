// Unary and binary operators.
#include "compiler/sema/expr_checker.h"
#include "compiler/sema/records.h"

namespace flow::sema {

using lang::BinaryOperator;
using lang::DiagnosticKind;

namespace {

ExprKind kind_of(BinaryOperator op) {
  switch (op) {
  case BinaryOperator::add: return ExprKind::add;
  case BinaryOperator::subtract: return ExprKind::subtract;
  case BinaryOperator::multiply: return ExprKind::multiply;
  case BinaryOperator::divide: return ExprKind::divide;
  case BinaryOperator::remainder: return ExprKind::remainder;
  case BinaryOperator::equal: return ExprKind::equal;
  case BinaryOperator::not_equal: return ExprKind::not_equal;
  case BinaryOperator::less: return ExprKind::less;
  case BinaryOperator::less_equal: return ExprKind::less_equal;
  case BinaryOperator::greater: return ExprKind::greater;
  default: return ExprKind::greater_equal;
  }
}

std::string quoted(BinaryOperator op) { return "`" + std::string(lang::text_of(op)) + "`"; }

/// Kinds that `<` compares. Enums have no order that their texts would show; bytes have none of use.
bool is_ordered(Type type) {
  return type.is_number() || type.kind == Kind::STRING || type.kind == Kind::TIMESTAMP || type.kind == Kind::DATE ||
         type.kind == Kind::DURATION;
}

} // namespace

const Expr* ExprChecker::unary(const lang::Expr& expr, const lang::Unary& node, Type expected) {
  if (node.op == lang::UnaryOperator::logical_not) {
    const Expr* operand = bool_operand(*node.operand, "not");
    return operand->type.is_error() ? operand : check_.make.logical_not(operand, expr.range);
  }
  const Expr* operand = check(*node.operand, expected);
  if (operand->type.is_error() || !require_value(check_, *operand, "`-`")) return check_.make.error(expr.range);
  Type type = operand->type;
  bool is_literal = is_constant(*operand);
  bool is_unsigned = type.is_integer() && !type.is_signed() && !is_literal;
  if ((type.is_number() && !is_unsigned) || type.kind == Kind::DURATION) return check_.make.negate(operand, expr.range);
  auto report = check_.report(DiagnosticKind::wrong_operand, expr.range, "`-` does not take `{}`, which is `{}`",
                              check_.written(operand->range), text_of(type));
  if (is_unsigned) report.help("make it signed first: `-i64({})`", check_.written(operand->range));
  return check_.make.error(expr.range);
}

const Expr* ExprChecker::bool_operand(const lang::Expr& expr, std::string_view op) {
  return coerce(check_, check(expr), scalar(Kind::BOOL), "an operand of `" + std::string(op) + "`");
}

const Expr* ExprChecker::binary(const lang::Expr& expr, const lang::Binary& node, Type expected) {
  switch (node.op) {
  case BinaryOperator::logical_or:
  case BinaryOperator::logical_and: return logical(expr, node);
  case BinaryOperator::equal:
  case BinaryOperator::not_equal: return equality(expr, node);
  case BinaryOperator::less:
  case BinaryOperator::less_equal:
  case BinaryOperator::greater:
  case BinaryOperator::greater_equal: return order(expr, node);
  case BinaryOperator::in:
  case BinaryOperator::not_in: return in(expr, node);
  case BinaryOperator::coalesce: return coalesce(expr, node, expected);
  case BinaryOperator::range:
  case BinaryOperator::range_below:
    check(*node.left);
    check(*node.right);
    check_.report(DiagnosticKind::no_value, expr.range, "a range is no value: it may stand behind `in` only");
    return check_.make.error(expr.range);
  default: return arithmetic(expr, node, expected);
  }
}

const Expr* ExprChecker::logical(const lang::Expr& expr, const lang::Binary& node) {
  bool is_and = node.op == BinaryOperator::logical_and;
  std::string_view op = is_and ? "and" : "or";
  const Expr* left = bool_operand(*node.left, op);
  size_t known = facts_.size();
  if (!left->type.is_error()) facts_when(is_and, *left, facts_);
  const Expr* right = bool_operand(*node.right, op);
  facts_.resize(known);
  if (left->type.is_error() || right->type.is_error()) return check_.make.error(expr.range);
  return check_.make.make(is_and ? ExprKind::logical_and : ExprKind::logical_or, scalar(Kind::BOOL), {left, right},
                          expr.range);
}

const Expr* ExprChecker::equality(const lang::Expr& expr, const lang::Binary& node) {
  // A bare name on the left may be a value of the enum on the right, a literal day a date.
  const auto* name = node.left->as<lang::NameExpr>();
  bool right_first =
      (name != nullptr && row_name(name->name, node.left->range) == nullptr) || node.left->as<lang::InstantLiteral>();
  const Expr* right = right_first ? check(*node.right) : nullptr;
  const Expr* left = check(*node.left, right_first ? right->type : Type{});
  if (!right_first) right = check(*node.right, left->type);
  return equality_of(kind_of(node.op), left, right, expr.range, node.op_range);
}

const Expr* ExprChecker::equality_of(ExprKind kind, const Expr* left, const Expr* right, Range range, Range op_range) {
  if (left->type.is_error() || right->type.is_error()) return check_.make.error(range);
  bool left_is_null = left->type.kind == Kind::NULL_, right_is_null = right->type.kind == Kind::NULL_;
  if (left_is_null != right_is_null) {
    const Expr* tested = left_is_null ? right : left;
    const Expr* test = null_test(tested, range);
    return kind == ExprKind::equal ? test : check_.make.logical_not(test, range);
  }
  if (!require_scalar(check_, *left, "a comparison") || !require_scalar(check_, *right, "a comparison"))
    return check_.make.error(range);
  if (left_is_null || !unify(check_, left, right)) return cannot_compare(*left, *right, op_range);
  return check_.make.make(kind, scalar(Kind::BOOL), {left, right}, range);
}

const Expr* ExprChecker::order(const lang::Expr& expr, const lang::Binary& node) {
  bool right_first = node.left->as<lang::InstantLiteral>() != nullptr;
  const Expr* right = right_first ? check(*node.right) : nullptr;
  const Expr* left = check(*node.left, right_first ? right->type : Type{});
  if (!right_first) right = check(*node.right, left->type);
  return order_of(kind_of(node.op), left, right, expr.range, quoted(node.op));
}

const Expr* ExprChecker::order_of(ExprKind kind, const Expr* left, const Expr* right, Range range,
                                  std::string_view op) {
  if (left->type.is_error() || right->type.is_error()) return check_.make.error(range);
  if (!require_scalar(check_, *left, op) || !require_scalar(check_, *right, op)) return check_.make.error(range);
  bool has_values = require_value(check_, *left, op);
  has_values = require_value(check_, *right, op) && has_values;
  if (!has_values) return check_.make.error(range);
  if (!unify(check_, left, right)) return cannot_compare(*left, *right, range);
  if (!is_ordered(left->type)) {
    check_.report(DiagnosticKind::wrong_operand, range, "values of `{}` have no order", text_of(left->type))
        .help("they can be compared by `==`, `!=` and `in`");
    return check_.make.error(range);
  }
  return check_.make.make(kind, scalar(Kind::BOOL), {left, right}, range);
}

const Expr* ExprChecker::cannot_compare(const Expr& left, const Expr& right, Range range) {
  auto report =
      check_.report(DiagnosticKind::type_mismatch, range, "cannot compare `{}` (`{}`) with `{}` (`{}`)",
                    check_.written(left.range), text_of(left.type), check_.written(right.range), text_of(right.type));
  // The mend goes to the side that is a literal, else to the right one; a wider number is never narrowed.
  bool to_left = !is_constant(left) || is_constant(right);
  if (left.type.is_number() && right.type.is_number() && left.type.is_float() != right.type.is_float())
    to_left = left.type.is_float();
  const Expr& changed = to_left ? right : left;
  suggest_cast(check_, report, changed, to_left ? left.type : right.type);
  return check_.make.error(range);
}

const Expr* ExprChecker::in(const lang::Expr& expr, const lang::Binary& node) {
  const Expr* value = check(*node.left);
  const Expr* result = nullptr;
  if (const auto* list = node.right->as<lang::ListExpr>()) {
    result = in_list(value, *list, expr.range);
  } else if (const auto* range = node.right->as<lang::Binary>();
             range != nullptr && (range->op == BinaryOperator::range || range->op == BinaryOperator::range_below)) {
    result = in_range(value, *range, expr.range);
  } else {
    check(*node.right);
    check_.report(DiagnosticKind::wrong_operand, node.right->range,
                  "behind `in` stands a range `a..b` or a list `[a, b]`");
    return check_.make.error(expr.range);
  }
  if (result->type.is_error() || node.op == BinaryOperator::in) return result;
  return check_.make.logical_not(result, expr.range);
}

/// The value is used twice: what is no name or literal is computed once, into a local.
const Expr* ExprChecker::with_local(const Expr* value, const Expr*& local) {
  bool is_simple = is_place(*value) || value->kind == ExprKind::constant || value->kind == ExprKind::number ||
                   value->kind == ExprKind::key || value->kind == ExprKind::assume_value;
  local = is_simple ? value : check_.make.local(next_local_++, value->type, value->range);
  return is_simple ? nullptr : local;
}

const Expr* ExprChecker::in_range(const Expr* value, const lang::Binary& range_expr, Range range) {
  const Expr* low = check(*range_expr.left, value->type);
  const Expr* high = check(*range_expr.right, value->type);
  const Expr* local = nullptr;
  const Expr* used = with_local(value, local);
  bool is_below = range_expr.op == BinaryOperator::range_below;
  const Expr* from = order_of(ExprKind::greater_equal, local, low, range, "`in`");
  if (from->type.is_error()) return from;
  const Expr* to = order_of(is_below ? ExprKind::less : ExprKind::less_equal, local, high, range, "`in`");
  if (to->type.is_error()) return to;
  const Expr* both = check_.make.make(ExprKind::logical_and, scalar(Kind::BOOL), {from, to}, range);
  return used == nullptr ? both : check_.make.let(used->index, value, both, range);
}

/// As a balanced tree, so that a list of any length makes one of little height; the order of evaluation stays.
const Expr* ExprChecker::any_of(std::vector<const Expr*> conditions, Range range) {
  for (const Expr* condition : conditions) {
    if (condition->type.is_error()) return condition;
  }
  while (conditions.size() > 1) {
    std::vector<const Expr*> halved;
    for (size_t i = 0; i + 1 < conditions.size(); i += 2) {
      halved.push_back(
          check_.make.make(ExprKind::logical_or, scalar(Kind::BOOL), {conditions[i], conditions[i + 1]}, range));
    }
    if (conditions.size() % 2 == 1) halved.push_back(conditions.back());
    conditions = std::move(halved);
  }
  return conditions[0];
}

const Expr* ExprChecker::in_list(const Expr* value, const lang::ListExpr& list, Range range) {
  if (list.items.empty()) {
    check_.report(DiagnosticKind::bad_value, range, "nothing is in an empty list");
    return check_.make.error(range);
  }
  const Expr* local = nullptr;
  const Expr* used = with_local(value, local);
  std::vector<const Expr*> conditions;
  for (const lang::Expr* item : list.items) {
    conditions.push_back(equality_of(ExprKind::equal, local, check(*item, value->type), item->range, item->range));
  }
  const Expr* any = any_of(std::move(conditions), range);
  if (any->type.is_error()) return any;
  return used == nullptr ? any : check_.make.let(used->index, value, any, range);
}

const Expr* ExprChecker::coalesce(const lang::Expr& expr, const lang::Binary& node, Type expected) {
  const Expr* left = check(*node.left, expected);
  const Expr* right = check(*node.right, left->type.is_error() ? expected : left->type);
  if (left->type.is_error() || right->type.is_error()) return check_.make.error(expr.range);
  if (left->type.kind == Kind::NULL_) return right;
  if (!left->type.nullable) {
    check_
        .report(DiagnosticKind::wrong_operand, node.op_range, "`{}` is never null (its type is `{}`)",
                check_.written(left->range), text_of(left->type))
        .help("leave `?? …` out");
    return check_.make.error(expr.range);
  }
  bool stays_nullable = right->type.nullable;
  const Expr* values[] = {left, right};
  bool are_records = left->kind == ExprKind::record && right->type.kind == Kind::RECORD;
  std::optional<Type> type = are_records ? left->type : common_type(values);
  if (!type) return cannot_compare(*left, *right, node.op_range);
  Type result = stays_nullable ? type->with_null() : type->without_null();
  left = coerce(check_, left, result.with_null(), "the value before `??`");
  right = coerce(check_, right, result, "the value behind `??`");
  if (left->type.is_error() || right->type.is_error()) return check_.make.error(expr.range);
  if (left->kind == ExprKind::record) return coalesce_records(*left, *right, expr.range);
  return check_.make.make(ExprKind::coalesce, result, {left, right}, expr.range);
}

const Expr* ExprChecker::coalesce_records(const Expr& left, const Expr& right, Range range) {
  const Expr* there = marker_of(left);
  const Expr* chosen = choose(check_, there, *without_marker(check_, left), *without_marker(check_, right), range);
  if (!right.type.nullable) return chosen;
  const Expr* any = check_.make.make(ExprKind::logical_or, scalar(Kind::BOOL), {there, marker_of(right)}, range);
  return make_record(check_, *left.type.record, any, {chosen->args.begin(), chosen->args.end()}, range);
}

const Expr* ExprChecker::arithmetic(const lang::Expr& expr, const lang::Binary& node, Type expected) {
  const Expr* left = check(*node.left, expected);
  const Expr* right = check(*node.right, expected);
  if (left->type.is_error() || right->type.is_error()) return check_.make.error(expr.range);
  bool has_values = require_value(check_, *left, quoted(node.op));
  has_values = require_value(check_, *right, quoted(node.op)) && has_values;
  if (!has_values) return check_.make.error(expr.range);
  ExprKind kind = kind_of(node.op);
  if (left->type.is_number() && right->type.is_number()) {
    if (!unify(check_, left, right)) return cannot_compute(node, *left, *right);
    bool is_zero = is_constant(*right) && right->type.is_integer() && right->int_value == 0;
    if (is_zero && (kind == ExprKind::divide || kind == ExprKind::remainder)) {
      check_.report(DiagnosticKind::bad_value, right->range, "a division by zero always fails");
      return check_.make.error(expr.range);
    }
    return check_.make.arithmetic(kind, left->type, left, right, expr.range);
  }
  const Expr* result = time_arithmetic(kind, left, right, expr.range);
  return result != nullptr ? result : cannot_compute(node, *left, *right);
}

/// Sums, differences, multiples of times and durations; null when there is no such operation.
const Expr* ExprChecker::time_arithmetic(ExprKind kind, const Expr* left, const Expr* right, Range range) {
  Kind l = left->type.kind, r = right->type.kind;
  Type duration = scalar(Kind::DURATION), timestamp = scalar(Kind::TIMESTAMP);
  auto as_duration = [&](const Expr* value) {
    if (is_constant(*value)) return check_.make.integer(duration, value->int_value, value->range);
    const Expr* wide = try_coerce(check_, value, value->type.kind == Kind::TIMESTAMP ? timestamp : scalar(Kind::I64));
    return wide == nullptr ? nullptr : check_.make.make(ExprKind::convert, duration, {wide}, value->range);
  };
  bool is_add = kind == ExprKind::add, is_subtract = kind == ExprKind::subtract;
  if (l == Kind::DURATION && r == Kind::DURATION) {
    if (is_add) return check_.make.arithmetic(ExprKind::shift_time, duration, left, right, range);
    if (is_subtract || kind == ExprKind::remainder) return check_.make.arithmetic(kind, duration, left, right, range);
    if (kind != ExprKind::divide) return nullptr;
    const Expr* times = check_.make.arithmetic(kind, duration, left, right, range);
    if (is_constant(*times)) return check_.make.integer(scalar(Kind::I64), times->int_value, range);
    return check_.make.make(ExprKind::convert, scalar(Kind::I64), {times}, range);
  }
  if (l == Kind::TIMESTAMP && r == Kind::TIMESTAMP && is_subtract) {
    return check_.make.arithmetic(kind, duration, as_duration(left), as_duration(right), range);
  }
  if (is_add && l == Kind::DURATION && r == Kind::TIMESTAMP) std::swap(left, right), std::swap(l, r);
  if (l == Kind::TIMESTAMP && r == Kind::DURATION && (is_add || is_subtract)) {
    const Expr* shift = is_add ? right : check_.make.negate(right, right->range);
    return check_.make.arithmetic(ExprKind::shift_time, timestamp, left, shift, range);
  }
  bool is_multiple = kind == ExprKind::multiply || (kind == ExprKind::divide && l == Kind::DURATION);
  if (!is_multiple ||
      !((l == Kind::DURATION && right->type.is_integer()) || (r == Kind::DURATION && left->type.is_integer()))) {
    return nullptr;
  }
  const Expr* a = l == Kind::DURATION ? left : as_duration(left);
  const Expr* b = r == Kind::DURATION ? right : as_duration(right);
  return a == nullptr || b == nullptr ? nullptr : check_.make.arithmetic(kind, duration, a, b, range);
}

/// The value inside of a template: a literal text as it is, anything else as a hole.
std::string ExprChecker::as_hole(const Expr& value) const {
  if (is_constant(value) && value.type.kind == Kind::STRING) return std::string(value.text);
  return "{" + check_.written(value.range) + "}";
}

const Expr* ExprChecker::cannot_compute(const lang::Binary& node, const Expr& left, const Expr& right) {
  auto report = check_.report(
      DiagnosticKind::wrong_operand, node.op_range, "{} does not take `{}` (`{}`) and `{}` (`{}`)", quoted(node.op),
      check_.written(left.range), text_of(left.type), check_.written(right.range), text_of(right.type));
  Range whole = lang::cover(left.range, right.range);
  bool has_text = left.type.kind == Kind::STRING || right.type.kind == Kind::STRING;
  bool has_number = left.type.is_number() || right.type.is_number();
  if (has_text && node.op == BinaryOperator::add) {
    report.help("texts are joined by a template: `\"{}{}\"`", as_hole(left), as_hole(right));
  } else if (left.type.is_number() && right.type.is_number()) {
    bool to_left = left.type.is_float() && !right.type.is_float();
    suggest_cast(check_, report, to_left ? right : left, to_left ? left.type : right.type);
  } else if (has_text && has_number) {
    bool to_left = left.type.is_number();
    suggest_cast(check_, report, to_left ? right : left, to_left ? left.type : right.type);
  } else if ((left.type.kind == Kind::TIMESTAMP || left.type.kind == Kind::DURATION) && right.type.is_integer()) {
    report.help("a duration has a unit, as in `{} {} {}s`", check_.written(left.range), lang::text_of(node.op),
                check_.written(right.range));
  } else if (left.type.kind == Kind::DATE) {
    report.help("take the first moment of the day: `timestamp({})`", check_.written(left.range));
  }
  return check_.make.error(whole);
}

} // namespace flow::sema
