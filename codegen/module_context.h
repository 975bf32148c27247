// What all emitters of one module share: the plan, the module, the vocabulary, the run-time sites, the user's
// functions, debug information.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "codegen/debug_info.h"
#include "codegen/vocabulary.h"
#include "compiler/plan/plan.h"
#include "lang/source/source_file.h"

namespace flow::codegen {

/// A place that run-time messages point to, with what a failed row does there.
struct Site {
  lang::SourceRange range;
  sema::OnError on_error;
  bool operator<(const Site& other) const;
};

class Sites {
public:
  uint32_t add(lang::SourceRange range, sema::OnError on_error);
  const std::vector<Site>& all() const { return sites_; }

private:
  std::vector<Site> sites_;
  std::map<Site, uint32_t> numbers_;
};

struct ModuleContext {
  const plan::PhysicalPlan& plan;
  const lang::SourceFiles& files;
  llvm::Module& module;
  Vocabulary vocabulary;
  DebugInfo debug;
  Sites sites;
  /// User functions by number and by what a failure in them does.
  std::map<std::pair<uint32_t, sema::OnError>, llvm::Function*> functions;

  llvm::LLVMContext& context() { return module.getContext(); }
};

} // namespace flow::codegen
