// From plan to machine code: the table of contents of code generation.
#pragma once

#include <memory>
#include <string>

#include "codegen/finish_module.h"
#include "compiler/plan/plan.h"
#include "lang/source/source_file.h"
#include "llvm/IR/Module.h"
#include "llvm/Target/TargetMachine.h"

namespace flow::codegen {

/// One module: per chain its functions, per hash edge its keys, the configure function, the FlowProgram constant. Not
/// yet optimised, the vocabulary only declared. `target` gives data layout and triple.
std::unique_ptr<llvm::Module> generate(const plan::PhysicalPlan& plan, const lang::SourceFiles& files,
                                       const TargetChoice& choice, llvm::TargetMachine& target,
                                       llvm::LLVMContext& context);

} // namespace flow::codegen
