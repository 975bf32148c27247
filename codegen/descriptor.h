// The FlowProgram constant of a module: what runtime/abi/flow_program.h describes, from the plan.
#pragma once

#include <vector>

#include "codegen/chain_emitter.h"
#include "codegen/finish_module.h"
#include "codegen/module_context.h"

namespace flow::codegen {

struct ProgramFunctions {
  std::vector<ChainFunctions> chains;
  std::vector<llvm::Function*> keys; // per edge, or null
  llvm::Function* configure = nullptr;
};

/// As FlowWindowKind has it.
uint32_t window_number(const sema::Window& window);

/// Also settles the sites: call it when all code has been emitted.
void emit_descriptor(ModuleContext& module, const ProgramFunctions& functions, const TargetChoice& choice,
                     uint64_t cpu_features);

} // namespace flow::codegen
