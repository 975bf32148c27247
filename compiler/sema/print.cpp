#include "compiler/sema/print.h"

#include <deque>

#include <fmt/core.h>

#include "compiler/sema/numbers.h"

namespace flow::sema {

namespace {

std::string text_of(OnError policy) {
  switch (policy) {
  case OnError::stop: return "stop";
  case OnError::skip: return "skip";
  case OnError::divert: return "to";
  }
  return "";
}

std::string_view name_of(AggregateKind kind) {
  constexpr std::string_view names[] = {"count", "sum", "min", "max", "avg", "first", "last", "min_by", "max_by"};
  return names[static_cast<size_t>(kind)];
}

template <typename Items, typename TextOf> std::string joined(const Items& items, TextOf text_of_item) {
  std::string text;
  for (const auto& item : items) {
    if (!text.empty()) text += ", ";
    text += text_of_item(item);
  }
  return text;
}

std::string text_of(std::span<const Column> columns) {
  return joined(columns, [](const Column& c) {
    return c.marks_record ? fmt::format("{}?", c.name) : fmt::format("{}: {}", c.name, sema::text_of(c.type));
  });
}

std::string text_of(const Schema& schema) {
  std::string columns = text_of(std::span<const Column>(schema.columns));
  return fmt::format("{{ {} }}{}", columns, schema.has_time ? " timed" : "");
}

class Printer {
public:
  explicit Printer(const TypedProgram& program) : program_(program) {}

  std::string print() {
    line("program {}", program_.name);
    for (const EnumType* type : program_.enums) print_enum(*type);
    for (const Param& param : program_.params) print_param(param);
    for (const Extern& made : program_.externs) print_extern(made);
    for (const Function& function : program_.functions) print_function(function);
    for (const Stream& stream : program_.streams) print_stream(stream);
    for (const Sink& sink : program_.sinks) print_sink(sink);
    return std::move(out_);
  }

private:
  template <typename... Arguments> void line(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    out_ += fmt::format(format, std::forward<Arguments>(arguments)...);
    out_ += '\n';
  }

  void print_enum(const EnumType& type) {
    std::string values;
    for (size_t i = 0; i < type.names.size(); i++) {
      values += fmt::format("{}{} \"{}\"", i == 0 ? "" : " | ", type.names[i], type.texts[i]);
    }
    line("enum {} = {}", type.name, values);
  }

  void print_param(const Param& param) {
    std::string initial = param.initial != nullptr ? " = " + text(*param.initial) : "";
    std::string condition = param.condition != nullptr ? " where " + text(*param.condition) : "";
    line("param {}: {}{}{}", param.name, sema::text_of(param.type), initial, condition);
  }

  void print_extern(const Extern& made) {
    std::string params = joined(made.params, [](Type type) { return sema::text_of(type); });
    line("extern {}({}) -> {}{}", made.symbol, params, sema::text_of(made.result), made.may_fail ? " may fail" : "");
  }

  void print_function(const Function& function) {
    std::string body = function.body != nullptr ? print_expr(*function.body, program_, {}, function.params) : "?";
    line("fn {}({}) -> {} = {}", function.name, text_of(std::span<const Column>(function.params)),
         sema::text_of(function.result), body);
  }

  void print_stream(const Stream& stream) {
    line("{} {}", stream.is_table ? "table" : "stream", stream.name);
    if (const auto* source = std::get_if<Source>(&stream.origin)) print_source(*source, stream);
    if (const auto* errors = std::get_if<ErrorStream>(&stream.origin))
      line("  bad records of {}", name_of(errors->source));
    if (const auto* late = std::get_if<LateStream>(&stream.origin)) {
      line("  late rows of {}.{}", name_of(late->stream), program_.streams[late->stream].steps[late->step].name);
    }
    if (const auto* output = std::get_if<OutputStream>(&stream.origin)) {
      line("  output {} of {}.{}", output->output, name_of(output->stream),
           program_.streams[output->stream].steps[output->step].name);
    }
    if (const auto* from = std::get_if<uint32_t>(&stream.origin)) line("  from {}", name_of(*from));
    line("  : {}", text_of(stream.origin_schema));
    const Schema* before = &stream.origin_schema;
    for (const Step& step : stream.steps) {
      print_step(step, *before);
      before = &step.result;
    }
  }

  void print_source(const Source& source, const Stream& stream) {
    line("  source {}{}{}({})", source.type, source.format.empty() ? "" : " ", source.format, options(source.options));
    for (size_t i = 0; i < source.fields.size(); i++) {
      const RecordField& field = source.fields[i];
      std::string from = field.from == field.name ? "" : fmt::format(" from \"{}\"", field.from);
      std::string value = i < source.generated.size() ? " = " + text(*source.generated[i]) : "";
      line("    {}: {}{}{}", field.name, sema::text_of(field.type), from, value);
    }
    if (source.time != nullptr) {
      constexpr std::string_view marks[] = {"none", "lag", "ascending"};
      line("  time {} watermark {}", text(*source.time, stream.origin_schema),
           marks[static_cast<size_t>(source.watermark)]);
    }
    std::string to = source.errors ? fmt::format(" {}", name_of(*source.errors)) : "";
    if (source.on_error != OnError::stop) line("  on error {}{}", text_of(source.on_error), to);
    if (source.parallelism != 0) line("  parallelism {}", source.parallelism);
  }

  void print_step(const Step& step, const Schema& before) {
    std::visit([&](const auto& node) { print_node(step, node, before); }, step.node);
    std::string policy = step.on_error != OnError::stop ? " on error " + text_of(step.on_error) : "";
    line("    : {}{}", text_of(step.result), policy);
  }

  void print_node(const Step& step, const Where& node, const Schema& before) {
    line("  | {}: where {}", step.name, text(*node.condition, before));
  }

  void print_node(const Step& step, const Project& node, const Schema& before) {
    std::string values;
    for (size_t i = 0; i < node.values.size(); i++) {
      values +=
          fmt::format("{}{} = {}", i == 0 ? "" : ", ", step.result.columns[i].name, text(*node.values[i], before));
    }
    line("  | {}: project {}", step.name, values);
  }

  void print_node(const Step& step, const Unnest& node, const Schema& before) {
    line("  | {}: unnest split({}, {}) as {}", step.name, text(*node.text, before), text(*node.pattern, before),
         step.result.columns[node.column].name);
  }

  void print_node(const Step& step, const Union& node, const Schema&) {
    line("  | {}: union {}", step.name,
         joined(node.others, [&](uint32_t stream) { return std::string(name_of(stream)); }));
  }

  void print_node(const Step& step, const Changes& node, const Schema&) {
    line("  | {}: {}", step.name, node.in_full ? "changes" : "newest rows");
  }
  void print_node(const Step& step, const Rebalance&, const Schema&) { line("  | {}: rebalance", step.name); }
  void print_node(const Step& step, const Broadcast&, const Schema&) { line("  | {}: broadcast", step.name); }
  void print_node(const Step& step, const Forward&, const Schema&) { line("  | {}: forward", step.name); }

  void print_node(const Step& step, const Parallelism& node, const Schema&) {
    line("  | {}: parallelism {}", step.name, node.count);
  }

  void print_node(const Step& step, const Aggregate& node, const Schema& before) {
    line("  | {}: aggregate {} {}", step.name, keys(node.keys, before), window(node.window));
    for (const AggregateCall& call : node.calls) {
      std::string arguments = call.is_distinct ? "distinct " : "";
      if (call.argument != nullptr) arguments += text(*call.argument, before);
      if (call.by != nullptr) arguments += ", " + text(*call.by, before);
      if (call.filter != nullptr) arguments += " where " + text(*call.filter, before);
      line("      {} = {}({}) -> {}", call.name, name_of(call.kind), arguments, sema::text_of(call.result));
    }
  }

  void print_node(const Step& step, const Top& node, const Schema& before) {
    std::string orders = joined(node.orders, [&](const Order& order) {
      return text(*order.value, before) + (order.descending ? " desc" : "");
    });
    std::string rank = node.rank ? fmt::format(" as {}", *node.rank) : "";
    line("  | {}: top {} by {}{} {} {}", step.name, node.count, orders, rank, keys(node.keys, before),
         window(node.window));
  }

  void print_node(const Step& step, const Join& node, const Schema& before) {
    Schema pair = before, other = program_.streams[node.other].schema();
    std::deque<std::string> names;
    for (Column& column : other.columns) {
      column.name = names.emplace_back(fmt::format("{}.{}", name_of(node.other), column.name));
      pair.columns.push_back(column);
    }
    std::string on;
    for (size_t i = 0; i < node.keys.size(); i++) {
      on += fmt::format("{}{} == {}", i == 0 ? "" : " and ", text(*node.keys[i].value, before),
                        text(*node.other_keys[i].value, other));
    }
    if (node.condition != nullptr) on += " and " + text(*node.condition, pair);
    line("  | {}: {} {} on {} {}", step.name, word_of(node.kind), name_of(node.other), on,
         node.within
             ? fmt::format("within {}..{}", duration_text(node.within->from_us), duration_text(node.within->to_us))
             : window(node.window));
  }

  void print_node(const Step& step, const Process& node, const Schema&) {
    line("  | {}: process {}", step.name, node.op);
    out_ += print_process(node, program_);
  }

  std::string keys(const std::vector<KeyColumn>& keys, const Schema& before) {
    if (keys.empty()) return "of all";
    return "by " + joined(keys, [&](const KeyColumn& key) {
             return fmt::format("{} = {}", key.name, text(*key.value, before));
           });
  }

  std::string window(const Window& window) {
    constexpr std::string_view names[] = {"tumbling", "hopping", "session", "same", "global", "cumulate"};
    std::string made = fmt::format("window {}", names[static_cast<size_t>(window.kind)]);
    if (window.kind != WindowKind::global) made += "(" + duration_text(window.size_us);
    if (window.kind == WindowKind::hopping || window.kind == WindowKind::cumulate || window.is_cumulated)
      made += ", " + duration_text(window.slide_us);
    if (window.offset_us != 0) made += ", offset: " + duration_text(window.offset_us);
    if (window.kind != WindowKind::global) made += ")";
    if (window.late_allow_us > 0) made += " late allow " + duration_text(window.late_allow_us);
    if (window.late) made += fmt::format(" late to {}", name_of(*window.late));
    return made;
  }

  void print_sink(const Sink& sink) {
    std::string fields = joined(sink.field_names, [](std::string_view name) { return std::string(name); });
    line("sink {} of {} -> {}{}{}({}){}{}", sink.name, name_of(sink.stream), sink.type, sink.format.empty() ? "" : " ",
         sink.format, options(sink.options), sink.is_final ? " final" : "",
         sink.parallelism != 0 ? fmt::format(" parallelism {}", sink.parallelism) : "");
    line("  {{ {} }}", fields);
  }

  std::string options(const std::vector<Option>& options) {
    return joined(options,
                  [&](const Option& option) { return fmt::format("{}: {}", option.name, text(*option.value)); });
  }

  std::string text(const Expr& expr) { return print_expr(expr, program_); }
  std::string text(const Expr& expr, const Schema& row) { return print_expr(expr, program_, row.columns); }
  using SemaName = std::string_view;
  static SemaName name_of(AggregateKind kind) { return sema::name_of(kind); }
  SemaName name_of(uint32_t stream) const {
    return stream < program_.streams.size() ? program_.streams[stream].name : "?";
  }

  const TypedProgram& program_;
  std::string out_;
};

} // namespace

std::string print(const TypedProgram& program) { return Printer(program).print(); }

} // namespace flow::sema
