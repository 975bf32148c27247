#include "codegen/codegen.h"

#include "codegen/chain_emitter.h"
#include "codegen/configure.h"
#include "codegen/descriptor.h"

namespace flow::codegen {

std::unique_ptr<llvm::Module> generate(const plan::PhysicalPlan& plan, const lang::SourceFiles& files,
                                       const TargetChoice& choice, llvm::TargetMachine& target,
                                       llvm::LLVMContext& context) {
  auto made = std::make_unique<llvm::Module>(llvm::StringRef(plan.program->name), context);
  made->setTargetTriple(target.getTargetTriple().str());
  made->setDataLayout(target.createDataLayout());
  ModuleContext module{.plan = plan,
                       .files = files,
                       .module = *made,
                       .vocabulary = Vocabulary(*made),
                       .debug = DebugInfo(*made, files),
                       .sites = {},
                       .functions = {}};
  ProgramFunctions functions;
  for (uint32_t i = 0; i < plan.chains.size(); i++) functions.chains.push_back(emit_chain(module, i));
  for (uint32_t i = 0; i < plan.edges.size(); i++) {
    functions.keys.push_back(plan.edges[i].kind == plan::EdgeKind::hash ? emit_keys(module, i) : nullptr);
  }
  functions.configure = emit_configure(module);
  emit_descriptor(module, functions, choice, cpu_features(target));
  module.debug.finish();
  return made;
}

} // namespace flow::codegen
