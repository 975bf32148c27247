// Names in expressions: fields, parameters, params, lets, enum values, and `a.b`.
#include <algorithm>

#include "compiler/sema/declarations.h"
#include "compiler/sema/expr_checker.h"
#include "compiler/sema/records.h"

namespace flow::sema {

using lang::DiagnosticKind;

namespace {

std::string lower_of(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return lower;
}

} // namespace

const Expr* ExprChecker::name(const lang::Expr& expr, const lang::NameExpr& node, Type expected) {
  if (const Expr* value = row_name(node.name, expr.range)) return value;
  Found found = check_.modules.find(*scope_.module, Space::value, node.name);
  if (found.other != nullptr && found.symbol->kind != SymbolKind::enum_value) {
    check_.report(DiagnosticKind::ambiguous_name, expr.range, "two imports have a `{}`", node.name)
        .help("say which: `{}.{}` or `{}.{}`", found.symbol->module->name, node.name, found.other->module->name,
              node.name);
    return check_.make.error(expr.range);
  }
  if (found.symbol == nullptr) return unknown_name(node.name, expr.range);
  if (found.symbol->kind == SymbolKind::enum_value) return enum_value(*found.symbol, node.name, expr.range, expected);
  return symbol_value(*found.symbol, expr.range);
}

/// A field, a parameter, `number` or `seed`; null when the name is none of them.
const Expr* ExprChecker::row_name(std::string_view name, Range range) {
  for (auto named = scope_.named.rbegin(); named != scope_.named.rend(); ++named) {
    if (named->name != name) continue;
    warn_of_hidden_param(name, range, named->what);
    return not_null_if_known(check_.make.placed(*named->value, range));
  }
  if (const Expr* value = named_field(scope_.locals, ExprKind::local, name, range)) return value;
  if (scope_.has_number && name == "number") return check_.make.number(range);
  if (scope_.seed != nullptr && name == "seed") return scope_.seed;
  if (scope_.row == nullptr) return nullptr;
  if (const Expr* value = named_field(scope_.row->columns, ExprKind::column, name, range)) return value;
  if (name != "it") return nullptr;
  return scope_.row_is_unknown ? check_.make.error(range) : whole_row(range);
}

/// The field of that name, of a row or of a function's parameters; null if there is none.
const Expr* ExprChecker::named_field(std::span<const Column> columns, ExprKind kind, std::string_view name,
                                     Range range) {
  std::optional<FieldColumns> at = find_field(columns, name);
  if (!at) return nullptr;
  warn_of_hidden_param(name, range, scope_.row != nullptr ? "field" : "parameter");
  std::vector<const Expr*> values = check_.make.places(kind, columns, at->first, at->count, range);
  return not_null_if_known(field_of(check_, columns.subspan(at->first, at->count), values, range));
}

/// The fields of the row that are known, as a record.
const Expr* ExprChecker::whole_row(Range range) {
  const std::vector<Column>& columns = scope_.row->columns;
  uint32_t count = static_cast<uint32_t>(columns.size());
  return row_of(check_, columns, check_.make.places(ExprKind::column, columns, 0, count, range), range);
}

void ExprChecker::warn_of_hidden_param(std::string_view name, Range range, std::string_view what) {
  Found found = check_.modules.find(*scope_.module, Space::value, name);
  if (found.symbol == nullptr || found.symbol->kind != SymbolKind::param) return;
  if (!check_.hidden_params.insert(name).second) return;
  check_.report(DiagnosticKind::hidden_param, range, "`{}` is the {} here, not the param of this name", name, what)
      .note(found.symbol->range, "the param is declared here")
      .help("give the param another name if it was meant, or the {} if the warning disturbs", what);
}

bool ExprChecker::is_known(const Expr& value) const {
  return is_place(value) && std::ranges::find(facts_, Fact{value.kind, value.index}) != facts_.end();
}

const Expr* ExprChecker::not_null_if_known(const Expr* value) {
  if (!value->type.nullable) return value;
  if (value->kind == ExprKind::record) {
    return is_known(*marker_of(*value)) ? without_marker(check_, *value) : value;
  }
  if (!is_known(*value)) return value;
  return check_.make.make(ExprKind::assume_value, value->type.without_null(), {value}, value->range);
}

const Expr* ExprChecker::symbol_value(Symbol& symbol, Range range) {
  if (!resolve(check_, symbol, range)) return check_.make.error(range);
  switch (symbol.kind) {
  case SymbolKind::param: return check_.make.param(index_of_param(check_, symbol), symbol.type, range);
  case SymbolKind::let: return symbol.value;
  case SymbolKind::enum_value: return check_.make.integer(symbol.type, symbol.position, range);
  default: return check_.make.error(range);
  }
}

const Expr* ExprChecker::enum_value(Symbol& first, std::string_view name, Range range, Type expected) {
  // All values of that name that can be seen: those of one module are chained, other modules are asked again.
  std::vector<Symbol*> values;
  auto add = [&](Symbol* symbol) {
    for (; symbol != nullptr; symbol = symbol->overload) {
      if (symbol->kind == SymbolKind::enum_value) values.push_back(symbol);
    }
  };
  add(&first);
  if (first.module != scope_.module) {
    for (const Import& import : scope_.module->imports) {
      if (import.module != first.module) add(check_.modules.find_in(*import.module, Space::value, name));
    }
  }
  for (Symbol* value : values) {
    bool is_due = expected.kind == Kind::ENUM && resolve(check_, *value, range) &&
                  value->type.without_null() == expected.without_null();
    if (is_due) return symbol_value(*value, range);
  }
  if (values.size() == 1) return symbol_value(first, range);
  check_.report(DiagnosticKind::ambiguous_name, range, "two enums have a value `{}`", name)
      .help("say which: `{}.{}` or `{}.{}`", values[0]->owner->name, name, values[1]->owner->name, name);
  return check_.make.error(range);
}

const Expr* ExprChecker::unknown_name(std::string_view name, Range range) {
  if (scope_.row_is_unknown || scope_.module->misses_import) return check_.make.error(range);
  if (scope_.aggregated != nullptr && has_field(*scope_.aggregated, name)) {
    check_.report(DiagnosticKind::no_aggregate, range, "every row has its own `{}`; say which is meant", name)
        .help("as in `sum({})`, `max({})` or `first({})`; or make it a part of the key: `| key {{ …, {} }}`", name,
              name, name, name);
    return check_.make.error(range);
  }
  if (std::ranges::find(scope_.absent, name) != scope_.absent.end()) {
    check_.report(DiagnosticKind::unknown_name, range, "there is no row of `{}` in this handler", name)
        .help("keep what is needed of it in a state, where `on {} {{ … }}` has the row", name);
    return check_.make.error(range);
  }
  std::string_view where = scope_.row != nullptr ? "in this row" : "here";
  auto report = check_.report(DiagnosticKind::unknown_name, range, "there is no `{}` {}", name, where);
  std::string lower = lower_of(name);
  if (lower == "true" || lower == "false" || lower == "null") {
    report.help("write it in small letters: `{}`", lower);
    return check_.make.error(range);
  }
  if (lower == "none" || lower == "nil" || lower == "undefined") {
    report.help("in Flow this is `null`");
    return check_.make.error(range);
  }
  std::vector<std::string_view> names = field_names(scope_.locals);
  if (scope_.row != nullptr) {
    for (std::string_view field : field_names(scope_.row->columns)) names.push_back(field);
  }
  size_t in_row = names.size();
  check_.modules.collect(*scope_.module, Space::value, names);
  for (const NamedValue& named : scope_.named) names.push_back(named.name);
  if (suggest_field(report, name) || suggest(report, name, names)) return check_.make.error(range);
  if (check_.modules.find(*scope_.module, Space::function, name).symbol != nullptr) {
    report.help("`{}` is a function: call it, as in `{}(…)`", name, name);
  } else if (check_.modules.find(*scope_.module, Space::stream, name).symbol != nullptr) {
    report.help("`{}` is a stream; only its fields have values, and only in its own steps", name);
  } else if (in_row > 0 && in_row <= 12) {
    report.help("there {} {}", in_row == 1 ? "is" : "are", listed(std::span(names).first(in_row)));
  }
  return check_.make.error(range);
}

/// In an operator records have names: `ride.ride_id` for a bare `ride_id`.
bool ExprChecker::suggest_field(lang::DiagnosticBuilder& report, std::string_view name) const {
  for (auto named = scope_.named.rbegin(); named != scope_.named.rend(); ++named) {
    if (named->value->kind != ExprKind::record || field_named(*named->value, name) == nullptr) continue;
    report.help("a field is named with its record: `{}.{}`", named->name, name);
    return true;
  }
  return false;
}

/// `module.name`, `Enum.VALUE`, `module.Enum.VALUE`, `it.field`.
const Expr* ExprChecker::member(const lang::Expr& expr, const lang::Member& node) {
  const auto* object = node.object->as<lang::NameExpr>();
  if (object != nullptr && object->name == "it" && scope_.row != nullptr) return field_of_row(node.name);
  if (const auto* inner = node.object->as<lang::Member>()) {
    const auto* qualifier = inner->object->as<lang::NameExpr>();
    const Module* module = qualifier != nullptr ? check_.modules.find_module(*scope_.module, qualifier->name) : nullptr;
    Symbol* type = module != nullptr ? check_.modules.find_in(*module, Space::type, inner->name.text) : nullptr;
    if (type != nullptr && type->kind == SymbolKind::enumeration) return enum_member(*type, node.name, expr.range);
  }
  if (object != nullptr && row_name(object->name, node.object->range) == nullptr) {
    if (const Expr* found = qualified(expr, node, object->name)) return found;
  }
  const Expr* value = check(*node.object);
  if (value->type.is_error()) return value;
  if (value->kind == ExprKind::record) return field(expr, node, *value);
  check_.report(DiagnosticKind::no_value, expr.range, "`{}` is `{}` and has no fields",
                check_.written(node.object->range), text_of(value->type));
  return check_.make.error(expr.range);
}

/// What stands behind the name of an enum or a module; null when the name is none.
const Expr* ExprChecker::qualified(const lang::Expr& expr, const lang::Member& node, std::string_view owner) {
  Found type = check_.modules.find(*scope_.module, Space::type, owner);
  if (type.symbol != nullptr && type.symbol->kind == SymbolKind::enumeration) {
    return enum_member(*type.symbol, node.name, expr.range);
  }
  if (const Module* module = check_.modules.find_module(*scope_.module, owner)) {
    return module_member(*module, node.name, expr.range);
  }
  bool is_stream = check_.modules.find(*scope_.module, Space::stream, owner).symbol != nullptr;
  if (!is_stream || scope_.row == nullptr) return nullptr;
  check_.report(DiagnosticKind::no_value, node.object->range, "`{}` is a stream, not the row", owner)
      .help("the fields of the row have bare names: `{}`", node.name.text);
  return check_.make.error(expr.range);
}

const Expr* ExprChecker::enum_member(Symbol& enumeration, const lang::Name& name, Range range) {
  for (const auto& symbol : enumeration.module->symbols) {
    bool is_it = symbol->kind == SymbolKind::enum_value && symbol->owner == &enumeration && symbol->name == name.text;
    if (is_it) return symbol_value(*symbol, range);
  }
  auto report = check_.report(DiagnosticKind::unknown_name, name.range, "the enum `{}` has no value `{}`",
                              enumeration.name, name.text);
  if (!resolve(check_, enumeration, range)) return check_.make.error(range);
  std::span<const std::string_view> names = enumeration.type.enumeration->names;
  if (!suggest(report, name.text, names)) report.help("its values are {}", listed(names));
  return check_.make.error(range);
}

const Expr* ExprChecker::module_member(const Module& module, const lang::Name& name, Range range) {
  Symbol* symbol = check_.modules.find_in(module, Space::value, name.text);
  if (symbol != nullptr) return symbol_value(*symbol, range);
  auto report =
      check_.report(DiagnosticKind::unknown_name, name.range, "the module `{}` has no `{}`", module.name, name.text);
  std::vector<std::string_view> names;
  check_.modules.collect(module, Space::value, names);
  suggest(report, name.text, names);
  return check_.make.error(range);
}

const Expr* ExprChecker::field_of_row(const lang::Name& name) {
  const std::vector<Column>& columns = scope_.row->columns;
  std::optional<FieldColumns> at = find_field(columns, name.text);
  if (!at) return unknown_name(name.text, name.range);
  std::vector<const Expr*> values = check_.make.places(ExprKind::column, columns, at->first, at->count, name.range);
  return not_null_if_known(field_of(check_, std::span(columns).subspan(at->first, at->count), values, name.range));
}

} // namespace flow::sema
