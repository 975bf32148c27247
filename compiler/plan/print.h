// --emit=plan and --emit=layout: the plan as text.
#pragma once

#include <string>

#include "compiler/plan/plan.h"

namespace flow::plan {

/// "within -5min..1h, in panes of 30min": how a join `within` keeps its rows.
std::string interval_text(const State& state);

std::string print_plan(const PhysicalPlan& plan);
std::string print_layouts(const PhysicalPlan& plan);

/// "hash(driver_id)", "forward", …
std::string describe_edge(const PhysicalPlan& plan, const Edge& edge);
/// One operator, for people.
std::string describe_op(const PhysicalPlan& plan, const Chain& chain, uint32_t op);

} // namespace flow::plan
