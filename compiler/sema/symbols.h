// Who is called what: the modules of a compilation, what they import, and the names that they declare.
//
// A module has five spaces of names; the place of a name tells which one is meant, so that a field may be called
// `count`. Declarations come in any order; each is settled when it is first needed.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "compiler/sema/expr.h"
#include "compiler/sema/module_loader.h"
#include "compiler/sema/typed_program.h"
#include "lang/ast/ast.h"
#include "lang/base/arena.h"
#include "lang/diagnostics/diagnostics.h"

namespace flow::sema {

struct Module;

enum class SymbolKind : uint8_t {
  param,
  let,
  enum_value,
  function,
  type,
  enumeration,
  source,
  stream,
  bad_records,
  late_rows, // streams
  operation, // `operator`
  broken,    // declared, but what was declared could not be read: nothing is said of it
};

enum class Space : uint8_t { value, function, type, stream, operation };
inline constexpr size_t space_count = 5;

enum class Progress : uint8_t { fresh, busy, done };

struct Symbol {
  SymbolKind kind;
  std::string_view name;
  lang::SourceRange range; // of the name
  const lang::Decl* decl = nullptr;
  Module* module = nullptr;
  Symbol* owner = nullptr;    // of an enum value: the enum; of bad records: the source
  uint32_t position = 0;      // of an enum value in its enum
  Symbol* overload = nullptr; // the next function, or enum value of another enum, of this name

  // Settled when first needed.
  Progress progress = Progress::fresh;
  Type type{};                         // of a function: of its result
  const Expr* value = nullptr;         // of a let
  std::vector<const Expr*> initials{}; // of a function: the constant of each parameter, or null
  std::vector<Column> parameters{};    // of a function
  bool is_numbered = false;            // has its place in the program:
  uint32_t index = 0;                  // of a param, function, extern or stream
};

struct Import {
  std::string_view alias; // what stands before the dot
  Module* module;
  lang::SourceRange range;
};

struct Module {
  std::string_view name;
  const lang::Program* tree = nullptr;
  bool is_main = false;
  std::vector<Import> imports;
  bool misses_import = false;                   // reported: any name may be one of the missing module
  std::vector<std::unique_ptr<Symbol>> symbols; // in the order of the text
  std::array<std::map<std::string_view, Symbol*>, space_count> names;
};

/// `other` is set when two imported modules have the name.
struct Found {
  Symbol* symbol = nullptr;
  Symbol* other = nullptr;
};

class Modules {
public:
  Modules(lang::SourceFiles& files, ModuleLoader& loader, lang::Arena& arena, lang::DiagnosticEmitter& emitter)
      : files_(files), loader_(loader), arena_(arena), emitter_(emitter) {}

  /// Adds the program, the prelude and all that they import.
  Module& add_main(const lang::Program& tree, std::string_view name);

  /// What a bare name stands for in a module: its own, else imported, else of the prelude.
  Found find(const Module& from, Space space, std::string_view name) const;
  /// The module of `qualifier.name`, or null.
  const Module* find_module(const Module& from, std::string_view qualifier) const;
  Symbol* find_in(const Module& module, Space space, std::string_view name) const;
  /// All names that could stand there, for "did you mean".
  void collect(const Module& from, Space space, std::vector<std::string_view>& names) const;

  const std::vector<std::unique_ptr<Module>>& all() const { return modules_; }

private:
  Module& add(const lang::Program& tree, std::string_view name);
  Module* load(std::string_view name);
  void import(Module& into, const lang::Decl& decl, const lang::ImportDecl& import);
  void declare_all(Module& module);
  void declare(Module& module, const lang::Decl& decl);
  void declare_enum(Module& module, const lang::Decl& decl, const lang::EnumDecl& enumeration);
  void declare_late(Module& module, const lang::Decl& decl, const lang::Pipeline& pipeline);
  Symbol* add_symbol(Module& module, Space space, SymbolKind kind, lang::Name name, const lang::Decl& decl);

  lang::SourceFiles& files_;
  ModuleLoader& loader_;
  lang::Arena& arena_;
  lang::DiagnosticEmitter& emitter_;
  std::vector<std::unique_ptr<Module>> modules_;
  Module* prelude_ = nullptr;
};

} // namespace flow::sema
