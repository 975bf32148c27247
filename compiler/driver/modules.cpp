#include "compiler/driver/modules.h"

#include "stdlib/modules.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

namespace flow::driver {

std::optional<sema::ModuleText> Modules::load(std::string_view name) {
  llvm::SmallString<128> path(folder_);
  llvm::sys::path::append(path, llvm::StringRef(name.data(), name.size()) + ".flow");
  sema::ModuleText module;
  std::string problem;
  if (llvm::sys::fs::exists(path) && read_text(path.str().str(), module.text, problem)) {
    module.path = path.str().str();
    return module;
  }
  std::optional<std::string_view> text = stdlib::module_text(name);
  if (!text) return std::nullopt;
  module.path = "stdlib/" + std::string(name) + ".flow";
  module.text = *text;
  return module;
}

bool read_text(const std::string& path, std::string& text, std::string& problem) {
  if (llvm::sys::fs::is_directory(path)) {
    problem = path + " is a folder, not a program";
    return false;
  }
  auto buffer = llvm::MemoryBuffer::getFile(path, true, false);
  if (!buffer) {
    problem = "cannot read " + path + ": " + buffer.getError().message();
    return false;
  }
  text = (*buffer)->getBuffer().str();
  return true;
}

} // namespace flow::driver
