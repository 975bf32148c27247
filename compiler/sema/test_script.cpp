#include "compiler/sema/test_script.h"

#include <fmt/format.h>

namespace flow::sema {

namespace {

/// Without the characters that part fields and lines.
std::string escaped(const std::string& text) {
  std::string out;
  for (char c : text) {
    switch (c) {
    case '\\': out += "\\\\"; break;
    case '\t': out += "\\t"; break;
    case '\n': out += "\\n"; break;
    default: out += c;
    }
  }
  return out;
}

std::string line_of(const ScriptStep& step) {
  switch (step.kind) {
  case ScriptStep::Kind::given:
    return fmt::format("given\t{}\t{}\t{}\t{}", step.line, escaped(step.connector), step.first_row, step.rows);
  case ScriptStep::Kind::watermark:
    return fmt::format("watermark\t{}\t{}\t{}", step.line, escaped(step.connector), step.micros);
  case ScriptStep::Kind::advance: return fmt::format("advance\t{}\t{}", step.line, step.micros);
  case ScriptStep::Kind::expect: break;
  }
  std::string line = fmt::format("expect\t{}\t{}\t{}\t{}\t{}", step.line, escaped(step.connector), step.first_row,
                                 step.rows, step.in_order ? 1 : 0);
  for (const std::string& field : step.fields) line += "\t" + escaped(field);
  return line;
}

} // namespace

std::string text_of(const TestScript& script) {
  std::string text;
  for (const ScriptTest& test : script) {
    text += fmt::format("test\t{}\t{}\t{}\t{}\n", test.line, escaped(test.file), test.ends_input ? 1 : 0,
                        escaped(test.name));
    for (const ScriptStep& step : test.steps) text += line_of(step) + "\n";
  }
  return text;
}

} // namespace flow::sema
