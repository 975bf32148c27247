// Tables whose changes flow: windows that make them (`late allow`), which steps take them, how their key moves, and
// `changes`, which makes a stream of them.
#include <algorithm>

#include "compiler/sema/pipeline.h"
#include "lang/base/overloaded.h"

namespace flow::sema {

using lang::DiagnosticKind;

namespace {

/// How a step is called that takes no changes; empty: it does.
std::string_view word_of(const lang::Step& step) {
  return std::visit(
      lang::Overloaded{
          [](const lang::Union&) { return "union"; }, [](const lang::Window&) { return "window"; },
          [](const lang::Key&) { return "key"; }, [](const lang::Aggregate&) { return "aggregate"; },
          [](const lang::Top&) { return "top"; }, [](const lang::Join&) { return "join"; },
          [](const lang::Dedup&) { return "dedup"; }, [](const lang::Split&) { return "split"; },
          [](const lang::Process&) { return "process"; }, [](const lang::Rebalance&) { return "rebalance"; },
          [](const lang::Broadcast&) { return "broadcast"; }, [](const lang::Forward&) { return "forward"; },
          [](const lang::Parallelism&) { return "parallelism"; }, [](const auto&) { return ""; }},
      step.node);
}

} // namespace

/// How long after its end the window takes rows. False when something was reported.
bool PipelineChecker::late_allow(const lang::Window& window, Window& made) {
  std::optional<int64_t> allowed =
      check_constant(check_, {.module = &module_}, *window.late_allow, scalar(Kind::DURATION), "how late a row may be");
  made.late_allow_us = std::max<int64_t>(allowed.value_or(1), 1); // a table, whatever is wrong with it
  if (!allowed) return false;
  if (*allowed <= 0) {
    check_.report(DiagnosticKind::bad_value, window.late_allow->range, "how late a row may be is longer than nothing")
        .help("without `late allow` a window gives its result once, and rows that come later are late");
    return false;
  }
  bool is_kept = made.kind == WindowKind::tumbling || made.kind == WindowKind::hopping ||
                 (made.kind == WindowKind::same && !made.is_cumulated);
  if (made.kind == WindowKind::global) {
    check_.report(DiagnosticKind::bad_clause, window.late_allow->range, "no row is too late for the global window")
        .help("leave `late allow` out");
    made.late_allow_us = 0;
    return true;
  }
  if (!is_kept) {
    check_.not_yet(window.late_allow->range, fmt::format("`late allow` of `{}` windows", window.kind.text));
    return false;
  }
  return true;
}

void PipelineChecker::refuse_updates(const lang::Step& step) {
  std::string_view word = word_of(step);
  if (!state_.updates || word.empty()) return;
  check_.not_yet(step.range, fmt::format("`{}` of a table that late rows change", word))
      .help("`| changes` before it makes a stream of the changes, with a field `op`")
      .help("or leave `late allow` out of the window: then its results never change");
  state_.is_unknown = true;
  state_.updates.reset();
}

/// The columns of the key go where the row's do.
void PipelineChecker::move_updates(const std::vector<const Expr*>& values) {
  if (!state_.updates || !state_.updates->key) return;
  std::vector<uint32_t> moved_key;
  for (uint32_t column : *state_.updates->key) {
    auto is_it = [column](const Expr* value) { return value->kind == ExprKind::column && value->index == column; };
    auto place = std::ranges::find_if(values, is_it);
    if (place == values.end()) {
      state_.updates->key.reset();
      return;
    }
    moved_key.push_back(static_cast<uint32_t>(place - values.begin()));
  }
  state_.updates->key = std::move(moved_key);
}

std::optional<Schema> changes_schema(Checking& check, const Schema& rows, bool in_full, lang::SourceRange range) {
  if (!in_full) return rows;
  constexpr std::string_view name = "op";
  if (has_field(rows, name)) {
    check
        .report(DiagnosticKind::duplicate_name, range,
                "the kind of a change is the field `{}`, but the rows have a field of that name", name)
        .help("rename the field before: `| rename other = {}`", name);
    return std::nullopt;
  }
  Schema made = rows;
  made.columns.insert(made.columns.begin(), {name, scalar(Kind::STRING)});
  return made;
}

void PipelineChecker::changes(const lang::Step& step) {
  if (state_.is_unknown) return;
  if (!state_.updates) {
    if (state_.is_table) {
      check_.not_yet(step.range, "the changes of an `aggregate` or `top` without window")
          .help("a window with `late allow` gives a table that changes on the way");
    } else {
      check_
          .report(DiagnosticKind::wrong_nature, step.range,
                  "`changes` is for tables: the rows of a stream never change")
          .help("leave it out");
    }
    state_.is_unknown = true;
    return;
  }
  std::optional<Schema> schema = changes_schema(check_, state_.schema, true, step.range);
  if (!schema) {
    state_.is_unknown = true;
    return;
  }
  push(step, "changes", Changes{true}, std::move(*schema));
  state_.updates.reset();
  state_.out_of.reset();
  state_.is_table = false;
}

} // namespace flow::sema
