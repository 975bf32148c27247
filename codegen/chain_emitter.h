// A chain's generated functions: source, process, fire, and the keys of its hash edges. Shapes: runtime/abi/flow_abi.h.
#pragma once

#include "codegen/module_context.h"

namespace flow::codegen {

struct ChainFunctions {
  llvm::Function* source = nullptr;
  llvm::Function* process = nullptr;
  llvm::Function* fire = nullptr;
};

ChainFunctions emit_chain(ModuleContext& module, uint32_t chain);
/// Stable key hashes of a batch's rows, for hosts that partition by themselves.
llvm::Function* emit_keys(ModuleContext& module, uint32_t edge);

} // namespace flow::codegen
