#include "runtime/state/layout_codec.h"

#include <algorithm>

#include "runtime/base/assert.h"

namespace flow::runtime {
namespace {

bool is_text(uint32_t kind) { return kind == FLOW_STRING || kind == FLOW_BYTES; }

std::string_view piece(const uint8_t* data, uint64_t bytes) { return {reinterpret_cast<const char*>(data), bytes}; }

} // namespace

LayoutCodec::LayoutCodec(const FlowProgram& program, const FlowLayout& layout, bool has_bytes_key) : layout_(layout) {
  if (has_bytes_key) strings_.push_back(0);
  add_fields(program, layout, strings_, limited_);
  for (uint32_t i = 0; i < layout.list_count; ++i) add_list(program, layout.lists[i]);
  if (!has_repeat()) return;
  FLOW_ASSERT(layout.repeat.count_offset + 4 <= layout.repeat.offset, "a list's length stands before its rows");
  FLOW_ASSERT(layout.repeat.row_layout < program.layout_count, "a list's rows have a layout of the program");
  add_fields(program, program.layouts[layout.repeat.row_layout], row_strings_, row_limited_);
}

void LayoutCodec::add_list(const FlowProgram& program, const FlowList& list) {
  FLOW_ASSERT(list.row_layout < program.layout_count, "a list's rows have a layout of the program");
  const FlowLayout& rows = program.layouts[list.row_layout];
  ListRows& added = lists_.emplace_back(ListRows{.offset = list.offset, .stride = rows.stride});
  add_fields(program, rows, added.strings, added.limited);
}

void LayoutCodec::add_fields(const FlowProgram& program, const FlowLayout& layout, std::vector<uint32_t>& strings,
                             std::vector<Limited>& limited) const {
  for (uint32_t i = 0; i < layout.field_count; ++i) {
    const FlowField& field = layout.fields[i];
    if (is_text(field.kind)) {
      if (std::find(strings.begin(), strings.end(), field.offset) == strings.end()) strings.push_back(field.offset);
    } else if (field.kind == FLOW_BOOL) {
      limited.push_back({field.offset, 1, 2});
    } else if (field.kind == FLOW_ENUM && field.enum_type < program.enum_count) {
      limited.push_back({field.offset, 4, std::max(1u, program.enums[field.enum_type].count)});
    }
  }
}

uint32_t LayoutCodec::list_rows(const uint8_t* entry) const {
  uint32_t rows;
  memcpy(&rows, entry + layout_.repeat.count_offset, sizeof rows);
  return rows;
}

void LayoutCodec::write(ByteWriter& out, const uint8_t* entry, const uint8_t* heap) const {
  if (has_repeat()) {
    const FlowRepeat& list = layout_.repeat;
    uint64_t end = list.offset + static_cast<uint64_t>(list.max) * list.stride;
    out.raw(piece(entry, list.offset + static_cast<uint64_t>(list_rows(entry)) * list.stride));
    out.raw(piece(entry + end, layout_.stride - end));
  } else {
    out.raw(piece(entry, layout_.stride));
  }
  for_each_string(entry, [&](const uint8_t* slot) { write_string(out, slot, heap); });
}

void LayoutCodec::write_string(ByteWriter& out, const uint8_t* slot, const uint8_t* heap) {
  FlowView text = read_string(slot, heap);
  out.text({text.data, text.length});
}

bool LayoutCodec::read_fixed(ByteReader& in, uint8_t* entry) const {
  auto take = [&](uint64_t offset, uint64_t bytes) {
    std::string_view raw = in.raw(bytes);
    if (in.has_failed()) return false;
    if (bytes > 0) memcpy(entry + offset, raw.data(), bytes);
    return true;
  };
  if (!has_repeat()) return take(0, layout_.stride) && are_within(limited_, entry);
  const FlowRepeat& list = layout_.repeat;
  uint64_t end = list.offset + static_cast<uint64_t>(list.max) * list.stride;
  if (!take(0, list.offset)) return false;
  uint32_t rows = list_rows(entry);
  if (rows > list.max) return false;
  if (!take(list.offset, static_cast<uint64_t>(rows) * list.stride) || !take(end, layout_.stride - end)) return false;
  for (uint32_t row = 0; row < rows; ++row) {
    if (!are_within(row_limited_, entry + list.offset + static_cast<uint64_t>(row) * list.stride)) return false;
  }
  return are_within(limited_, entry);
}

bool LayoutCodec::are_within(const std::vector<Limited>& limited, const uint8_t* row) {
  for (const Limited& field : limited) {
    uint32_t value = 0;
    memcpy(&value, row + field.offset, field.size);
    if (value >= field.count) return false;
  }
  return true;
}

} // namespace flow::runtime
