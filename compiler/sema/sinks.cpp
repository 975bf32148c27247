// `sink PIPELINE -> connector(…)`
#include <algorithm>

#include "compiler/sema/connectors.h"
#include "compiler/sema/conversion.h"
#include "compiler/sema/records.h"
#include "compiler/sema/streams.h"

namespace flow::sema {

using lang::DiagnosticKind;

namespace {

std::string_view feed_name(const lang::Pipeline& pipeline) {
  if (pipeline.feed.nested != nullptr) return feed_name(*pipeline.feed.nested);
  return pipeline.feed.path.names.empty() ? "rows" : pipeline.feed.path.names.back().text;
}

class SinkChecker {
public:
  SinkChecker(Checking& check, const Module& module, const lang::Decl& decl)
      : check_(check), module_(module), decl_(decl), sink_(*decl.as<lang::SinkDecl>()) {}

  void run() {
    std::string name = sink_name();
    if (sink_.as.is_given()) name += "." + std::string(sink_.as.text);
    made_.name = check_.arena.copy(std::string_view(name));
    made_.range = decl_.range;
    std::string stream_name = sink_.as.is_given() ? name : name + ".rows";
    Flow flow = check_pipeline(check_, module_, decl_, *sink_.pipeline,
                               check_.arena.copy(std::string_view(stream_name)), nullptr);
    check_rows(flow.state);
    check_nature(flow.state);
    if (const ConnectorSpec* spec = find_connector(check_, sink_.connector, false)) {
      CheckedOptions checked = check_options(check_, module_, *spec, sink_.connector);
      made_.type = spec->type;
      made_.format = checked.format;
      made_.options = std::move(checked.options);
    }
    if (sink_.parallelism != nullptr) {
      std::optional<int64_t> count =
          check_count(check_, {.module = &module_}, *sink_.parallelism, "the parallelism", parallelism_max);
      made_.parallelism = static_cast<uint32_t>(count.value_or(0));
    }
    take_rows(rows_or_changes(std::move(flow)));
    check_name();
    check_path();
    check_.program.sinks.push_back(std::move(made_));
  }

private:
  using Range = lang::SourceRange;

  /// That of its stream; of an output of an operator with the stream before it: `receipts.unpaid`.
  std::string sink_name() const {
    std::string name(feed_name(*sink_.pipeline));
    const lang::List<lang::Name>& path = sink_.pipeline->feed.path.names;
    if (sink_.pipeline->feed.nested != nullptr || path.size() < 2) return name;
    std::string_view owner = path[path.size() - 2].text;
    bool is_output = check_.modules.find_module(module_, owner) == nullptr || path.size() > 2;
    return is_output ? std::string(owner) + "." + name : name;
  }

  /// Nothing may wait for a step that does not come.
  void check_rows(const FlowState& state) {
    if (state.is_unknown) return;
    if (state.window) {
      check_.report(DiagnosticKind::missing_step, state.window->range, "no step uses this window")
          .help("put an `aggregate` or a `top` behind it");
    } else if (state.key_range) {
      check_.report(DiagnosticKind::unused_key, *state.key_range, "no step uses this key")
          .help("put an `aggregate` or a `top` behind it, or leave it out");
    }
  }

  void check_nature(const FlowState& state) {
    made_.is_final = sink_.mode == lang::SinkMode::final;
    if (state.is_unknown || state.is_wrongly_declared) return;
    if (state.updates) return check_updates(*state.updates);
    if (sink_.mode == lang::SinkMode::upsert || sink_.mode == lang::SinkMode::changes) {
      if (state.is_table)
        check_.not_yet(sink_.mode_range, "the changes of an `aggregate` or `top` without window")
            .help("`final` gives the rows that are left when the input ends");
      else
        check_
            .report(DiagnosticKind::bad_clause, sink_.mode_range,
                    "`{}` is for tables: the rows of a stream never change", check_.written(sink_.mode_range))
            .help("leave `{}` out", check_.written(sink_.mode_range));
      return;
    }
    if (state.is_table && !made_.is_final) {
      check_
          .report(DiagnosticKind::table_not_final, sink_.pipeline->range,
                  "the rows of `{}` change as long as the input goes on", feed_name(*sink_.pipeline))
          .help("to get the rows that are left when the input ends, write `final` behind the sink")
          .help("to get results on the way, put a window before the aggregate: `| window tumbling(1h)`");
    } else if (!state.is_table && made_.is_final) {
      check_
          .report(DiagnosticKind::bad_clause, sink_.mode_range,
                  "`final` is for tables: the rows of a stream never change")
          .help("leave `final` out");
    } else if (state.is_table && state.is_endless) {
      check_.report(DiagnosticKind::never_final, sink_.mode_range, "the input never ends, so there are no final rows")
          .help("give `generate` a `count`, or put a window before the aggregate");
    }
  }

  /// A table whose changes flow: the sink says what it takes of them.
  void check_updates(const Updates& updates) {
    std::string_view name = feed_name(*sink_.pipeline);
    if (sink_.mode == lang::SinkMode::final) {
      check_.not_yet(sink_.mode_range, "the last rows of a table that changes on the way")
          .help("`upsert` writes every row anew that has changed; the last one of a key holds");
    } else if (sink_.mode == lang::SinkMode::unsaid) {
      check_
          .report(DiagnosticKind::table_not_final, sink_.pipeline->range,
                  "the rows of `{}` are replaced as late rows come, and this sink only adds rows", name)
          .help("`changes` behind the sink writes every change, with its kind in a field `op`")
          .help("`upsert` writes the row as it is now: the last one of a key holds")
          .help("or leave `late allow` out: then every window gives its rows once");
    } else if (sink_.mode == lang::SinkMode::upsert && !updates.key) {
      check_
          .report(DiagnosticKind::bad_clause, sink_.mode_range,
                  "which row of `{}` replaces which cannot be told any more: a part of its key is gone", name)
          .help("keep the key and `window_start` in the rows, or write `changes`");
    } else if (sink_.mode == lang::SinkMode::upsert && updates.deletes) {
      check_
          .report(DiagnosticKind::bad_clause, sink_.mode_range,
                  "a `where` takes rows of `{}` away when they change, which `upsert` cannot write", name)
          .help("write `changes`, or put the `where` before the window");
    } else if (sink_.parallelism != nullptr) {
      check_.not_yet(sink_.parallelism->range, "changes of a table that are spread over the tasks of a sink");
    }
  }

  /// The rows that the sink takes, or their changes.
  Flow rows_or_changes(Flow flow) {
    bool in_full = sink_.mode == lang::SinkMode::changes;
    if (!flow.state.updates || flow.stream == no_stream) return flow;
    std::optional<Schema> schema =
        changes_schema(check_, flow.state.schema, in_full, in_full ? sink_.mode_range : decl_.range);
    if (!schema) return {};
    std::string name = std::string(made_.name) + ".changes";
    Stream made{.name = check_.arena.copy(std::string_view(name)),
                .origin = flow.stream,
                .origin_schema = flow.state.schema,
                .range = decl_.range};
    made.steps.push_back({Changes{in_full}, *schema, "changes", OnError::stop, sink_.pipeline->range});
    FlowState state{.schema = *schema};
    uint32_t stream = add_stream(check_, std::move(made), state, nullptr);
    return {stream, std::move(state)};
  }

  /// What is written. JSON knows records; elsewhere, of one that may be null not the mark is written, but its fields,
  /// which are null then.
  void take_rows(const Flow& flow) {
    bool has_marks = std::ranges::any_of(flow.state.schema.columns, &Column::marks_record);
    bool is_flat = made_.type != "discard" && made_.format != "json" && flow.stream != no_stream;
    made_.stream = has_marks && is_flat ? without_marks(flow) : flow.stream;
    if (made_.stream == no_stream) return;
    for (const Column& column : check_.program.streams[made_.stream].schema().columns)
      made_.field_names.push_back(column.name);
  }

  uint32_t without_marks(const Flow& flow) {
    const std::vector<Column>& columns = flow.state.schema.columns;
    Schema written{{}, flow.state.schema.has_time};
    Project project;
    std::vector<std::pair<std::string_view, const Expr*>> marks; // of the records around a column
    Range range = sink_.pipeline->range;
    for (uint32_t i = 0; i < columns.size(); i++) {
      const Expr* value = check_.make.column(i, columns[i].type, range);
      while (!marks.empty() && !columns[i].name.starts_with(std::string(marks.back().first) + ".")) marks.pop_back();
      if (columns[i].marks_record) {
        marks.push_back({columns[i].name, value});
        continue;
      }
      for (auto mark = marks.rbegin(); mark != marks.rend(); ++mark) {
        const Expr* null = check_.make.null(value->type.with_null(), range);
        value = check_.make.make(ExprKind::conditional, null->type,
                                 {mark->second, try_coerce(check_, value, null->type), null}, range);
      }
      written.columns.push_back({columns[i].name, value->type});
      project.values.push_back(value);
    }
    std::string name = std::string(made_.name) + ".fields";
    Stream made{.name = check_.arena.copy(std::string_view(name)),
                .origin = flow.stream,
                .origin_schema = flow.state.schema,
                .is_table = flow.state.is_table,
                .range = decl_.range};
    made.steps.push_back({std::move(project), std::move(written), "select", OnError::stop, range});
    return add_stream(check_, std::move(made), flow.state, nullptr);
  }

  void check_name() {
    for (const Sink& other : check_.program.sinks) {
      if (other.name != made_.name) continue;
      check_.report(DiagnosticKind::duplicate_name, decl_.range, "there is another sink of `{}`", made_.name)
          .note(other.range, "it is here")
          .help("tell them apart by a name: `-> {}(…) as second`", sink_.connector.name.text);
      return;
    }
  }

  /// Two sinks in one folder would take each other's files for their own.
  void check_path() {
    const Expr* path = path_of(made_);
    for (const Sink& other : check_.program.sinks) {
      const Expr* taken = path_of(other);
      if (path == nullptr || taken == nullptr || path->kind != taken->kind) continue;
      bool is_text = is_constant(*path) && path->text == taken->text;
      bool is_param = path->kind == ExprKind::param && path->index == taken->index;
      if (!is_text && !is_param) continue;
      check_
          .report(DiagnosticKind::duplicate_name, path->range, "two sinks write into `{}`", check_.written(path->range))
          .note(taken->range, "the other is here")
          .help("give each a folder of its own");
      return;
    }
  }

  static const Expr* path_of(const Sink& sink) {
    for (const Option& option : sink.options) {
      if (option.name == "path") return option.value;
    }
    return nullptr;
  }

  Checking& check_;
  const Module& module_;
  const lang::Decl& decl_;
  const lang::SinkDecl& sink_;
  Sink made_{};
};

} // namespace

void check_sink(Checking& check, const Module& module, const lang::Decl& decl) {
  if (check.sinks_seen.insert(&decl).second) SinkChecker(check, module, decl).run();
}

} // namespace flow::sema
