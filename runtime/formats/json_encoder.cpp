#include "runtime/formats/json_encoder.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "runtime/formats/json_outline.h"

namespace flow::runtime {
namespace {

constexpr std::string_view hex = "0123456789abcdef";
constexpr size_t escape_bytes_max = 6; // \u001f
constexpr size_t short_text = 64;      // up to here the worst case is cheaper to assume than to count

bool is_number(FlowKind kind) { return kind >= FLOW_I8 && kind <= FLOW_F64; }

char letter_of(char c) {
  switch (c) {
  case '"': return '"';
  case '\\': return '\\';
  case '\b': return 'b';
  case '\f': return 'f';
  case '\n': return 'n';
  case '\r': return 'r';
  case '\t': return 't';
  default: return '\0';
  }
}

bool must_escape(char c) { return static_cast<uint8_t>(c) < 0x20 || c == '"' || c == '\\'; }

char* put(char* to, std::string_view text) { return std::copy(text.begin(), text.end(), to); }

char* put_escaped(char* to, char c) {
  *to++ = '\\';
  if (char letter = letter_of(c); letter != '\0') {
    *to++ = letter;
    return to;
  }
  auto byte = static_cast<uint8_t>(c);
  to = put(to, "u00");
  *to++ = hex[byte >> 4];
  *to++ = hex[byte & 15];
  return to;
}

} // namespace

char* write_json_text(char* to, std::string_view text) {
  *to++ = '"';
  for (char c : text) {
    if (must_escape(c))
      to = put_escaped(to, c);
    else
      *to++ = c;
  }
  *to++ = '"';
  return to;
}

size_t json_text_bytes_max(std::string_view text) {
  if (text.size() <= short_text) return escape_bytes_max * text.size();
  auto escapes = static_cast<size_t>(std::count_if(text.begin(), text.end(), must_escape));
  return text.size() + (escape_bytes_max - 1) * escapes;
}

namespace {

class JsonEncoder final : public Encoder {
public:
  explicit JsonEncoder(std::vector<Field> fields) : fields_(std::move(fields)) {
    std::vector<std::string> names;
    for (const Field& field : fields_) {
      std::string name(escape_bytes_max * field.name.size() + 2, '\0');
      size_t bytes = static_cast<size_t>(write_json_text(name.data(), field.name) - name.data());
      names.push_back(name.substr(1, bytes - 2));
    }
    outline_ = json_outline(names);
  }

  std::string header() const override { return ""; }

  size_t bytes_max(const FlowCell* cells) const override {
    constexpr size_t quotes_or_null = 4;
    size_t bytes = 3; // "{}\n"
    for (size_t i = 0; i < fields_.size(); ++i) {
      bytes += outline_[i].before.size() + outline_[i].after.size() + outline_[i].null.size() + quotes_or_null;
      if (cells[i].is_null == 0) bytes += text_bytes(fields_[i], cells[i]);
    }
    return bytes;
  }

  char* encode(const FlowCell* cells, char* to) const override {
    *to++ = '{';
    for (size_t i = 0; i < fields_.size();) {
      const JsonField& field = outline_[i];
      to = put(to, field.before);
      if (field.record_end == 0) {
        to = put(encode_value(fields_[i], cells[i], to), field.after);
      } else if (cells[i].value.i == 0) {
        to = put(to, field.null);
        i = field.record_end;
        continue;
      }
      ++i;
    }
    return put(to, "}\n");
  }

  char* encode_field(size_t field, const FlowCell& cell, char* to) const override {
    return encode_value(fields_[field], cell, to);
  }

private:
  static std::string_view text_of(const Field& field, const FlowCell& cell) {
    if (field.kind == FLOW_ENUM) return field.texts[static_cast<size_t>(cell.value.i)];
    return {cell.value.s, cell.length};
  }

  static size_t text_bytes(const Field& field, const FlowCell& cell) {
    return is_free_text(field.kind) ? json_text_bytes_max(text_of(field, cell)) : value_bytes_max(field, cell);
  }

  static char* encode_value(const Field& field, const FlowCell& cell, char* to) {
    if (cell.is_null != 0) return put(to, "null");
    if (is_free_text(field.kind)) return write_json_text(to, text_of(field, cell));
    bool is_float = field.kind == FLOW_F32 || field.kind == FLOW_F64;
    bool is_bare = field.kind == FLOW_BOOL || (is_number(field.kind) && !(is_float && !std::isfinite(cell.value.f)));
    if (is_bare) return write_value(to, field, cell);
    *to++ = '"';
    to = write_value(to, field, cell);
    *to++ = '"';
    return to;
  }

  std::vector<Field> fields_;
  std::vector<JsonField> outline_; // by field
};

} // namespace

Result<std::unique_ptr<Encoder>> make_json_encoder(std::vector<Field> fields) {
  return std::unique_ptr<Encoder>(new JsonEncoder(std::move(fields)));
}

} // namespace flow::runtime
