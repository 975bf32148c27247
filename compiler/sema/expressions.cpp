#include "compiler/sema/expressions.h"

#include <limits>

#include "compiler/sema/expr_checker.h"

namespace flow::sema {

using lang::DiagnosticKind;

const Expr* check_expr(Checking& check, const Scope& scope, const lang::Expr& expr, Type expected) {
  return ExprChecker(check, scope).check(expr, expected);
}

RecordMembers check_members(Checking& check, const Scope& scope, const lang::RecordExpr& record, Type expected) {
  return ExprChecker(check, scope).members(record, expected);
}

const Expr* check_condition(Checking& check, const Scope& scope, const lang::Expr& expr, std::string_view what) {
  return coerce(check, check_expr(check, scope, expr), scalar(Kind::BOOL), what);
}

std::optional<int64_t> check_constant(Checking& check, const Scope& scope, const lang::Expr& expr, Type type,
                                      std::string_view what) {
  const Expr* value = coerce(check, check_expr(check, scope, expr, type), type, what);
  if (value->type.is_error()) return std::nullopt;
  if (is_constant(*value)) return value->int_value;
  check.report(DiagnosticKind::not_constant, expr.range, "{} must be known when the program is compiled", what)
      .help("write a literal, or a `let` of literals; a `param` is known only when the job starts");
  return std::nullopt;
}

std::optional<int64_t> check_count(Checking& check, const Scope& scope, const lang::Expr& expr, std::string_view what,
                                   int64_t max) {
  std::optional<int64_t> count = check_constant(check, scope, expr, scalar(Kind::I64), what);
  if (!count || (*count >= 1 && *count <= max)) return count;
  check.report(DiagnosticKind::bad_value, expr.range, "{} must be at least 1 and at most {}", what, max);
  return std::nullopt;
}

std::vector<uint32_t> not_null_columns(const Expr& condition) {
  std::vector<Fact> facts;
  facts_when(true, condition, facts);
  std::vector<uint32_t> columns;
  for (const Fact& fact : facts) {
    if (fact.kind == ExprKind::column) columns.push_back(fact.index);
  }
  return columns;
}

bool is_place(const Expr& expr) {
  return expr.kind == ExprKind::column || expr.kind == ExprKind::local || expr.kind == ExprKind::param ||
         expr.kind == ExprKind::state || expr.kind == ExprKind::state_is_set;
}

void facts_when(bool holds, const Expr& condition, std::vector<Fact>& facts) {
  switch (condition.kind) {
  case ExprKind::logical_not: facts_when(!holds, *condition.args[0], facts); break;
  case ExprKind::is_null: {
    const Expr& tested = *condition.args[0];
    if (!holds && is_place(tested)) facts.push_back({tested.kind, tested.index});
    break;
  }
  case ExprKind::logical_and:
  case ExprKind::logical_or:
    // Of an `and` both hold, of an `or` that does not hold neither does.
    if (holds == (condition.kind == ExprKind::logical_and)) {
      facts_when(holds, *condition.args[0], facts);
      facts_when(holds, *condition.args[1], facts);
    }
    break;
  default:
    // What marks a record says that it is there; of any other bool the fact is of no use.
    if (holds && is_place(condition)) facts.push_back({condition.kind, condition.index});
    break;
  }
}

std::optional<AggregateKind> aggregate_named(std::string_view name) {
  constexpr std::pair<std::string_view, AggregateKind> names[] = {
      {"count", AggregateKind::count}, {"sum", AggregateKind::sum},       {"min", AggregateKind::min},
      {"max", AggregateKind::max},     {"avg", AggregateKind::avg},       {"first", AggregateKind::first},
      {"last", AggregateKind::last},   {"min_by", AggregateKind::min_by}, {"max_by", AggregateKind::max_by},
  };
  for (const auto& [text, kind] : names) {
    if (text == name) return kind;
  }
  return std::nullopt;
}

const Expr* ExprChecker::check(const lang::Expr& expr, Type expected) {
  Range range = expr.range;
  return lang::visit(
      expr, [&](const lang::ErrorExpr&) { return check_.make.error(range); },
      [&](const lang::NullLiteral&) { return check_.make.null({.kind = Kind::NULL_, .nullable = true}, range); },
      [&](const lang::BoolLiteral& literal) { return check_.make.boolean(literal.value, range); },
      [&](const lang::IntLiteral& literal) {
        bool is_large = literal.value > static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
        return check_.make.integer(scalar(is_large ? Kind::U64 : Kind::I64), static_cast<int64_t>(literal.value),
                                   range);
      },
      [&](const lang::FloatLiteral& literal) { return check_.make.real(scalar(Kind::F64), literal.value, range); },
      [&](const lang::DurationLiteral& literal) {
        return check_.make.integer(scalar(Kind::DURATION), literal.micros, range);
      },
      [&](const lang::InstantLiteral& literal) { return instant(literal, range, expected); },
      [&](const lang::StringLiteral& literal) { return check_.make.text(literal.text, range); },
      [&](const lang::Template& text) { return literal_template(expr, text); },
      [&](const lang::NameExpr& node) { return name(expr, node, expected); },
      [&](const lang::Member& node) { return member(expr, node); },
      [&](const lang::Index& node) {
        check(*node.object);
        check_.not_yet(range, "an element of a list `x[i]`");
        return check_.make.error(range);
      },
      [&](const lang::Call& node) { return call(expr, node); },
      [&](const lang::Unary& node) { return unary(expr, node, expected); },
      [&](const lang::Binary& node) { return binary(expr, node, expected); },
      [&](const lang::IsNull& node) { return is_null(expr, node); },
      [&](const lang::If& node) { return conditional(expr, node, expected); },
      [&](const lang::Match& node) { return match(expr, node, expected); },
      [&](const lang::ListExpr&) {
        check_.report(DiagnosticKind::no_value, range, "a list is no value yet: it may stand behind `in` only");
        return check_.make.error(range);
      },
      [&](const lang::RecordExpr& node) { return record(expr, node, expected); });
}

const Expr* ExprChecker::literal_template(const lang::Expr& expr, const lang::Template& text) {
  std::vector<const Expr*> parts;
  bool is_wrong = false;
  for (const lang::TemplatePart& part : text.parts) {
    if (part.hole == nullptr) {
      if (!part.text.empty()) parts.push_back(check_.make.text(part.text, expr.range));
      continue;
    }
    const Expr* hole = check(*part.hole);
    bool is_good =
        !hole->type.is_error() && require_scalar(check_, *hole, "a text") && require_value(check_, *hole, "a text");
    if (is_good && hole->type.kind == Kind::BYTES) {
      check_.report(DiagnosticKind::type_mismatch, hole->range, "`bytes` have no text of their own");
      is_good = false;
    }
    is_wrong = is_wrong || !is_good;
    bool is_text = hole->type.kind == Kind::STRING;
    if (is_good)
      parts.push_back(is_text ? hole : check_.make.make(ExprKind::to_text, scalar(Kind::STRING), {hole}, hole->range));
  }
  if (is_wrong) return check_.make.error(expr.range);
  return check_.make.make(ExprKind::concat, scalar(Kind::STRING), parts, expr.range);
}

/// A literal of a day is a date where one is due, else the first moment of the day.
const Expr* ExprChecker::instant(const lang::InstantLiteral& literal, Range range, Type expected) {
  constexpr int64_t day_us = 24LL * 60 * 60 * 1'000'000;
  if (literal.is_date && expected.kind == Kind::DATE) {
    return check_.make.integer(scalar(Kind::DATE), literal.micros / day_us, range);
  }
  return check_.make.integer(scalar(Kind::TIMESTAMP), literal.micros, range);
}

} // namespace flow::sema
