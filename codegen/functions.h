// The user's functions as internal LLVM functions, and cells: FlowCell is how params, decoded and encoded fields cross.
//
// A user function takes the FlowTask*, then each parameter: its value, the length of a text, the null flag of a
// nullable. Its result is one value or a struct in the same order. A failure inside tells the task (flow_fail) and
// returns zero; what a failure does is the caller's `on error`, so a function is emitted once per policy it is called
// under.
#pragma once

#include "codegen/function_emitter.h"

namespace flow::codegen {

llvm::Function* user_function(ModuleContext& module, uint32_t number, sema::OnError on_error);
Value unpack_result(FunctionEmitter& f, llvm::Value* result, sema::Type type);

Value load_cell(FunctionEmitter& f, llvm::Value* cell, sema::Type type);
void store_cell(FunctionEmitter& f, llvm::Value* cell, const Value& value);
/// The cell at `index` of an array of cells.
llvm::Value* cell_at(FunctionEmitter& f, llvm::Value* cells, uint64_t index);

/// The text of an enum value, as in the data.
Value enum_text(FunctionEmitter& f, const Value& value);

} // namespace flow::codegen
