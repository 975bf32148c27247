#include "compiler/sema/timers.h"

#include <algorithm>

namespace flow::sema {

using lang::DiagnosticKind;

namespace {

template <typename Visit> void each_statement(const lang::Block& block, const Visit& visit) {
  for (const lang::Statement* statement : block.statements) {
    visit(*statement);
    if (const auto* choice = statement->as<lang::IfStatement>()) {
      each_statement(choice->then_block, visit);
      each_statement(choice->else_block, visit);
    }
  }
}

} // namespace

std::vector<ProcessTimer> find_timers(OperatorContext& context) {
  std::vector<ProcessTimer> timers;
  auto add = [&](const lang::Statement& statement) {
    const auto* set = statement.as<lang::SetTimer>();
    if (set == nullptr || !set->timer.is_given()) return;
    auto is_it = [&](const ProcessTimer& timer) { return timer.timer.name == set->timer.text; };
    auto known = std::ranges::find_if(timers, is_it);
    if (known == timers.end()) {
      timers.push_back({.timer = {set->timer.text, set->is_processing_time, set->timer.range}});
      auto input = std::ranges::find(context.info.parameters, set->timer.text, &OperatorParameter::name);
      if (input == context.info.parameters.end()) return;
      context.check
          .report(DiagnosticKind::duplicate_name, set->timer.range, "`{}` is an input, so no timer can be called so",
                  set->timer.text)
          .note(input->tree->name.range, "it is declared here");
    } else if (known->timer.is_processing_time != set->is_processing_time) {
      context.check
          .report(DiagnosticKind::duplicate_name, set->timer.range,
                  "the timer `{}` is set in event time by `at` and in processing time by `after`", set->timer.text)
          .note(known->timer.range, "it is set here first")
          .help("give one of them another name");
    }
  };
  for (const lang::Handler& handler : context.info.tree->handlers) each_statement(handler.block, add);
  return timers;
}

bool has_error_statement(const lang::OperatorDecl& tree) {
  bool has_error = false;
  auto look = [&](const lang::Statement& statement) {
    has_error = has_error || statement.as<lang::ErrorStatement>() != nullptr;
  };
  for (const lang::Handler& handler : tree.handlers) each_statement(handler.block, look);
  return has_error;
}

} // namespace flow::sema
