# Writes the modules as a C++ file: cmake -DOUTPUT=modules.cpp -DFILES="a.flow;b.flow" -P embed.cmake
set(cases "")
foreach(file IN LISTS FILES)
  get_filename_component(name ${file} NAME_WE)
  file(READ ${file} text)
  string(APPEND cases "  if (name == \"${name}\") return R\"FLOW(${text})FLOW\";\n")
endforeach()
file(WRITE ${OUTPUT} "// Made from stdlib/*.flow when Flow is built.
#include \"stdlib/modules.h\"

namespace flow::stdlib {

std::optional<std::string_view> module_text(std::string_view name) {
${cases}  return std::nullopt;
}

}  // namespace flow::stdlib
")
