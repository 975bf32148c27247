// A schema as bytes and back. What is read back is checked: whoever reads entries by it stays within them.
#include <fmt/format.h>

#include <algorithm>

#include "runtime/base/bytes.h"
#include "runtime/saved/schema.h"

namespace flow::runtime {
namespace {

constexpr uint32_t stride_max = 1u << 30;

template <typename T, typename Write> void write_list(ByteWriter& out, const std::vector<T>& list, Write write) {
  out.varint(list.size());
  for (const T& item : list) write(item);
}

template <typename T, typename Read> void read_list(ByteReader& in, std::vector<T>& list, size_t bytes_min, Read read) {
  uint64_t count = in.count(bytes_min);
  for (uint64_t i = 0; i < count && !in.has_failed(); ++i) list.push_back(read());
}

void write_layout(ByteWriter& out, const LayoutSchema& layout) {
  out.text(layout.name);
  out.u64(layout.fingerprint);
  out.u32(layout.stride);
  write_list(out, layout.fields, [&](const FieldSchema& field) {
    out.text(field.name);
    for (uint32_t number : {field.kind, field.offset, field.null_bit, field.enum_type}) out.u32(number);
  });
  const FlowRepeat& repeat = layout.repeat;
  for (uint32_t number : {repeat.count_offset, repeat.offset, repeat.stride, repeat.max, repeat.row_layout})
    out.u32(number);
  write_list(out, layout.lists, [&](const FlowList& list) {
    out.u32(list.offset);
    out.u32(list.row_layout);
  });
}

LayoutSchema read_layout(ByteReader& in) {
  LayoutSchema layout;
  layout.name = in.text();
  layout.fingerprint = in.u64();
  layout.stride = in.u32();
  read_list(in, layout.fields, 17, [&] {
    FieldSchema field;
    field.name = in.text();
    for (uint32_t* number : {&field.kind, &field.offset, &field.null_bit, &field.enum_type}) *number = in.u32();
    return field;
  });
  FlowRepeat& repeat = layout.repeat;
  for (uint32_t* number : {&repeat.count_offset, &repeat.offset, &repeat.stride, &repeat.max, &repeat.row_layout})
    *number = in.u32();
  read_list(in, layout.lists, 8, [&] {
    uint32_t offset = in.u32(), row_layout = in.u32();
    return FlowList{offset, row_layout};
  });
  return layout;
}

void write_state(ByteWriter& out, const StateSchema& state) {
  out.text(state.name);
  out.text(state.chain);
  out.u32(state.kind);
  out.u32(state.window);
  for (int64_t span : {state.size_us, state.slide_us, state.offset_us, state.pane_us}) out.i64(span);
  out.u32(state.layout);
  out.u32(state.key_size);
  out.u8(state.key_is_bytes);
  out.u32(state.session_start);
  out.text(state.meaning);
  write_list(out, state.keys, [&](const KeySchema& key) {
    out.text(key.name);
    out.u32(key.kind);
    out.u8(key.is_nullable);
    out.u32(key.enum_type);
  });
  write_list(out, state.cells, [&](const CellSchema& cell) {
    out.text(cell.name);
    for (uint32_t number : {cell.set_offset, cell.begin, cell.end, cell.written_offset}) out.u32(number);
    out.i64(cell.expires_us);
  });
  write_list(out, state.timers, [&](const TimerSchema& timer) {
    out.text(timer.name);
    for (uint32_t number : {timer.set_offset, timer.time_offset, timer.queued_offset}) out.u32(number);
    out.u8(timer.is_processing_time);
  });
}

StateSchema read_state(ByteReader& in) {
  StateSchema state;
  state.name = in.text();
  state.chain = in.text();
  state.kind = in.u32();
  state.window = in.u32();
  for (int64_t* span : {&state.size_us, &state.slide_us, &state.offset_us, &state.pane_us}) *span = in.i64();
  state.layout = in.u32();
  state.key_size = in.u32();
  state.key_is_bytes = in.u8() != 0;
  state.session_start = in.u32();
  state.meaning = in.text();
  read_list(in, state.keys, 10, [&] {
    KeySchema key;
    key.name = in.text();
    key.kind = in.u32();
    key.is_nullable = in.u8() != 0;
    key.enum_type = in.u32();
    return key;
  });
  read_list(in, state.cells, 25, [&] {
    CellSchema cell;
    cell.name = in.text();
    for (uint32_t* number : {&cell.set_offset, &cell.begin, &cell.end, &cell.written_offset}) *number = in.u32();
    cell.expires_us = in.i64();
    return cell;
  });
  read_list(in, state.timers, 14, [&] {
    TimerSchema timer;
    timer.name = in.text();
    for (uint32_t* number : {&timer.set_offset, &timer.time_offset, &timer.queued_offset}) *number = in.u32();
    timer.is_processing_time = in.u8() != 0;
    return timer;
  });
  return state;
}

// Whether everything that the schema points to is there.
class Verifier {
public:
  explicit Verifier(const Schema& schema) : schema_(schema) {}

  bool is_sound() const {
    for (const LayoutSchema& layout : schema_.layouts) {
      if (!is_layout(layout)) return false;
    }
    for (const StateSchema& state : schema_.states) {
      if (!is_state(state)) return false;
    }
    return true;
  }

private:
  static bool is_within(uint64_t offset, uint64_t bytes, uint32_t stride) { return offset + bytes <= stride; }
  bool is_typed(uint32_t kind, uint32_t enum_type) const {
    return kind < FLOW_KIND_COUNT && (kind != FLOW_ENUM || enum_type < schema_.enums.size());
  }
  // Rows hold neither lists nor rows of their own.
  bool is_row_layout(uint32_t number) const {
    if (number >= schema_.layouts.size()) return false;
    return !schema_.layouts[number].has_repeat() && schema_.layouts[number].lists.empty();
  }

  bool is_layout(const LayoutSchema& layout) const {
    if (layout.stride > stride_max) return false;
    for (const FieldSchema& field : layout.fields) {
      bool has_bit = !field.is_nullable() || is_within(field.null_bit / 8, 1, layout.stride);
      if (!is_typed(field.kind, field.enum_type) || !has_bit) return false;
      if (!is_within(field.offset, kind_bytes[field.kind], layout.stride)) return false;
    }
    for (const FlowList& list : layout.lists) {
      if (!is_row_layout(list.row_layout) || !is_within(list.offset, FLOW_LIST_BYTES, layout.stride)) return false;
    }
    return are_apart(layout) && (!layout.has_repeat() || is_repeat(layout.repeat, layout.stride));
  }
  // A text that was put into its slot is found there again: nothing else is written over it.
  static bool are_apart(const LayoutSchema& layout) {
    std::vector<std::pair<uint64_t, uint64_t>> places; // where they begin and end
    for (const FieldSchema& field : layout.fields)
      places.emplace_back(field.offset, uint64_t{field.offset} + kind_bytes[field.kind]);
    for (const FlowList& list : layout.lists) places.emplace_back(list.offset, uint64_t{list.offset} + FLOW_LIST_BYTES);
    const FlowRepeat& repeat = layout.repeat;
    if (layout.has_repeat())
      places.emplace_back(repeat.count_offset, repeat.offset + uint64_t{repeat.max} * repeat.stride);
    std::sort(places.begin(), places.end());
    for (size_t i = 1; i < places.size(); ++i) {
      if (places[i].first < places[i - 1].second) return false;
    }
    return true;
  }
  bool is_repeat(const FlowRepeat& repeat, uint32_t stride) const {
    return is_row_layout(repeat.row_layout) && schema_.layouts[repeat.row_layout].stride == repeat.stride &&
           uint64_t{repeat.count_offset} + 4 <= repeat.offset &&
           is_within(repeat.offset, uint64_t{repeat.max} * repeat.stride, stride);
  }

  // The first bytes of the entry are a text, whether or not a field says so.
  bool has_key_slot(const StateSchema& state) const {
    if (state.key_size != sizeof(FlowString)) return false;
    for (const FieldSchema& field : schema_.layouts[state.layout].fields) {
      bool is_key = field.offset == 0 && (field.kind == FLOW_STRING || field.kind == FLOW_BYTES);
      if (field.offset < state.key_size && !is_key) return false;
    }
    return true;
  }

  bool is_state(const StateSchema& state) const {
    if (state.layout >= schema_.layouts.size()) return false;
    uint32_t stride = schema_.layouts[state.layout].stride;
    if (!is_within(0, state.key_size, stride) || !is_within(state.session_start, 8, stride)) return false;
    if (state.key_is_bytes && !has_key_slot(state)) return false;
    if (state.is_sessions() && (!state.is_keyed() || state.cells.empty() || state.timers.empty())) return false;
    for (const KeySchema& key : state.keys) {
      if (!is_typed(key.kind, key.enum_type)) return false;
    }
    for (const CellSchema& cell : state.cells) {
      bool is_ranged = cell.begin <= cell.end && cell.end <= stride && is_within(cell.set_offset, 1, stride);
      if (!is_ranged || (cell.does_expire() && !is_within(cell.written_offset, 8, stride))) return false;
    }
    for (const TimerSchema& timer : state.timers) {
      if (!is_within(timer.set_offset, 1, stride) || !is_within(timer.time_offset, 8, stride) ||
          !is_within(timer.queued_offset, 8, stride)) {
        return false;
      }
    }
    return true;
  }

  const Schema& schema_;
};

} // namespace

std::string encode_schema(const Schema& schema) {
  ByteWriter out;
  write_list(out, schema.enums, [&](const EnumSchema& type) {
    out.text(type.name);
    write_list(out, type.texts, [&](const std::string& text) { out.text(text); });
  });
  write_list(out, schema.layouts, [&](const LayoutSchema& layout) { write_layout(out, layout); });
  write_list(out, schema.states, [&](const StateSchema& state) { write_state(out, state); });
  write_list(out, schema.sources, [&](const SourceSchema& source) {
    for (const std::string* text : {&source.name, &source.chain, &source.type, &source.format}) out.text(*text);
  });
  return out.take();
}

Result<Schema> decode_schema(std::string_view bytes, const std::string& path) {
  ByteReader in(bytes);
  Schema schema;
  read_list(in, schema.enums, 2, [&] {
    EnumSchema type;
    type.name = in.text();
    read_list(in, type.texts, 1, [&] { return std::string(in.text()); });
    return type;
  });
  read_list(in, schema.layouts, 35, [&] { return read_layout(in); });
  read_list(in, schema.states, 57, [&] { return read_state(in); });
  read_list(in, schema.sources, 4, [&] {
    SourceSchema source;
    for (std::string* text : {&source.name, &source.chain, &source.type, &source.format}) *text = in.text();
    return source;
  });
  FLOW_TRY(in.finish(fmt::format("the description of the states in '{}'", path)));
  if (Verifier(schema).is_sound()) return schema;
  return Status(ExitCode::checkpoint_damaged, fmt::format("the states that '{}' describes cannot be", path));
}

} // namespace flow::runtime
