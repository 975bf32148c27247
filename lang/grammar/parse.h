// Characters to tree: the whole front of the front end.
#pragma once

#include "lang/ast/ast.h"
#include "lang/base/arena.h"
#include "lang/diagnostics/diagnostics.h"
#include "lang/source/source_file.h"

namespace flow::lang {

/// The tree of a file, in the arena. Always returns one: what could not be read is reported, and is an Error… node or
/// missing. The tree points into the arena and into the file, which must both outlive it. Throws nothing, keeps
/// nothing: files may be parsed on several threads, each with its own arena and emitter.
Program* parse(const SourceFile& file, Arena& arena, DiagnosticEmitter& emitter);

} // namespace flow::lang
