// Staging: the program whose sources give the rows of tests, and whose sinks show what comes out and what should.
#include <algorithm>
#include <map>

#include "compiler/sema/records.h"
#include "compiler/sema/streams.h"
#include "compiler/sema/tests.h"

namespace flow::sema {

namespace {

bool is_same_constant(const Expr& a, const Expr& b) {
  return a.kind == ExprKind::constant && b.kind == ExprKind::constant && a.type == b.type && a.is_null == b.is_null &&
         a.int_value == b.int_value && a.float_value == b.float_value && a.text == b.text;
}

class Staging {
public:
  Staging(Checking& check, const std::vector<CheckedTest>& tests) : check_(check), tests_(tests) {}

  TestScript run() {
    for (const CheckedTest& test : tests_) add(test);
    check_.program.sinks.clear();
    auto declared = static_cast<uint32_t>(check_.program.streams.size());
    for (uint32_t i = 0; i < declared; i++) {
      if (auto* source = std::get_if<Source>(&check_.program.streams[i].origin)) stage_source(i, *source);
    }
    for (const auto& [stream, name] : expected_names_) capture(stream, name);
    return std::move(script_);
  }

private:
  void add(const CheckedTest& test) {
    const lang::SourceFile& file = check_.files.get(test.range.file);
    ScriptTest made{.name = std::string(test.tree->name.text),
                    .file = std::string(file.path()),
                    .line = file.position(test.range.begin).line,
                    .ends_input = test.ends_input,
                    .steps = {}};
    for (const CheckedStep& checked : test.steps) {
      ScriptStep step = checked.step;
      bool is_expect = step.kind == ScriptStep::Kind::expect;
      if (checked.stream != no_stream) step.connector = is_expect ? expected(checked.stream) : given(checked.stream);
      std::vector<TestRow>& rows = is_expect ? expected_rows_[checked.stream] : given_rows_[checked.stream];
      step.first_row = static_cast<int64_t>(rows.size());
      step.rows = static_cast<int64_t>(checked.rows.size());
      rows.insert(rows.end(), checked.rows.begin(), checked.rows.end());
      made.steps.push_back(std::move(step));
    }
    script_.push_back(std::move(made));
  }

  /// That of the connector. A source of a module has the module before it, so that it stays what it is when the
  /// program's own streams get their names.
  std::string given(uint32_t stream) {
    Stream& source = check_.program.streams[stream];
    const Symbol* symbol = check_.streams[stream];
    std::string name(symbol->name);
    if (!symbol->module->is_main) name = std::string(symbol->module->name) + "." + name;
    source.name = check_.arena.copy(std::string_view(name));
    return name;
  }

  /// The name of the sink.
  std::string expected(uint32_t stream) {
    auto found = expected_names_.find(stream);
    if (found != expected_names_.end()) return found->second;
    const Symbol* symbol = check_.streams[stream];
    std::string name(symbol != nullptr ? symbol->name : check_.program.streams[stream].name);
    if (symbol != nullptr && !symbol->module->is_main) name = std::string(symbol->module->name) + "." + name;
    expected_names_[stream] = name;
    return name;
  }

  void stage_source(uint32_t stream, Source& source) {
    source.type = "script";
    source.format = {};
    source.options.clear();
    source.watermark = WatermarkKind::none;
    source.generated = values(check_.program.streams[stream].origin_schema.columns, given_rows_[stream],
                              check_.program.streams[stream].range);
  }

  /// Writes the stream, and beside it what is expected of it.
  void capture(uint32_t stream, const std::string& name) {
    const Stream& shown = check_.program.streams[stream];
    lang::SourceRange range = shown.range;
    Schema schema{shown.schema().columns, false};
    bool is_table = shown.is_table || check_.flows[stream].is_table;
    Source source{.type = "script", .format = {}, .options = {}, .parallelism = 1};
    for (const Column& column : schema.columns) source.fields.push_back({column.name, column.type, column.name});
    source.generated = values(schema.columns, expected_rows_[stream], range);
    std::string_view expected_name = check_.arena.copy(std::string_view("expected " + name));
    Stream made{.name = expected_name, .origin = std::move(source), .origin_schema = schema, .range = range};
    uint32_t expected = add_stream(check_, std::move(made), FlowState{.schema = schema}, nullptr);
    add_sink(check_.arena.copy(std::string_view(name)), stream, is_table, schema, range);
    add_sink(expected_name, expected, false, schema, range);
  }

  void add_sink(std::string_view name, uint32_t stream, bool is_final, const Schema& schema, lang::SourceRange range) {
    Sink sink{.name = name, .stream = stream, .type = "capture", .format = "json", .options = {}, .field_names = {}};
    for (const Column& column : schema.columns) sink.field_names.push_back(column.name);
    sink.is_final = is_final;
    sink.range = range;
    check_.program.sinks.push_back(std::move(sink));
  }

  /// One expression a column: its value in row `number`.
  std::vector<const Expr*> values(const std::vector<Column>& columns, const std::vector<TestRow>& rows,
                                  lang::SourceRange range) {
    std::vector<const Expr*> made;
    for (size_t i = 0; i < columns.size(); i++) {
      made.push_back(rows.empty() ? zero_of(check_, columns[i].type, range) : chosen(rows, i, 0, rows.size()));
    }
    return made;
  }

  /// The column in the rows [first, end), by a search in halves: thousands of rows are no deep expression.
  const Expr* chosen(const std::vector<TestRow>& rows, size_t column, size_t first, size_t end) {
    if (end - first == 1) return rows[first][column];
    size_t middle = first + (end - first) / 2;
    const Expr* below = chosen(rows, column, first, middle);
    const Expr* above = chosen(rows, column, middle, end);
    if (is_same_constant(*below, *above)) return below;
    Type count = scalar(Kind::I64);
    const Expr* is_below = check_.make.make(
        ExprKind::less, scalar(Kind::BOOL),
        {check_.make.number(below->range), check_.make.integer(count, static_cast<int64_t>(middle), below->range)},
        below->range);
    return check_.make.make(ExprKind::conditional, below->type, {is_below, below, above}, below->range);
  }

  Checking& check_;
  const std::vector<CheckedTest>& tests_;
  TestScript script_;
  std::map<uint32_t, std::vector<TestRow>> given_rows_, expected_rows_; // by stream
  std::map<uint32_t, std::string> expected_names_;                      // by stream
};

} // namespace

TestScript stage_tests(Checking& check, const std::vector<CheckedTest>& tests) { return Staging(check, tests).run(); }

} // namespace flow::sema
