// Could an expression fail while the job runs? sema::may_fail answers without the program and so must suspect every
// function; here functions are looked into.
#pragma once

#include "compiler/graph/graph.h"

namespace flow::optimize {

bool can_fail(const graph::Expr& expr, const sema::TypedProgram& program);
bool can_fail(const graph::Project& project, const sema::TypedProgram& program);

} // namespace flow::optimize
