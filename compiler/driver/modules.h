// Where imports come from: `./NAME.flow` beside the program, else the standard library.
#pragma once

#include <string>
#include <string_view>

#include "compiler/sema/module_loader.h"

namespace flow::driver {

class Modules : public sema::ModuleLoader {
public:
  explicit Modules(std::string folder) : folder_(std::move(folder)) {}
  std::optional<sema::ModuleText> load(std::string_view name) override;

private:
  std::string folder_;
};

/// The text of a file, or nothing and `problem`.
bool read_text(const std::string& path, std::string& text, std::string& problem);

} // namespace flow::driver
