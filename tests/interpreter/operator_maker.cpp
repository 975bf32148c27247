#include <fmt/format.h>

#include "tests/interpreter/program_generator.h"

namespace flow::interpreter {

using sema::Kind;

std::string OperatorMaker::operator_text(const std::string& name) {
  states_.clear();
  values_ = 0;
  std::string states, outputs = "id: i64", emitted = "row.id";
  size_t count = 2 + random_.below(4);
  for (size_t i = 0; i < count; i++) {
    Named state{fmt::format("s{}", i), all_kinds()[random_.below(all_kinds().size())], random_.one_in(2)};
    ExpressionMaker make(random_, {}, functions_);
    std::string initial = state.is_nullable ? "" : " = " + make.value(state.kind, 0);
    states += fmt::format("  state {}: {}{}\n", state.name, type_text(state.kind, state.is_nullable), initial);
    outputs += fmt::format(", {}: {}", state.name, type_text(state.kind, state.is_nullable));
    emitted += ", " + state.name;
    states_.push_back(state);
  }
  std::vector<Named> names = states_;
  for (Named field : row_fields()) {
    field.name = "row." + field.name;
    names.push_back(field);
  }
  std::string body = block(2, names, "    ");
  return fmt::format("operator {}(row: Row keyed group) -> {{ {} }} {{\n{}  on row {{\n{}    emit {{ {} }}\n  }}\n}}\n",
                     name, outputs, states, body, emitted);
}

std::string OperatorMaker::block(int depth, std::vector<Named> names, const std::string& indent) {
  std::string text;
  size_t count = 1 + random_.below(4);
  for (size_t i = 0; i < count; i++) text += statement(depth, names, indent);
  return text;
}

std::string OperatorMaker::statement(int depth, std::vector<Named>& names, const std::string& indent) {
  const Named& state = states_[random_.below(states_.size())];
  switch (random_.below(depth > 0 ? 6 : 4)) {
  case 0: {
    Named value{fmt::format("v{}", values_++), all_kinds()[random_.below(all_kinds().size())]};
    std::string text = fmt::format("{}let {} = {}\n", indent, value.name, safe_value(value.kind, names));
    names.push_back(value);
    return text;
  }
  case 1: return fmt::format("{}clear {}\n", indent, state.name);
  case 4:
  case 5: {
    std::string condition = safe_value(Kind::BOOL, names);
    std::string then_block = block(depth - 1, names, indent + "  ");
    if (random_.one_in(5)) then_block += indent + "  return\n";
    std::string text = fmt::format("{}if {} {{\n{}{}}}", indent, condition, then_block, indent);
    if (random_.one_in(2)) return text + "\n";
    return fmt::format("{} else {{\n{}{}}}\n", text, block(depth - 1, names, indent + "  "), indent);
  }
  default: {
    ExpressionMaker make(random_, names, functions_);
    bool may_be_null = state.is_nullable && random_.one_in(3);
    std::string value = may_be_null ? fmt::format("try({})", make.value(state.kind, 2)) : safe_value(state.kind, names);
    return fmt::format("{}{} = {}\n", indent, state.name, value);
  }
  }
}

std::string OperatorMaker::safe_value(Kind kind, const std::vector<Named>& names) {
  ExpressionMaker make(random_, names, functions_);
  return fmt::format("(try({}) ?? {})", make.value(kind, 2), make.value(kind, 0));
}

} // namespace flow::interpreter
