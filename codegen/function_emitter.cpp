#include "codegen/function_emitter.h"

#include "llvm/IR/MDBuilder.h"

namespace flow::codegen {

bool Site::operator<(const Site& other) const {
  return std::tuple(range.file, range.begin, range.end, on_error) <
         std::tuple(other.range.file, other.range.begin, other.range.end, other.on_error);
}

uint32_t Sites::add(lang::SourceRange range, sema::OnError on_error) {
  auto [place, is_new] = numbers_.try_emplace({range, on_error}, static_cast<uint32_t>(sites_.size()));
  if (is_new) sites_.push_back({range, on_error});
  return place->second;
}

namespace {

/// Whether the function may need memory for texts that it makes: then each row gives back what the one before took.
/// A function of the library that neither takes nor gives a pointer makes none.
bool makes_texts(const llvm::Function& function) {
  for (const llvm::BasicBlock& block : function) {
    for (const llvm::Instruction& instruction : block) {
      const auto* call = llvm::dyn_cast<llvm::CallInst>(&instruction);
      const llvm::Function* callee = call == nullptr ? nullptr : call->getCalledFunction();
      if (callee == nullptr) continue;
      llvm::StringRef name = callee->getName();
      if (name == "flow_scratch" || name == "flow_rt_split_begin" || name.starts_with("fn.")) return true;
      if (!name.starts_with("flow_fn_")) continue;
      if (callee->getReturnType()->isStructTy() || callee->getReturnType()->isPointerTy()) return true;
      for (unsigned i = 1; i < callee->arg_size(); i++) {
        if (callee->getArg(i)->getType()->isPointerTy()) return true;
      }
    }
  }
  return false;
}

} // namespace

FunctionEmitter::FunctionEmitter(ModuleContext& module, llvm::Function* function, lang::SourceRange place)
    : module(module), builder(module.context()), function(function), task(function->getArg(0)) {
  task->setName("task");
  function->addFnAttr(llvm::Attribute::NoUnwind);
  function->addFnAttr(llvm::Attribute::getWithUWTableKind(module.context(), llvm::UWTableKind::Async));
  module.debug.begin_function(*function, place);
  begin(block("entry"));
  at(place);
}

void FunctionEmitter::leave(llvm::BasicBlock* from, llvm::Value* value) {
  if (end_ == nullptr) {
    end_ = block("leave");
    result_ = llvm::PHINode::Create(function->getReturnType(), 4, "result", end_);
  }
  llvm::IRBuilder<>(from).CreateBr(end_);
  result_->addIncoming(value, from);
}

void FunctionEmitter::finish() {
  begin(end_);
  for (const auto& emit : at_end) emit();
  builder.CreateRet(result_);
  if (makes_texts(*function)) return;
  for (llvm::CallInst* reset : scratch_resets_) reset->eraseFromParent();
}

void FunctionEmitter::begin_row() {
  scratch_resets_.push_back(call("flow_scratch_reset", {task}));
  builder.CreateStore(i1(false), has_put());
}

llvm::Value* FunctionEmitter::has_put() {
  if (has_put_ == nullptr) has_put_ = slot_with(i1(false), "has.put");
  return has_put_;
}

llvm::BasicBlock* FunctionEmitter::block(const llvm::Twine& name) {
  return llvm::BasicBlock::Create(module.context(), name, function);
}

llvm::Value* FunctionEmitter::slot(llvm::Type* type, const llvm::Twine& name) {
  llvm::IRBuilder<> entry(&function->getEntryBlock(), function->getEntryBlock().begin());
  return entry.CreateAlloca(type, nullptr, name);
}

llvm::Value* FunctionEmitter::slot_bytes(uint64_t bytes, uint64_t alignment, const llvm::Twine& name) {
  auto* made = llvm::cast<llvm::AllocaInst>(slot(llvm::ArrayType::get(builder.getInt8Ty(), bytes), name));
  made->setAlignment(llvm::Align(alignment));
  return made;
}

llvm::Value* FunctionEmitter::slot_with(llvm::Constant* value, const llvm::Twine& name) {
  auto* made = llvm::cast<llvm::AllocaInst>(slot(value->getType(), name));
  llvm::IRBuilder<> entry(made->getParent(), std::next(made->getIterator()));
  entry.CreateStore(value, made);
  return made;
}

llvm::Value* FunctionEmitter::at_start(const std::function<llvm::Value*()>& emit) {
  llvm::IRBuilderBase::InsertPointGuard guard(builder);
  llvm::BasicBlock& entry = function->getEntryBlock();
  builder.SetInsertPoint(&entry, entry.getTerminator() != nullptr ? entry.getTerminator()->getIterator() : entry.end());
  return emit();
}

llvm::Value* FunctionEmitter::asks(llvm::StringRef name, llvm::ArrayRef<llvm::Value*> arguments,
                                   const llvm::Twine& value_name) {
  return builder.CreateICmpNE(call(name, arguments), i8(0), value_name);
}

void FunctionEmitter::branch_unlikely(llvm::Value* condition, llvm::BasicBlock* cold, const llvm::Twine& onward) {
  llvm::BasicBlock* next = block(onward);
  builder.CreateCondBr(condition, cold, next, llvm::MDBuilder(module.context()).createUnlikelyBranchWeights());
  begin(next);
}

void FunctionEmitter::fail_if(llvm::Value* condition, lang::SourceRange range, uint32_t failure) {
  llvm::BasicBlock* cold = block("fail");
  branch_unlikely(condition, cold, "go.on");
  llvm::BasicBlock* next = builder.GetInsertBlock();
  begin(cold);
  call("flow_fail", {task, i32(module.sites.add(range, on_error)), i32(failure)});
  go_to(failed);
  begin(next);
}

void FunctionEmitter::fail_if_called_failed(lang::SourceRange range) {
  llvm::BasicBlock* cold = block("fail");
  branch_unlikely(asks("flow_failed", {task}, "has.failed"), cold, "go.on");
  llvm::BasicBlock* next = builder.GetInsertBlock();
  begin(cold);
  call("flow_fail_at", {task, i32(module.sites.add(range, on_error))});
  go_to(failed);
  begin(next);
}

void FunctionEmitter::test_failed() { branch_unlikely(asks("flow_failed", {task}, "has.failed"), failed, "go.on"); }

llvm::Constant* FunctionEmitter::text(std::string_view text) {
  return builder.CreateGlobalString(llvm::StringRef(text.data(), text.size()), "text", 0, &module.module);
}

llvm::Type* FunctionEmitter::type_of(sema::Kind kind) {
  switch (kind) {
  case sema::Kind::BOOL: return builder.getInt1Ty();
  case sema::Kind::I8:
  case sema::Kind::U8: return builder.getInt8Ty();
  case sema::Kind::I16:
  case sema::Kind::U16: return builder.getInt16Ty();
  case sema::Kind::I32:
  case sema::Kind::U32:
  case sema::Kind::DATE:
  case sema::Kind::ENUM: return builder.getInt32Ty();
  case sema::Kind::F32: return builder.getFloatTy();
  case sema::Kind::F64: return builder.getDoubleTy();
  case sema::Kind::STRING:
  case sema::Kind::BYTES: return builder.getPtrTy();
  case sema::Kind::NULL_: return builder.getInt64Ty();
  default: return builder.getInt64Ty();
  }
}

llvm::Value* FunctionEmitter::at_offset(llvm::Value* base, uint64_t offset, const llvm::Twine& name) {
  if (offset == 0) return base;
  return builder.CreateConstInBoundsGEP1_64(builder.getInt8Ty(), base, offset, name);
}

Value FunctionEmitter::zero(sema::Type type) {
  Value made{.type = type};
  if (type.is_text()) {
    made.value = text("");
    made.length = i64(0);
  } else {
    made.value = llvm::Constant::getNullValue(type_of(type.kind));
  }
  if (type.nullable) made.is_null = i1(true);
  return made;
}

Value FunctionEmitter::select(llvm::Value* condition, const Value& a, const Value& b) {
  Value chosen{.type = a.type, .value = builder.CreateSelect(condition, a.value, b.value)};
  if (a.length != nullptr) chosen.length = builder.CreateSelect(condition, a.length, b.length);
  if (a.is_null != nullptr) chosen.is_null = builder.CreateSelect(condition, a.is_null, b.is_null);
  return chosen;
}

} // namespace flow::codegen
