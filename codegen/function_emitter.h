// A function of generated code while it is written: the builder, named blocks, the task argument, and where a failure
// of the current step goes.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

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

  /// What has to be done before any end of the function; emitted once, by finish().
  std::vector<std::function<void()>> at_end;
  /// Ends the function with this value, from the current place or from the end of `block`.
  void leave(llvm::Value* value) { leave(builder.GetInsertBlock(), value); }
  void leave(llvm::BasicBlock* block, llvm::Value* value);
  /// Writes the end. REQUIRES: this is the last call, and leave() was called.
  void finish();

  /// A row begins: memory for its texts is free again, and it has put out nothing yet.
  void begin_row();
  void note_output() { builder.CreateStore(i1(true), has_put()); }
  /// Whether the row has put out anything, as an i1 in memory.
  llvm::Value* has_put();

  llvm::BasicBlock* block(const llvm::Twine& name);
  void go_to(llvm::BasicBlock* target) { builder.CreateBr(target); }
  void begin(llvm::BasicBlock* block) { builder.SetInsertPoint(block); }
  void at(lang::SourceRange range) { module.debug.set_place(builder, range); }
  /// A stack slot in the entry block, so that a loop does not grow the stack.
  llvm::Value* slot(llvm::Type* type, const llvm::Twine& name);
  llvm::Value* slot_bytes(uint64_t bytes, uint64_t alignment, const llvm::Twine& name);
  /// Emits something that holds for the whole call: once, before the loop.
  llvm::Value* at_start(const std::function<llvm::Value*()>& emit);
  /// A slot that holds `value`, a constant, when the function begins.
  llvm::Value* slot_with(llvm::Constant* value, const llvm::Twine& name);

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
  /// After a call of a function of the vocabulary that may have failed: it does not know where it was called from.
  void fail_if_called_failed(lang::SourceRange range);
  /// After a call of something that may have failed and knows its place.
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

private:
  llvm::BasicBlock* end_ = nullptr;
  llvm::PHINode* result_ = nullptr;
  llvm::Value* has_put_ = nullptr;
  std::vector<llvm::CallInst*> scratch_resets_;
};

} // namespace flow::codegen
