// Where the text of an imported module comes from. The driver implements it; sema knows no files.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace flow::sema {

struct ModuleText {
  std::string path; // what messages print
  std::string text;
};

class ModuleLoader {
public:
  virtual ~ModuleLoader() = default;
  /// `taxi` for `import taxi`: the file beside the program, else the standard library's; nothing if neither is there.
  /// `prelude` is asked for once in every compilation.
  virtual std::optional<ModuleText> load(std::string_view name) = 0;
};

} // namespace flow::sema
