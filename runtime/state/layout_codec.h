// LayoutCodec: the rows or entries of one FlowLayout as self-contained bytes, and back. Used by snapshots; knows where
// the strings are, so it also serves the arena's compaction.
//
//   entry   := fixed, string*
//   fixed   := the entry's bytes as they are; of a list (FlowRepeat) only the rows in use
//   string  := varint length, bytes        every string slot in order: key, fields, then those of the list's rows
//
// What fixed holds of a string slot is not looked at when reading. Reading takes any bytes: kinds with few values
// (bool, enum) and list lengths are checked, since code that prints or walks them relies on it.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "runtime/abi/flow_program.h"
#include "runtime/base/bytes.h"
#include "runtime/batch/strings.h"

namespace flow::runtime {

class LayoutCodec {
public:
  // `has_bytes_key`: the first 16 bytes are a FlowString whatever the fields say.
  LayoutCodec(const FlowProgram& program, const FlowLayout& layout, bool has_bytes_key);

  void write(ByteWriter& out, const uint8_t* entry, const uint8_t* heap) const;

  // Fills `entry` (stride bytes, zero) from `in`. Strings are handed to `store(slot, data, length)`. False: wrong
  // bytes.
  template <typename Store> bool read(ByteReader& in, uint8_t* entry, Store store) const;

  // Calls visit(slot) for every string slot in use of the entry.
  template <typename Visit> void for_each_string(const uint8_t* entry, Visit visit) const;

  bool has_strings() const { return !strings_.empty() || !row_strings_.empty(); }
  uint32_t stride() const { return layout_.stride; }
  uint64_t fingerprint() const { return layout_.fingerprint; }
  const FlowLayout& layout() const { return layout_; }

private:
  struct Limited {
    uint32_t offset, size, count;
  }; // a field of `size` bytes whose value is below `count`

  void add_fields(const FlowProgram& program, const FlowLayout& layout, std::vector<uint32_t>& strings,
                  std::vector<Limited>& limited) const;
  bool has_list() const { return layout_.repeat.row_layout != FLOW_NONE; }
  uint32_t list_rows(const uint8_t* entry) const;
  bool read_fixed(ByteReader& in, uint8_t* entry) const;
  static bool are_within(const std::vector<Limited>& limited, const uint8_t* row);

  FlowLayout layout_;
  std::vector<uint32_t> strings_, row_strings_; // offsets of string slots in the entry; in a row of its list
  std::vector<Limited> limited_, row_limited_;
};

template <typename Visit> void LayoutCodec::for_each_string(const uint8_t* entry, Visit visit) const {
  for (uint32_t offset : strings_) visit(const_cast<uint8_t*>(entry) + offset);
  if (!has_list() || row_strings_.empty()) return;
  uint32_t rows = list_rows(entry);
  for (uint32_t row = 0; row < rows; ++row) {
    uint8_t* at =
        const_cast<uint8_t*>(entry) + layout_.repeat.offset + static_cast<uint64_t>(row) * layout_.repeat.stride;
    for (uint32_t offset : row_strings_) visit(at + offset);
  }
}

template <typename Store> bool LayoutCodec::read(ByteReader& in, uint8_t* entry, Store store) const {
  if (!read_fixed(in, entry)) return false;
  bool is_right = true;
  for_each_string(entry, [&](uint8_t* slot) {
    std::string_view text = in.text();
    if (text.size() > UINT32_MAX) is_right = false;
    memset(slot, 0, sizeof(FlowString));
    if (is_right && !in.has_failed()) store(slot, text.data() == nullptr ? "" : text.data(), text.size());
  });
  return is_right && !in.has_failed();
}

} // namespace flow::runtime
