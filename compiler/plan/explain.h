// `flowc explain`: what will run, for people; as text or for graphviz.
#pragma once

#include <string>

#include "compiler/plan/plan.h"

namespace flow::plan {

std::string explain_text(const PhysicalPlan& plan);
/// Every state: its key, its cells with their bytes, and what ends it.
std::string explain_state(const PhysicalPlan& plan);
std::string explain_dot(const PhysicalPlan& plan);

} // namespace flow::plan
