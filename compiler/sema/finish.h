// The last step of the check: what no sink needs is left behind, what stays is numbered anew.
#pragma once

#include "compiler/sema/checking.h"

namespace flow::sema {

/// Warns of streams that no sink needs. Reports windows whose late rows are named but which no step uses.
void check_uses(Checking& check, const Module& main);

/// The finished program. REQUIRES: no errors were reported.
TypedProgram finish(Checking& check, const Module& main);

} // namespace flow::sema
