// The last steps to an object file: target, vocabulary bodies, optimisation, emission.
#pragma once

#include <memory>
#include <string>

#include "llvm/IR/Module.h"
#include "llvm/Target/TargetMachine.h"

namespace flow::codegen {

struct TargetChoice {
  std::string cpu = "x86-64-v2"; // or "native", or a name that LLVM knows
  unsigned optimisation = 2;     // 0 to 3
};

/// What of runtime/abi/cpu_features.def code for this target may use.
uint64_t cpu_features(const llvm::TargetMachine& target);

/// Null and `error` when the CPU is unknown.
std::unique_ptr<llvm::TargetMachine> make_target(const TargetChoice& choice, std::string& error);

/// Links the vocabulary's bodies that are needed and makes everything internal but flow_program_v1. Returns what does
/// not hold of the module, or an empty text.
std::string link_vocabulary(llvm::Module& module, llvm::TargetMachine& target);
/// Adds a constant text that what the module is linked with can read under that name, with a zero behind it. After
/// link_vocabulary.
void add_text(llvm::Module& module, const std::string& name, const std::string& text);
void optimise(llvm::Module& module, llvm::TargetMachine& target, unsigned level);

enum class FileKind { assembly, object };
/// The bytes of the file. The module is used up.
std::string emit_file(llvm::Module& module, llvm::TargetMachine& target, FileKind kind);
std::string print_module(const llvm::Module& module);

} // namespace flow::codegen
