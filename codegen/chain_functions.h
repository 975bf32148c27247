// What the functions of a chain share: how one begins, and how a row of it ends.
#pragma once

#include "codegen/row_walk.h"

namespace flow::codegen {

/// A new function of a chain ("fares.source"), without blocks.
llvm::Function* make_function(ModuleContext& module, const llvm::Twine& name, llvm::ArrayRef<llvm::Type*> params,
                              llvm::Type* result);
/// Where its first operator stands in the program.
lang::SourceRange place_of(const plan::Chain& chain);
/// Ends a row: back to `loop` unless the row has filled the outputs; then the function returns the next position.
void end_row(FunctionEmitter& f, llvm::PHINode* position, llvm::Value* next, llvm::BasicBlock* loop, bool can_fill);
inline bool has_outputs(const plan::Chain& chain) { return !chain.outputs.empty(); }

llvm::Function* emit_source_function(ModuleContext& module, const plan::Chain& chain);
llvm::Function* emit_fire_function(ModuleContext& module, const plan::Chain& chain);

} // namespace flow::codegen
