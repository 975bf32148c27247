#include "runtime/formats/decoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "runtime/base/text.h"
#include "runtime/formats/csv_decoder.h"
#include "runtime/formats/json_decoder.h"
#include "runtime/formats/text_decoder.h"
#include "runtime/formats/utf8.h"

namespace flow::runtime {
namespace {

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
constexpr size_t too_long_bytes_shown = 1024;

const char* find_line_end(const char* at, const char* end) {
  return static_cast<const char*>(std::memchr(at, '\n', static_cast<size_t>(end - at)));
}

} // namespace

std::string describe_bad_record(std::string_view origin, const BadRecord& bad) {
  std::string field = bad.field.empty() ? "" : fmt::format(", field {}", bad.field);
  return fmt::format("{}, line {}, column {}{}: {}; the record is {}", origin, bad.line, bad.column, field, bad.reason,
                     quoted(bad.text, 200));
}

Decoded Decoder::next(const FlowInput& input, int64_t* position, FlowCell* cells) {
  if (!error_.is_ok()) return Decoded::failed;
  before_ = now_;
  ++calls_;
  Window window{input.data + *position, input.data + input.end, input.is_last != 0};
  Decoded decoded = Decoded::end;
  if (skip_byte_order_mark(window) && skip_to_line_end(window)) {
    bool is_done = false;
    while (!is_done) {
      // No record is longer than the limit, whatever lies behind it in this window.
      bool is_cut = window.end - window.at > record_bytes_max;
      Window within{window.at, is_cut ? window.at + record_bytes_max : window.end, window.is_last && !is_cut};
      Step step = take(within, cells);
      if (step.taken == Taken::end) {
        decoded = is_cut ? pass_over_too_long(window) : Decoded::end;
        break;
      }
      is_done = step.taken != Taken::nothing;
      decoded = result_of(step);
      window.at = step.next;
    }
  }
  *position = window.at - input.data;
  if (decoded == Decoded::end && window.is_last) {
    error_ = check_end();
    if (!error_.is_ok()) return Decoded::failed;
  }
  return decoded;
}

void Decoder::give_back() {
  now_ = before_;
  give_back_more();
}

RecordMarks Decoder::mark(const FlowInput& input, int64_t position, int64_t records_max) {
  bool is_between_records = error_.is_ok() && !now_.is_at_start && !now_.is_skipping;
  if (!is_between_records || position < marks_room_bytes) return {};
  RecordMarks marks = mark_window({input.data + position, input.data + input.end, input.is_last != 0}, records_max);
  if (marks.data != nullptr) marks.position = marks.data - input.data;
  return marks;
}

bool Decoder::read_marked(const RecordMarks&, uint32_t, std::string_view, FlowCell*) {
  FLOW_UNREACHABLE("fields are read where records were marked");
}

Decoded Decoder::result_of(const Step& step) {
  now_.line += step.lines;
  switch (step.taken) {
  case Taken::row: return Decoded::row;
  case Taken::bad: return Decoded::bad;
  case Taken::failed: return Decoded::failed;
  default: return Decoded::end;
  }
}

// The record goes to the first line end, even if that is inside quotes: most often one of them was never closed, and
// so the rest of the file is not lost.
Decoded Decoder::pass_over_too_long(Window& window) {
  const char* line_end = find_line_end(window.at, window.at + record_bytes_max);
  const char* shown_end = line_end != nullptr ? line_end : window.at + record_bytes_max;
  shown_end = window.at + std::min<size_t>(static_cast<size_t>(shown_end - window.at), too_long_bytes_shown);
  set_bad(window.at, shown_end, window.at, "",
          fmt::format("the record is longer than {} MiB{}", record_bytes_max >> 20, too_long_hint()));
  now_.is_skipping = line_end == nullptr;
  if (!now_.is_skipping) ++now_.line;
  window.at = now_.is_skipping ? window.at + record_bytes_max : line_end + 1;
  return Decoded::bad;
}

// True once the window is at the beginning of a record.
bool Decoder::skip_to_line_end(Window& window) {
  if (!now_.is_skipping) return true;
  const char* line_end = window.at == window.end ? nullptr : find_line_end(window.at, window.end);
  window.at = line_end == nullptr ? window.end : line_end + 1;
  now_.is_skipping = line_end == nullptr;
  if (!now_.is_skipping) ++now_.line;
  return !now_.is_skipping;
}

// True once it is known whether there is one.
bool Decoder::skip_byte_order_mark(Window& window) {
  if (!now_.is_at_start) return true;
  std::string_view start(window.at, static_cast<size_t>(window.end - window.at));
  bool may_come = byte_order_mark.starts_with(start.substr(0, byte_order_mark.size()));
  if (may_come && start.size() < byte_order_mark.size() && !window.is_last) return false;
  if (start.starts_with(byte_order_mark)) window.at += byte_order_mark.size();
  now_.is_at_start = false;
  return true;
}

void Decoder::set_bad(const char* begin, const char* end, const char* where, std::string_view field,
                      std::string reason) {
  std::string_view before(begin, static_cast<size_t>(where - begin));
  size_t line_start = before.rfind('\n') + 1; // 0 if there is none
  bad_.line = now_.line + std::count(before.begin(), before.end(), '\n');
  bad_.column = utf8_characters(before.substr(line_start)) + 1;
  bad_.text = utf8_mended({begin, static_cast<size_t>(end - begin)});
  bad_.field = field;
  bad_.reason = is_utf8(reason) ? std::move(reason) : utf8_mended(reason);
}

void Decoder::save(ByteWriter& out) const {
  out.u8(static_cast<uint8_t>((now_.is_at_start ? 1 : 0) | (now_.is_skipping ? 2 : 0)));
  out.varint(static_cast<uint64_t>(now_.line));
  save_more(out);
}

Status Decoder::restore(ByteReader& in) {
  uint8_t flags = in.u8();
  now_.is_at_start = (flags & 1) != 0;
  now_.is_skipping = (flags & 2) != 0;
  now_.line = static_cast<int64_t>(in.varint());
  FLOW_TRY(restore_more(in));
  if (in.has_failed() || flags > 3 || now_.line < 1) {
    return Status(ExitCode::checkpoint_damaged, fmt::format("the stored position in '{}' cannot be read", origin_));
  }
  return Status();
}

Result<std::unique_ptr<Decoder>> make_decoder(const FlowProgram& program, const FlowConnector& connector,
                                              const FlowCell* cells, std::string origin) {
  Options options(connector, cells);
  std::vector<Field> fields = fields_of(program, connector);
  std::string_view format = connector.format;
  std::string_view source = connector.name;
  auto made = [&]() -> Result<std::unique_ptr<Decoder>> {
    if (format == "csv") return make_csv_decoder(std::move(fields), options, std::move(origin));
    if (format == "json") return make_json_decoder(std::move(fields), options, std::move(origin));
    if (format == "text") return make_text_decoder(std::move(fields), std::move(origin));
    return Status(ExitCode::usage,
                  fmt::format("there is no format '{}' to read: there are csv, json and text", format));
  }();
  return std::move(made).with(fmt::format("in source '{}'", source));
}

} // namespace flow::runtime
