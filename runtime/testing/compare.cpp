#include "runtime/testing/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace flow::runtime {
namespace {

constexpr size_t rows_shown_max = 10; // of one kind

// A row as the fields that are compared.
struct Row {
  std::vector<std::pair<std::string, std::string>> fields;

  bool operator==(const Row&) const = default;
  std::string text() const {
    std::string text;
    for (const auto& [name, value] : fields) text += fmt::format("{}{}: {}", text.empty() ? "" : ", ", name, value);
    return text.empty() ? "{ }" : "{ " + text + " }";
  }
  size_t equal_fields(const Row& other) const {
    size_t equal = 0;
    for (size_t i = 0; i < std::min(fields.size(), other.fields.size()); ++i) equal += fields[i] == other.fields[i];
    return equal;
  }
};

// `names` empty: all of them.
Row row_of(const std::string& record, const std::vector<std::string>& names) {
  Row row{members_of(record)};
  if (names.empty()) return row;
  std::erase_if(row.fields, [&](const auto& field) { return std::ranges::find(names, field.first) == names.end(); });
  return row;
}

// Takes out of `rows` what stands in `other` as well, as often as it stands there.
std::vector<Row> without(std::vector<Row> rows, const std::vector<Row>& other) {
  for (const Row& row : other) {
    auto found = std::ranges::find(rows, row);
    if (found != rows.end()) rows.erase(found);
  }
  return rows;
}

// The report of one `expect`.
class Report {
public:
  std::string text;

  void rows(const char* what, const std::vector<Row>& rows) {
    for (size_t i = 0; i < std::min(rows.size(), rows_shown_max); ++i) line(what, rows[i]);
    if (rows.size() > rows_shown_max) text += fmt::format("    … and {} more\n", rows.size() - rows_shown_max);
  }
  void pair(const Row& expected, const Row& actual) {
    line("different", expected);
    line("  came out", actual);
  }

private:
  void line(const char* what, const Row& row) { text += fmt::format("    {:<12} {}\n", what, row.text()); }
};

// Rows that have most of their fields in common are one row that came out wrong, most likely. Takes them away.
void report_pairs(Report& report, std::vector<Row>& missing, std::vector<Row>& unexpected) {
  for (size_t i = 0; i < missing.size();) {
    auto closest =
        std::ranges::max_element(unexpected, {}, [&](const Row& row) { return row.equal_fields(missing[i]); });
    if (closest == unexpected.end() || closest->equal_fields(missing[i]) == 0) {
      ++i;
      continue;
    }
    report.pair(missing[i], *closest);
    missing.erase(missing.begin() + static_cast<ptrdiff_t>(i));
    unexpected.erase(closest);
  }
}

// Empty when nothing differs.
std::string difference(const ScriptStep& step, const std::vector<Row>& expected, const std::vector<Row>& actual) {
  Report report;
  std::vector<Row> missing = without(expected, actual), unexpected = without(actual, expected);
  report_pairs(report, missing, unexpected);
  report.rows("missing", missing);
  report.rows("unexpected", unexpected);
  if (!report.text.empty() || !step.in_order || expected == actual) return report.text;
  size_t first = 0;
  while (expected[first] == actual[first]) ++first;
  return fmt::format("    all rows came out, but in another order: row {} is to be {}, and was {}\n", first + 1,
                     expected[first].text(), actual[first].text());
}

// The step, an `expect`, that a record belongs to: the first one of its stream behind what made it come out.
size_t step_of(const TestScript& test, const CapturedRecord& record) {
  for (size_t i = record.open == 0 ? 0 : record.open - 1; i < test.steps.size(); ++i) {
    const ScriptStep& step = test.steps[i];
    if (step.kind == ScriptStep::Kind::expect && step.connector == record.sink) return i;
  }
  return test.steps.size();
}

} // namespace

ExpectedRows::ExpectedRows(const TestScript& test, const std::vector<CapturedRecord>& records)
    : by_step_(test.steps.size()) {
  std::map<std::string, std::vector<std::string>> by_sink;
  for (const CapturedRecord& record : records) {
    if (record.sink.starts_with(expected_prefix))
      by_sink[record.sink.substr(expected_prefix.size())].push_back(record.text);
  }
  std::map<std::string, size_t> taken;
  for (size_t i = 0; i < test.steps.size(); ++i) {
    const ScriptStep& step = test.steps[i];
    if (step.kind != ScriptStep::Kind::expect || step.rows == 0) continue;
    const std::vector<std::string>& rows = by_sink[step.connector];
    size_t& first = taken[step.connector];
    auto count = static_cast<size_t>(step.rows);
    FLOW_ASSERT(first + count <= rows.size(), "what is expected came out of the plain run");
    by_step_[i].assign(rows.begin() + static_cast<ptrdiff_t>(first),
                       rows.begin() + static_cast<ptrdiff_t>(first + count));
    first += count;
  }
}

std::string differences(const TestScript& test, const ExpectedRows& expected,
                        const std::vector<CapturedRecord>& records) {
  std::vector<std::vector<Row>> actual(test.steps.size() + 1);
  for (const CapturedRecord& record : records) {
    size_t step = step_of(test, record);
    if (step < test.steps.size()) actual[step].push_back(row_of(record.text, test.steps[step].fields));
  }
  std::string text;
  for (size_t i = 0; i < test.steps.size(); ++i) {
    const ScriptStep& step = test.steps[i];
    if (step.kind != ScriptStep::Kind::expect) continue;
    std::vector<Row> rows;
    for (const std::string& record : expected.of(i)) rows.push_back(row_of(record, step.fields));
    std::string different = difference(step, rows, actual[i]);
    if (different.empty()) continue;
    text += fmt::format("  {}:{}: expect {}\n{}", test.file, step.line, step.connector, different);
  }
  return text;
}

std::vector<std::pair<std::string, std::string>> members_of(std::string_view object) {
  std::vector<std::pair<std::string, std::string>> members;
  size_t at = 1, begin = 1; // behind the brace
  int depth = 0;
  bool is_text = false;
  std::string name;
  for (; at < object.size(); ++at) {
    char c = object[at];
    if (is_text) {
      if (c == '\\') ++at;
      is_text = c != '"';
      continue;
    }
    bool is_end = depth == 0 && (c == ',' || c == '}');
    if (c == '"') {
      is_text = true;
    } else if (depth == 0 && c == ':') {
      name = object.substr(begin + 1, at - begin - 2); // without its quotes
      begin = at + 1;
    } else if (is_end) {
      if (at > begin) members.emplace_back(name, object.substr(begin, at - begin));
      begin = at + 1;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return members;
}

} // namespace flow::runtime
