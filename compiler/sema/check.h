// From the tree to the typed program: names, types, time and state.
#pragma once

#include "compiler/sema/module_loader.h"
#include "compiler/sema/test_script.h"
#include "compiler/sema/typed_program.h"
#include "lang/ast/ast.h"
#include "lang/base/arena.h"
#include "lang/diagnostics/diagnostics.h"
#include "lang/source/source_file.h"

namespace flow::sema {

/// Checks the whole program and what it imports, and reports all independent errors. Every declaration is checked; the
/// result holds what the program's sinks need, and all its params. It points into the arena and into `files`, to which
/// imported modules are added; both must outlive it. If `emitter` has errors afterwards, the result says nothing.
TypedProgram check(const lang::Program& tree, lang::SourceFiles& files, ModuleLoader& loader, lang::Arena& arena,
                   lang::DiagnosticEmitter& emitter);

/// The same for `flowc test`: the program that runs the program's tests (tests.h), and what they do. Without tests the
/// script is empty, and the program says nothing.
TypedProgram check_for_tests(const lang::Program& tree, lang::SourceFiles& files, ModuleLoader& loader,
                             lang::Arena& arena, lang::DiagnosticEmitter& emitter, TestScript& script);

} // namespace flow::sema
