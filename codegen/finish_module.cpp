#include "codegen/finish_module.h"

#include <iterator>

#include "codegen/vocabulary.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Verifier.h"
#include "llvm/Linker/Linker.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetOptions.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/X86TargetParser.h"
#include "llvm/Transforms/IPO/GlobalDCE.h"
#include "llvm/Transforms/IPO/Internalize.h"

namespace flow::codegen {

namespace {

constexpr const char* triple = "x86_64-pc-linux-gnu";

// Fetching a line in order to write it: processors of 64 bits that do not know how take it for nothing.
constexpr const char* features_without_risk = "+prfchw";

std::string host_features() {
  std::string features;
  for (const auto& feature : llvm::sys::getHostCPUFeatures()) {
    if (!features.empty()) features += ',';
    features += (feature.getValue() ? "+" : "-") + feature.getKey().str();
  }
  return features;
}

llvm::CodeGenOptLevel codegen_level(unsigned optimisation) {
  if (optimisation == 0) return llvm::CodeGenOptLevel::None;
  return optimisation >= 3 ? llvm::CodeGenOptLevel::Aggressive : llvm::CodeGenOptLevel::Default;
}

/// A mutable global that the bitcode defines would become a private copy: there must be one, the archive's.
void declare_mutable_globals(llvm::Module& module) {
  for (llvm::GlobalVariable& global : module.globals()) {
    if (global.isDeclaration() || global.isConstant() || global.hasLocalLinkage()) continue;
    global.setInitializer(nullptr);
    global.setLinkage(llvm::GlobalValue::ExternalLinkage);
    global.setComdat(nullptr);
  }
}

/// The bitcode was made for the baseline: a body with other CPU attributes than its caller's would not be inlined.
void set_cpu(llvm::Module& module, llvm::TargetMachine& target) {
  for (llvm::Function& function : module) {
    if (function.isDeclaration()) continue;
    for (const char* name : {"target-cpu", "target-features", "tune-cpu"}) function.removeFnAttr(name);
    function.addFnAttr("target-cpu", target.getTargetCPU());
    if (!target.getTargetFeatureString().empty())
      function.addFnAttr("target-features", target.getTargetFeatureString());
  }
}

} // namespace

std::unique_ptr<llvm::TargetMachine> make_target(const TargetChoice& choice, std::string& error) {
  LLVMInitializeX86TargetInfo();
  LLVMInitializeX86Target();
  LLVMInitializeX86TargetMC();
  LLVMInitializeX86AsmPrinter();
  const llvm::Target* target = llvm::TargetRegistry::lookupTarget(triple, error);
  if (target == nullptr) return nullptr;
  bool is_native = choice.cpu == "native";
  std::string cpu = is_native ? llvm::sys::getHostCPUName().str() : choice.cpu;
  // Asked of the target without a CPU: one that is not known would be reported by LLVM as well.
  std::unique_ptr<llvm::MCSubtargetInfo> known(target->createMCSubtargetInfo(triple, "", ""));
  if (!known->isCPUStringValid(cpu)) {
    error = "no CPU is called `" + cpu + "`";
    return nullptr;
  }
  if (llvm::X86::parseArchX86(cpu, /*Only64Bit=*/true) == llvm::X86::CK_None) {
    error = "`" + cpu + "` is a CPU of 32 bits: a job needs one of 64, such as x86-64-v2";
    return nullptr;
  }
  llvm::TargetOptions options;
  options.FunctionSections = options.DataSections = true;
  std::unique_ptr<llvm::TargetMachine> made(
      target->createTargetMachine(triple, cpu, is_native ? host_features() : features_without_risk, options,
                                  llvm::Reloc::PIC_, std::nullopt, codegen_level(choice.optimisation)));
  return made;
}

uint64_t cpu_features(const llvm::TargetMachine& target) {
  constexpr const char* names[] = {
#define FLOW_CPU_FEATURE(name) "+" name,
#include "runtime/abi/cpu_features.def"
#undef FLOW_CPU_FEATURE
  };
  uint64_t needed = 0;
  for (size_t i = 0; i < std::size(names); i++) {
    if (target.getMCSubtargetInfo()->checkFeatures(names[i])) needed |= uint64_t{1} << i;
  }
  return needed;
}

std::string link_vocabulary(llvm::Module& module, llvm::TargetMachine& target) {
  llvm::MemoryBufferRef buffer(vocabulary_bitcode(), "vocabulary.bc");
  auto bodies = llvm::cantFail(llvm::getLazyBitcodeModule(buffer, module.getContext()));
  bodies->setDataLayout(module.getDataLayout());
  bodies->setTargetTriple(module.getTargetTriple());
  std::string problem;
  llvm::raw_string_ostream out(problem);
  if (llvm::Linker::linkModules(module, std::move(bodies), llvm::Linker::Flags::LinkOnlyNeeded))
    return "the vocabulary cannot be linked";
  declare_mutable_globals(module);
  set_cpu(module, target);
  llvm::internalizeModule(module, [](const llvm::GlobalValue& value) { return value.getName() == "flow_program_v1"; });
  if (llvm::verifyModule(module, &out)) return out.str();
  return {};
}

void optimise(llvm::Module& module, llvm::TargetMachine& target, unsigned level) {
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager graph;
  llvm::ModuleAnalysisManager modules;
  llvm::PipelineTuningOptions tuning;
  tuning.LoopVectorization = tuning.SLPVectorization = level >= 2;
  llvm::PassBuilder builder(&target, tuning);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(graph);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, graph, modules);
  constexpr const llvm::OptimizationLevel* levels[] = {&llvm::OptimizationLevel::O0, &llvm::OptimizationLevel::O1,
                                                       &llvm::OptimizationLevel::O2, &llvm::OptimizationLevel::O3};
  llvm::ModulePassManager passes;
  if (level == 0) {
    passes = builder.buildO0DefaultPipeline(*levels[0]);
  } else {
    passes.addPass(llvm::GlobalDCEPass());
    passes.addPass(builder.buildPerModuleDefaultPipeline(*levels[level > 3 ? 3 : level]));
  }
  passes.run(module, modules);
}

void add_text(llvm::Module& module, const std::string& name, const std::string& text) {
  llvm::Constant* bytes = llvm::ConstantDataArray::getString(module.getContext(), text);
  // NOLINTNEXTLINE: the module owns its globals
  new llvm::GlobalVariable(module, bytes->getType(), true, llvm::GlobalValue::ExternalLinkage, bytes, name);
}

std::string emit_file(llvm::Module& module, llvm::TargetMachine& target, FileKind kind) {
  llvm::SmallVector<char, 0> bytes;
  llvm::raw_svector_ostream out(bytes);
  llvm::legacy::PassManager passes;
  auto type = kind == FileKind::assembly ? llvm::CodeGenFileType::AssemblyFile : llvm::CodeGenFileType::ObjectFile;
  if (target.addPassesToEmitFile(passes, out, nullptr, type))
    llvm::report_fatal_error("flowc: the target emits no files");
  passes.run(module);
  return {bytes.begin(), bytes.end()};
}

std::string print_module(const llvm::Module& module) {
  std::string text;
  llvm::raw_string_ostream out(text);
  module.print(out, nullptr);
  return text;
}

} // namespace flow::codegen
