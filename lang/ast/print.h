// The tree as text, one node a line, children indented by two: `--emit=ast`.
//
// The same tree gives the same text always. Places are left out, so that the text shows what was understood and not
// how it was spaced.
#pragma once

#include <string>

#include "lang/ast/ast.h"

namespace flow::lang {

std::string print(const Program& program);
std::string print(const Expr& expr);

} // namespace flow::lang
