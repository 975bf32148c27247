#include "runtime/saved/entries.h"

#include <string.h>

#include <algorithm>

#include "runtime/task/snapshot.h"

namespace flow::runtime {
namespace {

Status damaged(std::string_view what) {
  return Status(ExitCode::checkpoint_damaged, "the stored state is damaged: " + std::string(what));
}

// Puts a text into the heap and its place into the slot.
auto storing_in(std::vector<uint8_t>& heap) {
  return [&heap](uint8_t* slot, const char* data, uint64_t length) {
    if (string_is_inline(length)) {
      write_inline_string(slot, data, length);
      return;
    }
    uint64_t offset = heap.size();
    heap.insert(heap.end(), data, data + length);
    write_long_string(slot, data, length, offset);
  };
}

template <typename T> T load(const uint8_t* at) {
  T value;
  memcpy(&value, at, sizeof value);
  return value;
}

FlowCell integer(int64_t value) {
  FlowCell cell{};
  cell.value.i = value;
  return cell;
}

FlowCell text_cell(std::string_view text) {
  FlowCell cell{};
  cell.value.s = text.data();
  cell.length = static_cast<uint32_t>(text.size());
  return cell;
}

FlowCell value_at(uint32_t kind, const uint8_t* at, const uint8_t* heap) {
  switch (kind) {
  case FLOW_I8: return integer(load<int8_t>(at));
  case FLOW_BOOL:
  case FLOW_U8: return integer(load<uint8_t>(at));
  case FLOW_I16: return integer(load<int16_t>(at));
  case FLOW_U16: return integer(load<uint16_t>(at));
  case FLOW_I32:
  case FLOW_DATE:
  case FLOW_ENUM: return integer(load<int32_t>(at));
  case FLOW_U32: return integer(load<uint32_t>(at));
  case FLOW_F32:
  case FLOW_F64: {
    FlowCell cell{};
    cell.value.f = kind == FLOW_F32 ? static_cast<double>(load<float>(at)) : load<double>(at);
    return cell;
  }
  case FLOW_STRING:
  case FLOW_BYTES: {
    FlowView text = read_string(at, heap);
    return text_cell({text.data, text.length});
  }
  default: return integer(load<int64_t>(at));
  }
}

bool is_text(uint32_t kind) { return kind == FLOW_STRING || kind == FLOW_BYTES; }

// One column of canonical bytes.
FlowCell read_key_column(const KeySchema& key, ByteReader& in) {
  FlowCell cell{};
  if (key.is_nullable && in.u8() != 0) {
    cell.is_null = 1;
    return cell;
  }
  if (is_text(key.kind)) {
    uint32_t length = in.u32();
    return text_cell(in.raw(length));
  }
  std::string_view bytes = in.raw(kind_bytes[key.kind]);
  return in.has_failed() ? cell : value_at(key.kind, reinterpret_cast<const uint8_t*>(bytes.data()), nullptr);
}

} // namespace

EntryCodec::EntryCodec(const SchemaProgram& program, uint32_t layout, bool has_bytes_key)
    : entry_(program.program(), program.layout(layout), has_bytes_key) {
  const FlowLayout& of = program.layout(layout);
  for (uint32_t i = 0; i < of.list_count; ++i) {
    rows_.emplace_back(program.program(), program.layout(of.lists[i].row_layout), false);
  }
}

bool EntryCodec::read(ByteReader& in, SavedEntry& entry) const {
  entry.bytes.assign(entry_.stride(), 0);
  entry.heap.clear();
  entry.lists.assign(rows_.size(), {});
  auto store = storing_in(entry.heap);
  if (!entry_.read(in, entry.bytes.data(), store)) return false;
  for (size_t i = 0; i < rows_.size(); ++i) {
    SavedEntry::List& list = entry.lists[i];
    uint32_t stride = rows_[i].stride();
    list.count = static_cast<uint32_t>(in.count(stride));
    list.rows.assign(uint64_t{list.count} * stride, 0);
    for (uint32_t row = 0; row < list.count; ++row) {
      if (!rows_[i].read(in, list.rows.data() + uint64_t{row} * stride, store)) return false;
    }
  }
  return !in.has_failed();
}

void EntryCodec::write(ByteWriter& out, const SavedEntry& entry) const {
  entry_.write(out, entry.bytes.data(), entry.heap.data());
  for (size_t i = 0; i < rows_.size(); ++i) {
    const SavedEntry::List& list = entry.lists[i];
    out.varint(list.count);
    for (uint32_t row = 0; row < list.count; ++row) {
      rows_[i].write(out, list.rows.data() + uint64_t{row} * rows_[i].stride(), entry.heap.data());
    }
  }
}

GroupReader::GroupReader(const Schema& schema, const SchemaProgram& program) : schema_(schema) {
  for (const StateSchema& state : schema.states) codecs_.emplace_back(program, state.layout, state.key_is_bytes);
}

Status GroupReader::read(std::string_view bytes, GroupVisitor& visitor) const {
  ByteReader in(bytes);
  if (in.raw(group_magic.size()) != group_magic) return damaged("a key group does not begin as one");
  uint64_t states = in.count(1);
  for (uint64_t i = 0; i < states && !in.has_failed(); ++i) FLOW_TRY(read_state(in, visitor));
  return in.finish("the state of a key group");
}

Status GroupReader::read_state(ByteReader& in, GroupVisitor& visitor) const {
  const StateSchema* state = schema_.find_state(in.text());
  uint64_t fingerprint = in.u64();
  uint64_t panes = in.count(9);
  if (in.has_failed() || state == nullptr || fingerprint != schema_.layout_of(*state).fingerprint) {
    return damaged("a state is not as the checkpoint describes it");
  }
  bool is_visited = visitor.begin(*state);
  const EntryCodec& codec = codecs_[static_cast<size_t>(state - schema_.states.data())];
  SavedEntry entry;
  for (uint64_t i = 0; i < panes && !in.has_failed(); ++i) {
    entry.pane_us = in.i64();
    uint64_t entries = in.count(9);
    for (uint64_t k = 0; k < entries && !in.has_failed(); ++k) {
      entry.hash = in.u64();
      if (!codec.read(in, entry)) return damaged("an entry has impossible values");
      if (is_visited) visitor.visit(*state, entry);
    }
  }
  return Status();
}

bool is_null(const FieldSchema& field, const uint8_t* row) {
  return field.is_nullable() && (row[field.null_bit / 8] >> (field.null_bit % 8) & 1) != 0;
}

FlowCell cell_of(const FieldSchema& field, const uint8_t* row, const uint8_t* heap) {
  FlowCell cell = value_at(field.kind, row + field.offset, heap);
  cell.is_null = is_null(field, row) ? 1 : 0;
  return cell;
}

bool read_key(const StateSchema& state, const LayoutSchema& layout, const SavedEntry& entry,
              std::vector<FlowCell>& cells) {
  cells.clear();
  const uint8_t* row = entry.bytes.data();
  if (!state.key_is_bytes) {
    if (layout.fields.size() < state.keys.size()) return false;
    for (size_t i = 0; i < state.keys.size(); ++i) cells.push_back(cell_of(layout.fields[i], row, entry.heap.data()));
    return true;
  }
  FlowView view = read_string(row, entry.heap.data());
  std::string_view bytes(view.data, view.length);
  constexpr size_t session_bytes = 8;
  if (state.is_sessions()) {
    if (bytes.size() < session_bytes) return false;
    bytes.remove_suffix(session_bytes);
  }
  bool is_plain = state.keys.size() == 1 && !state.keys[0].is_nullable && is_text(state.keys[0].kind);
  if (is_plain) {
    cells.push_back(text_cell(bytes));
    return true;
  }
  ByteReader in(bytes);
  for (const KeySchema& key : state.keys) cells.push_back(read_key_column(key, in));
  return !in.has_failed() && in.is_at_end();
}

} // namespace flow::runtime
