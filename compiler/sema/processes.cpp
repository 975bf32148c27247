// `process Op(others, limit: 5)`: what flows is the first input of the operator, the arguments are its other inputs and
// its values.
#include <algorithm>

#include "compiler/sema/operator_checker.h"
#include "compiler/sema/pipeline.h"

namespace flow::sema {

using lang::DiagnosticKind;

namespace {

/// `rides`, `taxi.rides`, `receipts.unpaid` where an expression was read; no names if it is no path.
std::vector<lang::Name> path_of(const lang::Expr& expr) {
  if (const auto* name = expr.as<lang::NameExpr>()) return {{name->name, expr.range}};
  const auto* member = expr.as<lang::Member>();
  if (member == nullptr || member->is_safe) return {};
  std::vector<lang::Name> names = path_of(*member->object);
  if (!names.empty()) names.push_back(member->name);
  return names;
}

bool clears(Block block, uint32_t cell) {
  return std::ranges::any_of(block, [&](const Statement* statement) {
    if (const auto* clear = std::get_if<Clear>(&statement->node)) return clear->cell == cell;
    if (const auto* assign = std::get_if<Assign>(&statement->node))
      return assign->cell == cell && assign->is_set != nullptr;
    const auto* choice = std::get_if<IfStatement>(&statement->node);
    return choice != nullptr && (clears(choice->then_block, cell) || clears(choice->else_block, cell));
  });
}

bool is_cleared(const Process& process, uint32_t cell) {
  auto is_in = [&](const auto& part) { return clears(part.body, cell); };
  return std::ranges::any_of(process.inputs, is_in) || std::ranges::any_of(process.timers, is_in);
}

} // namespace

void PipelineChecker::process(const lang::Step& step, const lang::Process& node) {
  const OperatorInfo* info = operator_named(node.op);
  bool is_known = info != nullptr && !state_.is_unknown;
  if (info == nullptr) {
    state_ = {.is_unknown = true};
    return;
  }
  require_own_name(step, "process");
  if (step.on_error.policy == lang::ErrorPolicy::skip)
    check_.not_yet(step.on_error.range, "leaving out rows that fail in an operator");
  refuse_waiting(state_, step.range, info->symbol->name);
  std::vector<const lang::Argument*> arguments = arguments_of(step, node, *info);
  OperatorUse use;
  for (size_t i = 0; i < info->parameters.size(); i++) {
    const OperatorParameter& parameter = info->parameters[i];
    const Expr* value = parameter.initial;
    if (i == 0) {
      is_known = takes(parameter, state_, step.range) && is_known;
      use.inputs.push_back({.name = parameter.name, .stream = std::nullopt, .schema = state_.schema});
    } else if (arguments[i] == nullptr) {
      is_known = is_known && !parameter.is_input && value != nullptr;
    } else if (parameter.is_input) {
      std::optional<ProcessInput> input = input_of(parameter, *arguments[i]);
      is_known = is_known && input.has_value();
      use.inputs.push_back(input.value_or(ProcessInput{}));
    } else {
      std::string what = "`" + std::string(parameter.name) + "` of `" + std::string(info->symbol->name) + "`";
      const Expr* given = check_expr(check_, {.module = &module_}, *arguments[i]->value, parameter.type);
      value = coerce(check_, given, parameter.type, what);
      is_known = is_known && !value->type.is_error();
    }
    use.values.push_back(parameter.is_input ? nullptr : value);
  }
  if (!is_known || !info->is_sound) {
    state_ = {.is_unknown = true};
    return;
  }
  bool has_time = std::ranges::all_of(use.inputs, [](const ProcessInput& input) { return input.schema.has_time; });
  for (const ProcessInput& input : use.inputs) {
    state_.is_endless = state_.is_endless || (input.stream && check_.flows[*input.stream].is_endless);
    state_.may_idle = state_.may_idle || (input.stream && check_.flows[*input.stream].may_idle);
  }
  Process made = check_operator(check_, *info, std::move(use));
  check_nature(step, *info, made);
  Schema result = made.outputs[0].schema;
  result.has_time = has_time;
  for (ProcessOutput& output : made.outputs) output.schema.has_time = has_time;
  push(step, "process", std::move(made), std::move(result));
  process_ = static_cast<uint32_t>(stream_.steps.size() - 1);
  state_.is_table = false;
  state_.out_of.reset();
  state_.has_left_window = false;
}

const OperatorInfo* PipelineChecker::operator_named(const lang::Path& path) {
  if (path.names.empty()) return nullptr;
  lang::Name name = path.names.back();
  Found found;
  if (path.names.size() == 1) {
    found = check_.modules.find(module_, Space::operation, name.text);
  } else if (const Module* other = check_.modules.find_module(module_, path.names[0].text)) {
    found.symbol = check_.modules.find_in(*other, Space::operation, name.text);
  }
  if (found.other != nullptr) {
    check_.report(DiagnosticKind::ambiguous_name, path.range, "two imports have an operator `{}`", name.text)
        .help("say which: `{}.{}` or `{}.{}`", found.symbol->module->name, name.text, found.other->module->name,
              name.text);
    return nullptr;
  }
  if (found.symbol != nullptr)
    return found.symbol->kind == SymbolKind::broken ? nullptr : &operator_info(check_, *found.symbol);
  if (module_.misses_import) return nullptr;
  auto report = check_.report(DiagnosticKind::unknown_operator, name.range, "there is no operator `{}`", name.text);
  std::vector<std::string_view> names;
  check_.modules.collect(module_, Space::operation, names);
  if (!suggest(report, name.text, names))
    report.help("declare it: `operator {}(row: Row keyed id) -> {{ id: i64 }} {{ on row {{ … }} }}`", name.text);
  return nullptr;
}

/// The argument of each parameter, or null; the first one has none, as it is what flows.
std::vector<const lang::Argument*> PipelineChecker::arguments_of(const lang::Step& step, const lang::Process& node,
                                                                 const OperatorInfo& info) {
  std::vector<const lang::Argument*> found(info.parameters.size(), nullptr);
  size_t next = 1;
  for (const lang::Argument& argument : node.arguments) {
    size_t place = next;
    if (argument.name.is_given()) {
      auto named = std::ranges::find(info.parameters, argument.name.text, &OperatorParameter::name);
      place = static_cast<size_t>(named - info.parameters.begin());
    } else {
      next++;
    }
    bool is_taken = place < found.size() && found[place] != nullptr;
    if (place != 0 && place < found.size() && !is_taken) {
      found[place] = &argument;
      continue;
    }
    Range range = argument.name.is_given() ? argument.name.range : argument.value->range;
    if (place == 0) {
      check_.report(DiagnosticKind::wrong_arguments, range, "`{}` is what flows into the step", argument.name.text)
          .help("leave it out");
    } else if (is_taken) {
      check_.report(DiagnosticKind::wrong_arguments, range, "`{}` is given twice", info.parameters[place].name);
    } else {
      auto report =
          check_.report(DiagnosticKind::wrong_arguments, range, "`{}` takes no such argument", info.symbol->name);
      std::vector<std::string_view> names;
      for (size_t i = 1; i < info.parameters.size(); i++) names.push_back(info.parameters[i].name);
      if (!suggest(report, argument.name.text, names) && !names.empty()) report.help("it takes {}", listed(names));
    }
  }
  for (size_t i = 1; i < found.size(); i++) {
    const OperatorParameter& parameter = info.parameters[i];
    if (found[i] != nullptr || parameter.initial != nullptr || parameter.type.is_error()) continue;
    check_
        .report(DiagnosticKind::wrong_arguments, step.range, "`{}` needs {} `{}`", info.symbol->name,
                parameter.is_input ? "another stream," : "a value,", parameter.name)
        .note(parameter.tree->range, "it is declared here")
        .help("write `process {}({}: …)`", info.symbol->name, parameter.name);
  }
  return found;
}

std::optional<ProcessInput> PipelineChecker::input_of(const OperatorParameter& parameter,
                                                      const lang::Argument& argument) {
  std::vector<lang::Name> names = path_of(*argument.value);
  if (names.empty()) {
    if (argument.value->as<lang::ErrorExpr>() != nullptr) return std::nullopt;
    check_
        .report(DiagnosticKind::wrong_arguments, argument.value->range, "`{}` is an input, so a stream is due here",
                parameter.name)
        .help("give the stream a name: `stream other = …`");
    return std::nullopt;
  }
  lang::Feed feed{{check_.arena.copy(names), argument.value->range}, nullptr, argument.value->range};
  Flow flow = check_feed(check_, module_, decl_, feed, name_);
  if (flow.state.is_unknown || flow.stream == no_stream) return std::nullopt;
  refuse_waiting(flow.state, argument.value->range, parameter.name);
  if (!takes(parameter, flow.state, argument.value->range)) return std::nullopt;
  return ProcessInput{.name = parameter.name, .stream = flow.stream, .schema = flow.state.schema};
}

/// Are the rows such as the input takes? They have its fields, and may have others.
bool PipelineChecker::takes(const OperatorParameter& parameter, const FlowState& state, Range range) {
  if (state.is_unknown || parameter.type.kind != Kind::RECORD) return false;
  if (state.is_table) {
    check_
        .report(DiagnosticKind::table_not_final, range,
                "`{}` takes a stream, but these rows change as long as the "
                "input goes on",
                parameter.name)
        .help("put a window before the aggregate that makes the table");
    return false;
  }
  bool is_good = true;
  std::vector<std::string_view> missing;
  for (const RecordField& field : parameter.type.record->fields) {
    std::optional<FieldColumns> at = find_field(state.schema.columns, field.name);
    if (!at) {
      missing.push_back(field.name);
      continue;
    }
    const Expr* value =
        field_of(check_, std::span(state.schema.columns).subspan(at->first, at->count),
                 check_.make.places(ExprKind::column, state.schema.columns, at->first, at->count, range), range);
    if (try_coerce(check_, value, field.type) != nullptr) continue;
    is_good = false;
    check_
        .report(DiagnosticKind::type_mismatch, range, "`{}` of the input `{}` is `{}`, but the rows have `{}`",
                field.name, parameter.name, text_of(field.type), text_of(value->type))
        .note(parameter.tree->range, "the input is declared here");
  }
  if (missing.empty()) return is_good;
  check_
      .report(DiagnosticKind::type_mismatch, range, "the input `{}` takes `{}`, but the rows have no {}",
              parameter.name, text_of(parameter.type), listed(missing))
      .note(parameter.tree->range, "the input is declared here")
      .help("make them so before: `| select {{ … }}`");
  return false;
}

/// What waits for a stateful step does not wait for an operator, which says itself how its rows are keyed.
void PipelineChecker::refuse_waiting(const FlowState& state, Range range, std::string_view who) {
  if (state.window) {
    check_.report(DiagnosticKind::missing_step, range, "the window of these rows is not used before `{}`", who)
        .note(state.window->range, "it is here")
        .help("put an `aggregate` or a `top` behind the window, or leave it out");
  }
  if (!state.key_range) return;
  check_.report(DiagnosticKind::bad_clause, *state.key_range, "an operator says itself by what its rows are keyed")
      .note(range, "the next step is `{}`", who)
      .help("leave `key` out, and write `keyed …` at the input of the operator");
}

/// Timers and life spans need event time, endless input needs states that end.
void PipelineChecker::check_nature(const lang::Step& step, const OperatorInfo& info, const Process& made) {
  const ProcessInput* timeless = nullptr;
  for (const ProcessInput& input : made.inputs) {
    if (!input.schema.has_time) timeless = &input;
  }
  auto require_time = [&](Range range, std::string_view what) {
    check_
        .report(DiagnosticKind::missing_time, step.range, "{} needs event time, and the rows of `{}` have none", what,
                timeless->name)
        .note(range, "it is here")
        .help("say at the source which field it is: `time <field>` and `watermark lag 1min`");
  };
  for (const ProcessTimer& timer : made.timers) {
    if (timeless == nullptr || timer.timer.is_processing_time) continue;
    return require_time(timer.timer.range, "the timer `" + std::string(timer.timer.name) + "`");
  }
  for (const StateCell& cell : made.cells) {
    if (timeless != nullptr && cell.expires_us)
      return require_time(cell.range, "`expires` of `" + std::string(cell.name) + "`");
  }
  for (uint32_t i = 0; i < made.cells.size(); i++) {
    const StateCell& cell = made.cells[i];
    bool ends = cell.expires_us || !cell.unbounded.empty() || made.key_names.empty() || is_cleared(made, i);
    if (ends || !state_.is_endless) continue;
    check_
        .report(DiagnosticKind::unbounded_state, cell.range,
                "nothing ends the state `{}`, and the input of `{}` never ends: it keeps every key for ever", cell.name,
                info.symbol->name)
        .note(step.range, "the operator is used here")
        .help("say when it may be forgotten: `expires 1d`, or `clear {}` in a handler", cell.name)
        .help("or say why it may grow: `unbounded \"there are few keys\"`");
  }
}

/// Each output but the first is a stream of its own: `receipts.unpaid`.
void PipelineChecker::add_outputs(uint32_t stream, const Symbol* symbol) {
  const auto* made = std::get_if<Process>(&check_.program.streams[stream].steps[*process_].node);
  std::vector<ProcessOutput> outputs = made->outputs;
  for (uint32_t i = 1; i < outputs.size(); i++) {
    std::string name = fmt::format("{}.{}", name_, outputs[i].name);
    FlowState state{.schema = outputs[i].schema, .is_endless = state_.is_endless, .may_idle = state_.may_idle};
    Stream output{.name = check_.arena.copy(std::string_view(name)),
                  .origin = OutputStream{stream, *process_, i},
                  .origin_schema = outputs[i].schema,
                  .range = check_.program.streams[stream].range};
    uint32_t index = add_stream(check_, std::move(output), std::move(state), nullptr);
    if (symbol != nullptr) check_.outputs[symbol].push_back({outputs[i].name, index});
  }
}

} // namespace flow::sema
