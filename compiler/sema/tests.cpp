#include "compiler/sema/tests.h"

#include <algorithm>

#include "compiler/sema/conversion.h"
#include "compiler/sema/expressions.h"
#include "compiler/sema/records.h"
#include "compiler/sema/streams.h"

namespace flow::sema {

using lang::DiagnosticKind;

namespace {

class TestChecker {
public:
  TestChecker(Checking& check, const Module& module, const lang::Decl& decl)
      : check_(check), module_(module), decl_(decl), tree_(*decl.as<lang::TestDecl>()), scope_{.module = &module} {}

  CheckedTest run() {
    test_.tree = &tree_;
    test_.range = decl_.range;
    test_.ends_input = std::ranges::none_of(tree_.steps, moves_time);
    for (uint32_t i = 0; i < tree_.steps.size(); i++) add(i);
    bool has_expect = std::ranges::any_of(
        tree_.steps, [](const lang::TestStep& step) { return std::holds_alternative<lang::Expect>(step.node); });
    if (!has_expect) {
      check_.report(DiagnosticKind::bad_test, tree_.name.range, "this test expects nothing, so it cannot fail")
          .help("end it with what is to come out: `expect results == [{{ … }}]`, or `== []`");
    }
    return std::move(test_);
  }

private:
  using Range = lang::SourceRange;
  using Kind_ = ScriptStep::Kind;

  static bool moves_time(const lang::TestStep& step) {
    return std::holds_alternative<lang::MoveWatermark>(step.node) || std::holds_alternative<lang::Advance>(step.node);
  }

  void add(uint32_t number) {
    const lang::TestStep& step = tree_.steps[number];
    std::visit(lang::Overloaded{[&](const lang::Given& node) { given(step, node); },
                                [&](const lang::MoveWatermark& node) { watermark(step, node); },
                                [&](const lang::Advance& node) { advance(step, node); },
                                [&](const lang::Expect& node) { expect(number, node); }},
               step.node);
  }

  CheckedStep& add(const lang::TestStep& step, Kind_ kind) {
    uint32_t line = check_.files.get(step.range.file).position(step.range.begin).line;
    return test_.steps.emplace_back(CheckedStep{{.kind = kind, .line = line}});
  }

  void given(const lang::TestStep& step, const lang::Given& node) {
    CheckedStep& made = add(step, Kind_::given);
    made.stream = source_of(node.source, "only a source gives rows");
    const auto* list = list_of(*node.rows);
    if (list == nullptr || made.stream == no_stream) return;
    for (const lang::Expr* item : list->items) take_row(made, *item, nullptr);
  }

  void watermark(const lang::TestStep& step, const lang::MoveWatermark& node) {
    CheckedStep& made = add(step, Kind_::watermark);
    std::optional<int64_t> time =
        check_constant(check_, scope_, *node.time, scalar(Kind::TIMESTAMP), "the time of a watermark");
    made.step.micros = time.value_or(0);
    if (node.source.names.empty()) return;
    made.stream = source_of(node.source, "only a source tells a watermark");
    if (made.stream == no_stream || check_.flows[made.stream].schema.has_time) return;
    check_
        .report(DiagnosticKind::missing_time, node.source.range, "`{}` has no event time, so it has no watermark",
                check_.written(node.source.range))
        .help("say which field it is, at the source: `time <field>`");
  }

  void advance(const lang::TestStep& step, const lang::Advance& node) {
    CheckedStep& made = add(step, Kind_::advance);
    std::optional<int64_t> by =
        check_constant(check_, scope_, *node.by, scalar(Kind::DURATION), "how far the clock is to go on");
    made.step.micros = by.value_or(0);
    if (by && *by <= 0) check_.report(DiagnosticKind::bad_value, node.by->range, "a clock goes forward only");
  }

  void expect(uint32_t number, const lang::Expect& node) {
    const lang::TestStep& step = tree_.steps[number];
    CheckedStep& made = add(step, Kind_::expect);
    made.step.in_order = node.order.is_given();
    if (node.order.is_given() && node.order.text != "order") {
      check_.report(DiagnosticKind::syntax, node.order.range, "rows are expected in any order, or `in order`");
    }
    Flow flow = check_feed(check_, module_, decl_, {node.stream, nullptr, node.stream.range}, "expected");
    const auto* list = list_of(*node.rows);
    if (flow.state.is_unknown || flow.stream == no_stream || list == nullptr) return;
    if (flow.state.updates) {
      check_.not_yet(node.stream.range, "expecting rows of a table that late rows change")
          .help("expect its changes: `stream CHANGES = {} | changes`", check_.written(node.stream.range));
      return;
    }
    made.stream = flow.stream;
    if (flow.state.is_table) check_table(number, node);
    std::vector<std::string_view> named;
    for (const lang::Expr* item : list->items) take_row(made, *item, &named);
    for (std::string_view name : named) made.step.fields.emplace_back(name);
  }

  /// The rows of a table are known when the input has ended.
  void check_table(uint32_t number, const lang::Expect& node) {
    bool is_last = std::ranges::all_of(tree_.steps.subspan(number), [](const lang::TestStep& step) {
      return std::holds_alternative<lang::Expect>(step.node);
    });
    if (is_last && test_.ends_input) return;
    check_
        .report(DiagnosticKind::bad_test, node.stream.range,
                "the rows of the table `{}` are known only when the input has ended", check_.written(node.stream.range))
        .help("expect them at the end of a test without `watermark` and `advance`: its input ends before that");
  }

  /// The stream of a source, or no_stream; then that was reported.
  uint32_t source_of(const lang::Path& path, std::string_view what) {
    Flow flow = check_feed(check_, module_, decl_, {path, nullptr, path.range}, "given");
    if (flow.stream == no_stream) return no_stream;
    if (std::holds_alternative<Source>(check_.program.streams[flow.stream].origin) && check_.streams[flow.stream] &&
        check_.streams[flow.stream]->kind == SymbolKind::source)
      return flow.stream;
    auto report = check_.report(DiagnosticKind::bad_test, path.range, "`{}` is no source, and {}",
                                check_.written(path.range), what);
    std::vector<std::string_view> sources;
    for (const auto& symbol : module_.symbols) {
      if (symbol->kind == SymbolKind::source) sources.push_back(symbol->name);
    }
    if (!sources.empty()) report.help("this program has {}", listed(sources));
    return no_stream;
  }

  const lang::ListExpr* list_of(const lang::Expr& expr) {
    const auto* list = expr.as<lang::ListExpr>();
    if (list == nullptr && expr.as<lang::ErrorExpr>() == nullptr) {
      check_.report(DiagnosticKind::bad_test, expr.range, "rows are a list of records")
          .help("write `[{{ field: value }}, …]`; `[]` are none");
    }
    return list;
  }

  /// Adds a row. What is given may leave fields out, they are null or zero; rows that are expected must all name the
  /// same ones, which they note in `named`.
  void take_row(CheckedStep& made, const lang::Expr& item, std::vector<std::string_view>* named) {
    const auto* record = item.as<lang::RecordExpr>();
    if (record == nullptr) {
      check_.report(DiagnosticKind::missing_record, item.range, "a row is a record").help("write `{{ field: value }}`");
      return;
    }
    const std::vector<Column>& columns = check_.flows[made.stream].schema.columns;
    Type row = row_of(check_, columns, places(columns, item.range), item.range)->type;
    RecordMembers members = check_members(check_, scope_, *record, row);
    for (size_t i = 0; i < members.fields.size(); i++) check_field(row, *record, members.fields[i].name, item.range);
    TestRow values;
    std::vector<std::string_view> names;
    for (const RecordField& field : row.record->fields) {
      auto found = std::ranges::find(members.fields, field.name, &RecordField::name);
      bool is_there = found != members.fields.end();
      const Expr* value = is_there ? members.values[static_cast<size_t>(found - members.fields.begin())]
                                   : zero_of(check_, field.type, item.range);
      if (is_there) {
        names.push_back(field.name);
        value = coerce(check_, value, field.type, "the field `" + std::string(field.name) + "`");
      }
      if (value->type.is_error()) return;
      add_values(*value, values);
    }
    if (named != nullptr && !check_named(names, *named, item.range)) return;
    made.rows.push_back(std::move(values));
  }

  std::vector<const Expr*> places(const std::vector<Column>& columns, Range range) {
    return check_.make.places(ExprKind::column, columns, 0, static_cast<uint32_t>(columns.size()), range);
  }

  void check_field(Type row, const lang::RecordExpr& record, std::string_view name, Range range) {
    if (std::ranges::find(row.record->fields, name, &RecordField::name) != row.record->fields.end()) return;
    for (const lang::RecordMember& member : record.members) {
      if (member.name.is_given() && member.name.text == name) range = member.name.range;
    }
    std::vector<std::string_view> names;
    for (const RecordField& field : row.record->fields) names.push_back(field.name);
    auto report = check_.report(DiagnosticKind::unknown_name, range, "these rows have no field `{}`", name);
    if (!suggest(report, name, names)) report.help("they have {}", listed(names));
  }

  bool check_named(const std::vector<std::string_view>& names, std::vector<std::string_view>& named, Range range) {
    if (named.empty()) named = names;
    if (names == named && !names.empty()) return true;
    auto report = check_.report(DiagnosticKind::bad_test, range, "{}",
                                names.empty() ? "this row names no field, so every row would fit"
                                              : "this row does not name the same fields as the first one");
    if (!names.empty()) report.help("the first names {}; fields that no row names are not compared", listed(named));
    return false;
  }

  Checking& check_;
  const Module& module_;
  const lang::Decl& decl_;
  const lang::TestDecl& tree_;
  Scope scope_;
  CheckedTest test_{};
};

} // namespace

std::vector<CheckedTest> check_tests(Checking& check, const Module& main) {
  std::vector<CheckedTest> tests;
  for (const lang::Decl* decl : main.tree->declarations) {
    if (decl->as<lang::TestDecl>() == nullptr) continue;
    tests.push_back(TestChecker(check, main, *decl).run());
    auto is_same = [&](const CheckedTest& other) { return other.tree->name.text == tests.back().tree->name.text; };
    auto first = std::ranges::find_if(tests, is_same);
    if (&*first == &tests.back()) continue;
    check.report(DiagnosticKind::duplicate_name, tests.back().tree->name.range, "there is another test of this name")
        .note(first->tree->name.range, "it is here");
  }
  return tests;
}

} // namespace flow::sema
