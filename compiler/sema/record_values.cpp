// Records in expressions: `{ a, b: 1, ...c }`, fields, and whether there is one.
#include <algorithm>

#include "compiler/sema/expr_checker.h"
#include "compiler/sema/records.h"

namespace flow::sema {

using lang::DiagnosticKind;

namespace {

/// The name that a path gives: its last.
lang::Name last_name(const lang::Expr& expr) {
  if (const auto* name = expr.as<lang::NameExpr>()) return {name->name, expr.range};
  if (const auto* member = expr.as<lang::Member>()) return member->name;
  return {};
}

Type type_of_field(Type record, std::string_view name) {
  if (record.kind != Kind::RECORD) return {};
  auto found = std::ranges::find(record.record->fields, name, &RecordField::name);
  return found == record.record->fields.end() ? Type{} : found->type;
}

/// Takes the members one after the other.
class MemberList {
public:
  explicit MemberList(Checking& check) : check_(check) {}

  void put(lang::Name name, const Expr* value, bool is_spread) {
    auto found = std::ranges::find(made.fields, name.text, &RecordField::name);
    size_t place = static_cast<size_t>(found - made.fields.begin());
    if (found == made.fields.end()) {
      made.fields.push_back({name.text, value->type, name.text});
      made.values.push_back(value);
      is_spread_.push_back(is_spread);
    } else if (is_spread_[place] == is_spread) {
      check_.report(DiagnosticKind::duplicate_name, name.range, "the field `{}` is there twice", name.text);
    } else if (!is_spread) {
      found->type = value->type;
      made.values[place] = value;
      is_spread_[place] = false;
    }
  }

  RecordMembers made;

private:
  Checking& check_;
  std::vector<bool> is_spread_;
};

} // namespace

bool is_it(const lang::Expr& expr) {
  const auto* name = expr.as<lang::NameExpr>();
  return name != nullptr && name->name == "it";
}

RecordMembers ExprChecker::members(const lang::RecordExpr& node, Type expected) {
  MemberList list(check_);
  auto spread = [&](const lang::Expr& from) {
    const Expr* value = check(from);
    list.made.is_unknown = list.made.is_unknown || value->type.is_error();
    bool is_unknown_row = is_it(from) && scope_.row != nullptr && scope_.row_is_unknown;
    if (is_unknown_row) value = whole_row(from.range); // as far as it is known
    if (value->type.is_error() || !require_value(check_, *value, "`...`")) return;
    if (value->kind != ExprKind::record) {
      check_
          .report(DiagnosticKind::no_value, from.range, "`...` spreads a record, but `{}` is `{}`",
                  check_.written(from.range), text_of(value->type))
          .help("the whole row is spread by `...it`");
      return;
    }
    std::span<const Expr* const> fields = fields_of(*value);
    for (size_t i = 0; i < fields.size(); i++)
      list.put({value->type.record->fields[i].name, from.range}, fields[i], true);
  };
  for (const lang::RecordMember& member : node.members) {
    if (member.is_spread) {
      spread(*member.value);
      continue;
    }
    lang::Name name = member.name.is_given() ? member.name : last_name(*member.value);
    const Expr* value = check(*member.value, type_of_field(expected, name.text));
    if (name.is_given()) {
      list.put(name, value, false);
    } else if (member.value->as<lang::ErrorExpr>() == nullptr) {
      check_.report(DiagnosticKind::missing_name, member.value->range, "a computed field needs a name")
          .help("write `name: {}`", check_.written(member.value->range));
    }
  }
  return std::move(list.made);
}

const Expr* ExprChecker::record(const lang::Expr& expr, const lang::RecordExpr& node, Type expected) {
  RecordMembers made = members(node, expected);
  if (made.is_unknown) return check_.make.error(expr.range);
  if (made.values.empty()) {
    check_.report(DiagnosticKind::missing_record, expr.range, "a record needs at least one field");
    return check_.make.error(expr.range);
  }
  const Expr* value =
      make_record(check_, *record_type(check_, made.fields), nullptr, std::move(made.values), expr.range);
  return scalar_count(value->type) > record_columns_max ? require_typed(check_, value, "a record") : value;
}

/// `a.b` and `a?.b` of a record.
const Expr* ExprChecker::field(const lang::Expr& expr, const lang::Member& node, const Expr& object) {
  const Expr* found = field_named(object, node.name.text);
  if (found == nullptr) {
    auto report = check_.report(DiagnosticKind::unknown_name, node.name.range, "`{}` has no field `{}`",
                                check_.written(object.range), node.name.text);
    std::vector<std::string_view> names;
    for (const RecordField& field : object.type.record->fields) names.push_back(field.name);
    if (!suggest(report, node.name.text, names) && names.size() <= 12)
      report.help("there {} {}", names.size() == 1 ? "is" : "are", listed(names));
    return check_.make.error(expr.range);
  }
  if (found->type.is_error()) return check_.make.error(expr.range);
  if (object.type.nullable && node.is_safe) return safe_field(expr, object, *found);
  if (object.type.nullable) {
    check_
        .report(DiagnosticKind::null_value, object.range, "`{}` may be null (its type is `{}`), so it has no `{}` then",
                check_.written(object.range), text_of(object.type), node.name.text)
        .help("`{}?.{}` is null there; or test it before: `{} is not null`", check_.written(object.range),
              node.name.text, check_.written(object.range));
    return check_.make.error(expr.range);
  }
  if (node.is_safe) {
    check_
        .report(DiagnosticKind::wrong_operand, expr.range, "`{}` is never null (its type is `{}`)",
                check_.written(object.range), text_of(object.type))
        .help("write `{}.{}`", check_.written(object.range), node.name.text);
    return check_.make.error(expr.range);
  }
  return not_null_if_known(check_.make.placed(*found, expr.range));
}

/// The field, or null where there is no record.
const Expr* ExprChecker::safe_field(const lang::Expr& expr, const Expr& object, const Expr& found) {
  const Expr* there = marker_of(object);
  if (found.kind != ExprKind::record) {
    const Expr* null = check_.make.null(found.type.with_null(), expr.range);
    const Expr* value = try_coerce(check_, &found, null->type);
    return check_.make.make(ExprKind::conditional, null->type, {there, value, null}, expr.range);
  }
  // Its fields are zero where there is no record around it.
  if (const Expr* inner = marker_of(found))
    there = check_.make.make(ExprKind::logical_and, scalar(Kind::BOOL), {there, inner}, expr.range);
  std::span<const Expr* const> fields = fields_of(found);
  return make_record(check_, *found.type.record, there, {fields.begin(), fields.end()}, expr.range);
}

/// `operand is null`, of a value or a record.
const Expr* ExprChecker::null_test(const Expr* operand, Range range) {
  if (operand->kind != ExprKind::record)
    return check_.make.make(ExprKind::is_null, scalar(Kind::BOOL), {operand}, range);
  if (!operand->type.nullable) return check_.make.boolean(false, range);
  return check_.make.logical_not(marker_of(*operand), range);
}

} // namespace flow::sema
