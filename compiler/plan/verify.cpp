#include "compiler/plan/verify.h"

#include <algorithm>
#include <set>

#include <fmt/core.h>

#include "compiler/plan/verify_chain.h"

namespace flow::plan {

namespace {

// ---- layouts and states -------------------------------------------------------------------------------------------

Problem check_fields(const Layout& layout) {
  std::set<uint32_t> bytes, bits;
  auto wrong = [&](const Field& field, const char* what) { return layout.name + "." + field.name + ": " + what; };
  for (const Field& field : layout.fields) {
    uint32_t size = sema::size_of(field.type.kind);
    if (!field.type.is_scalar()) return wrong(field, "is no scalar");
    if (field.offset % sema::align_of(field.type.kind) != 0) return wrong(field, "not aligned");
    if (field.offset + size > layout.stride) return wrong(field, "beyond the row");
    for (uint32_t byte = field.offset; byte < field.offset + size; byte++) {
      if (!bytes.insert(byte).second) return wrong(field, "overlaps another field");
    }
    if (field.type.nullable != (field.null_bit != none)) return wrong(field, "null bit and type do not agree");
  }
  for (const Field& field : layout.fields) {
    if (field.null_bit == none) continue;
    if (field.null_bit / 8 >= layout.stride) return wrong(field, "null bit beyond the row");
    if (bytes.count(field.null_bit / 8) != 0) return wrong(field, "null bit inside a field");
    if (!bits.insert(field.null_bit).second) return wrong(field, "null bit of another field");
  }
  return std::nullopt;
}

Problem check_layout(const PhysicalPlan& plan, const Layout& layout) {
  if (layout.stride % 8 != 0 || layout.stride == 0) return layout.name + ": stride is no multiple of 8";
  if (auto broken = check_fields(layout)) return broken;
  for (const List& list : layout.lists) {
    if (list.row_layout >= plan.layouts.size()) return layout.name + ": a list has rows without layout";
    if (list.offset % 8 != 0 || list.offset + uint64_t{list_bytes} > layout.stride)
      return layout.name + ": a list lies outside the entry";
  }
  if (!layout.repeat) return std::nullopt;
  const Repeat& list = *layout.repeat;
  if (list.row_layout >= plan.layouts.size()) return layout.name + ": its list has rows without layout";
  if (list.stride != plan.layouts[list.row_layout].stride) return layout.name + ": its list's rows have another size";
  uint64_t end = list.offset + static_cast<uint64_t>(list.stride) * list.max;
  if (end != layout.stride) return layout.name + ": its list does not fill the entry; is it larger than 4 GB?";
  for (const Field& field : layout.fields) {
    if (field.offset + sema::size_of(field.type.kind) > list.count_offset)
      return layout.name + ": its list overlaps a field";
  }
  return std::nullopt;
}

Problem check_key(const State& state, const Layout& entry) {
  const KeySpec& key = state.key;
  if (key.columns.size() != key.from.size()) return state.name + ": not every key column comes from somewhere";
  if (key.columns.empty() && !key.has_session)
    return key.size == 0 ? std::nullopt : Problem(state.name + ": bytes of a key that it does not have");
  if (key.size == 0 || key.size % 8 != 0 || key.size > entry.stride) return state.name + ": wrong size of its key";
  if (key.is_bytes) {
    return key.size == 16 && !entry.fields.empty() && entry.fields[0].offset == 0 && entry.fields[0].type.is_text()
               ? std::nullopt
               : Problem(state.name + ": its key is no string at the start of the entry");
  }
  for (size_t i = 0; i < key.columns.size(); i++) {
    if (i >= entry.fields.size() || !(entry.fields[i].type == key.columns[i].type))
      return state.name + ": its entry does not begin with the key";
    const Field& field = entry.fields[i];
    bool is_inside = field.offset + sema::size_of(field.type.kind) <= key.size &&
                     (field.null_bit == none || field.null_bit / 8 < key.size);
    if (!is_inside) return state.name + ": a key column lies outside the key's bytes";
  }
  return std::nullopt;
}

Problem check_keyed(const State& state, const Layout& entry) {
  if (!state.keyed) return std::nullopt;
  const KeyedState& keyed = *state.keyed;
  bool is_session = state.window.kind == sema::WindowKind::session;
  if (is_session == (keyed.op != nullptr) || is_session != (keyed.session_start != none))
    return state.name + ": neither an operator's state nor sessions";
  for (const KeyedState::Cell& cell : keyed.cells) {
    if (cell.begin > cell.end || cell.end > entry.stride || cell.set >= entry.fields.size())
      return state.name + ": a cell outside the entry";
    if (cell.expires_us.has_value() != (cell.written != none)) return state.name + ": a cell expires without a time";
  }
  if (is_session) return std::nullopt;
  bool is_whole = keyed.cells.size() == keyed.op->cells.size() && keyed.fields.size() == keyed.op->fields.size() &&
                  keyed.timers.size() == keyed.op->timers.size();
  if (!is_whole) return state.name + ": a cell or a timer without a place";
  for (size_t i = 0; i < keyed.fields.size(); i++) {
    const Field& field = entry.fields[keyed.fields[i]];
    const KeyedState::Cell& cell = keyed.cells[keyed.op->fields[i].cell];
    if (field.offset < cell.begin || field.offset + sema::size_of(field.type.kind) > cell.end)
      return state.name + ": a field outside its cell";
  }
  return std::nullopt;
}

Problem check_state(const PhysicalPlan& plan, const State& state) {
  if (state.layout >= plan.layouts.size()) return state.name + ": no layout";
  if (state.running_layout != none && state.running_layout >= plan.layouts.size())
    return state.name + ": no layout of its running window";
  const sema::Window& window = state.window;
  if (window.kind != sema::WindowKind::global && window.size_us <= 0) return state.name + ": a window without size";
  if (window.kind == sema::WindowKind::hopping || window.kind == sema::WindowKind::cumulate) {
    bool divides = state.pane_us > 0 && window.size_us % state.pane_us == 0 && window.slide_us % state.pane_us == 0;
    if (window.slide_us <= 0 || !divides) return state.name + ": panes do not fill its windows";
  }
  bool is_cumulate = window.kind == sema::WindowKind::cumulate;
  if (is_cumulate && state.running_layout != none && state.running_layout != state.layout)
    return state.name + ": panes of one form are added to entries of another";
  if (auto broken = check_keyed(state, plan.layouts[state.layout])) return broken;
  return check_key(state, plan.layouts[state.layout]);
}

// ---- edges and connectors -------------------------------------------------------------------------------------------

bool same_key(const KeySpec& a, const KeySpec& b) {
  return same_types(a.columns, b.columns) && a.from == b.from && a.is_bytes == b.is_bytes && a.size == b.size;
}

Problem check_edge(const PhysicalPlan& plan, uint32_t number) {
  const Edge& edge = plan.edges[number];
  auto wrong = [&](const std::string& what) { return fmt::format("edge {}: {}", number, what); };
  if (edge.to_chain >= plan.chains.size() || edge.from_chain >= edge.to_chain) return wrong("goes back");
  const Chain &from = plan.chains[edge.from_chain], &to = plan.chains[edge.to_chain];
  if (edge.from_output >= from.outputs.size() || from.outputs[edge.from_output].kind != OutputKind::edge ||
      from.outputs[edge.from_output].target != number) {
    return wrong("is not at its output");
  }
  if (edge.to_port >= to.ports.size() || to.ports[edge.to_port].edge != number) return wrong("is not at its port");
  const Input& input = to.inputs[to.ports[edge.to_port].input];
  if (edge.layout != input.layout) return wrong("brings other rows than " + to.uid + " takes");
  if (edge.kind == EdgeKind::forward && from.parallelism != to.parallelism)
    return wrong("forward between different parallelisms");
  if (edge.kind == EdgeKind::single && to.parallelism != 1) return wrong("single, but " + to.uid + " is not one task");
  bool is_keyed = to.state != none && !plan.states[to.state].key.columns.empty();
  if (is_keyed != (edge.kind == EdgeKind::hash)) return wrong("rows with a key, and only they, go by its hash");
  if (is_keyed && !same_key(edge.key, input.key)) return wrong("its key is not that of its input");
  if (is_keyed && !same_types(edge.key.columns, plan.states[to.state].key.columns))
    return wrong("its key is not that of " + to.uid);
  if (to.state != none && !is_keyed && to.parallelism != 1) return wrong(to.uid + " has no key but several tasks");
  return std::nullopt;
}

Problem check_connector(const Connector& connector) {
  if (connector.options.size() != connector.option_types.size()) return connector.name + ": an option without type";
  if (!connector.is_source) return std::nullopt;
  if (connector.is_needed.size() != connector.fields.size())
    return connector.name + ": a field without saying whether it is needed";
  if (!connector.generated.empty() && connector.generated.size() != connector.fields.size())
    return connector.name + ": not every field is generated";
  std::vector<sema::Column> columns;
  for (size_t i = 0; i < connector.fields.size(); i++) {
    if (connector.is_needed[i]) columns.push_back({connector.fields[i].name, connector.fields[i].type});
  }
  return check_expr(connector.time, columns, connector.name);
}

} // namespace

std::optional<std::string> verify(const PhysicalPlan& plan) {
  std::set<std::string> uids, states;
  for (const Layout& layout : plan.layouts) {
    if (auto broken = check_layout(plan, layout)) return broken;
  }
  for (const State& state : plan.states) {
    if (!states.insert(state.name).second) return state.name + ": the state is there twice";
    if (auto broken = check_state(plan, state)) return broken;
  }
  for (const Connector& connector : plan.connectors) {
    if (auto broken = check_connector(connector)) return broken;
  }
  for (uint32_t i = 0; i < plan.edges.size(); i++) {
    if (auto broken = check_edge(plan, i)) return broken;
  }
  for (uint32_t i = 0; i < plan.chains.size(); i++) {
    if (!uids.insert(plan.chains[i].uid).second) return plan.chains[i].uid + ": the chain is there twice";
    if (auto broken = check_chain(plan, i)) return broken;
  }
  return std::nullopt;
}

} // namespace flow::plan
