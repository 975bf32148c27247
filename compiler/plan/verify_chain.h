// The inside of verify.h: what holds of a chain and its operators.
#pragma once

#include <optional>
#include <string>

#include "compiler/plan/plan.h"

namespace flow::plan {

using Problem = std::optional<std::string>;

Problem check_chain(const PhysicalPlan& plan, uint32_t number);
/// `expr` (or null) reads columns that are there, of their types.
Problem check_expr(const Expr* expr, const std::vector<sema::Column>& columns, const std::string& who);
bool same_types(const std::vector<sema::Column>& a, const std::vector<sema::Column>& b);

} // namespace flow::plan
