#include "compiler/sema/conversion.h"

#include <algorithm>

#include "compiler/sema/numbers.h"
#include "compiler/sema/records.h"

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
  else if (joined.kind == Kind::RECORD && type.kind == Kind::RECORD) {
    if (!have_same_fields(*joined.record, *type.record)) return false;
  } else if (type.kind != Kind::NULL_ && type.without_null() != joined.without_null()) {
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

/// The fields of the one as those of the other; null if they do not fit.
const Expr* record_as(Checking& check, const Expr& from, Type to) {
  if (from.type.record->fields.size() != to.record->fields.size()) return nullptr;
  std::vector<const Expr*> fields;
  for (const RecordField& field : to.record->fields) {
    const Expr* value = field_named(from, field.name);
    fields.push_back(value == nullptr ? nullptr : try_coerce(check, value, field.type));
    if (fields.back() == nullptr) return nullptr;
  }
  const Expr* there = from.type.nullable ? marker_of(from) : nullptr;
  if (to.nullable && there == nullptr) there = check.make.boolean(true, from.range);
  return make_record(check, *to.record, there, std::move(fields), from.range);
}

/// Reports what of the fields does not fit: each that has another type, is missing, or is too many.
void report_fields(Checking& check, const Expr& from, const RecordType& to, std::string_view what) {
  std::string owner = text_of({.kind = Kind::RECORD, .record = &to});
  std::vector<std::string_view> missing, needless;
  for (const RecordField& field : to.fields) {
    const Expr* value = field_named(from, field.name);
    if (value == nullptr)
      missing.push_back(field.name);
    else
      coerce(check, value, field.type, fmt::format("`{}` of `{}`", field.name, owner));
  }
  for (const RecordField& field : from.type.record->fields) {
    bool is_due = std::ranges::find(to.fields, field.name, &RecordField::name) != to.fields.end();
    if (!is_due) needless.push_back(field.name);
  }
  if (missing.empty() && needless.empty()) return;
  auto report = check.report(DiagnosticKind::type_mismatch, from.range, "{} must be `{}`, but `{}` {} {}", what, owner,
                             check.written(from.range), missing.empty() ? "has also" : "has no",
                             listed(missing.empty() ? needless : missing));
  if (!missing.empty() && !needless.empty()) report.help("it has {} besides", listed(needless));
}

} // namespace

const Expr* try_coerce(Checking& check, const Expr* expr, Type to) {
  Type from = expr->type;
  if (from == to || from.is_error() || to.is_error()) return expr;
  if (from.kind == Kind::NULL_ && to.kind == Kind::RECORD)
    return to.nullable ? null_record(check, to, expr->range) : nullptr;
  if (from.kind == Kind::NULL_) return to.nullable ? check.make.null(to, expr->range) : nullptr;
  if (from.nullable && !to.nullable) return nullptr;
  if (from.kind == Kind::RECORD && to.kind == Kind::RECORD) return record_as(check, *expr, to);
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

const Expr* require_typed(Checking& check, const Expr* value, std::string_view what) {
  if (value->type.kind == Kind::NULL_) {
    check.report(DiagnosticKind::no_value, value->range, "{} that is always null has no type", what)
        .help("leave it out");
    return check.make.error(value->range);
  }
  if (value->kind != ExprKind::record) return value;
  if (scalar_count(value->type) > record_columns_max) {
    check.report(DiagnosticKind::bad_value, value->range, "{} holds at most {} values, fields of fields included", what,
                 record_columns_max);
    return check.make.error(value->range);
  }
  for (const Expr* field : fields_of(*value)) {
    const Expr* typed = require_typed(check, field, "a field");
    if (typed != field) return typed;
  }
  return value;
}

bool require_scalar(Checking& check, const Expr& expr, std::string_view what) {
  if (expr.type.kind != Kind::RECORD) return true;
  auto report = check.report(DiagnosticKind::wrong_operand, expr.range, "{} takes one value, but `{}` is a record",
                             what, check.written(expr.range));
  std::span<const RecordField> fields = expr.type.record->fields;
  if (!fields.empty()) report.help("name a field of it: `{}.{}`", check.written(expr.range), fields[0].name);
  return false;
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
  bool is_field =
      expr.kind == ExprKind::column || (expr.kind == ExprKind::record && marker_of(expr)->kind == ExprKind::column);
  if (is_field) report.help("or keep the rows that have it: `| where {} is not null`", text);
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
  bool are_records = from.kind == Kind::RECORD && to.kind == Kind::RECORD;
  if (are_records && (to.nullable || !from.nullable)) {
    report_fields(check, *expr, *to.record, what);
    return check.make.error(expr->range);
  }
  bool is_only_null = from.kind == Kind::NULL_ || (from.nullable && !to.nullable && widens(from.kind, to.kind)) ||
                      from.without_null() == to || (are_records && have_same_fields(*from.record, *to.record));
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
