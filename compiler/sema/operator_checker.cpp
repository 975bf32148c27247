#include "compiler/sema/operator_checker.h"

#include <algorithm>

#include "compiler/sema/conversion.h"
#include "compiler/sema/declarations.h"
#include "compiler/sema/records.h"
#include "compiler/sema/timers.h"

namespace flow::sema {

using lang::DiagnosticKind;

namespace {

class OperatorChecker {
public:
  OperatorChecker(Checking& check, const OperatorInfo& info, OperatorUse use)
      : check_(check), info_(info), tree_(*info.tree), use_(std::move(use)),
        context_{.check = check, .info = info, .module = *info.symbol->module} {}

  Process run() {
    Process& made = context_.made;
    made.op = info_.symbol->name;
    made.inputs = std::move(use_.inputs);
    context_.is_partial = tree_.is_partial || has_error_statement(tree_);
    for (size_t i = 0; i < info_.parameters.size(); i++) {
      const OperatorParameter& parameter = info_.parameters[i];
      if (!parameter.is_input) context_.names.push_back({parameter.name, use_.values[i], "value"});
    }
    for (const lang::StateDecl& state : tree_.states) take_state(state);
    made.timers = find_timers(context_);
    for (const OperatorOutput& output : info_.outputs) take_output(output);
    take_keys();
    take_handlers();
    if (!context_.is_partial) {
      require_handlers();
      warn_of_silent_outputs();
    }
    return std::move(made);
  }

private:
  using Range = lang::SourceRange;

  // ---- state

  void take_state(const lang::StateDecl& state) {
    bool is_taken =
        std::ranges::find(context_.names, state.name.text, &NamedValue::name) != context_.names.end() ||
        std::ranges::find(info_.parameters, state.name.text, &OperatorParameter::name) != info_.parameters.end();
    if (is_taken || state.name.text == "key") {
      check_.report(DiagnosticKind::duplicate_name, state.name.range, "`{}` is the name of something else here",
                    state.name.text);
      return;
    }
    check_former_name(state);
    Type type = resolve_type(check_, context_.module, *state.type);
    StateCell cell{.name = state.name.text, .type = type, .was = state.was.text, .range = state.range};
    cell.first_field = static_cast<uint32_t>(context_.made.fields.size());
    cell.initial = initial_of(state, type);
    take_bound(state, cell);
    context_.names.push_back({cell.name, add_cell(cell), "state"});
  }

  /// What a cell held goes to one that says so, and only if no cell has its name any more.
  void check_former_name(const lang::StateDecl& state) {
    if (!state.was.is_given()) return;
    for (const lang::StateDecl& other : tree_.states) {
      bool is_kept = other.name.text == state.was.text;
      if (!is_kept && (&other >= &state || other.was.text != state.was.text)) continue;
      std::string why =
          is_kept ? "is still the name of a state, which keeps what it held" : "is taken over by another state";
      check_.report(DiagnosticKind::duplicate_name, state.was.range, "`{}` {}", state.was.text, why)
          .note(other.range, "it is here");
      return;
    }
  }

  const Expr* initial_of(const lang::StateDecl& state, Type type) {
    if (type.is_error()) return nullptr;
    if (type.nullable) {
      if (state.initial == nullptr || state.initial->as<lang::NullLiteral>() != nullptr) return nullptr;
      check_
          .report(DiagnosticKind::missing_initial, state.initial->range, "`{}` may be null, and is so at first",
                  state.name.text)
          .help("leave `= …` out, or make it a `{}`", text_of(type.without_null()));
      return nullptr;
    }
    if (type.kind == Kind::RECORD) {
      check_.not_yet(state.type->range, "a state of a record that is always there")
          .help("let it be null at first: `{}: {}?`", state.name.text, text_of(type));
      return nullptr;
    }
    if (state.initial == nullptr) {
      check_
          .report(DiagnosticKind::missing_initial, state.name.range,
                  "the state `{}` does not say what it holds at first", state.name.text)
          .help("write `state {}: {} = …`, or let it be null: `{}?`", state.name.text, text_of(type), text_of(type));
      return nullptr;
    }
    std::string what = "the first value of `" + std::string(state.name.text) + "`";
    Scope scope{.module = &context_.module, .named = context_.names};
    const Expr* value = coerce(check_, check_expr(check_, scope, *state.initial, type), type, what);
    if (!reads_state(*value)) return value;
    check_.report(DiagnosticKind::not_constant, value->range, "{} cannot be made from another state", what);
    return nullptr;
  }

  static bool reads_state(const Expr& expr) {
    return expr.kind == ExprKind::state || expr.kind == ExprKind::state_is_set ||
           std::ranges::any_of(expr.args, [](const Expr* arg) { return reads_state(*arg); });
  }

  void take_bound(const lang::StateDecl& state, StateCell& cell) {
    if (state.bound.kind == lang::BoundKind::unbounded) cell.unbounded = state.bound.why.text;
    if (state.bound.kind != lang::BoundKind::expires) return;
    std::string what = "the time after which `" + std::string(cell.name) + "` expires";
    std::optional<int64_t> us = check_constant(check_, {.module = &context_.module, .named = context_.names},
                                               *state.bound.expires, scalar(Kind::DURATION), what);
    if (us && *us <= 0) {
      check_.report(DiagnosticKind::bad_value, state.bound.expires->range, "{} must be longer than nothing", what);
      us.reset();
    }
    cell.expires_us = us;
  }

  /// Adds the cell with its fields, and gives what its name stands for.
  const Expr* add_cell(StateCell cell) {
    Process& made = context_.made;
    uint32_t number = static_cast<uint32_t>(made.cells.size());
    Type type = cell.type;
    std::vector<Column> columns;
    add_columns(check_, cell.name, type.without_null(), columns);
    std::vector<const Expr*> values;
    bool is_record = type.kind == Kind::RECORD;
    for (const Column& column : columns) {
      uint32_t field = static_cast<uint32_t>(made.fields.size());
      made.fields.push_back({column.name, column.type, number});
      Type read = is_record ? column.type : type;
      values.push_back(read.is_error() ? check_.make.error(cell.range)
                                       : check_.make.place(ExprKind::state, field, read, cell.range));
    }
    cell.field_count = static_cast<uint32_t>(columns.size());
    made.cells.push_back(cell);
    const Expr* value = field_of(check_, columns, values, cell.range);
    if (!is_record || !type.nullable) return value;
    const Expr* is_set = check_.make.place(ExprKind::state_is_set, number, scalar(Kind::BOOL), cell.range);
    std::span<const Expr* const> fields = fields_of(*value);
    return make_record(check_, *type.record, is_set, {fields.begin(), fields.end()}, cell.range);
  }

  // ---- outputs

  void take_output(const OperatorOutput& output) {
    ProcessOutput made{.name = output.name};
    if (output.type.kind == Kind::RECORD) {
      for (const RecordField& field : output.type.record->fields)
        add_columns(check_, field.name, field.type, made.schema.columns);
    }
    context_.made.outputs.push_back(std::move(made));
  }

  // ---- keys

  /// The row of an input, as a record of the parameter's type, over the columns that come.
  const Expr* row_of_input(const OperatorParameter& parameter, const ProcessInput& input) {
    const std::vector<Column>& columns = input.schema.columns;
    std::vector<const Expr*> fields;
    for (const RecordField& field : parameter.type.record->fields) {
      std::optional<FieldColumns> at = find_field(columns, field.name);
      const Expr* value = check_.make.error(parameter.tree->range);
      if (at) {
        std::vector<const Expr*> values =
            check_.make.places(ExprKind::column, columns, at->first, at->count, parameter.tree->range);
        value = field_of(check_, std::span(columns).subspan(at->first, at->count), values, parameter.tree->range);
        const Expr* fitting = try_coerce(check_, value, field.type);
        value = fitting != nullptr ? fitting : check_.make.error(parameter.tree->range);
      }
      fields.push_back(value);
    }
    return make_record(check_, *parameter.type.record, nullptr, std::move(fields), parameter.tree->range);
  }

  void take_keys() {
    const OperatorParameter* keyed = nullptr;
    const OperatorParameter* other = nullptr;
    uint32_t number = 0;
    for (const OperatorParameter& parameter : info_.parameters) {
      if (!parameter.is_input) continue;
      ProcessInput& input = context_.made.inputs[number++];
      rows_.push_back(row_of_input(parameter, input));
      if (parameter.tree->key == nullptr) {
        other = &parameter;
        continue;
      }
      const Expr* key = key_of(parameter, *rows_.back());
      if (keyed == nullptr) {
        keyed = &parameter;
        first_key(*parameter.tree->key, *key);
      }
      add_values(*fitting_key(parameter, key), input.keys);
    }
    if (keyed == nullptr || other == nullptr) return;
    check_
        .report(DiagnosticKind::mixed_keys, other->tree->range, "`{}` has a key, but `{}` has none", keyed->name,
                other->name)
        .note(keyed->tree->key->range, "the key of `{}` is here", keyed->name)
        .help("rows of all inputs meet by their keys: `{}: {} keyed …`", other->name, text_of(other->type));
  }

  /// The value of `keyed …`, in which the fields of the row have bare names; `row.field` is the same.
  const Expr* key_of(const OperatorParameter& parameter, const Expr& row) {
    std::vector<NamedValue> names{{parameter.name, &row, "input"}};
    std::span<const Expr* const> fields = fields_of(row);
    for (size_t i = 0; i < fields.size(); i++) names.push_back({row.type.record->fields[i].name, fields[i], "field"});
    Scope scope{.module = &context_.module, .named = names};
    const Expr* key = check_expr(check_, scope, *parameter.tree->key);
    std::string what = "the key of `" + std::string(parameter.name) + "`";
    key = require_typed(check_, key, what);
    return has_values(*key, what) ? key : check_.make.error(key->range);
  }

  bool has_values(const Expr& key, std::string_view what) {
    if (key.type.nullable) {
      std::string text = check_.written(key.range);
      check_.report(DiagnosticKind::null_value, key.range, "{} needs a value, but `{}` may be null", what, text)
          .help("say what stands in for null: `keyed {} ?? …`", text)
          .help("or let the type of the input have `{}: {}`, and put `| where {} is not null` before `process`", text,
                text_of(key.type.without_null()), text);
      return false;
    }
    if (key.kind != ExprKind::record) return true;
    return std::ranges::all_of(key.args, [&](const Expr* part) { return has_values(*part, what); });
  }

  /// The types and names of all keys are those of the first; `key` is its value.
  void first_key(const lang::Expr& tree, const Expr& key) {
    Process& made = context_.made;
    std::vector<Column> columns;
    if (key.kind == ExprKind::record) {
      for (const RecordField& field : key.type.record->fields) add_columns(check_, field.name, field.type, columns);
    } else {
      const auto* member = tree.as<lang::Member>();
      const auto* name = tree.as<lang::NameExpr>();
      columns.push_back({member != nullptr ? member->name.text : name != nullptr ? name->name : "key", key.type});
    }
    for (const Column& column : columns) {
      made.key_names.push_back(column.name);
      made.key_types.push_back(column.type);
    }
    uint32_t count = static_cast<uint32_t>(columns.size());
    std::vector<const Expr*> values = check_.make.places(ExprKind::key, columns, 0, count, key.range);
    bool is_record = key.kind == ExprKind::record;
    key_type_ = key.type;
    context_.names.push_back({"key", is_record ? row_of(check_, columns, values, key.range) : values[0], "key"});
  }

  const Expr* fitting_key(const OperatorParameter& parameter, const Expr* key) {
    const Expr* fitting = try_coerce(check_, key, key_type_);
    if (fitting != nullptr) return fitting;
    auto report = check_.report(DiagnosticKind::mixed_keys, parameter.tree->key->range,
                                "the inputs of an operator have keys of one type: `{}` has `{}`, but `{}` has `{}`",
                                info_.parameters[0].name, text_of(key_type_), parameter.name, text_of(key->type));
    suggest_cast(check_, report, *key, key_type_);
    return check_.make.error(key->range);
  }

  // ---- handlers

  void take_handlers() {
    std::vector<const lang::Handler*> seen;
    for (const lang::Handler& handler : tree_.handlers) {
      if (!handler.on.is_given()) continue;
      auto same = [&](const lang::Handler* other) { return other->on.text == handler.on.text; };
      auto other = std::ranges::find_if(seen, same);
      if (other != seen.end()) {
        check_.report(DiagnosticKind::duplicate_name, handler.on.range, "`on {}` is there twice", handler.on.text)
            .note((*other)->on.range, "the other is here");
        continue;
      }
      seen.push_back(&handler);
      take_handler(handler);
    }
  }

  void take_handler(const lang::Handler& handler) {
    std::vector<NamedValue> names = context_.names;
    uint32_t number = 0;
    for (const OperatorParameter& parameter : info_.parameters) {
      if (parameter.name == handler.on.text && parameter.is_input) {
        if (handler.time.is_given()) {
          check_.report(DiagnosticKind::bad_clause, handler.time.range, "only a timer gives its time to its handler")
              .help("a row has its time in a field of its own");
        }
        names.push_back({parameter.name, rows_[number], "input"});
        context_.made.inputs[number].body = check_handler(context_, handler.block, std::move(names), 0);
        handled_.push_back(parameter.name);
        return;
      }
      number += parameter.is_input ? 1 : 0;
    }
    auto is_it = [&](const ProcessTimer& timer) { return timer.timer.name == handler.on.text; };
    auto timer = std::ranges::find_if(context_.made.timers, is_it);
    if (timer == context_.made.timers.end()) {
      if (!context_.is_partial) report_unknown(handler.on);
      context_.is_partial = true; // what it was to handle is not known, nor what its names stand for
      check_handler(context_, handler.block, std::move(names), 0);
      return;
    }
    handled_.push_back(timer->timer.name);
    uint32_t next_local = 0;
    if (handler.time.is_given()) {
      timer->time = next_local++;
      const Expr* time = check_.make.local(0, scalar(Kind::TIMESTAMP), handler.time.range);
      names.push_back({handler.time.text, time, "time"});
    }
    size_t index = static_cast<size_t>(timer - context_.made.timers.begin());
    Block body = check_handler(context_, handler.block, std::move(names), next_local);
    context_.made.timers[index].body = body;
  }

  void report_unknown(const lang::Name& on) {
    auto report =
        check_.report(DiagnosticKind::unknown_part, on.range,
                      "`{}` is neither an input of `{}` nor a timer that it sets", on.text, info_.symbol->name);
    std::vector<std::string_view> names;
    for (const OperatorParameter& parameter : info_.parameters) {
      if (parameter.is_input) names.push_back(parameter.name);
    }
    for (const ProcessTimer& timer : context_.made.timers) names.push_back(timer.timer.name);
    if (!suggest(report, on.text, names)) report.help("a timer is set by `at time as {}`", on.text);
  }

  void require_handlers() {
    auto is_handled = [&](std::string_view name) { return std::ranges::find(handled_, name) != handled_.end(); };
    for (const OperatorParameter& parameter : info_.parameters) {
      if (!parameter.is_input || is_handled(parameter.name)) continue;
      check_
          .report(DiagnosticKind::missing_handler, parameter.tree->name.range, "nothing is done with the rows of `{}`",
                  parameter.name)
          .help("add `on {} {{ … }}`", parameter.name);
    }
    for (const ProcessTimer& timer : context_.made.timers) {
      if (is_handled(timer.timer.name)) continue;
      check_
          .report(DiagnosticKind::missing_handler, timer.timer.range, "nothing is done when the timer `{}` fires",
                  timer.timer.name)
          .help("add `on {} {{ … }}`", timer.timer.name);
    }
  }

  void warn_of_silent_outputs() {
    const Process& made = context_.made;
    for (uint32_t i = 0; i < info_.outputs.size(); i++) {
      const OperatorOutput& output = info_.outputs[i];
      auto is_in = [&](const auto& part) { return emits(part.body, i); };
      if (std::ranges::any_of(made.inputs, is_in) || std::ranges::any_of(made.timers, is_in)) continue;
      auto report =
          check_.report(DiagnosticKind::unused_output, tree_.outputs[i].type->range, "no statement emits to {}",
                        output.name.empty() ? "the first output" : "`" + std::string(output.name) + "`");
      if (output.name.empty())
        report.help("rows go out by `emit {{ … }}`");
      else
        report.help("rows go there by `emit {{ … }} to {}`", output.name);
    }
  }

  static bool emits(Block block, uint32_t output) {
    return std::ranges::any_of(block, [&](const Statement* statement) {
      if (const auto* emit = std::get_if<EmitRow>(&statement->node)) return emit->output == output;
      const auto* choice = std::get_if<IfStatement>(&statement->node);
      return choice != nullptr && (emits(choice->then_block, output) || emits(choice->else_block, output));
    });
  }

  Checking& check_;
  const OperatorInfo& info_;
  const lang::OperatorDecl& tree_;
  OperatorUse use_;
  OperatorContext context_;
  std::vector<const Expr*> rows_; // by input
  std::vector<std::string_view> handled_;
  Type key_type_;
};

} // namespace

Process check_operator(Checking& check, const OperatorInfo& info, OperatorUse use) {
  return OperatorChecker(check, info, std::move(use)).run();
}

} // namespace flow::sema
