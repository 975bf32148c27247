// Operators as text.
#include <fmt/format.h>

#include "compiler/sema/numbers.h"
#include "compiler/sema/print.h"
#include "lang/base/overloaded.h"

namespace flow::sema {

namespace {

class ProcessPrinter {
public:
  ProcessPrinter(const Process& process, const TypedProgram& program) : process_(process), program_(program) {}

  std::string print() {
    for (const StateCell& cell : process_.cells) print_cell(cell);
    for (size_t i = 1; i < process_.outputs.size(); i++) {
      std::string columns;
      for (const Column& column : process_.outputs[i].schema.columns)
        columns += (columns.empty() ? "" : ", ") + std::string(column.name);
      line("output {} {{ {} }}", process_.outputs[i].name, columns);
    }
    for (const ProcessInput& input : process_.inputs) print_input(input);
    for (const ProcessTimer& timer : process_.timers) {
      line("on {}{} after {} time", timer.timer.name, timer.time ? fmt::format("(local.{})", *timer.time) : "",
           timer.timer.is_processing_time ? "processing" : "event");
      block(timer.body, {});
    }
    return std::move(out_);
  }

private:
  template <typename... Arguments> void line(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    out_.append(6 + 2 * level_, ' ');
    out_ += fmt::format(format, std::forward<Arguments>(arguments)...);
    out_ += '\n';
  }

  void print_cell(const StateCell& cell) {
    std::string initial = cell.initial != nullptr ? " = " + text(*cell.initial, {}) : "";
    std::string bound = cell.expires_us           ? " expires " + duration_text(*cell.expires_us)
                        : !cell.unbounded.empty() ? fmt::format(" unbounded \"{}\"", cell.unbounded)
                                                  : "";
    line("state {}: {}{}{}", cell.name, text_of(cell.type), initial, bound);
  }

  void print_input(const ProcessInput& input) {
    std::string keys, from;
    for (size_t i = 0; i < input.keys.size(); i++) {
      keys += fmt::format("{}{} = {}", i == 0 ? " keyed " : ", ", process_.key_names[i],
                          text(*input.keys[i], input.schema.columns));
    }
    if (input.stream && *input.stream < program_.streams.size())
      from = fmt::format(" from {}", program_.streams[*input.stream].name);
    line("on {}{}{}", input.name, from, keys);
    block(input.body, input.schema.columns);
  }

  void block(Block block, std::span<const Column> row) {
    level_++;
    for (const Statement* statement : block) print_statement(*statement, row);
    level_--;
  }

  void print_statement(const Statement& statement, std::span<const Column> row) {
    std::visit(lang::Overloaded{
                   [&](const Let& let) { line("let local.{} = {}", let.local, text(*let.value, row)); },
                   [&](const Assign& assign) {
                     std::string condition = assign.is_set != nullptr ? " if " + text(*assign.is_set, row) : "";
                     line("{} = {}{}", process_.cells[assign.cell].name, texts(assign.values, row), condition);
                   },
                   [&](const Clear& clear) { line("clear {}", process_.cells[clear.cell].name); },
                   [&](const IfStatement& choice) {
                     line("if {}", text(*choice.condition, row));
                     block(choice.then_block, row);
                     if (choice.else_block.empty()) return;
                     line("else");
                     block(choice.else_block, row);
                   },
                   [&](const EmitRow& emit) {
                     std::string_view name = process_.outputs[emit.output].name;
                     line("emit {}{}", texts(emit.values, row), name.empty() ? "" : fmt::format(" to {}", name));
                   },
                   [&](const SetTimer& timer) {
                     const Timer& set = process_.timers[timer.timer].timer;
                     line("{} {} as {}", set.is_processing_time ? "after" : "at", text(*timer.at, row), set.name);
                   },
                   [&](const CancelTimer& cancel) { line("cancel {}", process_.timers[cancel.timer].timer.name); },
                   [&](const ReturnStatement&) { line("return"); },
               },
               statement.node);
  }

  std::string text(const Expr& expr, std::span<const Column> row) {
    return print_expr(expr, program_, row, {}, &process_);
  }

  std::string texts(std::span<const Expr* const> values, std::span<const Column> row) {
    std::string made;
    for (const Expr* value : values) made += (made.empty() ? "" : ", ") + text(*value, row);
    return "{ " + made + " }";
  }

  const Process& process_;
  const TypedProgram& program_;
  std::string out_;
  size_t level_ = 0;
};

} // namespace

std::string print_process(const Process& process, const TypedProgram& program) {
  return ProcessPrinter(process, program).print();
}

} // namespace flow::sema
