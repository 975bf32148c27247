// Any bytes through scanner, parser, tree printer and the rendering of errors: nothing crashes or hangs, and the answer
// is the same every time. Alone: build/bin/tests/parse_fuzz -max_total_time=60 FOLDER tests/fuzz/corpus/parse
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "lang/ast/print.h"
#include "lang/base/utf8.h"
#include "lang/diagnostics/render.h"
#include "lang/grammar/parse.h"

namespace flow::lang {
namespace {

void demand(bool holds) {
  if (!holds) std::abort();
}

bool lies_within(SourceRange range, const SourceFile& file) {
  return range.file == file.id() && range.begin <= range.end && range.end <= file.text().size();
}

std::string answer_to(const std::string& text) {
  SourceFiles files;
  Arena arena;
  DiagnosticEmitter emitter;
  const SourceFile& file = files.add("job.flow", text);
  const Program* program = parse(file, arena, emitter);
  demand(program != nullptr);
  for (const Diagnostic& diagnostic : emitter.diagnostics()) {
    demand(lies_within(diagnostic.range, file));
    for (const DiagnosticNote& note : diagnostic.notes) demand(lies_within(note.range, file));
  }
  bool has_error_node = false;
  for (const Decl* decl : program->declarations) {
    demand(lies_within(decl->range, file));
    has_error_node = has_error_node || decl->as<ErrorDecl>() != nullptr;
  }
  demand(!has_error_node || emitter.has_errors());
  std::string errors = render_all(emitter, files, {.colour = true});
  demand(!find_invalid_utf8(errors).has_value());
  return print(*program) + errors;
}

} // namespace
} // namespace flow::lang

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string text(reinterpret_cast<const char*>(data), size);
  std::string first = flow::lang::answer_to(text);
  flow::lang::demand(first == flow::lang::answer_to(text));
  return 0;
}
