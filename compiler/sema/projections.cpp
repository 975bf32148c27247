// Steps that change the fields: select, derive, drop, rename. Each is a Project: the fields of the result, each an
// expression over those before.
#include <algorithm>

#include "compiler/sema/pipeline.h"

namespace flow::sema {

using lang::DiagnosticKind;

namespace {

/// Does it read a column that is not the one of the row before, in its place?
bool reads_new(const Expr& expr, const std::vector<const Expr*>& values) {
  if (expr.kind == ExprKind::column) {
    const Expr& value = *values[expr.index];
    return value.kind != ExprKind::column || value.index != expr.index;
  }
  return std::ranges::any_of(expr.args, [&](const Expr* arg) { return reads_new(*arg, values); });
}

} // namespace

std::vector<const Expr*> PipelineChecker::all_columns(Range range) {
  uint32_t count = static_cast<uint32_t>(state_.schema.columns.size());
  return check_.make.places(ExprKind::column, state_.schema.columns, 0, count, range);
}

/// The value of a field of the result: of a type that a row can hold.
const Expr* PipelineChecker::field_value(const lang::Expr& expr) {
  return require_typed(check_, check_expr(check_, scope(), expr), "a field");
}

std::optional<FieldColumns> PipelineChecker::field_named(lang::Name name) {
  if (std::optional<FieldColumns> found = find_field(state_.schema.columns, name.text)) return found;
  if (state_.is_unknown || !name.is_given()) return std::nullopt;
  auto report = check_.report(DiagnosticKind::unknown_name, name.range, "there is no `{}` in this row", name.text);
  std::vector<std::string_view> names = field_names(state_.schema.columns);
  if (!suggest(report, name.text, names) && names.size() <= 12) report.help("there are {}", listed(names));
  return std::nullopt;
}

void PipelineChecker::project(const lang::Step& step, std::string_view word, Schema result,
                              std::vector<const Expr*> values) {
  result.has_time = state_.schema.has_time;
  watch_window_start(values, result);
  move_key(step, values, result);
  move_updates(values);
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
  RowBuilder row;
  bool has_others = false; // that nobody knows of
  if (const auto* record = select.value->as<lang::RecordExpr>()) {
    RecordMembers made = check_members(check_, scope(), *record);
    has_others = made.is_unknown;
    for (size_t i = 0; i < made.fields.size(); i++)
      row.put(check_, made.fields[i].name, *require_typed(check_, made.values[i], "a field"));
    if (row.columns.empty() && !has_others)
      check_.report(DiagnosticKind::missing_record, select.value->range, "a row needs at least one field");
  } else {
    take_record(*select.value, row);
  }
  if (row.columns.empty()) {
    state_.is_unknown = true;
    return;
  }
  project(step, "select", {std::move(row.columns)}, std::move(row.values));
  // The fields are now exactly those that are written.
  state_.is_unknown = has_others;
}

/// `select order`: the fields of a record.
void PipelineChecker::take_record(const lang::Expr& expr, RowBuilder& row) {
  const Expr* value = check_expr(check_, scope(), expr);
  if (value->type.is_error()) return;
  if (value->kind != ExprKind::record) {
    check_.report(DiagnosticKind::missing_record, expr.range, "`select` takes a record of the fields that stay")
        .help("write `select {{ {} }}`", check_.written(expr.range));
    return;
  }
  if (!require_value(check_, *value, "`select`")) return;
  std::span<const Expr* const> fields = fields_of(*value);
  for (size_t i = 0; i < fields.size(); i++) row.put(check_, value->type.record->fields[i].name, *fields[i]);
}

/// Each binding sees those before it: one that reads a field made here begins a further Project.
void PipelineChecker::derive(const lang::Step& step, const lang::Derive& derive) {
  Schema before = state_.schema;
  RowBuilder row{before.columns, all_columns(step.range)};
  bool is_empty = true;
  auto flush = [&] {
    state_.schema = before;
    project(step, "derive", {row.columns}, row.values);
    before = state_.schema;
    row.values = all_columns(step.range);
    is_empty = true;
  };
  for (const lang::Binding& binding : derive.bindings) {
    if (!binding.name.is_given()) continue;
    state_.schema.columns = row.columns;
    const Expr* value = field_value(*binding.value);
    if (reads_new(*value, row.values)) flush();
    row.put(check_, binding.name.text, *value);
    is_empty = false;
  }
  if (!is_empty) flush();
}

void PipelineChecker::drop(const lang::Step& step, const lang::Drop& drop) {
  std::vector<bool> is_gone(state_.schema.columns.size(), false);
  for (const lang::Name& name : drop.names) {
    std::optional<FieldColumns> field = field_named(name);
    for (uint32_t i = 0; field && i < field->count; i++) is_gone[field->first + i] = true;
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
    std::optional<FieldColumns> field = field_named(renaming.old_name);
    for (uint32_t i = 0; field && i < field->count; i++) {
      std::string_view& name = result.columns[field->first + i].name;
      std::string renamed =
          std::string(renaming.new_name.text) +
          std::string(state_.schema.columns[field->first + i].name.substr(renaming.old_name.text.size()));
      name = check_.arena.copy(std::string_view(renamed));
    }
  }
  for (const lang::Renaming& renaming : rename.renamings) {
    if (std::ranges::count(field_names(result.columns), renaming.new_name.text) > 1) {
      report_duplicate_field(check_, renaming.new_name.text, renaming.new_name.range);
      return;
    }
  }
  project(step, "rename", std::move(result), all_columns(step.range));
}

} // namespace flow::sema
