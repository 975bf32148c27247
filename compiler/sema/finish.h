// The last step of the check: what no sink needs is left behind, what stays is numbered anew.
#pragma once

#include "compiler/sema/checking.h"

namespace flow::sema {

/// Reports windows whose late rows are named but which no step uses.
void check_late_rows(Checking& check, const Module& main);
/// Warns of streams that no sink needs.
void warn_of_unused(Checking& check, const Module& main);

/// Which params of the program itself stay. Of modules only those do that something uses.
enum class KeepParams : uint8_t { all, used };

/// The finished program. REQUIRES: no errors were reported.
TypedProgram finish(Checking& check, const Module& main, KeepParams params);

} // namespace flow::sema
