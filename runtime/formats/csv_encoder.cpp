#include "runtime/formats/csv_encoder.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "runtime/formats/csv_decoder.h"

namespace flow::runtime {
namespace {

// Puts [begin, end) between quotes and doubles those in it, from behind, in place. Returns the new end.
char* put_quotes(char* begin, char* end) {
  auto inner = std::count(begin, end, '"');
  char* new_end = end + inner + 2;
  char* to = new_end;
  *--to = '"';
  for (const char* from = end; from > begin;) {
    char c = *--from;
    *--to = c;
    if (c == '"') *--to = '"';
  }
  *--to = '"';
  return new_end;
}

class CsvEncoder final : public Encoder {
public:
  CsvEncoder(std::vector<Field> fields, CsvOptions csv) : fields_(std::move(fields)), csv_(std::move(csv)) {
    for (char c : {'"', '\n', '\r', csv_.delimiter}) needs_quotes_[static_cast<uint8_t>(c)] = true;
  }

  std::string header() const override {
    if (!csv_.has_header) return "";
    std::string line;
    for (const Field& field : fields_) {
      if (!line.empty()) line.push_back(csv_.delimiter);
      std::string quoted(2 * field.name.size() + 2, '\0');
      char* end = std::copy(field.name.begin(), field.name.end(), quoted.data());
      if (has_special(field.name)) end = put_quotes(quoted.data(), end);
      line.append(quoted.data(), end);
    }
    return line + "\n";
  }

  size_t bytes_max(const FlowCell* cells) const override {
    constexpr size_t quotes_and_delimiter = 3;
    size_t bytes = 1; // a record without fields is a line end
    for (size_t i = 0; i < fields_.size(); ++i) {
      size_t text = cells[i].is_null != 0 ? csv_.null_text.size() : 2 * value_bytes_max(fields_[i], cells[i]);
      bytes += text + quotes_and_delimiter;
    }
    return bytes;
  }

  char* encode(const FlowCell* cells, char* to) const override {
    for (size_t i = 0; i < fields_.size(); ++i) {
      if (i > 0) *to++ = csv_.delimiter;
      to = encode_field(i, cells[i], to);
    }
    *to++ = '\n';
    return to;
  }

  char* encode_field(size_t number, const FlowCell& cell, char* to) const override {
    const Field& field = fields_[number];
    if (cell.is_null != 0) return std::copy(csv_.null_text.begin(), csv_.null_text.end(), to);
    char* end = write_value(to, field, cell);
    std::string_view text(to, static_cast<size_t>(end - to));
    bool is_like_null = field.is_nullable && text == csv_.null_text;
    bool is_like_mark = number == 0 && text.starts_with("\xef\xbb\xbf"); // a byte order mark, at the start of a file
    return is_like_null || is_like_mark || has_special(text) ? put_quotes(to, end) : end;
  }

private:
  bool has_special(std::string_view text) const {
    return std::any_of(text.begin(), text.end(), [&](char c) { return needs_quotes_[static_cast<uint8_t>(c)]; });
  }

  std::vector<Field> fields_;
  CsvOptions csv_;
  std::array<bool, 256> needs_quotes_{};
};

} // namespace

char* write_csv_quoted(char* to, std::string_view text) {
  return put_quotes(to, std::copy(text.begin(), text.end(), to));
}

Result<std::unique_ptr<Encoder>> make_csv_encoder(std::vector<Field> fields, const Options& options) {
  FLOW_TRY_ASSIGN(CsvOptions csv, csv_options(options));
  return std::unique_ptr<Encoder>(new CsvEncoder(std::move(fields), std::move(csv)));
}

} // namespace flow::runtime
