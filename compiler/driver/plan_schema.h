// The states of a plan as a checkpoint would describe them.
#pragma once

#include "compiler/plan/plan.h"
#include "runtime/saved/schema.h"

namespace flow::driver {

/// What schema_of gives of the program that the plan becomes.
runtime::Schema schema_of(const plan::PhysicalPlan& plan);

} // namespace flow::driver
