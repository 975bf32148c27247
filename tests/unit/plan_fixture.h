// Typed programs made by hand, for the tests of graph, passes and plan: no text is parsed, nothing is checked by sema.
#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "compiler/sema/typed_program.h"

namespace flow::tests {

using sema::Column;
using sema::Expr;
using sema::ExprKind;
using sema::Kind;
using sema::Schema;

inline constexpr int64_t second_us = 1'000'000, hour_us = 3'600 * second_us;

class ProgramBuilder {
public:
  lang::Arena arena;
  sema::TypedProgram program{};

  // ---- expressions

  const Expr* make(ExprKind kind, sema::Type type, std::vector<const Expr*> args, uint32_t index = 0) {
    Expr* made = arena.make<Expr>();
    made->kind = kind;
    made->type = type;
    made->args = arena.copy(args);
    made->index = index;
    return made;
  }
  const Expr* integer(int64_t value, Kind kind = Kind::I64) {
    Expr* made = arena.make<Expr>();
    made->type = sema::scalar(kind);
    made->int_value = value;
    return made;
  }
  const Expr* boolean(bool value) { return integer(value ? 1 : 0, Kind::BOOL); }
  const Expr* real(double value, Kind kind = Kind::F64) {
    Expr* made = arena.make<Expr>();
    made->type = sema::scalar(kind);
    made->float_value = value;
    return made;
  }
  const Expr* text(std::string_view value) {
    Expr* made = arena.make<Expr>();
    made->type = sema::scalar(Kind::STRING);
    made->text = arena.copy(value);
    return made;
  }
  const Expr* null(sema::Type type) {
    Expr* made = arena.make<Expr>();
    made->type = type.with_null();
    made->is_null = true;
    return made;
  }
  const Expr* column(const Schema& schema, std::string_view name) {
    for (uint32_t i = 0; i < schema.columns.size(); i++) {
      if (schema.columns[i].name == name) return make(ExprKind::column, schema.columns[i].type, {}, i);
    }
    return nullptr;
  }
  /// A column of what a stream gives so far.
  const Expr* column(uint32_t stream, std::string_view name) { return column(schema(stream), name); }
  const Expr* binary(ExprKind kind, const Expr* a, const Expr* b) { return make(kind, a->type, {a, b}); }
  const Expr* compare(ExprKind kind, const Expr* a, const Expr* b) {
    return make(kind, sema::scalar(Kind::BOOL), {a, b});
  }
  const Expr* add(const Expr* a, const Expr* b) { return binary(ExprKind::add, a, b); }
  const Expr* call(std::string_view name, sema::Type result, std::vector<const Expr*> args, bool may_fail) {
    uint32_t number = static_cast<uint32_t>(program.externs.size());
    program.externs.push_back({.name = name, .symbol = name, .params = {}, .result = result, .may_fail = may_fail});
    const Expr* made = make(ExprKind::call_extern, result, std::move(args));
    const_cast<Expr*>(made)->function = number;
    return made;
  }

  // ---- streams

  const Schema& schema(uint32_t stream) const { return program.streams[stream].schema(); }

  /// Event time is the column `time`, if given.
  uint32_t source(std::string_view name, std::vector<Column> columns, std::string_view time = {},
                  std::string_view type = "file") {
    Schema schema{.columns = columns, .has_time = !time.empty()};
    sema::Source source{.type = type, .format = "csv"};
    for (const Column& column : columns) source.fields.push_back({column.name, column.type, column.name});
    if (!time.empty()) {
      source.time = column(schema, time);
      source.watermark = sema::WatermarkKind::ascending;
    }
    return add_stream(name, std::move(source), schema);
  }
  sema::Source& source_of(uint32_t stream) { return std::get<sema::Source>(program.streams[stream].origin); }

  uint32_t stream(std::string_view name, uint32_t from) { return add_stream(name, from, Schema(schema(from))); }

  uint32_t errors_of(uint32_t source, std::string_view name) {
    Schema schema{.columns = {{"text", sema::scalar(Kind::STRING)}, {"line", sema::scalar(Kind::I64)}},
                  .has_time = false};
    uint32_t made = add_stream(name, sema::ErrorStream{source}, schema);
    source_of(source).errors = made;
    source_of(source).on_error = sema::OnError::divert;
    return made;
  }

  /// Late rows of the last step of `stream`; `schema` is that before the step.
  uint32_t late_of(uint32_t stream, std::string_view name, const Schema& schema) {
    uint32_t step = static_cast<uint32_t>(program.streams[stream].steps.size()) - 1;
    uint32_t made = add_stream(name, sema::LateStream{stream, step}, schema);
    sema::Step& last = program.streams[stream].steps.back();
    if (auto* a = std::get_if<sema::Aggregate>(&last.node)) a->window.late = made;
    if (auto* t = std::get_if<sema::Top>(&last.node)) t->window.late = made;
    return made;
  }

  // ---- steps

  sema::Step& where(uint32_t stream, const Expr* condition) {
    return add_step(stream, sema::Where{condition}, Schema(schema(stream)), "where");
  }
  sema::Step& select(uint32_t stream, std::vector<std::pair<std::string_view, const Expr*>> values) {
    Schema result{.columns = {}, .has_time = schema(stream).has_time};
    sema::Project project;
    for (auto& [name, value] : values) {
      result.columns.push_back({name, value->type});
      project.values.push_back(value);
    }
    return add_step(stream, std::move(project), result, "select");
  }
  sema::Step& unnest(uint32_t stream, const Expr* text, std::string_view name) {
    Schema result = schema(stream);
    uint32_t column = static_cast<uint32_t>(result.columns.size());
    result.columns.push_back({name, sema::scalar(Kind::STRING)});
    return add_step(stream, sema::Unnest{text, this->text(" "), column}, result, "unnest");
  }
  sema::Step& unite(uint32_t stream, std::vector<uint32_t> others) {
    return add_step(stream, sema::Union{std::move(others)}, Schema(schema(stream)), "union");
  }
  sema::Step& rebalance(uint32_t stream) {
    return add_step(stream, sema::Rebalance{}, Schema(schema(stream)), "rebalance");
  }
  sema::Step& broadcast(uint32_t stream) {
    return add_step(stream, sema::Broadcast{}, Schema(schema(stream)), "broadcast");
  }
  sema::Step& forward(uint32_t stream) { return add_step(stream, sema::Forward{}, Schema(schema(stream)), "forward"); }
  sema::Step& parallelism(uint32_t stream, uint32_t count) {
    return add_step(stream, sema::Parallelism{count}, Schema(schema(stream)), "parallelism");
  }

  static sema::Window tumbling(int64_t size_us) {
    return {.kind = sema::WindowKind::tumbling, .size_us = size_us, .slide_us = size_us};
  }
  static sema::Window hopping(int64_t size_us, int64_t slide_us) {
    return {.kind = sema::WindowKind::hopping, .size_us = size_us, .slide_us = slide_us};
  }
  static sema::Window same(int64_t size_us) {
    return {.kind = sema::WindowKind::same, .size_us = size_us, .slide_us = size_us};
  }
  static sema::Window global() { return {}; }

  sema::Step& aggregate(uint32_t stream, std::vector<sema::KeyColumn> keys, sema::Window window,
                        std::vector<sema::AggregateCall> calls) {
    Schema result{.columns = {}, .has_time = window.kind != sema::WindowKind::global};
    for (const sema::KeyColumn& key : keys) result.columns.push_back({key.name, key.value->type});
    add_bounds(result, window);
    for (const sema::AggregateCall& call : calls) result.columns.push_back({call.name, call.result});
    return add_step(stream, sema::Aggregate{std::move(keys), window, std::move(calls)}, result, "aggregate");
  }
  sema::AggregateCall count(std::string_view name) {
    return {.name = name, .kind = sema::AggregateKind::count, .result = sema::scalar(Kind::I64)};
  }
  sema::AggregateCall sum(std::string_view name, const Expr* argument) {
    Kind kind = argument->type.is_float() ? Kind::F64 : Kind::I64;
    return {.name = name, .kind = sema::AggregateKind::sum, .argument = argument, .result = sema::scalar(kind)};
  }
  sema::AggregateCall kept(std::string_view name, sema::AggregateKind kind, const Expr* argument,
                           const Expr* by = nullptr) {
    return {.name = name, .kind = kind, .argument = argument, .by = by, .result = argument->type};
  }
  sema::Step& top(uint32_t stream, std::vector<sema::KeyColumn> keys, sema::Window window, uint32_t count,
                  std::vector<sema::Order> orders, std::optional<std::string_view> rank = {}) {
    Schema result = schema(stream);
    result.has_time = window.kind != sema::WindowKind::global;
    add_bounds(result, window);
    if (rank) result.columns.push_back({*rank, sema::scalar(Kind::I64)});
    return add_step(stream, sema::Top{std::move(keys), window, count, std::move(orders), rank}, result, "top");
  }

  sema::Sink& sink(uint32_t stream, std::string_view type = "console", std::string_view name = {}) {
    sema::Sink made{
        .name = name.empty() ? program.streams[stream].name : name, .stream = stream, .type = type, .format = "json"};
    for (const Column& column : schema(stream).columns) made.field_names.push_back(column.name);
    program.sinks.push_back(std::move(made));
    return program.sinks.back();
  }

private:
  template <typename Origin> uint32_t add_stream(std::string_view name, Origin origin, Schema schema) {
    sema::Stream made;
    made.name = name;
    made.origin = std::move(origin);
    made.origin_schema = std::move(schema);
    program.streams.push_back(std::move(made));
    return static_cast<uint32_t>(program.streams.size() - 1);
  }

  template <typename Node> sema::Step& add_step(uint32_t stream, Node node, Schema result, std::string_view name) {
    std::vector<sema::Step>& steps = program.streams[stream].steps;
    size_t same = 0;
    for (const sema::Step& step : steps) same += step.name.substr(0, name.size()) == name ? 1 : 0;
    std::string full = same == 0 ? std::string(name) : std::string(name) + "." + std::to_string(same + 1);
    sema::Step made;
    made.node = std::move(node);
    made.result = std::move(result);
    made.name = arena.copy(std::string_view(full));
    steps.push_back(std::move(made));
    return steps.back();
  }

  static void add_bounds(Schema& schema, const sema::Window& window) {
    if (window.kind == sema::WindowKind::global) return;
    for (std::string_view bound : {"window_start", "window_end"}) {
      auto is_it = [&](const Column& column) { return column.name == bound; };
      if (std::none_of(schema.columns.begin(), schema.columns.end(), is_it)) {
        schema.columns.push_back({bound, sema::scalar(Kind::TIMESTAMP)});
      }
    }
  }
};

inline Column i64(std::string_view name) { return {name, sema::scalar(Kind::I64)}; }
inline Column f64(std::string_view name) { return {name, sema::scalar(Kind::F64)}; }
inline Column string(std::string_view name) { return {name, sema::scalar(Kind::STRING)}; }
inline Column timestamp(std::string_view name) { return {name, sema::scalar(Kind::TIMESTAMP)}; }
inline Column nullable(Column column) { return {column.name, column.type.with_null()}; }

} // namespace flow::tests
