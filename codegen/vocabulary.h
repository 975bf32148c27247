// The runtime's vocabulary as generated code calls it.
//
// The functions come as bitcode, made from runtime/vocabulary when Flow is built and embedded in flowc. A call names a
// function; its type and the extension attributes of its arguments are read from the bitcode, so nothing is declared
// twice. finish_module links the bodies that are needed.
#pragma once

#include <memory>
#include <string_view>

#include "llvm/ADT/ArrayRef.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Module.h"

namespace flow::codegen {

/// The embedded bitcode (codegen/embed.S).
llvm::StringRef vocabulary_bitcode();

class Vocabulary {
public:
  /// Reads the declarations. `job` is the module that will call them; its data layout and triple must be set.
  explicit Vocabulary(llvm::Module& job);

  bool has(llvm::StringRef name) const;
  /// The function declared in the job's module. A name that is not in the vocabulary is an error of ours: it stops.
  llvm::Function* function(llvm::StringRef name);
  llvm::CallInst* call(llvm::IRBuilder<>& builder, llvm::StringRef name, llvm::ArrayRef<llvm::Value*> arguments,
                       const llvm::Twine& value_name = "");

private:
  llvm::Module& job_;
  std::unique_ptr<llvm::Module> declarations_; // bodies are not read
};

} // namespace flow::codegen
