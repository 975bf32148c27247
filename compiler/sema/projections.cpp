// Steps that change the fields: select, derive, drop, rename. Each is a Project: the fields of the result, each an
// expression over those before.
#include <algorithm>

#include "compiler/sema/pipeline.h"

namespace flow::sema {

using lang::DiagnosticKind;

namespace {

/// The name that a path gives: its last.
lang::Name last_name(const lang::Expr& expr) {
  if (const auto* name = expr.as<lang::NameExpr>()) return {name->name, expr.range};
  if (const auto* member = expr.as<lang::Member>()) return member->name;
  return {};
}

bool is_it(const lang::Expr& expr) {
  const auto* name = expr.as<lang::NameExpr>();
  return name != nullptr && name->name == "it";
}

bool reads_any(const Expr& expr, const std::vector<bool>& columns) {
  if (expr.kind == ExprKind::column && expr.index < columns.size() && columns[expr.index]) return true;
  return std::ranges::any_of(expr.args, [&](const Expr* arg) { return reads_any(*arg, columns); });
}

} // namespace

std::vector<const Expr*> PipelineChecker::all_columns(Range range) {
  std::vector<const Expr*> values;
  for (uint32_t i = 0; i < state_.schema.columns.size(); i++) {
    values.push_back(check_.make.column(i, state_.schema.columns[i].type, range));
  }
  return values;
}

/// The value of a field of the result: of a type that a row can hold.
const Expr* PipelineChecker::field_value(const lang::Expr& expr) {
  const Expr* value = check_expr(check_, scope(), expr);
  if (value->type.kind != Kind::NULL_) return value;
  check_.report(DiagnosticKind::no_value, expr.range, "a field that is always null has no type").help("leave it out");
  return check_.make.error(expr.range);
}

std::optional<uint32_t> PipelineChecker::column_named(lang::Name name) {
  auto found = std::ranges::find(state_.schema.columns, name.text, &Column::name);
  if (found != state_.schema.columns.end()) return static_cast<uint32_t>(found - state_.schema.columns.begin());
  if (state_.is_unknown || !name.is_given()) return std::nullopt;
  auto report = check_.report(DiagnosticKind::unknown_name, name.range, "there is no `{}` in this row", name.text);
  std::vector<std::string_view> names;
  for (const Column& column : state_.schema.columns) names.push_back(column.name);
  if (!suggest(report, name.text, names) && names.size() <= 12) report.help("there are {}", listed(names));
  return std::nullopt;
}

void PipelineChecker::project(const lang::Step& step, std::string_view word, Schema result,
                              std::vector<const Expr*> values) {
  result.has_time = state_.schema.has_time;
  watch_window_start(values, result);
  move_key(step, values, result);
  push(step, word, Project{std::move(values)}, std::move(result));
}

/// `window same` finds the window of a row by its field `window_start`, as long as it is there and the same.
void PipelineChecker::watch_window_start(const std::vector<const Expr*>& values, const Schema& result) {
  if (!state_.out_of) return;
  for (size_t i = 0; i < values.size(); i++) {
    bool is_copy = result.columns[i].name == "window_start" && values[i]->kind == ExprKind::column &&
                   values[i]->index < state_.schema.columns.size() &&
                   state_.schema.columns[values[i]->index].name == "window_start";
    if (is_copy) return;
  }
  state_.out_of.reset();
}

/// Keys that wait are expressions over the fields: they follow where the fields go.
void PipelineChecker::move_key(const lang::Step& step, const std::vector<const Expr*>& values, const Schema& result) {
  for (KeyColumn& key : state_.keys) {
    const Expr* at_new_place = moved(*key.value, values, result);
    if (at_new_place != nullptr) {
      key.value = at_new_place;
      continue;
    }
    if (!state_.is_unknown && !key.value->type.is_error()) {
      check_.report(DiagnosticKind::key_lost, step.range, "the key `{}` is gone or changed after this step", key.name)
          .note(*state_.key_range, "the key is set here, and waits for an aggregate or top")
          .help("put `key` behind this step, or keep its fields");
    }
    state_.keys.clear();
    state_.key_range.reset();
    return;
  }
}

/// The same value over the columns of the result; null when a column that it reads is not among them.
const Expr* PipelineChecker::moved(const Expr& expr, const std::vector<const Expr*>& values, const Schema& result) {
  if (expr.kind == ExprKind::column) {
    for (uint32_t i = 0; i < values.size(); i++) {
      const Expr* value = values[i];
      bool is_known_now = value->kind == ExprKind::assume_value;
      if (is_known_now) value = value->args[0];
      if (value->kind != ExprKind::column || value->index != expr.index) continue;
      const Expr* column = check_.make.column(i, result.columns[i].type, expr.range);
      return is_known_now ? check_.make.make(ExprKind::to_nullable, expr.type, {column}, expr.range) : column;
    }
    return nullptr;
  }
  if (expr.args.empty()) return &expr;
  std::vector<const Expr*> args;
  for (const Expr* arg : expr.args) {
    args.push_back(moved(*arg, values, result));
    if (args.back() == nullptr) return nullptr;
  }
  return check_.make.rebuilt(expr, args);
}

void PipelineChecker::select(const lang::Step& step, const lang::Select& select) {
  if (is_it(*select.value)) return;
  const auto* record = select.value->as<lang::RecordExpr>();
  if (record == nullptr) {
    if (select.value->as<lang::ErrorExpr>() == nullptr) {
      check_
          .report(DiagnosticKind::missing_record, select.value->range,
                  "`select` takes a record of the fields that stay")
          .help("write `select {{ {} }}`", check_.written(select.value->range));
    }
    state_.is_unknown = true;
    return;
  }
  Schema result;
  std::vector<const Expr*> values;
  std::vector<bool> is_spread;
  bool has_all = false;
  auto put = [&](lang::Name name, const Expr* value, bool spread) {
    auto found = std::ranges::find(result.columns, name.text, &Column::name);
    size_t place = static_cast<size_t>(found - result.columns.begin());
    if (found == result.columns.end()) {
      result.columns.push_back({name.text, value->type});
      values.push_back(value);
      is_spread.push_back(spread);
    } else if (is_spread[place] != spread) {
      if (spread) return; // written before: it replaces the spread one
      result.columns[place].type = value->type;
      values[place] = value;
      is_spread[place] = false;
    } else {
      check_.report(DiagnosticKind::duplicate_name, name.range, "the field `{}` is there twice", name.text);
    }
  };
  for (const lang::RecordMember& member : record->members) {
    if (member.is_spread) {
      if (!is_it(*member.value)) {
        check_.report(DiagnosticKind::no_value, member.value->range, "`...` spreads the row only")
            .help("write `...it`");
        continue;
      }
      has_all = true;
      std::vector<const Expr*> all = all_columns(member.value->range);
      for (uint32_t i = 0; i < all.size(); i++) put({state_.schema.columns[i].name, member.value->range}, all[i], true);
      continue;
    }
    lang::Name name = member.name.is_given() ? member.name : last_name(*member.value);
    const Expr* value = field_value(*member.value);
    if (name.is_given()) {
      put(name, value, false);
    } else if (member.value->as<lang::ErrorExpr>() == nullptr) {
      check_.report(DiagnosticKind::missing_name, member.value->range, "a computed field needs a name")
          .help("write `name: {}`", check_.written(member.value->range));
    }
  }
  if (result.columns.empty()) {
    check_.report(DiagnosticKind::missing_record, select.value->range, "a row needs at least one field");
    state_.is_unknown = true;
    return;
  }
  project(step, "select", std::move(result), std::move(values));
  // The fields are now exactly those that are written.
  state_.is_unknown = state_.is_unknown && has_all;
}

/// Each binding sees those before it: one that reads a field made here begins a further Project.
void PipelineChecker::derive(const lang::Step& step, const lang::Derive& derive) {
  Schema before = state_.schema, result = before;
  std::vector<const Expr*> values = all_columns(step.range);
  std::vector<bool> is_new(values.size(), false);
  bool is_empty = true;
  auto flush = [&] {
    state_.schema = before;
    project(step, "derive", result, values);
    before = result;
    values = all_columns(step.range);
    is_new.assign(values.size(), false);
    is_empty = true;
  };
  for (const lang::Binding& binding : derive.bindings) {
    if (!binding.name.is_given()) continue;
    state_.schema = result;
    const Expr* value = field_value(*binding.value);
    if (reads_any(*value, is_new)) flush();
    auto found = std::ranges::find(result.columns, binding.name.text, &Column::name);
    size_t place = static_cast<size_t>(found - result.columns.begin());
    if (found == result.columns.end()) {
      result.columns.push_back({binding.name.text, value->type});
      values.push_back(value);
      is_new.push_back(true);
    } else {
      found->type = value->type;
      values[place] = value;
      is_new[place] = true;
    }
    is_empty = false;
  }
  if (!is_empty) flush();
}

void PipelineChecker::drop(const lang::Step& step, const lang::Drop& drop) {
  std::vector<bool> is_gone(state_.schema.columns.size(), false);
  for (const lang::Name& name : drop.names) {
    std::optional<uint32_t> column = column_named(name);
    if (column) is_gone[*column] = true;
  }
  Schema result;
  std::vector<const Expr*> values, all = all_columns(step.range);
  for (size_t i = 0; i < all.size(); i++) {
    if (is_gone[i]) continue;
    result.columns.push_back(state_.schema.columns[i]);
    values.push_back(all[i]);
  }
  if (values.empty() && !state_.is_unknown) {
    check_.report(DiagnosticKind::missing_record, step.range, "nothing would be left of the row");
    return;
  }
  project(step, "drop", std::move(result), std::move(values));
}

void PipelineChecker::rename(const lang::Step& step, const lang::Rename& rename) {
  Schema result = state_.schema;
  for (const lang::Renaming& renaming : rename.renamings) {
    std::optional<uint32_t> column = column_named(renaming.old_name);
    if (column) result.columns[*column].name = renaming.new_name.text;
  }
  for (const lang::Renaming& renaming : rename.renamings) {
    if (std::ranges::count(result.columns, renaming.new_name.text, &Column::name) > 1) {
      report_duplicate_field(check_, renaming.new_name.text, renaming.new_name.range);
      return;
    }
  }
  project(step, "rename", std::move(result), all_columns(step.range));
}

} // namespace flow::sema
