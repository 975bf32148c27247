#include "runtime/formats/text_decoder.h"

#include <fmt/format.h>

#include "runtime/formats/lines.h"
#include "runtime/formats/utf8.h"

namespace flow::runtime {
namespace {

class TextDecoder final : public Decoder {
public:
  TextDecoder(std::vector<Field> fields, std::string origin) : Decoder(std::move(fields), std::move(origin)) {}

private:
  Step take(const Window& window, FlowCell* cells) override {
    Line line = find_line(window.at, window.end, window.is_last);
    if (!line.is_there) return {Taken::end, window.at};
    const Field& field = fields()[0];
    if (!field.is_needed) return {Taken::row, line.next};
    size_t valid = field.kind == FLOW_BYTES ? line.text.size() : utf8_valid_prefix(line.text);
    if (valid < line.text.size()) {
      set_bad(line.text.data(), line.text.data() + line.text.size(), line.text.data() + valid, field.name,
              "the line is not valid UTF-8");
      return {Taken::bad, line.next};
    }
    set_text(&cells[0], line.text);
    return {Taken::row, line.next};
  }
};

} // namespace

Result<std::unique_ptr<Decoder>> make_text_decoder(std::vector<Field> fields, std::string origin) {
  bool fits = fields.size() == 1 && (fields[0].kind == FLOW_STRING || fields[0].kind == FLOW_BYTES);
  if (!fits) return Status(ExitCode::usage, "the format text has one field of type string or bytes: the line");
  return std::unique_ptr<Decoder>(new TextDecoder(std::move(fields), std::move(origin)));
}

} // namespace flow::runtime
