// The statements of one handler.
//
// What is known not to be null is followed through them: a condition tells it of its branches, an assignment of what it
// stores, a branch that ends the handler of what comes behind it.
#include <algorithm>

#include "compiler/sema/conversion.h"
#include "compiler/sema/operator_checker.h"
#include "compiler/sema/records.h"

namespace flow::sema {

using lang::DiagnosticKind;

namespace {

class HandlerChecker {
public:
  HandlerChecker(OperatorContext& context, std::vector<NamedValue> names, uint32_t next_local)
      : context_(context), check_(context.check), names_(std::move(names)), next_local_(next_local) {
    for (const OperatorParameter& parameter : context.info.parameters) {
      bool is_here = std::ranges::find(names_, parameter.name, &NamedValue::name) != names_.end();
      if (parameter.is_input && !is_here) absent_.push_back(parameter.name);
    }
  }

  Block block(const lang::Block& block) {
    std::vector<const Statement*> outer;
    std::swap(outer, made_);
    size_t names = names_.size();
    ends_ = false;
    for (const lang::Statement* statement : block.statements) {
      if (ends_ && !context_.is_partial) {
        check_.report(DiagnosticKind::unreachable, statement->range, "this is never reached: the handler has ended")
            .help("remove it, or the `return` before it");
        break;
      }
      this->statement(*statement);
    }
    names_.resize(names);
    Block made = check_.arena.copy(made_);
    made_ = std::move(outer);
    return made;
  }

private:
  using Range = lang::SourceRange;

  void statement(const lang::Statement& statement) {
    Range range = statement.range;
    lang::visit(
        statement, [](const lang::ErrorStatement&) {}, [&](const lang::LetStatement& node) { let(node, range); },
        [&](const lang::Assign& node) { assign(node, range); }, [&](const lang::Emit& node) { emit(node, range); },
        [&](const lang::SetTimer& node) { set_timer(node, range); },
        [&](const lang::Cancel& node) {
          if (std::optional<uint32_t> timer = timer_named(node.timer)) put(CancelTimer{*timer}, range);
        },
        [&](const lang::Clear& node) { clear(node, range); },
        [&](const lang::IfStatement& node) { choice(node, range); },
        [&](const lang::Return&) {
          put(ReturnStatement{}, range);
          ends_ = true;
        });
  }

  void put(decltype(Statement::node) node, Range range) {
    made_.push_back(check_.arena.make<Statement>(std::move(node), range));
  }

  Scope scope() {
    return {.module = &context_.module,
            .row_is_unknown = context_.is_partial,
            .named = names_,
            .known = known_,
            .absent = absent_,
            .next_local = &next_local_};
  }
  const Expr* value_of(const lang::Expr& expr, Type expected = {}) {
    return check_expr(check_, scope(), expr, expected);
  }

  // ---- let

  void let(const lang::LetStatement& node, Range range) {
    const Expr* value = require_typed(check_, value_of(*node.value), "a name for a value");
    if (!node.name.is_given()) return;
    auto other = std::ranges::find(names_, node.name.text, &NamedValue::name);
    if (other != names_.end()) {
      check_
          .report(DiagnosticKind::duplicate_name, node.name.range, "`{}` is the name of {} {} here", node.name.text,
                  other->what == "input" ? "an" : "a", other->what)
          .help("choose another name");
      return;
    }
    names_.push_back({node.name.text, stored(*value, range), "value"});
  }

  /// Each scalar in a local of its own.
  const Expr* stored(const Expr& value, Range range) {
    if (value.type.is_error()) return &value;
    if (value.kind == ExprKind::record) {
      std::vector<const Expr*> args;
      for (const Expr* arg : value.args) args.push_back(stored(*arg, range));
      return check_.make.make(ExprKind::record, value.type, args, value.range);
    }
    uint32_t local = next_local_++;
    put(Let{local, &value}, range);
    return check_.make.local(local, value.type, value.range);
  }

  // ---- changes of state

  std::optional<uint32_t> cell_named(std::string_view name) const {
    const std::vector<StateCell>& cells = context_.made.cells;
    auto found = std::ranges::find(cells, name, &StateCell::name);
    if (found == cells.end()) return std::nullopt;
    return static_cast<uint32_t>(found - cells.begin());
  }

  /// The cell that a place names or lies in; nothing, and reported, if it is none.
  std::optional<uint32_t> cell_of(const lang::Expr& place) {
    const lang::Expr* root = &place;
    while (const auto* member = root->as<lang::Member>()) root = member->object;
    if (root->as<lang::Index>() != nullptr) {
      check_.not_yet(place.range, "an element of a list or map");
      return std::nullopt;
    }
    const auto* name = root->as<lang::NameExpr>();
    if (name == nullptr) return std::nullopt;
    if (std::optional<uint32_t> cell = cell_named(name->name)) return cell;
    auto known = std::ranges::find(names_, name->name, &NamedValue::name);
    if (known == names_.end()) {
      if (!context_.is_partial) report_unknown_state(*name, root->range);
      return std::nullopt;
    }
    check_
        .report(DiagnosticKind::not_assignable, root->range, "`{}` is {}, which does not change", name->name,
                known->what == "input" ? "the row"
                : known->what == "key" ? "the key"
                                       : "a value")
        .help("what changes is a state: `state {}_: …`", name->name);
    return std::nullopt;
  }

  void report_unknown_state(const lang::NameExpr& name, Range range) {
    if (has_timer(name.name)) {
      check_.report(DiagnosticKind::not_assignable, range, "`{}` is a timer", name.name)
          .help("it is set by `at time as {}`, and stopped by `cancel {}`", name.name, name.name);
      return;
    }
    auto report = check_.report(DiagnosticKind::unknown_name, range, "there is no state `{}`", name.name);
    std::vector<std::string_view> names;
    for (const StateCell& cell : context_.made.cells) names.push_back(cell.name);
    if (!suggest(report, name.name, names))
      report.help("declare it: `state {}: …`; a value that holds in this handler only is named by `let {} = …`",
                  name.name, name.name);
  }

  void assign(const lang::Assign& node, Range range) {
    std::optional<uint32_t> cell = cell_of(*node.place);
    Type due = cell && node.place->as<lang::NameExpr>() != nullptr ? context_.made.cells[*cell].type : Type{};
    const Expr* value = node.op ? computed(node, range) : value_of(*node.value, due);
    if (!cell || context_.made.cells[*cell].type.is_error()) return;
    if (node.place->as<lang::Member>() != nullptr) {
      value = with_field(*node.place, value);
    } else {
      std::string what = "`" + std::string(context_.made.cells[*cell].name) + "`";
      value = fitting(value, due, what);
    }
    if (!value->type.is_error()) store(*cell, *value, range);
  }

  /// As the type of the cell if it may be null, else as that without null: then it is known to be there.
  const Expr* fitting(const Expr* value, Type due, std::string_view what) {
    bool is_there = !value->type.nullable && value->type.kind != Kind::NULL_;
    return coerce(check_, value, is_there ? due.without_null() : due, what);
  }

  /// `place + value` of `place += value`.
  const Expr* computed(const lang::Assign& node, Range range) {
    auto* whole = check_.arena.make<lang::Expr>();
    whole->range = range;
    whole->node = lang::Binary{*node.op, node.op_range, node.place, node.value};
    return value_of(*whole);
  }

  /// The record around the place, with this value in the place.
  const Expr* with_field(const lang::Expr& place, const Expr* value) {
    const auto* member = place.as<lang::Member>();
    if (member == nullptr) return value;
    const Expr* object = value_of(*member->object);
    const Expr* old = value_of(place); // reports what is wrong with the path
    if (old->type.is_error() || object->type.is_error() || value->type.is_error())
      return check_.make.error(place.range);
    std::span<const RecordField> fields = object->type.record->fields;
    size_t at = static_cast<size_t>(std::ranges::find(fields, member->name.text, &RecordField::name) - fields.begin());
    std::vector<const Expr*> changed(fields_of(*object).begin(), fields_of(*object).end());
    changed[at] = coerce(check_, value, fields[at].type, "`" + check_.written(place.range) + "`");
    if (changed[at]->type.is_error()) return changed[at];
    const Expr* record = make_record(check_, *object->type.record, nullptr, std::move(changed), object->range);
    return with_field(*member->object, record);
  }

  void store(uint32_t number, const Expr& value, Range range) {
    const StateCell& cell = context_.made.cells[number];
    if (value.is_null) return put_clear(number, range);
    const Expr *is_set = nullptr, *kept = &value;
    if (value.type.nullable && value.kind == ExprKind::record) {
      is_set = marker_of(value);
      kept = without_marker(check_, value);
    } else if (value.type.nullable) {
      const Expr* read = is_place(value) ? &value : stored(value, range);
      const Expr* is_null = check_.make.make(ExprKind::is_null, scalar(Kind::BOOL), {read}, range);
      is_set = check_.make.logical_not(is_null, range);
      kept = check_.make.make(ExprKind::assume_value, value.type.without_null(), {read}, range);
    }
    if (is_set != nullptr && is_constant(*is_set)) {
      if (is_set->int_value == 0) return put_clear(number, range);
      is_set = nullptr;
    }
    std::vector<const Expr*> values;
    add_values(*kept, values);
    put(Assign{number, check_.arena.copy(values), is_set}, range);
    forget(number);
    if (is_set == nullptr && cell.type.nullable) known_.push_back(fact_of(number));
  }

  void put_clear(uint32_t number, Range range) {
    put(Clear{number}, range);
    forget(number);
  }

  void clear(const lang::Clear& node, Range range) {
    std::optional<uint32_t> cell = cell_of(*node.place);
    if (!cell) return;
    if (node.place->as<lang::NameExpr>() == nullptr) {
      check_.report(DiagnosticKind::not_assignable, node.place->range, "`clear` takes a state, not a part of it")
          .help("a field that may be null becomes so by `{} = null`", check_.written(node.place->range));
      return;
    }
    put_clear(*cell, range);
  }

  // ---- what is known not to be null

  Fact fact_of(uint32_t number) const {
    const StateCell& cell = context_.made.cells[number];
    if (cell.type.kind == Kind::RECORD) return {ExprKind::state_is_set, number};
    return {ExprKind::state, cell.first_field};
  }

  void forget(uint32_t number) {
    const StateCell& cell = context_.made.cells[number];
    std::erase_if(known_, [&](const Fact& fact) {
      bool is_field = fact.kind == ExprKind::state && fact.index >= cell.first_field &&
                      fact.index < cell.first_field + cell.field_count;
      return is_field || (fact.kind == ExprKind::state_is_set && fact.index == number);
    });
  }

  void choice(const lang::IfStatement& node, Range range) {
    const Expr* condition = check_condition(check_, scope(), *node.condition, "the condition of `if`");
    bool is_good = !condition->type.is_error();
    std::vector<Fact> before = known_;
    if (is_good) facts_when(true, *condition, known_);
    Block then_block = block(node.then_block);
    bool then_ends = ends_;
    std::vector<Fact> behind_then = std::move(known_);
    known_ = std::move(before);
    if (is_good) facts_when(false, *condition, known_);
    Block else_block = block(node.else_block);
    bool else_ends = ends_;
    ends_ = then_ends && else_ends;
    if (else_ends)
      known_ = std::move(behind_then);
    else if (!then_ends)
      std::erase_if(known_,
                    [&](const Fact& fact) { return std::ranges::find(behind_then, fact) == behind_then.end(); });
    if (is_good) put(IfStatement{condition, then_block, else_block}, range);
  }

  // ---- what goes out

  void emit(const lang::Emit& node, Range range) {
    std::optional<uint32_t> output = output_named(node.to);
    Type due = output ? context_.info.outputs[*output].type : Type{};
    const Expr* value = value_of(*node.value, due);
    if (!output || due.is_error()) return;
    value = coerce(check_, value, due, "a row of the output");
    if (value->type.is_error()) return;
    std::vector<const Expr*> values;
    add_values(*value, values);
    put(EmitRow{*output, check_.arena.copy(values)}, range);
  }

  std::optional<uint32_t> output_named(const lang::Name& name) {
    if (!name.is_given()) return 0;
    const std::vector<OperatorOutput>& outputs = context_.info.outputs;
    auto found = std::ranges::find(outputs, name.text, &OperatorOutput::name);
    if (found != outputs.end()) return static_cast<uint32_t>(found - outputs.begin());
    auto report = check_.report(DiagnosticKind::unknown_part, name.range, "`{}` has no output `{}`",
                                context_.info.symbol->name, name.text);
    std::vector<std::string_view> names;
    for (const OperatorOutput& output : outputs) {
      if (!output.name.empty()) names.push_back(output.name);
    }
    if (!suggest(report, name.text, names)) report.help("declare it: `-> …, {}: {{ … }}`", name.text);
    return std::nullopt;
  }

  // ---- timers

  bool has_timer(std::string_view name) const {
    auto is_it = [&](const ProcessTimer& timer) { return timer.timer.name == name; };
    return std::ranges::any_of(context_.made.timers, is_it);
  }

  std::optional<uint32_t> timer_named(const lang::Name& name) {
    const std::vector<ProcessTimer>& timers = context_.made.timers;
    auto is_it = [&](const ProcessTimer& timer) { return timer.timer.name == name.text; };
    auto found = std::ranges::find_if(timers, is_it);
    if (found != timers.end()) return static_cast<uint32_t>(found - timers.begin());
    if (!name.is_given() || context_.is_partial) return std::nullopt;
    if (cell_named(name.text)) {
      check_.report(DiagnosticKind::unknown_part, name.range, "`{}` is a state, not a timer", name.text)
          .help("it is forgotten by `clear {}`", name.text);
      return std::nullopt;
    }
    auto report = check_.report(DiagnosticKind::unknown_part, name.range, "no statement sets a timer `{}`", name.text);
    std::vector<std::string_view> names;
    for (const ProcessTimer& timer : timers) names.push_back(timer.timer.name);
    if (!suggest(report, name.text, names)) report.help("it is set by `at time as {}`", name.text);
    return std::nullopt;
  }

  void set_timer(const lang::SetTimer& node, Range range) {
    Type due = scalar(node.is_processing_time ? Kind::DURATION : Kind::TIMESTAMP);
    std::string what = node.is_processing_time ? "the time until `" + std::string(node.timer.text) + "` fires"
                                               : "the time of the timer `" + std::string(node.timer.text) + "`";
    const Expr* given = value_of(*node.when, due);
    if (is_other_time(*given, due, node)) return;
    const Expr* when = coerce(check_, given, due, what);
    std::optional<uint32_t> timer = timer_named(node.timer);
    if (timer && !when->type.is_error()) put(SetTimer{*timer, when}, range);
  }

  /// `at 1min`, `after row.time`
  bool is_other_time(const Expr& given, Type due, const lang::SetTimer& node) {
    Kind other = due.kind == Kind::DURATION ? Kind::TIMESTAMP : Kind::DURATION;
    if (given.type.kind != other || given.type.nullable) return false;
    std::string text = check_.written(node.when->range);
    if (node.is_processing_time) {
      check_
          .report(DiagnosticKind::type_mismatch, node.when->range, "`after` takes a duration, but `{}` is a time", text)
          .help("in event time: `at {} as {}`", text, node.timer.text);
    } else {
      check_.report(DiagnosticKind::type_mismatch, node.when->range, "`at` takes a time, but `{}` is a duration", text)
          .help("in event time: `at ROW.TIME + {} as {}`; in processing time: `after {} as {}`", text, node.timer.text,
                text, node.timer.text);
    }
    return true;
  }

  OperatorContext& context_;
  Checking& check_;
  std::vector<NamedValue> names_;
  std::vector<Fact> known_;
  std::vector<std::string_view> absent_; // inputs whose row is not here
  uint32_t next_local_;
  bool ends_ = false; // the block so far: nothing behind it is reached
  std::vector<const Statement*> made_;
};

} // namespace

Block check_handler(OperatorContext& context, const lang::Block& block, std::vector<NamedValue> names,
                    uint32_t next_local) {
  return HandlerChecker(context, std::move(names), next_local).block(block);
}

} // namespace flow::sema
