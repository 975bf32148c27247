// DWARF for generated code: one subprogram per function, lines of the `.flow` file, so that debuggers and profilers
// show the user's program. Does nothing when the build has no debug information.
#pragma once

#include <memory>
#include <vector>

#include "lang/source/source_file.h"
#include "llvm/IR/DIBuilder.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Module.h"

namespace flow::codegen {

class DebugInfo {
public:
  DebugInfo(llvm::Module& module, const lang::SourceFiles& files);

  /// Gives `function` a subprogram that begins at `range`.
  void begin_function(llvm::Function& function, lang::SourceRange range);
  /// What the builder emits next belongs to the line of `range`.
  void set_place(llvm::IRBuilder<>& builder, lang::SourceRange range);
  void finish();

private:
  llvm::DIFile* file_of(lang::FileId id);

  const lang::SourceFiles& files_;
  std::unique_ptr<llvm::DIBuilder> builder_;
  llvm::DICompileUnit* unit_ = nullptr;
  std::vector<llvm::DIFile*> made_;
};

} // namespace flow::codegen
