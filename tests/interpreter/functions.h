// Functions of the prelude, written again from what stdlib/prelude.flow says of them.
#pragma once

#include "compiler/sema/typed_program.h"
#include "tests/interpreter/value.h"

namespace flow::interpreter {

/// Does `call_function` know it? Regular expressions, hashes, patterns of time, exp, ln, pow, sin and cos it does not.
bool knows_function(std::string_view symbol);
/// REQUIRES: knows_function(callee.symbol), and as many arguments as it takes, none of them null.
Evaluated call_function(const sema::Extern& callee, const Row& arguments);

} // namespace flow::interpreter
