#include "compiler/sema/declarations.h"

#include <algorithm>

#include "compiler/sema/conversion.h"
#include "compiler/sema/expressions.h"
#include "compiler/sema/records.h"
#include "compiler/sema/total_functions.h"

namespace flow::sema {

using lang::DiagnosticKind;

namespace {

bool resolve_enum(Checking& check, Symbol& symbol, const lang::EnumDecl& decl) {
  std::vector<std::string_view> names, texts;
  for (const lang::EnumValue& value : decl.values) {
    std::string_view text = value.text.is_given ? value.text.text : value.name.text;
    for (size_t i = 0; i < texts.size(); i++) {
      if (texts[i] != text || names[i] == value.name.text) continue;
      check.report(DiagnosticKind::duplicate_name, value.text.is_given ? value.text.range : value.name.range,
                   "`{}` and `{}` are both \"{}\" in the data", names[i], value.name.text, text);
    }
    names.push_back(value.name.text);
    texts.push_back(text);
  }
  auto* made = check.arena.make<EnumType>();
  *made = {symbol.name, check.arena.copy(names), check.arena.copy(texts)};
  symbol.type = {.kind = Kind::ENUM, .enumeration = made};
  return true;
}

/// A let stands in full wherever it is named: small ones of small ones can make one that is not.
bool is_small(const Expr& expr, uint32_t& budget) {
  if (budget == 0) return false;
  budget--;
  return std::ranges::all_of(expr.args, [&](const Expr* arg) { return is_small(*arg, budget); });
}

bool resolve_let(Checking& check, Symbol& symbol, const lang::LetDecl& decl) {
  symbol.value = check_expr(check, {.module = symbol.module}, *decl.value);
  symbol.type = symbol.value->type;
  if (symbol.type.kind == Kind::NULL_) {
    check.report(DiagnosticKind::no_value, decl.value->range, "`{}` is always null, so its type is not known",
                 symbol.name);
    return false;
  }
  uint32_t budget = 1000;
  if (is_small(*symbol.value, budget)) return !symbol.type.is_error();
  check.report(DiagnosticKind::bad_value, decl.value->range, "`{}` is too large an expression", symbol.name)
      .help("make it a function: it is computed where it is called");
  return false;
}

/// A constant: then a function that needs itself for its own parameter is a cycle, and the check of a call is short.
const Expr* check_initial(Checking& check, const Symbol& symbol, const lang::Parameter& parameter, Type type) {
  if (parameter.initial == nullptr) return nullptr;
  std::string what = "the value of `" + std::string(parameter.name.text) + "`";
  const Expr* value = coerce(check, check_expr(check, {.module = symbol.module}, *parameter.initial, type), type, what);
  const Expr& inner = value->kind == ExprKind::to_nullable ? *value->args[0] : *value;
  if (!is_constant(inner) && !inner.is_null && !inner.type.is_error()) {
    check.report(DiagnosticKind::not_constant, parameter.initial->range,
                 "{} must be known when the program is compiled", what);
  }
  return value;
}

bool resolve_function(Checking& check, Symbol& symbol, const lang::FnDecl& decl) {
  bool is_good = true;
  if (decl.body == nullptr && symbol.module->name != "prelude") {
    check.not_yet(symbol.decl->range, "a function of another language (`extern fn`)");
    is_good = false;
  }
  for (const lang::Parameter& parameter : decl.parameters) {
    Type type = resolve_type(check, *symbol.module, *parameter.type);
    is_good = is_good && !type.is_error();
    for (const Column& other : symbol.parameters) {
      if (other.name != parameter.name.text) continue;
      check.report(DiagnosticKind::duplicate_name, parameter.name.range, "two parameters are called `{}`", other.name);
    }
    symbol.parameters.push_back({parameter.name.text, type});
    symbol.initials.push_back(check_initial(check, symbol, parameter, type));
  }
  // The list that `unnest` takes is no value: the call is looked at there.
  bool is_list = decl.body == nullptr && decl.result->as<lang::ListType>() != nullptr;
  if (is_list)
    symbol.type = {.kind = Kind::LIST, .element = Kind::STRING};
  else
    symbol.type = resolve_scalar(check, *symbol.module, *decl.result, "the result of a function");
  return is_good && !symbol.type.is_error();
}

/// Flags that every job has. The runtime would take a param of such a name as `--param.NAME`; that is a surprise.
constexpr std::string_view job_flags[] = {
    "parallelism", "max_parallelism", "checkpoint_dir", "checkpoint_interval",
    "latency",     "restore",         "fresh",          "describe",
    "summary",     "quiet",           "version",        "help",
    "batch_rows",
};

bool resolve_param(Checking& check, Symbol& symbol, const lang::ParamDecl& decl) {
  symbol.type = resolve_scalar(check, *symbol.module, *decl.type, "a param");
  if (symbol.type.nullable) {
    check.not_yet(decl.type->range, "a param that may be null");
    symbol.type = {};
  }
  if (std::ranges::find(job_flags, symbol.name) != std::end(job_flags)) {
    check.report(DiagnosticKind::reserved_name, symbol.range, "every job has a flag `{}` of its own", symbol.name)
        .help("give the param another name");
  }
  return !symbol.type.is_error();
}

bool resolve_kind(Checking& check, Symbol& symbol) {
  const lang::Decl& decl = *symbol.decl;
  switch (symbol.kind) {
  case SymbolKind::param: return resolve_param(check, symbol, *decl.as<lang::ParamDecl>());
  case SymbolKind::let: return resolve_let(check, symbol, *decl.as<lang::LetDecl>());
  case SymbolKind::function: return resolve_function(check, symbol, *decl.as<lang::FnDecl>());
  case SymbolKind::enumeration: return resolve_enum(check, symbol, *decl.as<lang::EnumDecl>());
  case SymbolKind::enum_value:
    if (symbol.owner == nullptr || !resolve(check, *symbol.owner, symbol.range)) return false;
    symbol.type = symbol.owner->type;
    return true;
  case SymbolKind::type: {
    const lang::TypeExpr& type = *decl.as<lang::TypeDecl>()->type;
    const auto* record = type.as<lang::RecordType>();
    symbol.type = record != nullptr ? resolve_record(check, *symbol.module, *record, symbol.name)
                                    : resolve_type(check, *symbol.module, type);
    return !symbol.type.is_error();
  }
  default: return false;
  }
}

void check_param_values(Checking& check, Symbol& symbol, Param& made) {
  const auto& decl = *symbol.decl->as<lang::ParamDecl>();
  Scope scope{.module = symbol.module};
  if (decl.initial != nullptr) {
    std::string what = "the value of `" + std::string(symbol.name) + "`";
    made.initial = coerce(check, check_expr(check, scope, *decl.initial, symbol.type), symbol.type, what);
    if (!is_constant(*made.initial) && !made.initial->type.is_error()) {
      check.report(DiagnosticKind::not_constant, decl.initial->range, "{} must be known when the program is compiled",
                   what);
    }
  }
  if (decl.where != nullptr) made.condition = check_condition(check, scope, *decl.where, "the condition of `where`");
}

void check_body(Checking& check, Symbol& symbol) {
  const auto& decl = *symbol.decl->as<lang::FnDecl>();
  Scope scope{.module = symbol.module, .locals = check.program.functions[symbol.index].params};
  const Expr* body = check_expr(check, scope, *decl.body, symbol.type);
  std::string what = "the result of `" + std::string(symbol.name) + "`";
  check.program.functions[symbol.index].body = coerce(check, body, symbol.type, what);
}

} // namespace

bool resolve(Checking& check, Symbol& symbol, lang::SourceRange from) {
  if (symbol.progress == Progress::busy) {
    check.report(DiagnosticKind::definition_cycle, from, "`{}` is made from itself", symbol.name)
        .note(symbol.range, "it is declared here");
    return false;
  }
  if (symbol.progress == Progress::fresh) {
    symbol.progress = Progress::busy;
    Deeper deeper(check, symbol.range);
    if (!deeper.is_allowed() || !resolve_kind(check, symbol)) symbol.type = {};
    symbol.progress = Progress::done;
  }
  return !symbol.type.is_error();
}

uint32_t index_of_param(Checking& check, Symbol& symbol) {
  if (!symbol.is_numbered) {
    symbol.is_numbered = true;
    symbol.index = static_cast<uint32_t>(check.program.params.size());
    check.program.params.push_back({symbol.name, symbol.decl->doc, symbol.type, nullptr, nullptr, symbol.range});
    check.params.push_back(&symbol);
  }
  return symbol.index;
}

uint32_t index_of_function(Checking& check, Symbol& symbol) {
  if (!symbol.is_numbered) {
    symbol.is_numbered = true;
    symbol.index = static_cast<uint32_t>(check.program.functions.size());
    std::vector<Column> parameters;
    for (const Column& parameter : symbol.parameters) add_columns(check, parameter.name, parameter.type, parameters);
    check.program.functions.push_back({symbol.name, std::move(parameters), symbol.type, nullptr, symbol.decl->range});
    check.functions.push_back(&symbol);
  }
  return symbol.index;
}

uint32_t index_of_extern(Checking& check, Symbol& symbol, bool is_overloaded) {
  if (symbol.is_numbered) return symbol.index;
  symbol.is_numbered = true;
  symbol.index = static_cast<uint32_t>(check.program.externs.size());
  std::string name = "flow_fn_" + std::string(symbol.name);
  Extern made{.name = symbol.name, .result = symbol.type};
  for (const Column& parameter : symbol.parameters) {
    made.params.push_back(parameter.type);
    if (is_overloaded) name += "_" + text_of(scalar(parameter.type.kind));
  }
  made.symbol = check.arena.copy(std::string_view(name));
  made.may_fail = !is_total(made.symbol);
  check.program.externs.push_back(std::move(made));
  return symbol.index;
}

void check_declarations(Checking& check, Module& module) {
  for (const auto& symbol : module.symbols) {
    if (symbol->kind == SymbolKind::operation) operator_info(check, *symbol);
    if (symbol->kind > SymbolKind::enumeration) continue;
    if (!resolve(check, *symbol, symbol->range)) continue;
    if (symbol->kind == SymbolKind::param) index_of_param(check, *symbol);
    const auto* fn = symbol->decl->as<lang::FnDecl>();
    if (fn != nullptr && fn->body != nullptr) index_of_function(check, *symbol);
  }
}

void check_bodies(Checking& check) {
  // Bodies may need further functions and params: the lists grow while they are read.
  for (size_t f = 0, p = 0; f < check.functions.size() || p < check.params.size();) {
    if (p < check.params.size()) {
      Param made = check.program.params[p];
      check_param_values(check, *check.params[p], made);
      check.program.params[p++] = made;
    } else {
      check_body(check, *check.functions[f++]);
    }
  }
}

} // namespace flow::sema
