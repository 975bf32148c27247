#include "codegen/configure.h"

#include "codegen/expr_emitter.h"
#include "codegen/functions.h"
#include "runtime/vocabulary/vocabulary.h"

namespace flow::codegen {

namespace {

void emit_options(FunctionEmitter& f, const plan::Connector& connector, llvm::Value* cells) {
  for (size_t i = 0; i < connector.options.size(); i++) {
    f.at(connector.options[i].value->range);
    store_cell(f, cell_at(f, cells, i), ExprEmitter(f, {}).emit(*connector.options[i].value));
  }
}

void emit_conditions(FunctionEmitter& f) {
  for (const sema::Param& param : f.module.plan.program->params) {
    if (param.condition == nullptr) continue;
    f.at(param.condition->range);
    Value holds = ExprEmitter(f, {}).emit(*param.condition);
    f.fail_if(f.builder.CreateNot(holds.value), param.condition->range, FLOW_FAIL_PARAM);
  }
}

} // namespace

llvm::Function* emit_configure(ModuleContext& module) {
  llvm::Type* ptr = llvm::PointerType::getUnqual(module.context());
  llvm::Type *i32 = llvm::Type::getInt32Ty(module.context()), *i64 = llvm::Type::getInt64Ty(module.context());
  auto* made = llvm::Function::Create(llvm::FunctionType::get(i64, {ptr, i32, ptr}, false),
                                      llvm::GlobalValue::InternalLinkage, "configure", module.module);
  FunctionEmitter f(module, made, {});
  auto& b = f.builder;
  llvm::Value *index = made->getArg(1), *cells = made->getArg(2);
  index->setName("connector");
  cells->setName("cells");
  llvm::BasicBlock *done = f.block("done"), *failed = f.block("failed"), *conditions = f.block("conditions");
  f.failed = failed;
  llvm::SwitchInst* choice = b.CreateSwitch(index, conditions);
  for (uint32_t i = 0; i < module.plan.connectors.size(); i++) {
    llvm::BasicBlock* options = f.block("options." + module.plan.connectors[i].name);
    choice->addCase(f.i32(i), options);
    f.begin(options);
    emit_options(f, module.plan.connectors[i], cells);
    f.go_to(done);
  }
  f.begin(conditions);
  emit_conditions(f);
  f.go_to(done);
  f.begin(done);
  b.CreateRet(f.i64(0));
  f.begin(failed);
  b.CreateRet(f.i64(-1));
  return made;
}

} // namespace flow::codegen
