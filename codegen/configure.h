// The configure function: options of connectors and conditions of params, evaluated once when a job starts.
#pragma once

#include "codegen/module_context.h"

namespace flow::codegen {

llvm::Function* emit_configure(ModuleContext& module);

} // namespace flow::codegen
