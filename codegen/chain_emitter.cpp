#include "codegen/chain_emitter.h"

#include "codegen/chain_functions.h"
#include "codegen/keys.h"
#include "codegen/lookahead.h"

namespace flow::codegen {

llvm::Function* make_function(ModuleContext& module, const llvm::Twine& name, llvm::ArrayRef<llvm::Type*> params,
                              llvm::Type* result) {
  auto* type = llvm::FunctionType::get(result, params, false);
  return llvm::Function::Create(type, llvm::GlobalValue::InternalLinkage, name, module.module);
}

lang::SourceRange place_of(const plan::Chain& chain) {
  for (const plan::PlanOp& op : chain.ops) {
    if (op.range.file != lang::no_file) return op.range;
  }
  return {};
}

void end_row(FunctionEmitter& f, llvm::PHINode* position, llvm::Value* next, llvm::BasicBlock* loop, bool can_fill) {
  auto& b = f.builder;
  llvm::BasicBlock* done = f.block("row.done");
  if (can_fill) {
    llvm::BasicBlock *ask = f.block("has.put.out"), *full = f.block("outputs.full");
    b.CreateCondBr(b.CreateLoad(b.getInt1Ty(), f.has_put()), ask, done);
    f.begin(ask);
    f.branch_unlikely(f.asks("flow_out_full", {f.task}, "is.full"), full, "has.room");
    f.leave(full, next);
  }
  f.go_to(done);
  f.begin(done);
  if (position != nullptr) position->addIncoming(next, done);
  f.go_to(loop);
}

namespace {

/// A batch's rows of one input; ends the function.
void emit_rows_loop(RowWalk& walk, uint32_t input) {
  FunctionEmitter& f = walk.f;
  auto& b = f.builder;
  llvm::Value *batch = f.function->getArg(2), *from = f.function->getArg(3);
  const plan::Layout& layout = walk.layout(walk.chain.inputs[input].layout);
  llvm::Value* rows = f.call("flow_batch_rows", {batch}, "rows");
  llvm::Value* heap = f.call("flow_batch_heap", {batch}, "heap");
  Lookahead lookahead(walk);
  llvm::BasicBlock *entry = b.GetInsertBlock(), *loop = f.block("next"), *body = f.block("row"),
                   *exit = f.block("exit");
  f.go_to(loop);
  f.begin(loop);
  llvm::PHINode* position = b.CreatePHI(b.getInt64Ty(), 2, "i");
  position->addIncoming(from, entry);
  b.CreateCondBr(b.CreateICmpSLT(position, rows), body, exit);
  f.begin(body);
  f.begin_row();
  lookahead.emit(batch, position, rows);
  llvm::Value* row_at = f.call("flow_batch_row", {batch, position, f.i32(layout.stride)}, "row.at");
  walk.position = position;
  uint32_t origin = walk.origin(plan::OriginKind::ports, plan::none, input);
  walk.consumers(origin, load_row(f, layout, row_at, heap));
  end_row(f, position, b.CreateAdd(position, f.i64(1), "following"), loop, has_outputs(walk.chain));
  f.begin(exit);
  f.leave(position);
}

llvm::Function* emit_process_function(ModuleContext& module, const plan::Chain& chain) {
  llvm::Type *ptr = llvm::PointerType::getUnqual(module.context()), *i32 = llvm::Type::getInt32Ty(module.context()),
             *i64 = llvm::Type::getInt64Ty(module.context());
  llvm::Function* made = make_function(module, chain.uid + ".process", {ptr, i32, ptr, i64}, i64);
  made->getArg(1)->setName("port");
  made->getArg(2)->setName("batch");
  made->getArg(3)->setName("from");
  FunctionEmitter f(module, made, place_of(chain));
  RowWalk walk(f, chain);
  if (chain.inputs.size() == 1) {
    emit_rows_loop(walk, 0);
  } else {
    auto& b = f.builder;
    std::vector<llvm::BasicBlock*> loops;
    for (size_t i = 0; i < chain.inputs.size(); i++) loops.push_back(f.block("input." + llvm::Twine(i)));
    llvm::SwitchInst* choice =
        b.CreateSwitch(made->getArg(1), loops[0], static_cast<uint32_t>(chain.ports.size())); // no other port exists
    for (uint32_t port = 0; port < chain.ports.size(); port++)
      choice->addCase(f.i32(port), loops[chain.ports[port].input]);
    for (uint32_t i = 0; i < loops.size(); i++) {
      f.begin(loops[i]);
      emit_rows_loop(walk, i);
    }
  }
  f.finish();
  return made;
}

} // namespace

ChainFunctions emit_chain(ModuleContext& module, uint32_t number) {
  const plan::Chain& chain = module.plan.chains[number];
  ChainFunctions made;
  if (chain.source != plan::none) made.source = emit_source_function(module, chain);
  if (!chain.ports.empty()) made.process = emit_process_function(module, chain);
  if (!chain.states().empty()) made.fire = emit_fire_function(module, chain);
  return made;
}

llvm::Function* emit_keys(ModuleContext& module, uint32_t number) {
  const plan::Edge& edge = module.plan.edges[number];
  llvm::Type* ptr = llvm::PointerType::getUnqual(module.context());
  std::string name = module.plan.chains[edge.to_chain].uid + ".keys." + std::to_string(edge.to_port);
  llvm::Function* made = make_function(module, name, {ptr, ptr, ptr}, llvm::Type::getVoidTy(module.context()));
  FunctionEmitter f(module, made, place_of(module.plan.chains[edge.to_chain]));
  auto& b = f.builder;
  const plan::Layout& layout = module.plan.layouts[edge.layout];
  const plan::State& state = module.plan.states[module.plan.chains[edge.to_chain].state];
  llvm::Value *batch = made->getArg(1), *hashes = made->getArg(2);
  llvm::Value* rows = f.call("flow_batch_rows", {batch}, "rows");
  llvm::Value* heap = f.call("flow_batch_heap", {batch}, "heap");
  llvm::BasicBlock *entry = b.GetInsertBlock(), *loop = f.block("next"), *body = f.block("row"),
                   *exit = f.block("exit");
  f.go_to(loop);
  f.begin(loop);
  llvm::PHINode* i = b.CreatePHI(b.getInt64Ty(), 2, "i");
  i->addIncoming(f.i64(0), entry);
  b.CreateCondBr(b.CreateICmpSLT(i, rows), body, exit);
  f.begin(body);
  f.begin_row();
  Row row = load_row(f, layout, f.call("flow_batch_row", {batch, i, f.i32(layout.stride)}, "row.at"), heap);
  Key key = make_key(f, edge.key, module.plan.layouts[state.layout], row.columns);
  b.CreateStore(key.hash, b.CreateInBoundsGEP(b.getInt64Ty(), hashes, i, "hash.at"));
  i->addIncoming(b.CreateAdd(i, f.i64(1)), b.GetInsertBlock());
  f.go_to(loop);
  f.begin(exit);
  b.CreateRetVoid();
  return made;
}

} // namespace flow::codegen
