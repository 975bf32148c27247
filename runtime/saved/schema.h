// Schema: what the states of a job are called and consist of, as data. It stands in the manifest of every checkpoint
// (manifest.h), so that its entries can be read without the program that wrote them, and be matched by name with those
// of another program.
//
//   schema := enum*, layout*, state*, source*          each list with its length before it; encodings of base/bytes.h
//
// Numbers mean what they mean in flow_program.h. Partial results are no state: they are not in it. Of the layouts only
// those of states and of their lists' rows are.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/abi/flow_program.h"
#include "runtime/base/status.h"

namespace flow::runtime {

struct EnumSchema {
  std::string name;
  std::vector<std::string> texts;
};

struct FieldSchema {
  std::string name;
  uint32_t kind = 0; // FlowKind
  uint32_t offset = 0;
  uint32_t null_bit = FLOW_NONE;
  uint32_t enum_type = FLOW_NONE; // of Schema::enums
  bool is_nullable() const { return null_bit != FLOW_NONE; }
};

struct LayoutSchema {
  std::string name;
  uint64_t fingerprint = 0;
  uint32_t stride = 0;
  std::vector<FieldSchema> fields;
  FlowRepeat repeat{.row_layout = FLOW_NONE}; // layouts by number in the schema
  std::vector<FlowList> lists;
  bool has_repeat() const { return repeat.row_layout != FLOW_NONE; }
};

struct KeySchema {
  std::string name;
  uint32_t kind = 0;
  bool is_nullable = false;
  uint32_t enum_type = FLOW_NONE;
};

struct CellSchema {
  std::string name;
  uint32_t set_offset = 0, begin = 0, end = 0, written_offset = FLOW_NONE;
  int64_t expires_us = 0;
  std::string was = {}; // of a program: the cell's name in an earlier one; in no checkpoint
  bool does_expire() const { return written_offset != FLOW_NONE; }
};

struct TimerSchema {
  std::string name;
  uint32_t set_offset = 0, time_offset = 0, queued_offset = 0;
  bool is_processing_time = false;
};

// Bytes of a value of each FlowKind in an entry.
inline constexpr uint32_t kind_bytes[] = {
#define FLOW_KIND(name, text, size, align) size,
#include "runtime/abi/kinds.def"
#undef FLOW_KIND
};

struct StateSchema {
  std::string name;
  std::string chain; // the uid of the chain that keeps it
  uint32_t kind = 0; // FlowStateKind
  uint32_t window = 0;
  int64_t size_us = 0, slide_us = 0, offset_us = 0, pane_us = 0;
  uint32_t layout = 0; // of Schema::layouts
  uint32_t key_size = 0;
  bool key_is_bytes = false;
  uint32_t session_start = 0;
  std::string meaning; // as FlowState has it
  std::vector<KeySchema> keys;
  std::vector<CellSchema> cells;
  std::vector<TimerSchema> timers;
  bool is_keyed() const { return kind == FLOW_STATE_KEYED; }
  bool is_sessions() const { return session_start != 0; }
};

struct SourceSchema {
  std::string name;
  std::string chain;
  std::string type, format;
};

struct Schema {
  std::vector<EnumSchema> enums;
  std::vector<LayoutSchema> layouts;
  std::vector<StateSchema> states;
  std::vector<SourceSchema> sources;

  const LayoutSchema& layout_of(const StateSchema& state) const { return layouts[state.layout]; }
  const StateSchema* find_state(std::string_view name) const; // null: there is none
};

Schema schema_of(const FlowProgram& program);

std::string encode_schema(const Schema& schema);
// Takes any bytes: what it gives can be used to read entries. `path` is for messages. A failure is
// `checkpoint_damaged`.
Result<Schema> decode_schema(std::string_view bytes, const std::string& path);

// A schema as the part of a FlowProgram that the runtime's readers of entries ask for: enums and layouts.
class SchemaProgram {
public:
  explicit SchemaProgram(const Schema& schema); // which outlives it
  SchemaProgram(const SchemaProgram&) = delete;
  SchemaProgram& operator=(const SchemaProgram&) = delete;

  const FlowProgram& program() const { return program_; }
  const FlowLayout& layout(uint32_t number) const { return layouts_[number]; }

private:
  std::vector<std::vector<const char*>> texts_;
  std::vector<FlowEnum> enums_;
  std::vector<std::vector<FlowField>> fields_;
  std::vector<FlowLayout> layouts_;
  FlowProgram program_{};
};

} // namespace flow::runtime
