// What holds of every plan: codegen and runtime rely on it. What it finds is a mistake of the compiler.
#pragma once

#include <optional>
#include <string>

#include "compiler/plan/plan.h"

namespace flow::plan {

std::optional<std::string> verify(const PhysicalPlan& plan);

} // namespace flow::plan
