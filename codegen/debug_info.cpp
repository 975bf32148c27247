#include "codegen/debug_info.h"

#include "llvm/BinaryFormat/Dwarf.h"
#include "llvm/IR/DebugInfoMetadata.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

namespace flow::codegen {

DebugInfo::DebugInfo(llvm::Module& module, const lang::SourceFiles& files)
    : files_(files), builder_(std::make_unique<llvm::DIBuilder>(module)), made_(files.size(), nullptr) {
  module.addModuleFlag(llvm::Module::Warning, "Debug Info Version", llvm::DEBUG_METADATA_VERSION);
  module.addModuleFlag(llvm::Module::Max, "Dwarf Version", 4);
  unit_ = builder_->createCompileUnit(llvm::dwarf::DW_LANG_C, file_of(lang::FileId{0}), "flowc", true, "", 0);
}

void DebugInfo::begin_function(llvm::Function& function, lang::SourceRange range) {
  if (!files_.holds(range.file)) range = {0, 0, lang::FileId{0}};
  unsigned line = files_.get(range.file).position(range.begin).line;
  auto* type = builder_->createSubroutineType(builder_->getOrCreateTypeArray({}));
  llvm::DIFile* file = file_of(range.file);
  function.setSubprogram(builder_->createFunction(
      unit_, function.getName(), function.getName(), file, line, type, line, llvm::DINode::FlagPrototyped,
      llvm::DISubprogram::SPFlagDefinition | llvm::DISubprogram::SPFlagOptimized));
}

void DebugInfo::set_place(llvm::IRBuilder<>& builder, lang::SourceRange range) {
  llvm::DISubprogram* scope = builder.GetInsertBlock()->getParent()->getSubprogram();
  if (scope == nullptr || !files_.holds(range.file)) return;
  lang::LineColumn at = files_.get(range.file).position(range.begin);
  // A place in another file than the function's needs a scope of that file.
  llvm::DIScope* place = scope;
  if (file_of(range.file) != scope->getFile()) place = builder_->createLexicalBlockFile(scope, file_of(range.file), 0);
  builder.SetCurrentDebugLocation(llvm::DILocation::get(builder.getContext(), at.line, at.column, place));
}

void DebugInfo::finish() { builder_->finalize(); }

llvm::DIFile* DebugInfo::file_of(lang::FileId id) {
  llvm::DIFile*& file = made_[static_cast<size_t>(id)];
  if (file == nullptr) {
    llvm::SmallString<256> path(files_.get(id).path());
    llvm::sys::fs::make_absolute(path);
    file = builder_->createFile(llvm::sys::path::filename(path), llvm::sys::path::parent_path(path));
  }
  return file;
}

} // namespace flow::codegen
