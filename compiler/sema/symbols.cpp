#include "compiler/sema/symbols.h"

#include <algorithm>

#include "lang/grammar/parse.h"

namespace flow::sema {

using lang::DiagnosticKind;

namespace {

bool is_stream(SymbolKind kind) { return kind >= SymbolKind::source && kind <= SymbolKind::late_rows; }

std::string_view word_of(SymbolKind kind) {
  switch (kind) {
  case SymbolKind::param: return "param";
  case SymbolKind::let: return "let";
  case SymbolKind::enum_value: return "enum value";
  case SymbolKind::function: return "function";
  case SymbolKind::type: return "type";
  case SymbolKind::enumeration: return "enum";
  case SymbolKind::source: return "source";
  case SymbolKind::stream: return "stream";
  case SymbolKind::bad_records: return "stream of bad records";
  case SymbolKind::late_rows: return "stream of late rows";
  case SymbolKind::operation: return "operator";
  case SymbolKind::broken: return "declaration";
  }
  return "";
}

/// Values of two enums may have one name (`Payment.CASH` is always clear), functions of the library may be overloaded.
bool may_share(const Symbol& first, const Symbol& second) {
  if (first.kind == SymbolKind::broken || second.kind == SymbolKind::broken) return true;
  if (first.kind == SymbolKind::enum_value && second.kind == SymbolKind::enum_value) return first.owner != second.owner;
  auto is_extern = [](const Symbol& symbol) {
    const auto* fn = symbol.decl->as<lang::FnDecl>();
    return fn != nullptr && fn->body == nullptr;
  };
  return is_extern(first) && is_extern(second);
}

} // namespace

Module& Modules::add_main(const lang::Program& tree, std::string_view name) {
  Module& main = add(tree, name);
  main.is_main = true;
  prelude_ = load("prelude");
  // Loading adds modules; those bring imports of their own.
  for (size_t i = 0; i < modules_.size(); i++) {
    for (const lang::Decl* decl : modules_[i]->tree->declarations) {
      if (const auto* wanted = decl->as<lang::ImportDecl>()) import(*modules_[i], *decl, *wanted);
    }
  }
  return main;
}

Module& Modules::add(const lang::Program& tree, std::string_view name) {
  modules_.push_back(std::make_unique<Module>());
  Module& module = *modules_.back();
  module.name = name;
  module.tree = &tree;
  declare_all(module);
  return module;
}

Module* Modules::load(std::string_view name) {
  for (const auto& module : modules_) {
    if (module->name == name) return module.get();
  }
  std::optional<ModuleText> found = loader_.load(name);
  if (!found) return nullptr;
  const lang::SourceFile& file = files_.add(std::move(found->path), std::move(found->text));
  return &add(*lang::parse(file, arena_, emitter_), arena_.copy(name));
}

void Modules::import(Module& into, const lang::Decl& decl, const lang::ImportDecl& import) {
  if (import.path.names.empty()) return;
  if (import.path.names.size() > 1) {
    into.misses_import = true;
    emitter_.report(DiagnosticKind::not_yet, import.path.range, "importing from a folder is not possible yet")
        .help("put the module beside the program");
    return;
  }
  lang::Name name = import.path.names[0];
  if (name.text == into.name) {
    emitter_.report(DiagnosticKind::definition_cycle, decl.range, "`{}` imports itself", name.text);
    return;
  }
  Module* module = load(name.text);
  if (module == nullptr) {
    into.misses_import = true;
    emitter_.report(DiagnosticKind::unknown_module, name.range, "there is no module `{}`", name.text)
        .help("a module is the file `{}.flow` beside the program, or a part of the standard library", name.text);
    return;
  }
  std::string_view alias = import.as.is_given() ? import.as.text : name.text;
  into.imports.push_back({alias, module, decl.range});
}

void Modules::declare_all(Module& module) {
  for (const lang::Decl* decl : module.tree->declarations) declare(module, *decl);
}

void Modules::declare(Module& module, const lang::Decl& decl) {
  lang::visit(
      decl,
      [&](const lang::ErrorDecl& error) {
        // Of whatever space it was meant for: nobody may miss it.
        for (size_t space = 0; space < space_count; space++) {
          add_symbol(module, static_cast<Space>(space), SymbolKind::broken, error.name, decl);
        }
      },
      [&](const lang::ImportDecl&) {},
      [&](const lang::ParamDecl& param) { add_symbol(module, Space::value, SymbolKind::param, param.name, decl); },
      [&](const lang::LetDecl& let) { add_symbol(module, Space::value, SymbolKind::let, let.name, decl); },
      [&](const lang::TypeDecl& type) { add_symbol(module, Space::type, SymbolKind::type, type.name, decl); },
      [&](const lang::EnumDecl& enumeration) { declare_enum(module, decl, enumeration); },
      [&](const lang::FnDecl& fn) { add_symbol(module, Space::function, SymbolKind::function, fn.name, decl); },
      [&](const lang::OperatorDecl& node) {
        add_symbol(module, Space::operation, SymbolKind::operation, node.name, decl);
      },
      [&](const lang::SourceDecl& source) {
        Symbol* made = add_symbol(module, Space::stream, SymbolKind::source, source.name, decl);
        if (source.on_error.policy != lang::ErrorPolicy::divert) return;
        Symbol* bad = add_symbol(module, Space::stream, SymbolKind::bad_records, source.on_error.to, decl);
        if (bad != nullptr) bad->owner = made;
      },
      [&](const lang::StreamDecl& stream) {
        add_symbol(module, Space::stream, SymbolKind::stream, stream.name, decl);
        declare_late(module, decl, *stream.pipeline);
      },
      [&](const lang::SinkDecl& sink) { declare_late(module, decl, *sink.pipeline); }, [&](const lang::TestDecl&) {});
}

void Modules::declare_enum(Module& module, const lang::Decl& decl, const lang::EnumDecl& enumeration) {
  Symbol* owner = add_symbol(module, Space::type, SymbolKind::enumeration, enumeration.name, decl);
  for (uint32_t i = 0; i < enumeration.values.size(); i++) {
    Symbol* value = add_symbol(module, Space::value, SymbolKind::enum_value, enumeration.values[i].name, decl);
    if (value == nullptr) continue;
    value->owner = owner;
    value->position = i;
  }
}

void Modules::declare_late(Module& module, const lang::Decl& decl, const lang::Pipeline& pipeline) {
  if (pipeline.feed.nested != nullptr) declare_late(module, decl, *pipeline.feed.nested);
  for (const lang::Step* step : pipeline.steps) {
    if (const auto* window = step->as<lang::Window>(); window != nullptr && window->late_to.is_given()) {
      add_symbol(module, Space::stream, SymbolKind::late_rows, window->late_to, decl);
    }
    const auto* others = step->as<lang::Union>();
    if (others == nullptr) continue;
    for (const lang::Feed& feed : others->others) {
      if (feed.nested != nullptr) declare_late(module, decl, *feed.nested);
    }
  }
}

/// Null when the name was not given. A name given twice is reported, and the first stays.
Symbol* Modules::add_symbol(Module& module, Space space, SymbolKind kind, lang::Name name, const lang::Decl& decl) {
  if (!name.is_given()) return nullptr;
  auto made = std::make_unique<Symbol>(
      Symbol{.kind = kind, .name = name.text, .range = name.range, .decl = &decl, .module = &module});
  Symbol* symbol = made.get();
  module.symbols.push_back(std::move(made));
  auto [place, is_new] = module.names[static_cast<size_t>(space)].emplace(name.text, symbol);
  if (is_new) return symbol;
  Symbol& first = *place->second;
  // The owner of an enum value is told after this: two values of one declaration have one `decl`.
  bool is_same_enum = kind == SymbolKind::enum_value && first.kind == kind && first.decl == &decl;
  if (!is_same_enum && may_share(first, *symbol)) {
    symbol->overload = first.overload;
    first.overload = symbol;
    return symbol;
  }
  auto report = emitter_.report(DiagnosticKind::duplicate_name, name.range, "`{}` is declared twice", name.text);
  report.note(first.range, "the other {} `{}` is here", word_of(first.kind), name.text);
  if (is_stream(kind)) report.help("give one of the streams another name");
  return symbol;
}

Found Modules::find(const Module& from, Space space, std::string_view name) const {
  if (Symbol* own = find_in(from, space, name)) return {own, nullptr};
  Found found;
  for (const Import& import : from.imports) {
    Symbol* symbol = find_in(*import.module, space, name);
    if (symbol == nullptr || symbol == found.symbol) continue;
    if (found.symbol != nullptr)
      found.other = symbol;
    else
      found.symbol = symbol;
  }
  if (found.symbol == nullptr && prelude_ != nullptr) found.symbol = find_in(*prelude_, space, name);
  return found;
}

const Module* Modules::find_module(const Module& from, std::string_view qualifier) const {
  for (const Import& import : from.imports) {
    if (import.alias == qualifier) return import.module;
  }
  return nullptr;
}

Symbol* Modules::find_in(const Module& module, Space space, std::string_view name) const {
  const auto& names = module.names[static_cast<size_t>(space)];
  auto place = names.find(name);
  return place == names.end() ? nullptr : place->second;
}

void Modules::collect(const Module& from, Space space, std::vector<std::string_view>& names) const {
  auto add = [&](const Module& module) {
    for (const auto& symbol : module.symbols) {
      auto place = module.names[static_cast<size_t>(space)].find(symbol->name);
      if (place != module.names[static_cast<size_t>(space)].end() && symbol->kind != SymbolKind::broken) {
        names.push_back(symbol->name);
      }
    }
  };
  add(from);
  for (const Import& import : from.imports) add(*import.module);
  if (prelude_ != nullptr) add(*prelude_);
}

} // namespace flow::sema
