// The typed program as text: `--emit=typed`. The same program gives the same text always; places are left out.
#pragma once

#include <span>
#include <string>

#include "compiler/sema/typed_program.h"

namespace flow::sema {

std::string print(const TypedProgram& program);

/// As the user could have written it, with brackets around every operator and every conversion in sight.
/// `columns` are those of the row that the expression reads, `locals` the parameters of the function, `process` is the
/// operator whose handler it stands in, or null.
std::string print_expr(const Expr& expr, const TypedProgram& program, std::span<const Column> columns = {},
                       std::span<const Column> locals = {}, const Process* process = nullptr);

/// What an operator keeps and does, in lines that begin with six spaces.
std::string print_process(const Process& process, const TypedProgram& program);

} // namespace flow::sema
