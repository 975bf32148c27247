// Calls: casts, try, functions of the program and of the standard library.
#include <algorithm>

#include "compiler/sema/declarations.h"
#include "compiler/sema/expr_checker.h"
#include "compiler/sema/numbers.h"
#include "compiler/sema/records.h"

namespace flow::sema {

using lang::DiagnosticKind;

namespace {

std::optional<Kind> cast_named(std::string_view name) {
  constexpr std::pair<std::string_view, Kind> names[] = {
#define FLOW_KIND(name, text, size, align) {text, Kind::name},
#include "runtime/abi/kinds.def"
#undef FLOW_KIND
  };
  for (const auto& [text, kind] : names) {
    if (text == name && kind != Kind::ENUM && kind != Kind::BYTES) return kind;
  }
  return std::nullopt;
}

/// `in_nyc(lon: f64, lat: f64) -> bool`
std::string signature(const Symbol& symbol) {
  std::string text = std::string(symbol.name) + "(";
  for (const Column& parameter : symbol.parameters) {
    if (&parameter != symbol.parameters.data()) text += ", ";
    text += std::string(parameter.name) + ": " + text_of(parameter.type);
  }
  return text + ") -> " + text_of(symbol.type);
}

/// How far arguments are from the parameters: 0 the same types, more for each conversion, nothing if they do not fit.
std::optional<int> distance(Checking& check, const std::vector<const Expr*>& args, const Symbol& symbol) {
  if (args.size() != symbol.parameters.size()) return std::nullopt;
  int sum = 0;
  for (size_t i = 0; i < args.size(); i++) {
    Type from = args[i]->type, to = symbol.parameters[i].type;
    if (from == to) continue;
    if (try_coerce(check, args[i], to) == nullptr) return std::nullopt;
    // An i64 of a literal is an i64 before it is a float; a narrow one goes to the next wider kind.
    sum += from.is_integer() == to.is_integer() ? 1 + static_cast<int>(to.kind) : 100;
  }
  return sum;
}

/// A function with a body: it hides a conversion of the same name.
bool is_users(const Symbol* symbol) {
  const auto* fn = symbol != nullptr ? symbol->decl->as<lang::FnDecl>() : nullptr;
  return fn != nullptr && fn->body != nullptr;
}

} // namespace

const Expr* ExprChecker::call(const lang::Expr& expr, const lang::Call& node) {
  if (const auto* callee = node.callee->as<lang::NameExpr>()) return named_call(expr, node, callee->name);
  const auto* member = node.callee->as<lang::Member>();
  const auto* qualifier = member != nullptr ? member->object->as<lang::NameExpr>() : nullptr;
  const Module* module = qualifier != nullptr ? check_.modules.find_module(*scope_.module, qualifier->name) : nullptr;
  if (module != nullptr) {
    Symbol* symbol = check_.modules.find_in(*module, Space::function, member->name.text);
    if (symbol != nullptr) return function_call(expr, node, *symbol);
    for (const lang::Argument& argument : node.arguments) check(*argument.value);
    check_.report(DiagnosticKind::unknown_function, member->name.range, "the module `{}` has no function `{}`",
                  module->name, member->name.text);
    return check_.make.error(expr.range);
  }
  for (const lang::Argument& argument : node.arguments) check(*argument.value);
  if (qualifier != nullptr && scope_.module->misses_import) return check_.make.error(expr.range);
  if (member != nullptr) {
    auto report = check_.report(DiagnosticKind::unknown_function, member->name.range, "values have no function `.{}()`",
                                member->name.text);
    bool is_function = check_.modules.find(*scope_.module, Space::function, member->name.text).symbol != nullptr;
    std::string object = check_.written(member->object->range);
    if (is_function)
      report.help("call it with the value as an argument: `{}({}{})`", member->name.text, object,
                  node.arguments.empty() ? "" : ", …");
  } else {
    check_.report(DiagnosticKind::unknown_function, node.callee->range, "this is no function, so it cannot be called");
  }
  return check_.make.error(expr.range);
}

const Expr* ExprChecker::named_call(const lang::Expr& expr, const lang::Call& node, std::string_view name) {
  if (scope_.aggregates != nullptr) {
    if (const Expr* value = scope_.aggregates->take(expr, node, name)) return value;
  }
  refuse_aggregate_clauses(node, name);
  if (name == "try") return attempt(expr, node);
  Found found = check_.modules.find(*scope_.module, Space::function, name);
  if (found.other != nullptr) {
    check_.report(DiagnosticKind::ambiguous_name, node.callee->range, "two imports have a function `{}`", name)
        .help("say which: `{}.{}(…)` or `{}.{}(…)`", found.symbol->module->name, name, found.other->module->name, name);
    return check_.make.error(expr.range);
  }
  if (std::optional<Kind> kind = cast_named(name); kind && node.arguments.size() == 1 && !is_users(found.symbol)) {
    const Expr* value = check(*node.arguments[0].value, scalar(*kind));
    bool is_of_library = !is_cast(value->type.kind, *kind) && takes(found.symbol, value);
    return is_of_library ? extern_call(expr, node, *found.symbol, {value}) : cast(expr, value, *kind);
  }
  if (name == "split") {
    check_.not_yet(expr.range, "a list as a value")
        .help("`split` may stand behind `unnest`: `| unnest split(…) as word`");
    return check_.make.error(expr.range);
  }
  if (found.symbol != nullptr) return function_call(expr, node, *found.symbol);
  return unknown_function(node, name);
}

/// Does one of the functions of this name take the value, or would it if it were not null?
bool ExprChecker::takes(Symbol* first, const Expr* value) {
  for (Symbol* symbol = first; symbol != nullptr; symbol = symbol->overload) {
    bool is_one = symbol->kind == SymbolKind::function && resolve(check_, *symbol, value->range) &&
                  symbol->parameters.size() == 1;
    if (is_one && symbol->parameters[0].type == value->type.without_null()) return true;
  }
  return false;
}

void ExprChecker::refuse_aggregate_clauses(const lang::Call& node, std::string_view name) {
  if (node.filter != nullptr) {
    check_.report(DiagnosticKind::no_aggregate, node.filter->range,
                  "`where` inside of a call is for aggregate functions only");
  }
  if (node.is_distinct) {
    check_.report(DiagnosticKind::no_aggregate, node.callee->range,
                  "`distinct` is for aggregate functions only, not for `{}`", name);
  }
}

const Expr* ExprChecker::cast(const lang::Expr& expr, const Expr* value, Kind to) {
  if (value->type.is_error()) return value;
  Type type = scalar(to);
  type.nullable = value->type.nullable;
  if (value->type == type) return value;
  if (value->type.kind == Kind::NULL_ || !is_cast(value->type.kind, to)) {
    auto report = check_.report(DiagnosticKind::type_mismatch, expr.range, "there is no conversion from `{}` to `{}`",
                                text_of(value->type), text_of(scalar(to)));
    bool is_time = to == Kind::TIMESTAMP || to == Kind::DURATION;
    if (is_time && value->type.is_number()) report.help("give the number of microseconds as `i64`");
    if (value->type.kind == Kind::BOOL && type.is_number())
      report.help("write `if {} then 1 else 0`", check_.written(value->range));
    return check_.make.error(expr.range);
  }
  if (const Expr* constant = is_constant(*value) ? try_coerce(check_, value, type) : nullptr) return constant;
  bool is_text = to == Kind::STRING;
  return check_.make.make(is_text ? ExprKind::to_text : ExprKind::convert, type, {value}, expr.range);
}

/// `try(x)`: null in place of a failure.
const Expr* ExprChecker::attempt(const lang::Expr& expr, const lang::Call& node) {
  if (node.arguments.size() != 1 || node.arguments[0].name.is_given()) {
    check_.report(DiagnosticKind::wrong_arguments, expr.range, "`try` takes one value: `try(i64(text)) ?? 0`");
    return check_.make.error(expr.range);
  }
  const Expr* value = check(*node.arguments[0].value);
  if (value->type.is_error() || value->type.kind == Kind::NULL_) return value;
  if (!require_scalar(check_, *value, "`try`")) return check_.make.error(expr.range);
  return check_.make.make(ExprKind::attempt, value->type.with_null(), {value}, expr.range);
}

const Expr* ExprChecker::function_call(const lang::Expr& expr, const lang::Call& node, Symbol& first) {
  if (first.kind != SymbolKind::function) {
    for (const lang::Argument& argument : node.arguments) check(*argument.value);
    return check_.make.error(expr.range);
  }
  if (is_users(&first)) return user_call(expr, node, first);
  std::vector<const Expr*> args;
  for (const lang::Argument& argument : node.arguments) args.push_back(check(*argument.value));
  return extern_call(expr, node, first, std::move(args));
}

const Expr* ExprChecker::user_call(const lang::Expr& expr, const lang::Call& node, Symbol& symbol) {
  bool is_known = resolve(check_, symbol, expr.range);
  size_t count = symbol.parameters.size();
  std::vector<const Expr*> args(count, nullptr), given;
  bool is_wrong = !is_known || node.arguments.size() > count;
  for (size_t i = 0; i < node.arguments.size(); i++) {
    const lang::Argument& argument = node.arguments[i];
    size_t place = i;
    if (argument.name.is_given()) {
      auto named = std::ranges::find(symbol.parameters, argument.name.text, &Column::name);
      place = static_cast<size_t>(named - symbol.parameters.begin());
    }
    Type due = place < count ? symbol.parameters[place].type : Type{};
    given.push_back(check(*argument.value, due));
    if (place >= count || args[place] != nullptr) {
      is_wrong = true;
      continue;
    }
    std::string what = "`" + std::string(symbol.parameters[place].name) + "` of `" + std::string(symbol.name) + "`";
    args[place] = coerce(check_, given.back(), due, what);
  }
  if (!is_known) return check_.make.error(expr.range);
  for (size_t i = 0; i < count && !is_wrong; i++) {
    if (args[i] == nullptr) args[i] = symbol.initials[i];
    is_wrong = args[i] == nullptr;
  }
  if (is_wrong) return wrong_arguments(expr, symbol, given);
  bool has_error = std::ranges::any_of(args, [](const Expr* arg) { return arg->type.is_error(); });
  if (has_error) return check_.make.error(expr.range);
  std::vector<const Expr*> scalars;
  for (const Expr* arg : args) add_values(*arg, scalars);
  return check_.make.call(ExprKind::call, index_of_function(check_, symbol), symbol.type, scalars, expr.range);
}

const Expr* ExprChecker::extern_call(const lang::Expr& expr, const lang::Call& node, Symbol& first,
                                     std::vector<const Expr*> args) {
  bool has_error = false, has_null = false;
  for (const lang::Argument& argument : node.arguments) {
    if (!argument.name.is_given()) continue;
    check_.report(DiagnosticKind::wrong_arguments, argument.name.range, "the arguments of `{}` have no names",
                  first.name);
    has_error = true;
  }
  std::string what = "`" + std::string(first.name) + "`";
  for (const Expr* arg : args) {
    has_error = has_error || arg->type.is_error();
    has_null = (!arg->type.is_error() && !require_value(check_, *arg, what)) || has_null;
  }
  if (has_error || has_null) return check_.make.error(expr.range);
  Symbol* best = nullptr;
  int least = 0;
  for (Symbol* symbol = &first; symbol != nullptr; symbol = symbol->overload) {
    if (!resolve(check_, *symbol, expr.range)) continue;
    std::optional<int> far = distance(check_, args, *symbol);
    if (!far || (best != nullptr && *far >= least)) continue;
    best = symbol;
    least = *far;
  }
  if (best == nullptr) {
    bool is_meant_for_rows = aggregate_named(first.name) && args.size() <= 1 && scope_.aggregates == nullptr;
    return is_meant_for_rows ? outside_of_aggregate(node.callee->range, first.name)
                             : wrong_arguments(expr, first, args);
  }
  for (size_t i = 0; i < args.size(); i++) args[i] = try_coerce(check_, args[i], best->parameters[i].type);
  uint32_t index = index_of_extern(check_, *best, first.overload != nullptr);
  return check_.make.call(ExprKind::call_extern, index, best->type, args, expr.range);
}

const Expr* ExprChecker::wrong_arguments(const lang::Expr& expr, const Symbol& first,
                                         const std::vector<const Expr*>& args) {
  std::string types;
  for (const Expr* arg : args) {
    if (!types.empty()) types += ", ";
    types += text_of(arg->type);
  }
  auto report =
      check_.report(DiagnosticKind::wrong_arguments, expr.range, "`{}` does not take ({})", first.name, types);
  for (const Symbol* symbol = &first; symbol != nullptr; symbol = symbol->overload)
    report.note(symbol->range, "{}", signature(*symbol));
  bool is_one = first.overload == nullptr && args.size() == first.parameters.size();
  for (size_t i = 0; is_one && i < args.size(); i++) {
    if (try_coerce(check_, args[i], first.parameters[i].type) == nullptr) {
      suggest_cast(check_, report, *args[i], first.parameters[i].type);
    }
  }
  return check_.make.error(expr.range);
}

const Expr* ExprChecker::outside_of_aggregate(Range range, std::string_view name) {
  check_
      .report(DiagnosticKind::no_aggregate, range, "`{}` takes many rows, so it may stand in an `aggregate` step only",
              name)
      .help("for all rows: `| aggregate x = {}(…)`; for each key: `| key k | aggregate …`", name);
  return check_.make.error(range);
}

/// What people call such functions elsewhere, and what is written in Flow.
struct ForeignFunction {
  std::string_view word, ours;
};
static constexpr ForeignFunction foreign_functions[] = {
    {"lowercase", "lower(x)"},
    {"lcase", "lower(x)"},
    {"tolower", "lower(x)"},
    {"to_lower", "lower(x)"},
    {"uppercase", "upper(x)"},
    {"ucase", "upper(x)"},
    {"toupper", "upper(x)"},
    {"to_upper", "upper(x)"},
    {"len", "length(x)"},
    {"strlen", "length(x)"},
    {"size", "length(x)"},
    {"char_length", "length(x)"},
    {"substr", "substring(x, 0, 3)"},
    {"mid", "substring(x, 0, 3)"},
    {"strip", "trim(x)"},
    {"concat", "\"{a}{b}\""},
    {"format_string", "\"{a}{b}\""},
    {"coalesce", "x ?? 0"},
    {"ifnull", "x ?? 0"},
    {"nvl", "x ?? 0"},
    {"isnull", "x is null"},
    {"is_null", "x is null"},
    {"isnan", "is_nan(x)"},
    {"iff", "if c then a else b"},
    {"iif", "if c then a else b"},
    {"case", "match x { 1 => a, else => b }"},
    {"int", "i64(x)"},
    {"integer", "i64(x)"},
    {"long", "i64(x)"},
    {"float", "f64(x)"},
    {"double", "f64(x)"},
    {"str", "string(x)"},
    {"to_string", "string(x)"},
    {"tostring", "string(x)"},
    {"cast", "i64(x)"},
    {"to_timestamp", "timestamp(x)"},
    {"to_date", "date(x)"},
    {"date_trunc", "truncate(x, 1h)"},
    {"date_format", "format(x, \"yyyy-MM-dd\")"},
    {"log", "ln(x)"},
    {"power", "pow(x, 2.0)"},
    {"ceiling", "ceil(x)"},
    {"mod", "a % b"},
    {"average", "avg(x)"},
    {"mean", "avg(x)"},
    {"total", "sum(x)"},
    {"regexp", "matches(x, r\"…\")"},
    {"regex", "matches(x, r\"…\")"},
    {"like", "matches(x, r\"…\")"},
    {"regexp_extract", "group(x, r\"(…)\", 1)"},
    {"argmin", "min_by(x, y)"},
    {"argmax", "max_by(x, y)"},
    {"startswith", "starts_with(x, \"a\")"},
    {"endswith", "ends_with(x, \"a\")"},
};

static std::string_view ours_for(std::string_view word) {
  std::string lower;
  for (char c : word) lower += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  for (const ForeignFunction& foreign : foreign_functions) {
    if (foreign.word == lower) return foreign.ours;
  }
  return {};
}

const Expr* ExprChecker::unknown_function(const lang::Call& node, std::string_view name) {
  Range range = node.callee->range;
  if (cast_named(name)) {
    check_.report(DiagnosticKind::wrong_arguments, range, "`{}` converts one value: `{}(x)`", name, name);
    return check_.make.error(range);
  }
  // In an `aggregate` it may have been meant for many rows: what its arguments are is not known then.
  if (scope_.aggregates == nullptr) {
    for (const lang::Argument& argument : node.arguments) check(*argument.value);
  }
  if (aggregate_named(name)) return outside_of_aggregate(range, name);
  if (scope_.module->misses_import) return check_.make.error(range);
  auto report = check_.report(DiagnosticKind::unknown_function, range, "there is no function `{}`", name);
  if (std::string_view ours = ours_for(name); !ours.empty()) {
    report.help("in Flow this is written `{}`", ours);
    return check_.make.error(range);
  }
  if (name == "now" || name == "current_timestamp") {
    report.help("a job has no clock of its own: a row's time is the field that `time` names at its source");
    return check_.make.error(range);
  }
  std::vector<std::string_view> names;
  check_.modules.collect(*scope_.module, Space::function, names);
  if (!suggest(report, name, names) && row_name(name, range) != nullptr)
    report.help("`{}` is a field, which is not called", name);
  return check_.make.error(range);
}

} // namespace flow::sema
