// Characters to tokens.
#pragma once

#include "lang/base/arena.h"
#include "lang/diagnostics/diagnostics.h"
#include "lang/grammar/token.h"
#include "lang/source/source_file.h"

namespace flow::lang {

/// Always ends with END_OF_TEXT. What is wrong is reported and something near put in its place, so that the parser
/// stumbles over nothing that was already told.
Tokens scan(const SourceFile& file, Arena& arena, DiagnosticEmitter& emitter);

} // namespace flow::lang
