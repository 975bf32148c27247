// A function of generated code while it is written: the builder, named blocks, the task argument, and where a failure
// of the current step goes.
#pragma once

#include <string>

#include "codegen/module_context.h"
#include "codegen/value.h"
#include "llvm/IR/IRBuilder.h"

namespace flow::codegen {

class FunctionEmitter {
public:
  /// Continues `function`, which has no blocks yet and takes the FlowTask* first; makes its entry block.
  FunctionEmitter(ModuleContext& module, llvm::Function* function, lang::SourceRange place);

  ModuleContext& module;
  llvm::IRBuilder<> builder;
  llvm::Function* function;
  llvm::Value* task;

  /// Where a failed row goes after flow_fail has been told (or has been called by a function of the vocabulary).
  llvm::BasicBlock* failed = nullptr;
  /// What a failure does here: goes into the sites.
  sema::OnError on_error = sema::OnError::stop;

  llvm::BasicBlock* block(const llvm::Twine& name);
  void go_to(llvm::BasicBlock* target) { builder.CreateBr(target); }
  void begin(llvm::BasicBlock* block) { builder.SetInsertPoint(block); }
  void at(lang::SourceRange range) { module.debug.set_place(builder, range); }
  /// A stack slot in the entry block, so that a loop does not grow the stack.
  llvm::Value* slot(llvm::Type* type, const llvm::Twine& name);
  llvm::Value* slot_bytes(uint64_t bytes, uint64_t alignment, const llvm::Twine& name);

  llvm::CallInst* call(llvm::StringRef name, llvm::ArrayRef<llvm::Value*> arguments,
                       const llvm::Twine& value_name = "") {
    return module.vocabulary.call(builder, name, arguments, value_name);
  }
  /// A call of a vocabulary function that answers yes or no in a byte.
  llvm::Value* asks(llvm::StringRef name, llvm::ArrayRef<llvm::Value*> arguments, const llvm::Twine& value_name = "");
  /// Branches to `cold` if `condition`, else goes on; the branch is marked as unlikely.
  void branch_unlikely(llvm::Value* condition, llvm::BasicBlock* cold, const llvm::Twine& onward);
  /// Fails the row if `condition`: tells the task the site and goes to `failed`.
  void fail_if(llvm::Value* condition, lang::SourceRange range, uint32_t failure);
  /// After a call of something that may have failed.
  void test_failed();

  // constants
  llvm::ConstantInt* i1(bool value) { return builder.getInt1(value); }
  llvm::ConstantInt* i8(uint8_t value) { return builder.getInt8(value); }
  llvm::ConstantInt* i32(uint32_t value) { return builder.getInt32(value); }
  llvm::ConstantInt* i64(int64_t value) { return builder.getInt64(static_cast<uint64_t>(value)); }
  llvm::Constant* text(std::string_view text);

  llvm::Type* type_of(sema::Kind kind);
  /// Address of a byte in a row or entry.
  llvm::Value* at_offset(llvm::Value* base, uint64_t offset, const llvm::Twine& name);
  Value zero(sema::Type type);
  /// `condition ? a : b`, part by part.
  Value select(llvm::Value* condition, const Value& a, const Value& b);
};

} // namespace flow::codegen
