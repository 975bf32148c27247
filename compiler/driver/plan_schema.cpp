#include "compiler/driver/plan_schema.h"

#include <algorithm>
#include <map>

#include "codegen/descriptor.h"

namespace flow::driver {

namespace {

class SchemaBuilder {
public:
  explicit SchemaBuilder(const plan::PhysicalPlan& plan) : plan_(plan) {}

  runtime::Schema build() {
    for (const plan::Chain& chain : plan_.chains) {
      for (uint32_t state : chain.states()) add_state(plan_.states[state], chain.uid);
      if (chain.source != plan::none) add_source(plan_.connectors[chain.source], chain.uid);
    }
    return std::move(schema_);
  }

private:
  void add_source(const plan::Connector& source, const std::string& chain) {
    schema_.sources.push_back({.name = source.name, .chain = chain, .type = source.type, .format = source.format});
  }

  void add_state(const plan::State& from, const std::string& chain) {
    if (from.is_partial) return;
    const std::vector<plan::Field>& fields = plan_.layouts[from.layout].fields;
    runtime::StateSchema state{.name = from.name,
                               .chain = chain,
                               .kind = from.keyed ? uint32_t{FLOW_STATE_KEYED} : uint32_t{FLOW_STATE_PANES},
                               .window = codegen::window_number(from.window),
                               .size_us = from.window.size_us,
                               .slide_us = from.window.slide_us,
                               .offset_us = from.window.offset_us,
                               .pane_us = from.pane_us,
                               .layout = layout_number(from.layout),
                               .key_size = from.key.size,
                               .key_is_bytes = from.key.is_bytes};
    state.meaning = from.meaning;
    for (const sema::Column& column : from.key.columns) {
      state.keys.push_back({std::string(column.name), static_cast<uint32_t>(column.type.kind), column.type.nullable,
                            enum_number(column.type)});
    }
    if (from.keyed) add_cells(*from.keyed, fields, state);
    schema_.states.push_back(std::move(state));
  }

  static void add_cells(const plan::KeyedState& keyed, const std::vector<plan::Field>& fields,
                        runtime::StateSchema& state) {
    if (keyed.session_start != plan::none) state.session_start = fields[keyed.session_start].offset;
    for (const plan::KeyedState::Cell& cell : keyed.cells) {
      uint32_t written = cell.written == plan::none ? uint32_t{FLOW_NONE} : fields[cell.written].offset;
      state.cells.push_back(
          {cell.name, fields[cell.set].offset, cell.begin, cell.end, written, cell.expires_us.value_or(0), cell.was});
    }
    for (const plan::KeyedState::Timer& timer : keyed.timers) {
      state.timers.push_back({timer.name, fields[timer.set].offset, fields[timer.time].offset,
                              fields[timer.queued].offset, timer.is_processing_time});
    }
  }

  uint32_t layout_number(uint32_t number) {
    if (auto known = layouts_.find(number); known != layouts_.end()) return known->second;
    const plan::Layout& from = plan_.layouts[number];
    runtime::LayoutSchema layout{.name = from.name, .fingerprint = from.fingerprint, .stride = from.stride};
    for (const plan::Field& field : from.fields) {
      layout.fields.push_back(
          {field.name, static_cast<uint32_t>(field.type.kind), field.offset, field.null_bit, enum_number(field.type)});
    }
    if (from.repeat) {
      layout.repeat = {from.repeat->count_offset, from.repeat->offset, from.repeat->stride, from.repeat->max,
                       layout_number(from.repeat->row_layout)};
    }
    for (const plan::List& list : from.lists) layout.lists.push_back({list.offset, layout_number(list.row_layout)});
    schema_.layouts.push_back(std::move(layout));
    return layouts_[number] = static_cast<uint32_t>(schema_.layouts.size() - 1);
  }

  uint32_t enum_number(sema::Type type) {
    if (type.kind != sema::Kind::ENUM || type.enumeration == nullptr) return FLOW_NONE;
    if (auto known = enums_.find(type.enumeration); known != enums_.end()) return known->second;
    runtime::EnumSchema& made = schema_.enums.emplace_back();
    made.name = type.enumeration->name;
    for (std::string_view text : type.enumeration->texts) made.texts.emplace_back(text);
    return enums_[type.enumeration] = static_cast<uint32_t>(schema_.enums.size() - 1);
  }

  const plan::PhysicalPlan& plan_;
  runtime::Schema schema_;
  std::map<uint32_t, uint32_t> layouts_;
  std::map<const sema::EnumType*, uint32_t> enums_;
};

} // namespace

runtime::Schema schema_of(const plan::PhysicalPlan& plan) { return SchemaBuilder(plan).build(); }

} // namespace flow::driver
