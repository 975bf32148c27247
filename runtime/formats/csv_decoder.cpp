#include "runtime/formats/csv_decoder.h"

#include <fmt/format.h>

#include <algorithm>

#include "runtime/base/text.h"
#include "runtime/formats/csv_marker.h"
#include "runtime/formats/csv_record.h"
#include "runtime/formats/nearest.h"

namespace flow::runtime {
namespace {

constexpr size_t header_columns_max = 65'536;
constexpr size_t header_names_shown = 20;
constexpr uint32_t no_field = ~uint32_t{0};
constexpr uint32_t no_length = ~uint32_t{0};
constexpr int64_t no_record = -1;

std::string_view without_spaces(std::string_view text) {
  auto is_space = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

bool keeps_spaces(FlowKind kind) { return is_free_text(kind) || kind == FLOW_BYTES; }

std::string join_names(const std::vector<std::string_view>& names) {
  size_t shown = std::min(names.size(), header_names_shown);
  std::string text;
  for (size_t i = 0; i < shown; ++i) text += (i == 0 ? "" : ", ") + std::string(names[i]);
  return shown < names.size() ? text + ", …" : text;
}

class CsvDecoder final : public Decoder {
public:
  CsvDecoder(std::vector<Field> fields, CsvOptions csv, ValueOptions values, std::string origin)
      : Decoder(std::move(fields), std::move(origin)), csv_(std::move(csv)), values_(values),
        splitter_(csv_.delimiter) {
    is_header_due_ = csv_.has_header;
    if (!is_header_due_) map_by_position();
  }

  bool read_marked(const RecordMarks& marks, uint32_t field, std::string_view text, FlowCell* cell) override {
    if (scratch_record_ != marks.taken) scratch_.begin(2 * csv_portion_bytes);
    scratch_record_ = marks.taken;
    CsvSlice slice{text.data(), static_cast<uint32_t>(text.size()), false, false};
    return parse(fields()[field], slice, cell) == ValueFault::none;
  }

private:
  RecordMarks mark_window(const Window& window, int64_t records_max) override {
    if (is_header_due_) return {};
    auto width = static_cast<uint32_t>(columns_.size());
    auto null_length = static_cast<uint32_t>(csv_.null_text.size());
    CsvMarker::Found found = marker_.mark(window.at, window.end, csv_.delimiter, width, records_max);
    marked_fields_.resize(fields().size());
    for (uint32_t column = 0; column < width; ++column) {
      if (columns_[column] == no_field) continue;
      marked_fields_[columns_[column]] = {.number = column, .gap = column + 1 == width ? found.line_end_bytes : 1};
    }
    scratch_record_ = no_record;
    return {.data = window.at,
            .starts = marker_.starts(),
            .fields = marked_fields_.data(),
            .null_text = csv_.null_text.data(),
            .null_length = null_length,
            .null_value_length = without_spaces(csv_.null_text) == csv_.null_text ? null_length : no_length,
            .width = width,
            .count = found.records,
            .has_valid_texts = static_cast<uint8_t>(found.is_ascii ? 1 : 0)};
  }

  Step take(const Window& window, FlowCell* cells) override {
    if (window.at == window.end) return {Taken::end, window.at};
    if (is_header_due_) return take_header(window);
    CsvSplit split = splitter_.split(window.at, window.end, window.is_last, columns_.size());
    if (split.outcome == CsvSplit::Outcome::incomplete) return {Taken::end, window.at};
    if (split.outcome == CsvSplit::Outcome::malformed) return reject_malformed(window, split);
    if (split.end == window.at && columns_.size() > 1) return {Taken::nothing, split.next, split.lines};
    if (split.columns != columns_.size()) return reject_columns(window, split);
    scratch_.begin(2 * static_cast<size_t>(split.end - window.at));
    scratch_record_ = no_record;
    for (size_t column = 0; column < columns_.size(); ++column) {
      if (columns_[column] == no_field) continue;
      const CsvSlice& slice = splitter_.slices()[column];
      const Field& field = fields()[columns_[column]];
      ValueFault fault = parse(field, slice, &cells[columns_[column]]);
      if (fault == ValueFault::none) continue;
      const char* where = slice.is_quoted ? slice.data - 1 : slice.data;
      set_bad(window.at, split.end, where, field.name, describe_fault(field, slice.text(), fault));
      return {Taken::bad, split.next, split.lines};
    }
    return {Taken::row, split.next, split.lines};
  }

  ValueFault parse(const Field& field, const CsvSlice& slice, FlowCell* cell) {
    std::string_view text = slice.text();
    if (slice.has_escapes) text = csv_unescape(text, scratch_.take(text.size()));
    bool is_tidied = !keeps_spaces(field.kind);
    if (is_tidied) text = without_spaces(text);
    bool is_nothing = is_tidied && text.empty(); // in quotes too: some writers quote everything
    bool is_null_text = !slice.is_quoted && text == csv_.null_text;
    if (field.is_nullable && (is_null_text || is_nothing)) {
      *cell = null_cell();
      return ValueFault::none;
    }
    if (is_nothing) return ValueFault::missing;
    return parse_value(field, text, values_, scratch_, cell);
  }

  Step reject_malformed(const Window& window, const CsvSplit& split) {
    set_bad(window.at, split.end, split.fault, "", std::string(split.reason));
    return {Taken::bad, split.next, split.lines};
  }

  Step reject_columns(const Window& window, const CsvSplit& split) {
    auto plural = [](size_t n) { return n == 1 ? "" : "s"; };
    size_t expected = columns_.size();
    set_bad(window.at, split.end, window.at, "",
            fmt::format("{} column{} where {} {} expected", split.columns, plural(split.columns), expected,
                        expected == 1 ? "is" : "are"));
    return {Taken::bad, split.next, split.lines};
  }

  // ---- header ----

  Step take_header(const Window& window) {
    CsvSplit split = splitter_.split(window.at, window.end, window.is_last, header_columns_max);
    if (split.outcome == CsvSplit::Outcome::incomplete) return {Taken::end, window.at};
    if (split.outcome == CsvSplit::Outcome::whole && split.end == window.at) return {Taken::nothing, split.next};
    Status status = use_header(window.at, split);
    if (!status.is_ok()) {
      set_error(std::move(status));
      return {Taken::failed, window.at, 0};
    }
    header_.assign(window.at, split.end);
    is_header_due_ = false;
    header_call_ = calls();
    return {Taken::nothing, split.next, split.lines};
  }

  Status use_header(const char* begin, const CsvSplit& split) {
    if (split.outcome == CsvSplit::Outcome::malformed) {
      return header_failure(fmt::format("column {}: {}", split.fault - begin + 1, split.reason));
    }
    if (split.columns > header_columns_max) return header_failure("it has too many columns");
    scratch_.begin(static_cast<size_t>(split.end - begin));
    std::vector<std::string_view> names;
    for (const CsvSlice& slice : splitter_.slices()) {
      names.push_back(slice.has_escapes ? csv_unescape(slice.text(), scratch_.take(slice.length)) : slice.text());
    }
    return map_by_name(names);
  }

  Status map_by_name(const std::vector<std::string_view>& names) {
    columns_.assign(names.size(), no_field);
    for (uint32_t i = 0; i < fields().size(); ++i) {
      const Field& field = fields()[i];
      auto found = std::find(names.begin(), names.end(), field.name);
      if (found == names.end()) return missing_column(field, names);
      if (std::find(found + 1, names.end(), field.name) != names.end()) {
        return header_failure(fmt::format("it names the column {} twice", quoted(field.name)));
      }
      if (field.is_needed) columns_[static_cast<size_t>(found - names.begin())] = i;
    }
    return Status();
  }

  void map_by_position() {
    for (uint32_t i = 0; i < fields().size(); ++i) columns_.push_back(fields()[i].is_needed ? i : no_field);
  }

  Status missing_column(const Field& field, const std::vector<std::string_view>& names) {
    std::string text =
        fmt::format("it has no column {}; it names {}", quoted(field.name), quoted(join_names(names), 500));
    std::string_view nearest = nearest_name(field.name, names);
    if (!nearest.empty()) return header_failure(text + fmt::format("; did you mean {}?", quoted(nearest)));
    return header_failure(text + " (header: false, if the first line is a record)");
  }

  Status header_failure(std::string_view text) const {
    return Status(ExitCode::bad_data, fmt::format("{}: the first line is read as the header, and {}", origin(), text));
  }

  Status check_end() override {
    if (!is_header_due_) return Status();
    return Status(ExitCode::bad_data,
                  fmt::format("{}: the file is empty; a header line that names the columns was expected "
                              "(header: false, if there is none)",
                              origin()));
  }

  std::string_view too_long_hint() const override { return " (perhaps a quote is not closed)"; }

  void give_back_more() override {
    if (csv_.has_header && header_call_ == calls()) is_header_due_ = true;
  }

  void save_more(ByteWriter& out) const override {
    out.u8(is_header_due_ ? 1 : 0);
    out.text(header_);
  }

  Status restore_more(ByteReader& in) override {
    bool is_due = in.u8() != 0;
    header_ = in.text();
    if (in.has_failed() || is_due || !csv_.has_header) return Status();
    is_header_due_ = false;
    if (header_.empty()) return header_failure("it was empty when the checkpoint was taken");
    return use_header(header_.data(),
                      splitter_.split(header_.data(), header_.data() + header_.size(), true, header_columns_max));
  }

  CsvOptions csv_;
  ValueOptions values_;
  CsvSplitter splitter_;
  Scratch scratch_;
  bool is_header_due_ = false;
  uint64_t header_call_ = 0;      // the call of next() that took the header
  std::string header_;            // as it stands in the file
  std::vector<uint32_t> columns_; // the field of each column of the file, or no_field
  CsvMarker marker_;
  std::vector<MarkedField> marked_fields_;
  int64_t scratch_record_ = no_record; // the marked record whose texts the scratch memory holds
};

} // namespace

Result<CsvOptions> csv_options(const Options& options) {
  CsvOptions csv;
  csv.has_header = options.flag("header", true);
  csv.null_text = options.text("null", "");
  std::string_view delimiter = options.text("delimiter", ",");
  constexpr std::string_view unusable = "\"\r\n.+-0123456789";
  bool is_letter = !delimiter.empty() && ((delimiter[0] | 0x20) >= 'a' && (delimiter[0] | 0x20) <= 'z');
  bool fits = delimiter.size() == 1 && static_cast<uint8_t>(delimiter[0]) < 0x80 && !is_letter &&
              unusable.find(delimiter[0]) == std::string_view::npos;
  if (!fits) {
    return Status(
        ExitCode::usage,
        fmt::format("the option delimiter is {}: give one character such as \",\" \";\" or a tab", quoted(delimiter)));
  }
  csv.delimiter = delimiter[0];
  if (csv.null_text.find_first_of(std::string("\"\r\n") + csv.delimiter) != std::string::npos) {
    return Status(ExitCode::usage, fmt::format("the option null is {}: it cannot hold quotes, delimiters or line ends",
                                               quoted(csv.null_text)));
  }
  return csv;
}

Result<std::unique_ptr<Decoder>> make_csv_decoder(std::vector<Field> fields, const Options& options,
                                                  std::string origin) {
  FLOW_TRY_ASSIGN(CsvOptions csv, csv_options(options));
  FLOW_TRY_ASSIGN(int64_t unit_us, timestamp_unit_us(options.text("timestamps", "")));
  ValueOptions values{.us_per_number = unit_us, .is_lenient = true};
  return std::unique_ptr<Decoder>(new CsvDecoder(std::move(fields), std::move(csv), values, std::move(origin)));
}

} // namespace flow::runtime
