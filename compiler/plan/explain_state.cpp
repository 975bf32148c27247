// `flowc explain --state`: what is kept, cell by cell, and what ends it.
#include <fmt/core.h>

#include "compiler/graph/print.h"
#include "compiler/plan/explain.h"

namespace flow::plan {

namespace {

std::string line(std::string_view what, std::string_view is, const std::string& ends) {
  return fmt::format("  {:<24} {}{}{}\n", what, is, ends.empty() ? "" : "; ", ends);
}

/// "ride_id: i64, is_start: bool" of the fields whose bytes lie in [begin, end).
std::string fields_text(const Layout& layout, uint32_t begin, uint32_t end) {
  std::string text;
  for (const Field& field : layout.fields) {
    bool is_inside = field.offset >= begin && field.offset < end && !field.name.starts_with("@");
    if (is_inside) text += fmt::format("{}{}: {}", text.empty() ? "" : ", ", field.name, sema::text_of(field.type));
  }
  return text;
}

std::string key_text(const State& state) {
  std::string text;
  for (const sema::Column& column : state.key.columns)
    text += fmt::format("{}{}: {}", text.empty() ? "" : ", ", column.name, sema::text_of(column.type));
  return text.empty() ? "none: one entry" : text;
}

std::string cell_end(const KeyedState::Cell& cell) {
  if (!cell.expires_us) return "until the program clears it";
  return fmt::format("until the program clears it, or {} after it was written",
                     graph::print_duration(*cell.expires_us));
}

std::string keyed_text(const State& state, const Layout& layout) {
  std::string text;
  for (const KeyedState::Cell& cell : state.keyed->cells) {
    text += line("cell " + cell.name,
                 fmt::format("{} ({} bytes)", fields_text(layout, cell.begin, cell.end), cell.end - cell.begin),
                 cell_end(cell));
  }
  for (const KeyedState::Timer& timer : state.keyed->timers) {
    text +=
        line("timer " + timer.name, timer.is_processing_time ? "processing time (16 bytes)" : "event time (16 bytes)",
             "until it fires or is cancelled");
  }
  return text + line("ends", "an entry goes when none of its cells and timers is set", "");
}

std::string window_end(const State& state) {
  switch (state.window.kind) {
  case sema::WindowKind::session:
    return fmt::format("a session goes when the watermark is {} behind its last row",
                       graph::print_duration(state.window.size_us));
  case sema::WindowKind::global: return "everything is kept until the input ends";
  default: return "entries go with the last window that they count in: " + graph::print_window(state.window);
  }
}

std::string rows_text(const PhysicalPlan& plan, const Layout& layout) {
  std::string text;
  auto add = [&](uint32_t number, const std::string& how_many) {
    const Layout& rows = plan.layouts[number];
    text += line("rows", fmt::format("{} ({} bytes each)", fields_text(rows, 0, rows.stride), rows.stride), how_many);
  };
  if (layout.repeat) add(layout.repeat->row_layout, fmt::format("at most {} an entry", layout.repeat->max));
  for (const List& list : layout.lists) add(list.row_layout, "any number");
  return text;
}

std::string windowed_text(const PhysicalPlan& plan, const State& state, const Layout& layout) {
  bool is_session = state.keyed.has_value();
  uint32_t begin = is_session ? state.keyed->cells[0].begin : state.key.size;
  uint32_t end = is_session ? state.keyed->cells[0].end : layout.stride;
  std::string fields = layout.repeat ? "" : fields_text(layout, begin, end);
  std::string text = fields.empty() ? "" : line("value", fields, "");
  return text + rows_text(plan, layout) + line("ends", window_end(state), "");
}

bool has_texts(const Layout& layout) {
  for (const Field& field : layout.fields) {
    if (field.type.is_text()) return true;
  }
  return false;
}

} // namespace

std::string explain_state(const PhysicalPlan& plan) {
  std::string text;
  for (const State& state : plan.states) {
    if (state.is_partial) continue;
    const Layout& layout = plan.layouts[state.layout];
    text += fmt::format("{}: {} bytes an entry{}\n", state.name, layout.stride,
                        has_texts(layout) ? ", and its texts of more than 12 bytes" : "");
    text += line("key", key_text(state), "");
    bool is_operator = state.keyed && state.keyed->op != nullptr;
    text += is_operator ? keyed_text(state, layout) : windowed_text(plan, state, layout);
  }
  return text.empty() ? "the program keeps nothing\n" : text;
}

} // namespace flow::plan
