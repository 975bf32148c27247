#include "compiler/sema/operator_info.h"

#include <algorithm>

#include "compiler/sema/checking.h"
#include "compiler/sema/conversion.h"
#include "compiler/sema/declarations.h"
#include "compiler/sema/expressions.h"
#include "compiler/sema/operator_checker.h"
#include "compiler/sema/records.h"

namespace flow::sema {

using lang::DiagnosticKind;

namespace {

class SignatureReader {
public:
  SignatureReader(Checking& check, OperatorInfo& info)
      : check_(check), info_(info), module_(*info.symbol->module), tree_(*info.tree) {}

  void read() {
    for (const lang::OperatorInput& input : tree_.inputs) parameter(input);
    for (const lang::OperatorOutput& output : tree_.outputs) this->output(output);
    if (info_.parameters.empty() || info_.parameters[0].is_input || info_.parameters[0].type.is_error()) return;
    check_
        .report(DiagnosticKind::missing_record, tree_.inputs[0].type->range,
                "the first input of an operator is what flows into it, so it takes rows, not `{}`",
                text_of(info_.parameters[0].type))
        .help("put an input of a record type before it");
  }

private:
  void parameter(const lang::OperatorInput& input) {
    OperatorParameter made{.name = input.name.text, .tree = &input};
    made.type = resolve_type(check_, module_, *input.type);
    made.is_input = made.type.kind == Kind::RECORD;
    if (made.is_input && made.type.nullable) {
      check_.report(DiagnosticKind::null_value, input.type->range, "the rows of an input are never null")
          .help("write `{}`", text_of(made.type.without_null()));
      made.type = made.type.without_null();
    }
    if (made.is_input && input.initial != nullptr) {
      check_.report(DiagnosticKind::bad_clause, input.initial->range, "`{}` is an input of rows, which has no value",
                    made.name);
    }
    if (!made.is_input && !made.type.is_error() && input.key != nullptr) {
      check_.report(DiagnosticKind::bad_clause, input.key->range, "`{}` is one value, not an input of rows", made.name)
          .help("an input has a record type: `{}: {{ id: {} }} keyed id`", made.name, text_of(made.type));
    }
    if (!made.is_input && input.initial != nullptr) made.initial = initial_of(input, made.type);
    auto other = std::ranges::find(info_.parameters, made.name, &OperatorParameter::name);
    if (other != info_.parameters.end()) {
      check_.report(DiagnosticKind::duplicate_name, input.name.range, "two inputs are called `{}`", made.name)
          .note(other->tree->name.range, "the other is here");
      return;
    }
    info_.parameters.push_back(made);
  }

  const Expr* initial_of(const lang::OperatorInput& input, Type type) {
    std::string what = "the value of `" + std::string(input.name.text) + "`";
    return coerce(check_, check_expr(check_, {.module = &module_}, *input.initial, type), type, what);
  }

  void output(const lang::OperatorOutput& output) {
    Type type = resolve_type(check_, module_, *output.type);
    if (type.kind != Kind::RECORD && !type.is_error()) {
      check_
          .report(DiagnosticKind::missing_record, output.type->range, "what an operator gives are rows, not `{}`",
                  text_of(type))
          .help("give the value a name: `{{ value: {} }}`", text_of(type));
      type = {};
    } else if (type.nullable) {
      check_.report(DiagnosticKind::null_value, output.type->range, "the rows that an operator gives are never null")
          .help("write `{}`", text_of(type.without_null()));
    }
    if (output.name.is_given() &&
        std::ranges::find(info_.outputs, output.name.text, &OperatorOutput::name) != info_.outputs.end()) {
      check_.report(DiagnosticKind::duplicate_name, output.name.range, "two outputs are called `{}`", output.name.text);
      return;
    }
    info_.outputs.push_back({output.name.text, type.without_null()});
  }

  Checking& check_;
  OperatorInfo& info_;
  const Module& module_;
  const lang::OperatorDecl& tree_;
};

/// By itself: its inputs have the fields that it says, its values may be any.
void check_by_itself(Checking& check, const OperatorInfo& info) {
  OperatorUse use;
  for (uint32_t i = 0; i < info.parameters.size(); i++) {
    const OperatorParameter& parameter = info.parameters[i];
    if (!parameter.is_input) {
      use.values.push_back(check.make.local(UINT32_MAX - i, parameter.type, parameter.tree->range));
      continue;
    }
    ProcessInput input{.name = parameter.name};
    for (const RecordField& field : parameter.type.record->fields)
      add_columns(check, field.name, field.type, input.schema.columns);
    use.inputs.push_back(std::move(input));
    use.values.push_back(nullptr);
  }
  check_operator(check, info, std::move(use));
}

} // namespace

const OperatorInfo& operator_info(Checking& check, const Symbol& symbol) {
  auto [place, is_new] = check.operators.try_emplace(&symbol);
  OperatorInfo& info = place->second;
  if (!is_new) return info;
  info.symbol = &symbol;
  info.tree = symbol.decl->as<lang::OperatorDecl>();
  size_t errors = check.emitter.error_count();
  SignatureReader(check, info).read();
  if (check.emitter.error_count() == errors) check_by_itself(check, info);
  info.is_sound = check.emitter.error_count() == errors;
  return info;
}

} // namespace flow::sema
