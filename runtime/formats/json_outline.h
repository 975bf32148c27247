// What stands in a JSON record around its values. A name with dots is a field of a record in the record: the fields
// "order.id" and "order.price" are written as {"order":{"id":1,"price":2}}. A field whose name stands before those of a
// record, "order", is no value: it is a bool that says whether there is that record, which is null otherwise.
//
// For the runtime's encoder and for the code that flowc makes for a sink, which write the same bytes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace flow::runtime {

struct JsonField {
  std::string before;    // `,"order":{"id":`
  std::string after;     // of the last field of a record: `}`
  size_t record_end = 0; // of a mark: one past the last field of its record; else 0
  std::string null;      // of a mark: what is written in place of that record and all that stands after its fields
};

namespace json_outline_detail {

inline size_t depth_of(std::string_view name) { return static_cast<size_t>(std::count(name.begin(), name.end(), '.')); }

/// How many records the two fields are both in.
inline size_t shared_depth(std::string_view a, std::string_view b) {
  size_t depth = 0;
  for (size_t at = 0;; ++depth) {
    size_t a_end = a.find('.', at), b_end = b.find('.', at);
    bool is_same = a_end != a.npos && a_end == b_end && a.substr(at, a_end - at) == b.substr(at, b_end - at);
    if (!is_same) return depth;
    at = a_end + 1;
  }
}

inline bool is_within(std::string_view name, std::string_view record) {
  return name.size() > record.size() && name.substr(0, record.size()) == record && name[record.size()] == '.';
}

} // namespace json_outline_detail

/// `names`: as they stand between quotes, escapes included. The `{` and `}` around the whole are not among the pieces.
inline std::vector<JsonField> json_outline(const std::vector<std::string>& names) {
  using namespace json_outline_detail;
  std::vector<JsonField> fields(names.size());
  for (size_t i = 0; i < names.size(); ++i) {
    std::string_view name = names[i], previous = i > 0 ? std::string_view(names[i - 1]) : std::string_view();
    std::string_view next = i + 1 < names.size() ? std::string_view(names[i + 1]) : std::string_view();
    // Behind its own mark a record begins without its name.
    bool is_marked = i > 0 && is_within(name, previous);
    size_t open = is_marked ? depth_of(previous) + 1 : i > 0 ? shared_depth(previous, name) : 0;
    JsonField& made = fields[i];
    made.before = is_marked ? "{" : i > 0 ? "," : "";
    std::string_view rest = name;
    for (size_t depth = 0; depth < open; ++depth) rest.remove_prefix(rest.find('.') + 1);
    for (size_t dot; (dot = rest.find('.')) != rest.npos; rest.remove_prefix(dot + 1))
      made.before.append("\"").append(rest.substr(0, dot)).append("\":{");
    made.before.append("\"").append(rest).append("\":");
    if (!is_within(next, name)) {
      made.after.assign(depth_of(name) - shared_depth(name, next), '}');
      continue;
    }
    size_t end = i + 1;
    while (end < names.size() && is_within(names[end], name)) ++end;
    made.record_end = end;
    std::string_view behind = end < names.size() ? std::string_view(names[end]) : std::string_view();
    made.null = "null" + std::string(depth_of(name) - shared_depth(name, behind), '}');
  }
  return fields;
}

} // namespace flow::runtime
