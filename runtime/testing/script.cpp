#include "runtime/testing/script.h"

#include <charconv>

#include "runtime/base/assert.h"

namespace flow::runtime {
namespace {

// Cuts off what stands before the next `separator`.
std::string_view cut(std::string_view& text, char separator) {
  std::string_view part = text.substr(0, text.find(separator));
  text.remove_prefix(std::min(part.size() + 1, text.size()));
  return part;
}

class Line {
public:
  explicit Line(std::string_view text) : rest_(text) {}

  bool has_more() const { return !rest_.empty(); }
  int64_t number() {
    std::string_view field = cut(rest_, '\t');
    int64_t value = 0;
    auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
    FLOW_ASSERT(error == std::errc() && end == field.data() + field.size(), "a number stands in the script");
    return value;
  }
  std::string text() {
    std::string_view field = cut(rest_, '\t');
    std::string text;
    for (size_t i = 0; i < field.size(); ++i) {
      if (field[i] != '\\' || i + 1 == field.size()) {
        text += field[i];
        continue;
      }
      char escape = field[++i];
      text += escape == 't' ? '\t' : escape == 'n' ? '\n' : escape;
    }
    return text;
  }

private:
  std::string_view rest_;
};

ScriptStep step_of(const std::string& word, Line& line) {
  using Kind = ScriptStep::Kind;
  auto number = static_cast<uint32_t>(line.number());
  if (word == "advance") return {.kind = Kind::advance, .line = number, .micros = line.number()};
  ScriptStep step{.kind = Kind::watermark, .line = number, .connector = line.text()};
  if (word == "watermark") {
    step.micros = line.number();
    return step;
  }
  step.kind = word == "given" ? Kind::given : Kind::expect;
  step.first_row = line.number();
  step.rows = line.number();
  if (step.kind == Kind::given) return step;
  step.in_order = line.number() != 0;
  while (line.has_more()) step.fields.push_back(line.text());
  return step;
}

} // namespace

size_t TestScript::first_of_last_expects() const {
  size_t first = steps.size();
  while (first > 0 && steps[first - 1].kind == ScriptStep::Kind::expect) --first;
  return first;
}

std::vector<TestScript> read_script(std::string_view text) {
  std::vector<TestScript> tests;
  while (!text.empty()) {
    Line line(cut(text, '\n'));
    std::string word = line.text();
    if (word == "test") {
      TestScript& test = tests.emplace_back();
      test.line = static_cast<uint32_t>(line.number());
      test.file = line.text();
      test.ends_input = line.number() != 0;
      test.name = line.text();
    } else {
      FLOW_ASSERT(!tests.empty(), "a step belongs to a test");
      tests.back().steps.push_back(step_of(word, line));
    }
  }
  return tests;
}

} // namespace flow::runtime
