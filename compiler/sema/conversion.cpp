#include "compiler/sema/conversion.h"

#include "compiler/sema/numbers.h"

namespace flow::sema {

using lang::DiagnosticKind;

namespace {

/// A constant number of another kind, or null.
const Expr* constant_as(Checking& check, const Expr& expr, Type to) {
  if (!is_constant(expr) || !expr.type.is_number() || !to.is_number()) return nullptr;
  if (expr.type.is_integer() && to.is_integer()) {
    Wide value = integer_of(expr);
    return holds(to.kind, value) ? check.make.integer(to, static_cast<int64_t>(value), expr.range) : nullptr;
  }
  if (expr.type.is_integer()) {
    double value = static_cast<double>(integer_of(expr));
    if (to.kind == Kind::F32) value = static_cast<float>(value);
    return static_cast<Wide>(value) == integer_of(expr) ? check.make.real(to, value, expr.range) : nullptr;
  }
  if (to.is_integer()) return nullptr; // `n / 2.0` says that a fraction is meant
  double value = to.kind == Kind::F32 ? static_cast<float>(expr.float_value) : expr.float_value;
  return check.make.real(to, value, expr.range);
}

/// `404` for the text "404" where a number is due.
bool suggest_without_quotes(lang::DiagnosticBuilder& report, const Expr& expr, Type to) {
  if (!is_constant(expr) || expr.type.kind != Kind::STRING || !to.is_number() || expr.text.empty()) return false;
  if (expr.text.find_first_not_of("0123456789.-") != std::string_view::npos) return false;
  report.help("a number stands without quotes: `{}`", expr.text);
  return true;
}

/// `Payment.CASH` for the text "CASH", or for what it is called in the data.
bool suggest_enum_value(lang::DiagnosticBuilder& report, const Expr& expr, Type to) {
  if (to.kind != Kind::ENUM || to.enumeration == nullptr || !is_constant(expr) || expr.type.kind != Kind::STRING)
    return false;
  const EnumType& enumeration = *to.enumeration;
  for (size_t i = 0; i < enumeration.names.size(); i++) {
    if (enumeration.names[i] != expr.text && enumeration.texts[i] != expr.text) continue;
    report.help("write the value of the enum: `{}.{}`", enumeration.name, enumeration.names[i]);
    return true;
  }
  std::vector<std::string_view> names(enumeration.names.begin(), enumeration.names.end());
  report.help("the values of `{}` are {}", enumeration.name, listed(names));
  return true;
}

/// A constant takes a type that holds its value; one with a fraction is rounded by a narrow float.
bool adapts(const Expr& value, Type to) {
  if (!is_constant(value) || !value.type.is_number()) return false;
  if (to.is_float()) return true;
  return value.type.is_integer() && to.is_integer() && holds(to.kind, integer_of(value));
}

/// Adds one value to the type that those before have in common. False if there is none.
bool join_type(Type& joined, const Expr& value) {
  Type type = value.type;
  if (type.is_error()) return true;
  if (joined.is_error()) {
    joined = type;
    return true;
  }
  bool is_nullable = joined.nullable || type.nullable || joined.kind == Kind::NULL_ || type.kind == Kind::NULL_;
  if (joined.kind == Kind::NULL_)
    joined = type;
  else if (type.kind != Kind::NULL_ && type.without_null() != joined.without_null()) {
    if (!adapts(value, joined)) {
      if (widens(joined.kind, type.kind))
        joined = type;
      else if (!widens(type.kind, joined.kind))
        return false;
    }
  }
  joined.nullable = is_nullable && joined.kind != Kind::NULL_;
  return true;
}

/// What adapts to whom: constants to others, whole ones to those with a fraction.
int rank_of(const Expr& value) { return !is_constant(value) ? 0 : value.type.is_float() ? 1 : 2; }

/// A literal is not converted, but written as what is due.
void suggest_literal(lang::DiagnosticBuilder& report, const Expr& expr, std::string_view text, Type to) {
  if (to.kind == Kind::STRING && expr.type.is_number()) report.help("a text stands in quotes: `\"{}\"`", text);
  if (to.kind == Kind::DURATION && expr.type.is_integer()) report.help("a duration has a unit, as in `{}s`", text);
  if (to.kind == Kind::TIMESTAMP) report.help("a time is written so: `@2020-01-31T12:00:00Z`");
  if (to.kind == Kind::DATE) report.help("a date is written so: `@2020-01-31`");
  if (to.is_integer() && expr.type.is_float()) report.help("a whole number has no point");
}

} // namespace

const Expr* try_coerce(Checking& check, const Expr* expr, Type to) {
  Type from = expr->type;
  if (from == to || from.is_error() || to.is_error()) return expr;
  if (from.kind == Kind::NULL_) return to.nullable ? check.make.null(to, expr->range) : nullptr;
  if (from.nullable && !to.nullable) return nullptr;
  if (to.nullable && !from.nullable) {
    const Expr* inner = try_coerce(check, expr, to.without_null());
    return inner == nullptr ? nullptr : check.make.make(ExprKind::to_nullable, to, {inner}, expr->range);
  }
  if (const Expr* constant = constant_as(check, *expr, to)) return constant;
  if (from.is_number() && to.is_number() && widens(from.kind, to.kind)) {
    return check.make.make(ExprKind::convert, to, {expr}, expr->range);
  }
  return nullptr;
}

void report_null(Checking& check, const Expr& expr, std::string_view what) {
  std::string text = check.written(expr.range);
  if (expr.type.kind == Kind::NULL_) {
    check.report(DiagnosticKind::null_value, expr.range, "{} needs a value, not null", what)
        .help("to ask for null write `x is null`, to give it a type use a field of type `T?`");
    return;
  }
  auto report =
      check.report(DiagnosticKind::null_value, expr.range, "{} needs a value, but `{}` may be null (its type is `{}`)",
                   what, text, text_of(expr.type));
  report.help("say what stands in for null: `{} ?? …`", text);
  if (expr.kind == ExprKind::column) report.help("or keep the rows that have it: `| where {} is not null`", text);
}

bool require_value(Checking& check, const Expr& expr, std::string_view what) {
  if (!expr.type.nullable && expr.type.kind != Kind::NULL_) return true;
  report_null(check, expr, what);
  return false;
}

void suggest_cast(Checking& check, lang::DiagnosticBuilder& report, const Expr& expr, Type to) {
  if (suggest_without_quotes(report, expr, to) || suggest_enum_value(report, expr, to)) return;
  Kind from = expr.type.kind;
  std::string text = check.written(expr.range);
  if (is_constant(expr)) return suggest_literal(report, expr, text, to);
  if (to.kind == Kind::TIMESTAMP && from == Kind::I64) {
    report.help("if it counts from 1970: milliseconds by `from_epoch_ms({})`, microseconds by `timestamp({})`", text,
                text);
    return;
  }
  bool is_day =
      (from == Kind::DATE && to.kind == Kind::TIMESTAMP) || (from == Kind::TIMESTAMP && to.kind == Kind::DATE);
  bool lacks_unit = to.kind == Kind::DURATION && expr.type.is_integer();
  if (!lacks_unit && (is_day || (is_cast(from, to.kind) && from != to.kind))) {
    report.help("convert it: `{}({})`", text_of(scalar(to.kind)), text);
  }
  if (lacks_unit) report.help("a duration has a unit, as in `{}s`", text);
}

const Expr* coerce(Checking& check, const Expr* expr, Type to, std::string_view what) {
  if (const Expr* fits = try_coerce(check, expr, to)) return fits;
  Type from = expr->type;
  bool is_only_null = from.kind == Kind::NULL_ || (from.nullable && !to.nullable && widens(from.kind, to.kind)) ||
                      from.without_null() == to;
  if (is_only_null) {
    report_null(check, *expr, what);
    return check.make.error(expr->range);
  }
  auto report = check.report(DiagnosticKind::type_mismatch, expr->range, "{} must be `{}`, but `{}` is `{}`", what,
                             text_of(to), check.written(expr->range), text_of(from));
  if (is_constant(*expr) && from.is_integer() && to.is_number())
    report.help("`{}` holds no such value", text_of(to));
  else
    suggest_cast(check, report, *expr, to);
  return check.make.error(expr->range);
}

bool unify(Checking& check, const Expr*& left, const Expr*& right) {
  Type l = left->type, r = right->type;
  bool is_nullable = l.nullable || r.nullable || l.kind == Kind::NULL_ || r.kind == Kind::NULL_;
  Type l_goal = is_nullable ? l.with_null() : l, r_goal = is_nullable ? r.with_null() : r;
  // A constant adapts to what is no constant; otherwise the narrower to the wider.
  bool left_first = !is_constant(*left) || is_constant(*right);
  for (int attempt = 0; attempt < 2; attempt++) {
    bool to_left = (attempt == 0) == left_first;
    Type goal = to_left ? l_goal : r_goal;
    const Expr* a = try_coerce(check, left, goal);
    const Expr* b = try_coerce(check, right, goal);
    if (a == nullptr || b == nullptr) continue;
    left = a;
    right = b;
    return true;
  }
  return false;
}

std::optional<Type> common_type(std::span<const Expr* const> values) {
  Type joined;
  for (int rank = 0; rank <= 2; rank++) {
    for (const Expr* value : values) {
      if (rank_of(*value) == rank && !join_type(joined, *value)) return std::nullopt;
    }
  }
  return joined;
}

} // namespace flow::sema
