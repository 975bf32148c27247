#include "runtime/saved/columns.h"

#include <fmt/format.h>
#include <string.h>

#include <cmath>

#include "runtime/base/text.h"
#include "runtime/formats/csv_encoder.h"
#include "runtime/formats/json_encoder.h"
#include "runtime/formats/nearest.h"

namespace flow::runtime {
namespace {

constexpr std::string_view pane_name = "window_pane"; // when the pane of windows starts that the entry is in

Field shown_field(const Schema& schema, std::string_view name, uint32_t kind, bool is_nullable, uint32_t enum_type) {
  Field field{.name = name, .kind = static_cast<FlowKind>(kind), .is_nullable = is_nullable};
  if (kind != FLOW_ENUM) return field;
  const EnumSchema& type = schema.enums[enum_type];
  field.enum_name = type.name;
  field.texts.assign(type.texts.begin(), type.texts.end());
  return field;
}

void append_json_text(std::string& out, std::string_view text) {
  size_t before = out.size();
  out.resize(before + json_text_bytes_max(text) + 2);
  char* end = write_json_text(out.data() + before, text);
  out.resize(static_cast<size_t>(end - out.data()));
}

void append_json_value(std::string& out, const Field& field, const FlowCell& cell) {
  if (cell.is_null != 0) {
    out += "null";
    return;
  }
  std::string text = value_text(field, cell);
  bool is_float = field.kind == FLOW_F32 || field.kind == FLOW_F64;
  bool is_bare = field.kind <= FLOW_F64 && (!is_float || std::isfinite(cell.value.f));
  if (is_bare)
    out += text;
  else
    append_json_text(out, text);
}

void append_csv_text(std::string& out, std::string_view text) {
  if (!text.empty() && text.find_first_of(",\"\r\n") == std::string_view::npos) {
    out += text;
    return;
  }
  size_t before = out.size();
  out.resize(before + 2 * text.size() + 2);
  char* end = write_csv_quoted(out.data() + before, text);
  out.resize(static_cast<size_t>(end - out.data()));
}

// Nothing at all stands for null, "" for no text.
void append_csv_value(std::string& out, const Field& field, const FlowCell& cell) {
  if (cell.is_null == 0) append_csv_text(out, value_text(field, cell));
}

bool is_own(const FieldSchema& field) { return field.name.starts_with("@"); } // of the runtime or the compiler

uint32_t rows_in(const uint8_t* entry, const FlowRepeat& repeat) {
  uint32_t count;
  memcpy(&count, entry + repeat.count_offset, sizeof count);
  return count;
}

} // namespace

std::string type_text(const Schema& schema, uint32_t kind, bool is_nullable, uint32_t enum_type) {
  std::string text =
      kind == FLOW_ENUM ? schema.enums[enum_type].name : std::string(kind_name(static_cast<FlowKind>(kind)));
  return is_nullable ? text + "?" : text;
}

Result<ShownState> find_shown(const Schema& schema, std::string_view name) {
  if (const StateSchema* state = schema.find_state(name)) return ShownState{.state = state};
  std::vector<ShownState> found;
  std::vector<std::string> names;
  auto consider = [&](const StateSchema& state, const std::string& part, ShownState shown) {
    names.push_back(fmt::format("{}.{}", state.name, part));
    if (name == names.back() || name == part) found.push_back(shown);
  };
  for (const StateSchema& state : schema.states) {
    names.push_back(state.name);
    if (state.is_sessions()) continue; // it is shown as a whole
    for (const CellSchema& cell : state.cells) consider(state, cell.name, {.state = &state, .cell = &cell});
    for (const TimerSchema& timer : state.timers) consider(state, timer.name, {.state = &state, .timer = &timer});
  }
  if (found.size() == 1) return found.front();
  if (names.empty()) return Status(ExitCode::usage, "the checkpoint holds no state");
  return Status(ExitCode::usage,
                fmt::format("there {} called {}: give one of {}", found.empty() ? "is no state" : "are several states",
                            quoted(name), fmt::join(names, ", ")));
}

EntryColumns::EntryColumns(const Schema& schema, const ShownState& shown)
    : schema_(schema), state_(*shown.state), layout_(schema.layout_of(*shown.state)) {
  for (const KeySchema& key : state_.keys) {
    keys_.push_back(shown_field(schema, key.name, key.kind, key.is_nullable, key.enum_type));
  }
  bool is_whole = shown.cell == nullptr && shown.timer == nullptr;
  if (!state_.is_keyed()) add_panes();
  for (const CellSchema& cell : state_.cells) {
    if (is_whole || shown.cell == &cell) add_cell(cell);
  }
  for (const TimerSchema& timer : state_.timers) {
    if (is_whole || shown.timer == &timer) add_timer(timer);
  }
  if (is_whole) add_rows();
}

void EntryColumns::add_field(const FieldSchema& field, uint32_t set_offset, std::string name) {
  Column column{.field = {}, .from = field, .set_offset = set_offset};
  column.from.name = std::move(name);
  columns_.push_back(std::move(column));
  Column& added = columns_.back();
  // Not a view of the name in `columns_`, whose elements move.
  added.field = shown_field(schema_, {}, field.kind, field.is_nullable(), field.enum_type);
}

void EntryColumns::add_cell(const CellSchema& cell) {
  for (const FieldSchema& field : layout_.fields) {
    bool is_inside = field.offset >= cell.begin && field.offset < cell.end;
    if (!is_inside) continue;
    if (state_.is_sessions() && field.offset == state_.session_start) {
      add_field(field, cell.set_offset, "window_start");
    } else if (!is_own(field)) {
      add_field(field, cell.set_offset, field.name);
    }
  }
}

void EntryColumns::add_timer(const TimerSchema& timer) {
  FieldSchema time{.name = timer.name, .kind = FLOW_TIMESTAMP, .offset = timer.time_offset};
  add_field(time, timer.set_offset, state_.is_sessions() ? "last_instant" : timer.name);
}

void EntryColumns::add_panes() {
  has_pane_ = state_.window != FLOW_WINDOW_GLOBAL;
  for (const FieldSchema& field : layout_.fields) {
    if (field.offset >= state_.key_size && !is_own(field)) add_field(field, FLOW_NONE, field.name);
  }
}

void EntryColumns::add_rows() {
  if (layout_.has_repeat()) rows_.push_back({.name = "rows", .layout = layout_.repeat.row_layout});
  for (size_t i = 0; i < layout_.lists.size(); ++i) {
    uint32_t rows = layout_.lists[i].row_layout;
    rows_.push_back({.name = schema_.layouts[rows].name, .layout = rows, .list = static_cast<int>(i)});
  }
}

std::vector<std::string> EntryColumns::names() const {
  std::vector<std::string> names;
  for (const Field& key : keys_) names.emplace_back(key.name);
  if (has_pane_) names.emplace_back(pane_name);
  for (const Column& column : columns_) names.push_back(column.from.name);
  for (const Rows& rows : rows_) names.push_back(rows.name);
  return names;
}

bool EntryColumns::is_shown(const Column& column, const SavedEntry& entry) const {
  return column.set_offset == FLOW_NONE || entry.bytes[column.set_offset] != 0;
}

bool EntryColumns::has_any(const SavedEntry& entry) const {
  if (!rows_.empty() || columns_.empty()) return true;
  for (const Column& column : columns_) {
    if (is_shown(column, entry)) return true;
  }
  return false;
}

FlowCell EntryColumns::value_of(const Column& column, const SavedEntry& entry) const {
  if (!is_shown(column, entry)) return null_cell();
  return cell_of(column.from, entry.bytes.data(), entry.heap.data());
}

std::string EntryColumns::rows_json(const Rows& rows, const SavedEntry& entry) const {
  const LayoutSchema& layout = schema_.layouts[rows.layout];
  const uint8_t* at = entry.bytes.data() + layout_.repeat.offset;
  uint32_t count = 0;
  if (rows.list >= 0) {
    at = entry.lists[static_cast<size_t>(rows.list)].rows.data();
    count = entry.lists[static_cast<size_t>(rows.list)].count;
  } else {
    count = rows_in(entry.bytes.data(), layout_.repeat);
  }
  std::string out = "[";
  for (uint32_t row = 0; row < count; ++row, at += layout.stride) {
    out += row == 0 ? "{" : ",{";
    for (size_t i = 0; i < layout.fields.size(); ++i) {
      const FieldSchema& field = layout.fields[i];
      if (is_own(field)) continue;
      out += out.back() == '{' ? "" : ",";
      append_json_text(out, field.name);
      out += ':';
      append_json_value(out, shown_field(schema_, field.name, field.kind, field.is_nullable(), field.enum_type),
                        cell_of(field, at, entry.heap.data()));
    }
    out += '}';
  }
  return out + "]";
}

bool EntryColumns::append_csv(const SavedEntry& entry, std::string& out) const {
  std::vector<FlowCell> keys;
  if (!read_key(state_, layout_, entry, keys)) return false;
  size_t before = out.size();
  auto separate = [&, is_first = true]() mutable {
    if (!is_first) out += ',';
    is_first = false;
  };
  for (size_t i = 0; i < keys.size(); ++i) {
    separate();
    append_csv_value(out, keys_[i], keys[i]);
  }
  if (has_pane_) {
    separate();
    append_csv_value(out, Field{.name = pane_name, .kind = FLOW_TIMESTAMP}, FlowCell{.value = {.i = entry.pane_us}});
  }
  for (const Column& column : columns_) {
    separate();
    append_csv_value(out, column.field, value_of(column, entry));
  }
  for (const Rows& rows : rows_) {
    separate();
    append_csv_text(out, rows_json(rows, entry));
  }
  if (out.size() == before) out += "\"\""; // a line of its own also where one column is null
  out += '\n';
  return true;
}

bool EntryColumns::append_json(const SavedEntry& entry, std::string& out) const {
  std::vector<FlowCell> keys;
  if (!read_key(state_, layout_, entry, keys)) return false;
  auto name = [&, is_first = true](std::string_view text) mutable {
    out += is_first ? '{' : ',';
    is_first = false;
    append_json_text(out, text);
    out += ':';
  };
  for (size_t i = 0; i < keys.size(); ++i) {
    name(keys_[i].name);
    append_json_value(out, keys_[i], keys[i]);
  }
  if (has_pane_) {
    name(pane_name);
    append_json_value(out, Field{.name = pane_name, .kind = FLOW_TIMESTAMP}, FlowCell{.value = {.i = entry.pane_us}});
  }
  for (const Column& column : columns_) {
    name(column.from.name);
    append_json_value(out, column.field, value_of(column, entry));
  }
  for (const Rows& rows : rows_) {
    name(rows.name);
    out += rows_json(rows, entry);
  }
  out += keys_.empty() && !has_pane_ && columns_.empty() && rows_.empty() ? "{}\n" : "}\n";
  return true;
}

} // namespace flow::runtime
