// `source NAME: TYPE = connector(…) time … watermark … on error …`
#include <algorithm>

#include "compiler/sema/connectors.h"
#include "compiler/sema/conversion.h"
#include "compiler/sema/declarations.h"
#include "compiler/sema/streams.h"

namespace flow::sema {

using lang::DiagnosticKind;

namespace {

/// Columns of the stream of bad records, in the order of the decoders' cells.
constexpr std::pair<std::string_view, Kind> bad_record_columns[] = {
    {"text", Kind::STRING}, {"file", Kind::STRING},  {"line", Kind::I64},
    {"column", Kind::I64},  {"field", Kind::STRING}, {"reason", Kind::STRING},
};

class SourceChecker {
public:
  SourceChecker(Checking& check, Symbol& symbol, const lang::SourceDecl& decl)
      : check_(check), symbol_(symbol), module_(*symbol.module), decl_(decl) {}

  void run() {
    refuse_later_clauses();
    const ConnectorSpec* spec = find_connector(check_, decl_.connector, true);
    if (decl_.type != nullptr) declared_ = resolve_type(check_, module_, *decl_.type);
    if (spec != nullptr)
      check_connector(*spec);
    else
      state_.is_unknown = true;
    if (spec == nullptr && declared_.kind == Kind::RECORD && !refuse_records()) take_fields(*declared_.record);
    check_time();
    check_watermark();
    check_parallelism();
    state_.schema.has_time = decl_.time != nullptr;
    add();
  }

private:
  void refuse_later_clauses() {
    if (decl_.was.is_given()) check_.not_yet(decl_.was.range, "a source that was renamed");
    if (decl_.key != nullptr) check_.not_yet(decl_.key->range, "a source with a key, which is a table,");
  }

  void check_connector(const ConnectorSpec& spec) {
    source_.type = spec.type;
    CheckedOptions checked = check_options(check_, module_, spec, decl_.connector);
    source_.options = std::move(checked.options);
    source_.format = checked.format;
    if (spec.type == "generate") return check_generate(checked);
    if (spec.format == "text") return check_text();
    if (decl_.type == nullptr) {
      check_
          .report(DiagnosticKind::missing_type, decl_.name.range, "the source `{}` needs the type of its rows",
                  decl_.name.text)
          .help("name it: `source {}: Row = …`, with `type Row = {{ field: i64, … }}`", decl_.name.text);
      state_.is_unknown = true;
      return;
    }
    if (has_record()) take_fields(*declared_.record);
  }

  /// The declared type as a record; else it is reported and the rows are unknown.
  bool has_record() {
    if (declared_.kind == Kind::RECORD) return !refuse_records();
    state_.is_unknown = true;
    if (!declared_.is_error()) {
      check_
          .report(DiagnosticKind::missing_record, decl_.type->range, "the rows of a source are a record, not `{}`",
                  text_of(declared_))
          .help("give its fields names: `{{ value: {} }}`", text_of(declared_));
    }
    return false;
  }

  bool refuse_records() {
    bool has_record = std::ranges::any_of(declared_.record->fields,
                                          [](const auto& field) { return field.type.kind == Kind::RECORD; });
    if (!has_record) return false;
    state_.is_unknown = true;
    check_.not_yet(decl_.type->range, "a source of rows with records in them")
        .help("read plain fields, and put them together behind it: `| derive order = {{ id, amount }}`");
    return true;
  }

  void take_fields(const RecordType& record) {
    source_.fields.assign(record.fields.begin(), record.fields.end());
    for (const RecordField& field : record.fields) state_.schema.columns.push_back({field.name, field.type});
  }

  void check_text() {
    if (decl_.type == nullptr) {
      source_.fields = {{"line", scalar(Kind::STRING), "line"}};
      state_.schema.columns = {{"line", scalar(Kind::STRING)}};
      return;
    }
    if (!has_record()) return;
    take_fields(*declared_.record);
    bool is_line = source_.fields.size() == 1 && source_.fields[0].type == scalar(Kind::STRING);
    if (!is_line && !source_.fields.empty() && source_.fields[0].type.is_error()) return;
    if (!is_line) {
      check_.report(DiagnosticKind::type_mismatch, decl_.type->range, "`text_lines` gives one `string` for each line")
          .help("leave the type out, or write `{{ line: string }}`");
    }
  }

  void check_generate(const CheckedOptions& checked) {
    state_.is_endless = !checked.has_count;
    if (decl_.type != nullptr && !has_record()) return;
    Scope scope{.module = &module_, .has_number = true};
    scope.seed =
        checked.seed != nullptr ? checked.seed : check_.make.integer(scalar(Kind::I64), 0, decl_.connector.range);
    if (checked.fields == nullptr) return generate_number();
    const auto* record = checked.fields->as<lang::RecordExpr>();
    if (record == nullptr) {
      state_.is_unknown = true;
      check_.report(DiagnosticKind::missing_record, checked.fields->range, "`fields` takes a record")
          .help("write `fields: {{ name: expression, … }}`, where `number` is the number of the event");
      return;
    }
    for (const lang::RecordMember& member : record->members) take_generated(scope, member);
    if (decl_.type != nullptr) order_as_declared(*record);
  }

  void generate_number() {
    if (decl_.type != nullptr) {
      check_
          .report(DiagnosticKind::missing_option, decl_.connector.range, "`generate` must say how the fields are made")
          .help("add `fields: {{ name: expression, … }}`, where `number` is the number of the event");
      state_.is_unknown = true;
      return;
    }
    source_.fields = {{"number", scalar(Kind::I64), "number"}};
    source_.generated = {check_.make.number(decl_.connector.range)};
    state_.schema.columns = {{"number", scalar(Kind::I64)}};
  }

  void take_generated(const Scope& scope, const lang::RecordMember& member) {
    if (member.is_spread) {
      check_.report(DiagnosticKind::missing_name, member.value->range,
                    "there is nothing to spread in the fields of `generate`");
      return;
    }
    lang::Name name = member.name;
    if (const auto* bare = member.value->as<lang::NameExpr>(); !name.is_given() && bare != nullptr) {
      name = {bare->name, member.value->range};
    }
    if (!name.is_given()) {
      check_.report(DiagnosticKind::missing_name, member.value->range, "this field needs a name")
          .help("write `name: {}`", check_.written(member.value->range));
      return;
    }
    const RecordField* declared = declared_field(name);
    const Expr* value = check_expr(check_, scope, *member.value, declared != nullptr ? declared->type : Type{});
    std::string what = "the field `" + std::string(name.text) + "`";
    if (declared != nullptr) value = coerce(check_, value, declared->type, what);
    if (value->type.kind == Kind::RECORD) {
      check_.not_yet(value->range, "a record in the fields of `generate`")
          .help("put it together behind the source: `| derive order = {{ id, amount }}`");
      value = check_.make.error(value->range);
    }
    if (value->type.kind == Kind::NULL_) {
      check_.report(DiagnosticKind::no_value, value->range, "{} is always null, so its type is not known", what);
      value = check_.make.error(value->range);
    }
    if (std::ranges::find(source_.fields, name.text, &RecordField::name) != source_.fields.end()) {
      check_.report(DiagnosticKind::duplicate_name, name.range, "{} is there twice", what);
      return;
    }
    source_.fields.push_back({name.text, value->type, name.text});
    source_.generated.push_back(value);
    state_.schema.columns.push_back({name.text, value->type});
  }

  /// Null without a declared type, or, reported, when the type has no such field.
  const RecordField* declared_field(lang::Name name) {
    if (declared_.kind != Kind::RECORD) return nullptr;
    auto found = std::ranges::find(declared_.record->fields, name.text, &RecordField::name);
    if (found != declared_.record->fields.end()) return &*found;
    auto report = check_.report(DiagnosticKind::unknown_name, name.range, "`{}` has no field `{}`", text_of(declared_),
                                name.text);
    std::vector<std::string_view> names;
    for (const RecordField& field : declared_.record->fields) names.push_back(field.name);
    suggest(report, name.text, names);
    return nullptr;
  }

  void order_as_declared(const lang::RecordExpr& record) {
    std::vector<RecordField> fields;
    std::vector<const Expr*> generated;
    std::vector<std::string_view> missing;
    state_.schema.columns.clear();
    for (const RecordField& field : declared_.record->fields) {
      auto found = std::ranges::find(source_.fields, field.name, &RecordField::name);
      if (found == source_.fields.end()) {
        missing.push_back(field.name);
      } else {
        generated.push_back(source_.generated[static_cast<size_t>(found - source_.fields.begin())]);
      }
      fields.push_back(field);
      state_.schema.columns.push_back({field.name, field.type});
    }
    if (!missing.empty()) {
      Range range = record.members.empty()
                        ? decl_.connector.range
                        : lang::cover(record.members.front().value->range, record.members.back().value->range);
      check_.report(DiagnosticKind::missing_option, range, "`fields` says nothing of {}", listed(missing));
    }
    source_.fields = std::move(fields);
    source_.generated = std::move(generated);
  }

  void check_time() {
    if (decl_.time == nullptr) {
      if (decl_.watermark == lang::WatermarkKind::unsaid && decl_.idle == nullptr) return;
      Range range = decl_.watermark != lang::WatermarkKind::unsaid ? decl_.watermark_range : decl_.idle->range;
      check_.report(DiagnosticKind::bad_clause, range, "a watermark needs to know which field is the event time")
          .help("say it before: `time <field>`");
      return;
    }
    Scope scope{.module = &module_, .row = &state_.schema, .row_is_unknown = state_.is_unknown};
    source_.time = coerce(check_, check_expr(check_, scope, *decl_.time), scalar(Kind::TIMESTAMP), "the event time");
    if (decl_.watermark == lang::WatermarkKind::unsaid) {
      check_
          .report(DiagnosticKind::missing_watermark, decl_.time->range,
                  "how late may a row be that comes after a newer one?")
          .help("add `watermark lag 1min` (a row may be a minute late), or `watermark ascending` (rows come in order)");
    }
  }

  void check_watermark() {
    if (decl_.watermark == lang::WatermarkKind::on) {
      check_.not_yet(decl_.watermark_range, "a watermark `on` an expression");
      return;
    }
    if (decl_.watermark == lang::WatermarkKind::lag) {
      source_.watermark = WatermarkKind::lag;
      add_duration("lag", *decl_.watermark_value, "the lag of the watermark");
    } else if (decl_.watermark == lang::WatermarkKind::ascending) {
      source_.watermark = WatermarkKind::ascending;
    }
    state_.may_idle = decl_.idle != nullptr;
    if (decl_.idle != nullptr) add_duration("idle", *decl_.idle, "the time after which a source is idle");
  }

  void add_duration(std::string_view option, const lang::Expr& expr, std::string_view what) {
    const Expr* value = coerce(check_, check_expr(check_, {.module = &module_}, expr), scalar(Kind::DURATION), what);
    if (is_constant(*value) && value->int_value < 0) {
      check_.report(DiagnosticKind::bad_value, expr.range, "{} cannot be negative", what);
    }
    source_.options.push_back({option, value});
  }

  void check_parallelism() {
    if (decl_.parallelism == nullptr) return;
    std::optional<int64_t> count =
        check_count(check_, {.module = &module_}, *decl_.parallelism, "the parallelism", parallelism_max);
    source_.parallelism = static_cast<uint32_t>(count.value_or(0));
  }

  void add() {
    source_.on_error = decl_.on_error.policy == lang::ErrorPolicy::skip     ? OnError::skip
                       : decl_.on_error.policy == lang::ErrorPolicy::divert ? OnError::divert
                                                                            : OnError::stop;
    bool is_diverted = source_.on_error == OnError::divert;
    if (is_diverted && source_.type == "generate") {
      check_.not_yet(decl_.on_error.range, "a stream of the bad records of `generate`");
    }
    Stream stream{
        .name = symbol_.name, .origin = std::move(source_), .origin_schema = state_.schema, .range = symbol_.range};
    symbol_.index = add_stream(check_, std::move(stream), state_, &symbol_);
    if (is_diverted) add_bad_records();
  }

  void add_bad_records() {
    for (const auto& bad : module_.symbols) {
      if (bad->kind != SymbolKind::bad_records || bad->owner != &symbol_ || bad->progress == Progress::done) continue;
      FlowState state{.is_endless = state_.is_endless, .may_idle = state_.may_idle};
      for (const auto& [name, kind] : bad_record_columns) state.schema.columns.push_back({name, scalar(kind)});
      Stream stream{
          .name = bad->name, .origin = ErrorStream{symbol_.index}, .origin_schema = state.schema, .range = bad->range};
      bad->index = add_stream(check_, std::move(stream), state, bad.get());
      bad->progress = Progress::done;
      std::get<Source>(check_.program.streams[symbol_.index].origin).errors = bad->index;
    }
  }

  using Range = lang::SourceRange;

  Checking& check_;
  Symbol& symbol_;
  const Module& module_;
  const lang::SourceDecl& decl_;
  Type declared_;
  Source source_;
  FlowState state_;
};

} // namespace

void check_source(Checking& check, Symbol& symbol, const lang::SourceDecl& decl) {
  SourceChecker(check, symbol, decl).run();
}

} // namespace flow::sema
