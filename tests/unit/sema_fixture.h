// A program checked, with everything that must outlive the result; its modules are texts of the test.
#pragma once

#include <algorithm>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/sema/check.h"
#include "compiler/sema/print.h"
#include "lang/diagnostics/render.h"
#include "lang/grammar/parse.h"

namespace flow::sema {

inline std::optional<std::string> text_of_file(const std::string& path) {
  std::ifstream in(path);
  if (!in) return std::nullopt;
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

/// Modules given as texts, then files beside the program, then those of the standard library.
class TestModules : public ModuleLoader {
public:
  std::optional<ModuleText> load(std::string_view name) override {
    std::string key(name);
    if (auto found = texts.find(key); found != texts.end()) return ModuleText{key + ".flow", found->second};
    for (const std::string& each : {folder, std::string(FLOW_SOURCE_DIR) + "/stdlib"}) {
      if (each.empty()) continue;
      if (auto text = text_of_file(each + "/" + key + ".flow")) return ModuleText{each + "/" + key + ".flow", *text};
    }
    return std::nullopt;
  }

  std::map<std::string, std::string> texts;
  std::string folder;
};

struct Checked {
  std::unique_ptr<lang::SourceFiles> files = std::make_unique<lang::SourceFiles>();
  std::unique_ptr<lang::Arena> arena = std::make_unique<lang::Arena>();
  std::unique_ptr<lang::DiagnosticEmitter> emitter = std::make_unique<lang::DiagnosticEmitter>();
  TypedProgram program;

  std::string messages() const { return lang::render_all(*emitter, *files); }
  std::string text() const { return emitter->has_errors() ? messages() : print(program); }

  /// `line slug` of all that was reported, in the order of the text.
  std::vector<std::string> found() const {
    std::multimap<uint32_t, std::string> places;
    for (const lang::Diagnostic& diagnostic : emitter->diagnostics()) {
      uint32_t line = files->get(diagnostic.range.file).position(diagnostic.range.begin).line;
      places.emplace(line, fmt::format("{} {}", line, lang::slug_of(diagnostic.kind)));
    }
    std::vector<std::string> out;
    for (auto& [line, text] : places) out.push_back(std::move(text));
    return out;
  }

  const Stream& stream(std::string_view name) const {
    return *std::find_if(program.streams.begin(), program.streams.end(),
                         [&](const Stream& s) { return s.name == name; });
  }
  /// `a: i64, b: string?`
  std::string columns(std::string_view name) const {
    std::string text;
    for (const Column& column : stream(name).schema().columns) {
      text += fmt::format("{}{}: {}", text.empty() ? "" : ", ", column.name, text_of(column.type));
    }
    return text;
  }
};

inline Checked check_text(std::string_view text, TestModules modules = {}, std::string path = "job.flow") {
  Checked checked;
  const lang::SourceFile& file = checked.files->add(std::move(path), std::string(text));
  const lang::Program* tree = lang::parse(file, *checked.arena, *checked.emitter);
  checked.program = check(*tree, *checked.files, modules, *checked.arena, *checked.emitter);
  return checked;
}

/// A source `s` with a field of every kind that tests ask for, and what the text adds.
inline Checked check_with_source(std::string_view more) {
  std::string text = "type Row = { id: i64, n: i32, u: u64, x: f64, y: f32, s: string, t: timestamp, d: date, w: "
                     "duration, b: bool, m: i64?, q: string? }"
                     " source rows: Row = csv(\"in.csv\") time t watermark lag 1min\n";
  return check_text(text + std::string(more));
}

} // namespace flow::sema
