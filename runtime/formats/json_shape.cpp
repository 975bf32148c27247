#include "runtime/formats/json_shape.h"

#include <algorithm>
#include <cstring>

#include "runtime/formats/json_reader.h"

namespace flow::runtime {
namespace {

// So that looking for a piece where it may not be stays in the input: a piece begins at most so far before its first
// mark (less than marks_room_bytes) and ends at most so far behind it (with a last load less than json_room_bytes).
constexpr size_t head_bytes_max = 24;
constexpr size_t piece_bytes_max = 128;
constexpr int depth_max = json_depth_max / 2; // the other half is for values inside (flow_rt_json_is_value)
constexpr size_t load_bytes = sizeof(JsonPiece::bytes);

bool is_mark(char c) { return c == '"' || c == '\\' || static_cast<uint8_t>(c) < 0x20; }
bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
bool ends_bare(char c) { return is_space(c) || c == ',' || c == ']' || c == '}'; }

// The closing quote of the string whose opening one stands at `open`.
size_t close_of(std::string_view record, size_t open) {
  size_t at = open + 1;
  while (record[at] != '"') at += record[at] == '\\' ? 2 : 1;
  return at;
}

size_t behind_space(std::string_view record, size_t at) {
  while (at < record.size() && is_space(record[at])) ++at;
  return at;
}

size_t bare_end(std::string_view record, size_t at) {
  while (!ends_bare(record[at])) ++at;
  return at;
}

// Behind the object or array that begins at `at`, if it holds no marks; else 0.
size_t unmarked_end(std::string_view record, size_t at) {
  int depth = 0;
  for (; !is_mark(record[at]); ++at) {
    if (record[at] == '{' || record[at] == '[') ++depth;
    if ((record[at] == '}' || record[at] == ']') && --depth == 0) return at + 1;
  }
  return 0;
}

bool is_read_from_text(FlowKind kind) {
  return is_free_text(kind) || kind == FLOW_BYTES || kind == FLOW_DATE || kind == FLOW_DURATION;
}

} // namespace

bool JsonShapeLearner::learn(std::string_view record, const std::vector<Field>& fields) {
  pieces_.clear();
  unread_.clear();
  fields_.assign(fields.size(), MarkedField{.form = MarkedForm::none});
  is_seen_.assign(fields.size(), false);
  width_ = 0;
  piece_begin_ = 0;
  member_ = no_field;
  open_ = nullptr;
  if (record.empty() || record.back() != '\n' || !cut(record, fields)) {
    width_ = 0;
    return false;
  }
  shape_ = {.pieces = pieces_.data(),
            .unread = unread_.data(),
            .piece_count = static_cast<uint32_t>(pieces_.size()),
            .unread_count = static_cast<uint32_t>(unread_.size())};
  return true;
}

bool JsonShapeLearner::cut(std::string_view record, const std::vector<Field>& fields) {
  int depth = 0;
  for (size_t at = 0; at < record.size();) {
    char c = record[at];
    if (c == '"') {
      size_t close = close_of(record, at), next = behind_space(record, close + 1);
      bool is_name = record[next] == ':';
      if (is_name && depth == 1 && !take_name(record.substr(at + 1, close - at - 1), fields)) return false;
      if (!is_name && !take_value(record, at + 1, close, MarkedForm::text, fields)) return false;
      at = is_name ? next + 1 : close + 1;
    } else if (c == '{' || c == '[') {
      size_t end = depth == 0 ? 0 : unmarked_end(record, at);
      if (end != 0 && !take_value(record, at, end, MarkedForm::bare, fields)) return false;
      if (end == 0 && ++depth > depth_max) return false;
      at = end == 0 ? at + 1 : end;
    } else if (c == '}' || c == ']' || c == ',' || is_space(c)) {
      depth -= c == '}' || c == ']' ? 1 : 0;
      ++at;
    } else {
      size_t end = bare_end(record, at);
      if (!take_value(record, at, end, MarkedForm::bare, fields)) return false;
      at = end;
    }
  }
  return add_piece(record.substr(piece_begin_));
}

// A name with escapes would have to be read first; of two members with one name the last would count.
bool JsonShapeLearner::take_name(std::string_view name, const std::vector<Field>& fields) {
  if (name.find('\\') != std::string_view::npos) return false;
  auto found = std::find_if(fields.begin(), fields.end(), [&](const Field& field) { return field.name == name; });
  member_ = found == fields.end() ? no_field : static_cast<uint32_t>(found - fields.begin());
  if (member_ == no_field) return true;
  if (is_seen_[member_]) return false;
  is_seen_[member_] = true;
  return true;
}

bool JsonShapeLearner::take_value(std::string_view record, size_t begin, size_t end, MarkedForm form,
                                  const std::vector<Field>& fields) {
  const Field* field = member_ == no_field || !fields[member_].is_needed ? nullptr : &fields[member_];
  bool is_text = form == MarkedForm::text;
  if (field != nullptr && field->kind != FLOW_TIMESTAMP && is_read_from_text(field->kind) != is_text) {
    // A null stays a part of the piece. A float that is not finite is a text now and then only.
    return !is_text && record.substr(begin, end - begin) == "null";
  }
  if (field != nullptr && field->kind == FLOW_TIMESTAMP && record[begin] == 'n') return true;
  if (!add_piece(record.substr(piece_begin_, begin - piece_begin_))) return false;
  piece_begin_ = end;
  size_t behind_mark = begin;
  while (!is_mark(record[behind_mark - 1])) --behind_mark;
  MarkedField value{.number = width_, .skip = static_cast<uint32_t>(begin - behind_mark), .form = form};
  open_ = field != nullptr ? &fields_[member_] : is_text ? &ignored_text_ : &unread_value_;
  *open_ = value;
  return true;
}

// What stands between two values, and where by its first mark; the first one by the beginning of the record.
bool JsonShapeLearner::add_piece(std::string_view text) {
  auto first = static_cast<size_t>(std::find_if(text.begin(), text.end(), is_mark) - text.begin());
  if (first == text.size() || first > head_bytes_max || text.size() > piece_bytes_max) return false;
  if (open_ != nullptr) open_->gap = static_cast<uint32_t>(first) + 1;
  if (open_ == &unread_value_) unread_.push_back(unread_value_);
  bool is_first = pieces_.empty();
  int64_t number = is_first ? 0 : int64_t{width_} + 1, offset = is_first ? 0 : -static_cast<int64_t>(first) - 1;
  for (size_t at = 0; at < text.size(); at += load_bytes) {
    JsonPiece piece{.number = number, .offset = offset + static_cast<int64_t>(at)};
    size_t bytes = std::min(load_bytes, text.size() - at);
    std::memcpy(piece.bytes, text.data() + at, bytes);
    std::memset(piece.mask, 0xff, bytes);
    pieces_.push_back(piece);
  }
  width_ += static_cast<uint32_t>(std::count_if(text.begin(), text.end(), is_mark));
  return true;
}

} // namespace flow::runtime
