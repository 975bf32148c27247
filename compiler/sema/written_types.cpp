// The types that a program writes.
#include <algorithm>

#include "compiler/sema/declarations.h"
#include "compiler/sema/records.h"

namespace flow::sema {

using lang::DiagnosticKind;

namespace {

constexpr std::string_view scalar_names[] = {
#define FLOW_KIND(name, text, size, align) text,
#include "runtime/abi/kinds.def"
#undef FLOW_KIND
};

constexpr std::string_view later_types[] = {"decimal", "uuid"};

/// What people call our types elsewhere.
struct ForeignType {
  std::string_view word, ours;
};
constexpr ForeignType foreign_types[] = {
    {"int", "i64"},
    {"integer", "i64"},
    {"long", "i64"},
    {"short", "i16"},
    {"byte", "u8"},
    {"float", "f64"},
    {"double", "f64"},
    {"number", "f64"},
    {"real", "f64"},
    {"str", "string"},
    {"text", "string"},
    {"String", "string"},
    {"varchar", "string"},
    {"boolean", "bool"},
    {"datetime", "timestamp"},
    {"time", "timestamp"},
    {"Timestamp", "timestamp"},
    {"Date", "date"},
    {"interval", "duration"},
};

std::string_view ours_for(std::string_view word) {
  for (const ForeignType& foreign : foreign_types) {
    if (foreign.word == word) return foreign.ours;
  }
  return {};
}

std::optional<Kind> scalar_kind(std::string_view name) {
  for (size_t i = 0; i < std::size(scalar_names); i++) {
    if (scalar_names[i] == name && static_cast<Kind>(i) != Kind::ENUM) return static_cast<Kind>(i);
  }
  return std::nullopt;
}

class TypeResolver {
public:
  TypeResolver(Checking& check, const Module& module) : check_(check), module_(module) {}

  Type resolve(const lang::TypeExpr& type) {
    return lang::visit(
        type, [](const lang::ErrorType&) { return Type{}; },
        [&](const lang::NamedType& named) { return resolve_named(type, named); },
        [&](const lang::NullableType& nullable) {
          Type inner = resolve(*nullable.inner);
          return inner.is_error() ? inner : inner.with_null();
        },
        [&](const lang::ListType& list) {
          resolve(*list.element);
          return refused(type, "lists as values");
        },
        [&](const lang::RecordType& record) { return resolve_record(record, {}); });
  }

  Type resolve_record(const lang::RecordType& record, std::string_view name) {
    std::vector<RecordField> fields;
    size_t scalars = 0;
    for (const lang::Field& field : record.fields) {
      if (field.initial != nullptr) check_.not_yet(field.initial->range, "a field with a value of its own");
      if (field.was.is_given()) check_.not_yet(field.was.range, "a field that was renamed");
      Type type = resolve(*field.type);
      if (!field.name.is_given() || is_repeated(record, field)) continue;
      scalars += scalar_count(type);
      if (scalars > record_columns_max) return refuse_size(field);
      fields.push_back({field.name.text, type, field.from.is_given ? field.from.text : field.name.text});
    }
    auto* made = check_.arena.make<RecordType>();
    made->name = name;
    made->fields = check_.arena.copy(fields);
    if (!name.empty()) check_.records.push_back(made);
    return {.kind = Kind::RECORD, .record = made};
  }

private:
  Type refuse_size(const lang::Field& field) {
    check_.report(DiagnosticKind::bad_value, field.range, "a record holds at most {} values, fields of fields included",
                  record_columns_max);
    return {};
  }

  Type refused(const lang::TypeExpr& type, std::string_view what) {
    check_.not_yet(type.range, what);
    return {};
  }

  bool is_repeated(const lang::RecordType& record, const lang::Field& field) {
    for (const lang::Field& other : record.fields) {
      if (&other == &field) return false;
      if (other.name.text != field.name.text) continue;
      check_.report(DiagnosticKind::duplicate_name, field.name.range, "the field `{}` is there twice", field.name.text)
          .note(other.name.range, "the other is here");
      return true;
    }
    return false;
  }

  Type resolve_named(const lang::TypeExpr& type, const lang::NamedType& named) {
    if (named.path.names.empty()) return {};
    lang::Name name = named.path.names.back();
    bool is_later = std::ranges::find(later_types, name.text) != std::end(later_types);
    if (named.path.names.size() == 1 && is_later) return refused(type, "`" + std::string(name.text) + "`");
    if (!named.arguments.empty()) {
      check_.report(DiagnosticKind::unknown_type, type.range, "`{}` takes nothing in parentheses", name.text);
      return {};
    }
    if (named.path.names.size() == 1) {
      Found found = check_.modules.find(module_, Space::type, name.text);
      if (found.other != nullptr) return ambiguous(name, found);
      if (found.symbol != nullptr) return type_of(*found.symbol, name.range);
      if (std::optional<Kind> kind = scalar_kind(name.text)) return scalar(*kind);
      return unknown(name);
    }
    const Module* module = check_.modules.find_module(module_, named.path.names[0].text);
    if (module == nullptr && module_.misses_import) return {};
    if (module == nullptr || named.path.names.size() > 2) {
      check_.report(DiagnosticKind::unknown_module, named.path.range, "no import is called `{}`",
                    named.path.names[0].text);
      return {};
    }
    Symbol* symbol = check_.modules.find_in(*module, Space::type, name.text);
    return symbol != nullptr ? type_of(*symbol, name.range) : unknown(name);
  }

  Type type_of(Symbol& symbol, lang::SourceRange from) {
    return sema::resolve(check_, symbol, from) ? symbol.type : Type{};
  }

  Type ambiguous(lang::Name name, const Found& found) {
    check_.report(DiagnosticKind::ambiguous_name, name.range, "two imports have a type `{}`", name.text)
        .help("say which: `{}.{}` or `{}.{}`", found.symbol->module->name, name.text, found.other->module->name,
              name.text);
    return {};
  }

  Type unknown(lang::Name name) {
    if (module_.misses_import) return {};
    auto report = check_.report(DiagnosticKind::unknown_type, name.range, "there is no type `{}`", name.text);
    if (std::string_view ours = ours_for(name.text); !ours.empty()) {
      report.help("in Flow this is `{}`", ours);
      return {};
    }
    std::vector<std::string_view> names(std::begin(scalar_names), std::end(scalar_names));
    check_.modules.collect(module_, Space::type, names);
    if (check_.modules.find(module_, Space::stream, name.text).symbol != nullptr) {
      report.help("`{}` is a stream; the type of its rows has a name of its own", name.text);
    } else {
      suggest(report, name.text, names);
    }
    return {};
  }

  Checking& check_;
  const Module& module_;
};

} // namespace

Type resolve_type(Checking& check, const Module& module, const lang::TypeExpr& type) {
  return TypeResolver(check, module).resolve(type);
}

Type resolve_scalar(Checking& check, const Module& module, const lang::TypeExpr& type, std::string_view what) {
  Type resolved = resolve_type(check, module, type);
  if (resolved.kind != Kind::RECORD) return resolved;
  check.not_yet(type.range, std::string(what) + " that is a record").help("give its fields one by one");
  return {};
}

Type resolve_record(Checking& check, const Module& module, const lang::RecordType& record, std::string_view name) {
  return TypeResolver(check, module).resolve_record(record, name);
}

} // namespace flow::sema
