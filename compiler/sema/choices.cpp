// `is null`, `if`, `match`.
#include <algorithm>

#include "compiler/sema/expr_checker.h"
#include "compiler/sema/records.h"

namespace flow::sema {

using lang::DiagnosticKind;

const Expr* ExprChecker::is_null(const lang::Expr& expr, const lang::IsNull& test) {
  const Expr* operand = check(*test.operand);
  if (operand->type.is_error()) return operand;
  if (operand->type.kind == Kind::NULL_) return check_.make.boolean(!test.is_negated, expr.range);
  const Expr* is = null_test(operand, expr.range);
  return test.is_negated ? check_.make.logical_not(is, expr.range) : is;
}

/// All of one type, or an error.
bool ExprChecker::same_type(std::vector<const Expr*>& values, Range range, std::string_view what) {
  bool has_error = std::ranges::any_of(values, [](const Expr* value) { return value->type.is_error(); });
  if (has_error) return false;
  std::optional<Type> type = common_type(values);
  if (type && type->kind == Kind::NULL_) {
    check_.report(DiagnosticKind::no_value, range, "{} is always null", what);
    return false;
  }
  if (!type) {
    const Expr* other = values[0];
    for (const Expr* value : values) {
      const Expr* two[] = {values[0], value};
      if (!common_type(two)) other = value;
    }
    auto report =
        check_.report(DiagnosticKind::type_mismatch, other->range, "{} is `{}` in one case and `{}` in another", what,
                      text_of(values[0]->type), text_of(other->type));
    report.note(values[0]->range, "`{}` is here", text_of(values[0]->type));
    suggest_cast(check_, report, *other, values[0]->type);
    return false;
  }
  for (const Expr*& value : values) {
    value = coerce(check_, value, *type, what);
    if (value->type.is_error()) return false;
  }
  return true;
}

const Expr* ExprChecker::conditional(const lang::Expr& expr, const lang::If& choice, Type expected) {
  const Expr* condition = coerce(check_, check(*choice.condition), scalar(Kind::BOOL), "the condition of `if`");
  size_t known = facts_.size();
  if (!condition->type.is_error()) facts_when(true, *condition, facts_);
  std::vector<const Expr*> values = {check(*choice.then_value, expected)};
  facts_.resize(known);
  if (!condition->type.is_error()) facts_when(false, *condition, facts_);
  values.push_back(check(*choice.else_value, expected.is_error() ? values[0]->type : expected));
  facts_.resize(known);
  if (!same_type(values, expr.range, "the value of this `if`") || condition->type.is_error())
    return check_.make.error(expr.range);
  return either(condition, values[0], values[1], expr.range);
}

/// REQUIRES: values of one type.
const Expr* ExprChecker::either(const Expr* condition, const Expr* then_value, const Expr* else_value, Range range) {
  if (then_value->kind == ExprKind::record) return choose(check_, condition, *then_value, *else_value, range);
  return check_.make.make(ExprKind::conditional, then_value->type, {condition, then_value, else_value}, range);
}

/// `match x { a | b => v, else => w }` is `let x in if x == a or x == b then v else w`.
const Expr* ExprChecker::match(const lang::Expr& expr, const lang::Match& node, Type expected) {
  constexpr size_t arms_max = 1000;
  const Expr* subject = check(*node.subject);
  if (node.arms.size() > arms_max) {
    check_.report(DiagnosticKind::bad_value, expr.range, "a `match` has at most {} arms", arms_max)
        .help("put values with one result into one arm: `a | b => …`");
    return check_.make.error(expr.range);
  }
  if (subject->type.is_error() || !require_scalar(check_, *subject, "`match`")) {
    for (const lang::MatchArm& arm : node.arms) check(*arm.value, expected);
    return check_.make.error(expr.range);
  }
  const Expr* local = nullptr;
  const Expr* used = with_local(subject, local);
  std::vector<const Expr*> conditions, values;
  bool is_good = match_conditions(node, local, conditions);
  for (const lang::MatchArm& arm : node.arms) values.push_back(check(*arm.value, expected));
  if (!same_type(values, expr.range, "the value of this `match`") || !is_good) return check_.make.error(expr.range);
  const Expr* result = values.back();
  for (size_t i = values.size() - 1; i-- > 0;) {
    result = either(conditions[i], values[i], result, expr.range);
  }
  if (result->kind == ExprKind::record && used != nullptr) {
    check_.not_yet(expr.range, "a `match` of a computed value that gives records")
        .help("give the value a name before: `derive`, or `let` in an operator");
    return check_.make.error(expr.range);
  }
  return used == nullptr ? result : check_.make.let(used->index, subject, result, expr.range);
}

/// One condition for each arm; null for `else`, and the last one is not needed when nothing else is left.
bool ExprChecker::match_conditions(const lang::Match& node, const Expr* subject, std::vector<const Expr*>& conditions) {
  bool is_good = true, has_else = false;
  std::vector<const Expr*> seen;
  for (const lang::MatchArm& arm : node.arms) {
    if (has_else) {
      check_.report(DiagnosticKind::match_incomplete, arm.range, "nothing is left for an arm behind `else`")
          .help("put `else` last");
      return false;
    }
    has_else = arm.patterns.empty();
    std::vector<const Expr*> any;
    for (const lang::Expr* pattern : arm.patterns) {
      const Expr* value = check(*pattern, subject->type);
      const Expr* is_it = equality_of(ExprKind::equal, subject, value, pattern->range, pattern->range);
      is_good = is_good && !is_it->type.is_error();
      if (is_constant(*value) || value->type.kind == Kind::NULL_) seen.push_back(value);
      any.push_back(is_it);
    }
    conditions.push_back(any.empty() ? nullptr : any_of(std::move(any), arm.range));
  }
  if (!is_good || has_else) return is_good;
  return is_exhaustive(node, *subject, seen);
}

bool ExprChecker::is_exhaustive(const lang::Match& node, const Expr& subject,
                                const std::vector<const Expr*>& patterns) {
  std::vector<std::string_view> missing;
  auto has = [&](int64_t value) {
    return std::ranges::any_of(patterns,
                               [&](const Expr* p) { return p->type.kind != Kind::NULL_ && p->int_value == value; });
  };
  bool is_enum = subject.type.kind == Kind::ENUM, is_bool = subject.type.kind == Kind::BOOL;
  if (is_enum) {
    for (size_t i = 0; i < subject.type.enumeration->names.size(); i++) {
      if (!has(static_cast<int64_t>(i))) missing.push_back(subject.type.enumeration->names[i]);
    }
  }
  if (is_bool && !has(0)) missing.push_back("false");
  if (is_bool && !has(1)) missing.push_back("true");
  bool has_null = std::ranges::any_of(patterns, [](const Expr* p) { return p->type.kind == Kind::NULL_; });
  if (subject.type.nullable && !has_null) missing.push_back("null");
  if ((is_enum || is_bool) && missing.empty()) return true;
  Range range = node.subject->range;
  if (is_enum || is_bool) {
    check_.report(DiagnosticKind::match_incomplete, range, "this `match` has no arm for {}", listed(missing))
        .help("add one, or `else => …`");
  } else {
    check_.report(DiagnosticKind::match_incomplete, range, "this `match` has no arm for all other values")
        .help("add `else => …` as the last one");
  }
  return false;
}

} // namespace flow::sema
