#include "runtime/saved/schema.h"

#include <algorithm>
#include <map>

namespace flow::runtime {
namespace {

// Copies what the program's states need, with layouts and enums numbered anew.
class Collector {
public:
  explicit Collector(const FlowProgram& program) : program_(program) {}

  Schema collect() {
    for (uint32_t chain = 0; chain < program_.chain_count; ++chain) {
      const FlowChain& keeper = program_.chains[chain];
      for (uint32_t i = 0; i < keeper.state_count; ++i) add_state(program_.states[keeper.states[i]], keeper.uid);
      if (keeper.source != FLOW_NONE) add_source(program_.connectors[keeper.source], keeper.uid);
    }
    return std::move(schema_);
  }

private:
  void add_source(const FlowConnector& source, const char* chain) {
    schema_.sources.push_back({.name = source.name, .chain = chain, .type = source.type, .format = source.format});
  }

  void add_state(const FlowState& from, const char* chain) {
    if (from.kind == FLOW_STATE_PARTIAL) return;
    StateSchema state{.name = from.name,
                      .chain = chain,
                      .kind = from.kind,
                      .window = from.window,
                      .size_us = from.size,
                      .slide_us = from.slide,
                      .offset_us = from.offset,
                      .pane_us = from.pane,
                      .layout = layout_number(from.layout),
                      .key_size = from.key_size,
                      .key_is_bytes = from.key_is_bytes != 0,
                      .session_start = from.session_start,
                      .meaning = from.meaning != nullptr ? from.meaning : ""};
    for (uint32_t i = 0; i < from.key_column_count; ++i) {
      const FlowKeyColumn& key = from.key_columns[i];
      state.keys.push_back({key.name, key.kind, key.nullable != 0, enum_number(key.kind, key.enum_type)});
    }
    for (uint32_t i = 0; i < from.cell_count; ++i) {
      const FlowStateCell& cell = from.cells[i];
      state.cells.push_back({cell.name, cell.set_offset, cell.begin, cell.end, cell.written_offset, cell.expires,
                             cell.was == nullptr ? "" : cell.was});
    }
    for (uint32_t i = 0; i < from.timer_count; ++i) {
      const FlowStateTimer& timer = from.timers[i];
      state.timers.push_back(
          {timer.name, timer.set_offset, timer.time_offset, timer.queued_offset, timer.is_processing_time != 0});
    }
    schema_.states.push_back(std::move(state));
  }

  uint32_t layout_number(uint32_t number) {
    if (number == FLOW_NONE) return FLOW_NONE;
    if (auto known = layouts_.find(number); known != layouts_.end()) return known->second;
    const FlowLayout& from = program_.layouts[number];
    LayoutSchema layout{.name = from.name, .fingerprint = from.fingerprint, .stride = from.stride};
    for (uint32_t i = 0; i < from.field_count; ++i) {
      const FlowField& field = from.fields[i];
      layout.fields.push_back(
          {field.name, field.kind, field.offset, field.null_bit, enum_number(field.kind, field.enum_type)});
    }
    layout.repeat = from.repeat;
    layout.repeat.row_layout = layout_number(from.repeat.row_layout);
    for (uint32_t i = 0; i < from.list_count; ++i) {
      layout.lists.push_back({from.lists[i].offset, layout_number(from.lists[i].row_layout)});
    }
    uint32_t made = static_cast<uint32_t>(schema_.layouts.size());
    schema_.layouts.push_back(std::move(layout));
    return layouts_[number] = made;
  }

  uint32_t enum_number(uint32_t kind, uint32_t number) {
    if (kind != FLOW_ENUM || number >= program_.enum_count) return FLOW_NONE;
    if (auto known = enums_.find(number); known != enums_.end()) return known->second;
    const FlowEnum& from = program_.enums[number];
    schema_.enums.push_back({from.name, std::vector<std::string>(from.texts, from.texts + from.count)});
    return enums_[number] = static_cast<uint32_t>(schema_.enums.size() - 1);
  }

  const FlowProgram& program_;
  Schema schema_;
  std::map<uint32_t, uint32_t> layouts_, enums_;
};

} // namespace

const StateSchema* Schema::find_state(std::string_view name) const {
  auto found = std::find_if(states.begin(), states.end(), [&](const StateSchema& state) { return state.name == name; });
  return found == states.end() ? nullptr : &*found;
}

Schema schema_of(const FlowProgram& program) { return Collector(program).collect(); }

SchemaProgram::SchemaProgram(const Schema& schema) {
  for (const EnumSchema& from : schema.enums) {
    std::vector<const char*>& texts = texts_.emplace_back();
    for (const std::string& text : from.texts) texts.push_back(text.c_str());
  }
  for (size_t i = 0; i < schema.enums.size(); ++i) {
    enums_.push_back({schema.enums[i].name.c_str(), static_cast<uint32_t>(texts_[i].size()), texts_[i].data()});
  }
  for (const LayoutSchema& from : schema.layouts) {
    std::vector<FlowField>& fields = fields_.emplace_back();
    for (const FieldSchema& field : from.fields) {
      fields.push_back({field.name.c_str(), field.kind, field.offset, field.null_bit, field.enum_type});
    }
  }
  for (size_t i = 0; i < schema.layouts.size(); ++i) {
    const LayoutSchema& from = schema.layouts[i];
    layouts_.push_back({.name = from.name.c_str(),
                        .fingerprint = from.fingerprint,
                        .stride = from.stride,
                        .field_count = static_cast<uint32_t>(fields_[i].size()),
                        .fields = fields_[i].data(),
                        .repeat = from.repeat,
                        .list_count = static_cast<uint32_t>(from.lists.size()),
                        .reserved = 0,
                        .lists = from.lists.data()});
  }
  program_.enums = enums_.data();
  program_.enum_count = static_cast<uint32_t>(enums_.size());
  program_.layouts = layouts_.data();
  program_.layout_count = static_cast<uint32_t>(layouts_.size());
}

} // namespace flow::runtime
