// LayoutCodec: the rows or entries of one FlowLayout as self-contained bytes, and back. Used by snapshots; knows where
// the strings are, so it also serves the arena's compaction.
//
//   entry   := fixed, string*, list*
//   fixed   := the entry's bytes as they are; of a list inside of it (FlowRepeat) only the rows in use
//   string  := varint length, bytes        every string slot in order: key, fields, then those of the list's rows
//   list    := varint rows, (row bytes, string*)*      every list (FlowList) in order
//
// What fixed holds of a string slot or a list is not looked at when reading. The lists are read apart, since their rows
// go into the memory of a table, which must have the entry first. Reading takes any bytes: kinds with few values
// (bool, enum) and list lengths are checked, since code that prints or walks them relies on it.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "runtime/abi/flow_program.h"
#include "runtime/base/bytes.h"
#include "runtime/batch/strings.h"
#include "runtime/state/lists.h"

namespace flow::runtime {

class LayoutCodec {
public:
  // `has_bytes_key`: the first 16 bytes are a FlowString whatever the fields say.
  LayoutCodec(const FlowProgram& program, const FlowLayout& layout, bool has_bytes_key);

  // All but the lists, and then those: `after_row()` is called behind each of their rows, of which there may be many.
  void write(ByteWriter& out, const uint8_t* entry, const uint8_t* heap) const;
  template <typename AfterRow>
  void write_lists(ByteWriter& out, const uint8_t* entry, const uint8_t* heap, AfterRow after_row) const;

  // Fills `entry` (stride bytes, zero) from `in`, its lists empty. Strings are handed to `store(slot, data, length)`.
  // False: wrong bytes.
  template <typename Store> bool read(ByteReader& in, uint8_t* entry, Store store) const;
  // Fills the lists: `append(list, stride)` gives each row, zeroed.
  template <typename Append, typename Store>
  bool read_lists(ByteReader& in, uint8_t* entry, Append append, Store store) const;

  // Calls visit(slot) for every string slot in use of the entry, without those of its lists.
  template <typename Visit> void for_each_string(const uint8_t* entry, Visit visit) const;

  bool has_strings() const { return !strings_.empty() || !row_strings_.empty(); }
  bool has_lists() const { return !lists_.empty(); }
  uint32_t stride() const { return layout_.stride; }
  uint64_t fingerprint() const { return layout_.fingerprint; }
  const FlowLayout& layout() const { return layout_; }

private:
  struct Limited {
    uint32_t offset, size, count;
  }; // a field of `size` bytes whose value is below `count`

  struct ListRows { // of a FlowList
    uint32_t offset, stride;
    std::vector<uint32_t> strings; // in a row
    std::vector<Limited> limited;
  };

  void add_fields(const FlowProgram& program, const FlowLayout& layout, std::vector<uint32_t>& strings,
                  std::vector<Limited>& limited) const;
  void add_list(const FlowProgram& program, const FlowList& list);
  bool has_repeat() const { return layout_.repeat.row_layout != FLOW_NONE; }
  static void write_string(ByteWriter& out, const uint8_t* slot, const uint8_t* heap);
  template <typename Store> static bool read_string_into(ByteReader& in, uint8_t* slot, Store& store);
  uint32_t list_rows(const uint8_t* entry) const;
  bool read_fixed(ByteReader& in, uint8_t* entry) const;
  static bool are_within(const std::vector<Limited>& limited, const uint8_t* row);

  FlowLayout layout_;
  std::vector<uint32_t> strings_, row_strings_; // offsets of string slots in the entry; in a row of its list
  std::vector<Limited> limited_, row_limited_;
  std::vector<ListRows> lists_;
};

template <typename Visit> void LayoutCodec::for_each_string(const uint8_t* entry, Visit visit) const {
  for (uint32_t offset : strings_) visit(const_cast<uint8_t*>(entry) + offset);
  if (!has_repeat() || row_strings_.empty()) return;
  uint32_t rows = list_rows(entry);
  for (uint32_t row = 0; row < rows; ++row) {
    uint8_t* at =
        const_cast<uint8_t*>(entry) + layout_.repeat.offset + static_cast<uint64_t>(row) * layout_.repeat.stride;
    for (uint32_t offset : row_strings_) visit(at + offset);
  }
}

template <typename Store> bool LayoutCodec::read(ByteReader& in, uint8_t* entry, Store store) const {
  if (!read_fixed(in, entry)) return false;
  for (const ListRows& list : lists_) memset(entry + list.offset, 0, FLOW_LIST_BYTES);
  bool is_right = true;
  for_each_string(entry, [&](uint8_t* slot) { is_right = read_string_into(in, slot, store) && is_right; });
  return is_right;
}

template <typename Store> bool LayoutCodec::read_string_into(ByteReader& in, uint8_t* slot, Store& store) {
  std::string_view text = in.text();
  memset(slot, 0, sizeof(FlowString));
  if (in.has_failed() || text.size() > UINT32_MAX) return false;
  store(slot, text.data() == nullptr ? "" : text.data(), text.size());
  return true;
}

template <typename AfterRow>
void LayoutCodec::write_lists(ByteWriter& out, const uint8_t* entry, const uint8_t* heap, AfterRow after_row) const {
  for (const ListRows& list : lists_) {
    const FlowListHead& head = *list_head(entry + list.offset);
    out.varint(head.length);
    for_each_list_row(heap, head, list.stride, [&](const uint8_t* row) {
      out.raw({reinterpret_cast<const char*>(row), list.stride});
      for (uint32_t offset : list.strings) write_string(out, row + offset, heap);
      after_row();
    });
  }
}

template <typename Append, typename Store>
bool LayoutCodec::read_lists(ByteReader& in, uint8_t* entry, Append append, Store store) const {
  for (const ListRows& list : lists_) {
    uint64_t rows = in.count(list.stride);
    for (uint64_t i = 0; i < rows; ++i) {
      std::string_view bytes = in.raw(list.stride);
      if (in.has_failed()) return false;
      uint8_t* row = append(entry + list.offset, list.stride);
      memcpy(row, bytes.data(), list.stride);
      for (uint32_t offset : list.strings) {
        if (!read_string_into(in, row + offset, store)) return false;
      }
      if (!are_within(list.limited, row)) return false;
    }
  }
  return !in.has_failed();
}

} // namespace flow::runtime
