#include "compiler/sema/check.h"

#include "compiler/sema/checking.h"
#include "compiler/sema/declarations.h"
#include "compiler/sema/finish.h"
#include "compiler/sema/streams.h"
#include "compiler/sema/tests.h"

namespace flow::sema {

namespace {

/// `job` for the path `programs/job.flow`.
std::string_view stem_of(std::string_view path) {
  size_t slash = path.find_last_of('/');
  if (slash != std::string_view::npos) path.remove_prefix(slash + 1);
  return path.substr(0, path.find_last_of('.'));
}

/// With a script: as the program that runs the tests.
TypedProgram checked(const lang::Program& tree, lang::SourceFiles& files, ModuleLoader& loader, lang::Arena& arena,
                     lang::DiagnosticEmitter& emitter, TestScript* script) {
  Checking checking(files, loader, arena, emitter);
  std::string_view name = files.holds(tree.file) ? stem_of(files.get(tree.file).path()) : "program";
  Module& main = checking.modules.add_main(tree, arena.copy(name));
  for (const auto& module : checking.modules.all()) check_declarations(checking, *module);
  for (const auto& module : checking.modules.all()) check_streams(checking, *module);
  check_bodies(checking);
  std::vector<CheckedTest> tests = check_tests(checking, main);
  check_late_rows(checking, main);
  if (script == nullptr) warn_of_unused(checking, main);
  TypedProgram made;
  if (!emitter.has_errors()) {
    if (script != nullptr) *script = stage_tests(checking, tests);
    made = finish(checking, main, script == nullptr ? KeepParams::all : KeepParams::used);
  }
  made.name = arena.copy(name);
  made.doc = tree.doc;
  return made;
}

} // namespace

TypedProgram check(const lang::Program& tree, lang::SourceFiles& files, ModuleLoader& loader, lang::Arena& arena,
                   lang::DiagnosticEmitter& emitter) {
  return checked(tree, files, loader, arena, emitter, nullptr);
}

TypedProgram check_for_tests(const lang::Program& tree, lang::SourceFiles& files, ModuleLoader& loader,
                             lang::Arena& arena, lang::DiagnosticEmitter& emitter, TestScript& script) {
  return checked(tree, files, loader, arena, emitter, &script);
}

} // namespace flow::sema
