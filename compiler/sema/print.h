// The typed program as text: `--emit=typed`. The same program gives the same text always; places are left out.
#pragma once

#include <span>
#include <string>

#include "compiler/sema/typed_program.h"

namespace flow::sema {

std::string print(const TypedProgram& program);

/// As the user could have written it, with brackets around every operator and every conversion in sight.
/// `columns` are those of the row that the expression reads, `locals` the parameters of the function.
std::string print_expr(const Expr& expr, const TypedProgram& program, std::span<const Column> columns = {},
                       std::span<const Column> locals = {});

} // namespace flow::sema
