// The timers of an operator: those that its statements set.
#pragma once

#include "compiler/sema/operator_checker.h"

namespace flow::sema {

/// In the order of the text, each once. Reports a name that stands for two kinds of timer, or for an input too.
std::vector<ProcessTimer> find_timers(OperatorContext& context);

/// A statement that could not be read, or is not compiled yet.
bool has_error_statement(const lang::OperatorDecl& tree);

} // namespace flow::sema
