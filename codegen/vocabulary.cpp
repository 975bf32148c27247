#include "codegen/vocabulary.h"

#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"

extern "C" const char flow_vocabulary_begin[], flow_vocabulary_end[]; // codegen/embed.S

namespace flow::codegen {

llvm::StringRef vocabulary_bitcode() {
  return {flow_vocabulary_begin, static_cast<size_t>(flow_vocabulary_end - flow_vocabulary_begin)};
}

Vocabulary::Vocabulary(llvm::Module& job) : job_(job) {
  llvm::MemoryBufferRef buffer(vocabulary_bitcode(), "vocabulary.bc");
  declarations_ = llvm::cantFail(llvm::getLazyBitcodeModule(buffer, job.getContext()));
}

bool Vocabulary::has(llvm::StringRef name) const { return declarations_->getFunction(name) != nullptr; }

llvm::Function* Vocabulary::function(llvm::StringRef name) {
  if (llvm::Function* known = job_.getFunction(name)) return known;
  llvm::Function* model = declarations_->getFunction(name);
  if (model == nullptr) llvm::report_fatal_error("flowc: the vocabulary has no function " + name);
  auto* declared = llvm::Function::Create(model->getFunctionType(), llvm::GlobalValue::ExternalLinkage, name, job_);
  // What the calling convention needs (zeroext, signext), and whether it is a slow path; the rest comes with the body.
  llvm::AttributeList attributes = model->getAttributes();
  llvm::LLVMContext& context = job_.getContext();
  llvm::AttributeList kept;
  for (unsigned i = 0; i < model->arg_size(); i++) {
    for (auto kind : {llvm::Attribute::ZExt, llvm::Attribute::SExt}) {
      if (attributes.hasParamAttr(i, kind)) kept = kept.addParamAttribute(context, i, kind);
    }
  }
  for (auto kind : {llvm::Attribute::ZExt, llvm::Attribute::SExt}) {
    if (attributes.hasRetAttr(kind)) kept = kept.addRetAttribute(context, kind);
  }
  declared->setAttributes(kept);
  declared->addFnAttr(llvm::Attribute::NoUnwind);
  if (model->hasFnAttribute(llvm::Attribute::Cold)) declared->addFnAttr(llvm::Attribute::Cold);
  return declared;
}

llvm::CallInst* Vocabulary::call(llvm::IRBuilder<>& builder, llvm::StringRef name,
                                 llvm::ArrayRef<llvm::Value*> arguments, const llvm::Twine& value_name) {
  llvm::Function* callee = function(name);
  bool is_void = callee->getReturnType()->isVoidTy();
  llvm::CallInst* call = builder.CreateCall(callee, arguments, is_void ? "" : value_name);
  call->setAttributes(callee->getAttributes().removeFnAttributes(builder.getContext()));
  return call;
}

} // namespace flow::codegen
