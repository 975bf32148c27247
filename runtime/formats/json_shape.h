// JsonShape: what records of a source have in common, taken from one of them.
//
// Most JSON lines of a file differ in their values only. A record's marks are its quotes, backslashes and bytes below
// 0x20 (so its line end too). Its values cut out, constant pieces remain: `{"id":`, `,"name":"`, `"}` and the line end,
// in the order and with the white space that the record has. Another record has the same shape if the same pieces stand
// where its own marks say; as nothing between two pieces holds a mark, its texts then have no escapes and no control
// characters, and what stands bare is one value or is refused when it is read.
//
// A shape says nothing about values, so a record of the shape may still be bad; one that is of another shape (other
// order, escapes, a null for a text) may be good. Both are left to the decoder.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "runtime/formats/marks.h"
#include "runtime/formats/value.h"

namespace flow::runtime {

constexpr int64_t json_room_bytes = 160; // behind marked records: a piece is looked for where it may not be

// Sixteen bytes that stand `offset` from one of the record's starts, save those where `mask` is zero.
struct JsonPiece {
  unsigned char bytes[16] = {};
  unsigned char mask[16] = {};
  int64_t number = 0; // of the start
  int64_t offset = 0;
};

// What the vocabulary reads.
struct JsonShape {
  const JsonPiece* pieces = nullptr;
  const MarkedField* unread = nullptr; // bare values that no needed field has
  uint32_t piece_count = 0;
  uint32_t unread_count = 0;
};

class JsonShapeLearner {
public:
  // Takes the shape of a record, which holds its line end. REQUIRES: the decoder has read it as a row of these fields.
  // False: there is no use in its shape, and so none at all now.
  bool learn(std::string_view record, const std::vector<Field>& fields);

  bool is_known() const { return width_ > 0; }
  uint32_t width() const { return width_; } // marks of a record
  const JsonShape* shape() const { return &shape_; }
  const MarkedField* fields() const { return fields_.data(); } // by field

private:
  static constexpr uint32_t no_field = ~uint32_t{0};

  bool cut(std::string_view record, const std::vector<Field>& fields);
  bool take_name(std::string_view name, const std::vector<Field>& fields);
  bool take_value(std::string_view record, size_t begin, size_t end, MarkedForm form, const std::vector<Field>& fields);
  bool add_piece(std::string_view text);

  std::vector<JsonPiece> pieces_;
  std::vector<MarkedField> fields_, unread_;
  std::vector<bool> is_seen_; // by field
  JsonShape shape_;
  uint32_t width_ = 0;
  // while a record is taken apart:
  size_t piece_begin_ = 0;      // behind the last value
  uint32_t member_ = no_field;  // the field of the member of the outermost object
  MarkedField* open_ = nullptr; // the value whose end the next piece tells: of a field, or one of these
  MarkedField ignored_text_, unread_value_;
};

} // namespace flow::runtime
