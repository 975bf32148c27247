#include "runtime/formats/json_decoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "runtime/base/text.h"
#include "runtime/formats/json_marker.h"
#include "runtime/formats/json_reader.h"
#include "runtime/formats/json_shape.h"
#include "runtime/formats/lines.h"
#include "runtime/formats/utf8.h"

namespace flow::runtime {
namespace {

constexpr uint32_t no_field = ~uint32_t{0};
constexpr int64_t no_record = -1;

bool is_integer(FlowKind kind) { return kind >= FLOW_I8 && kind <= FLOW_U64; }
bool is_float(FlowKind kind) { return kind == FLOW_F32 || kind == FLOW_F64; }

// "1.0" and "1e3" as digits, if that is what they are and a double holds them exactly.
bool as_whole_number(std::string_view number, char* digits, std::string_view* whole) {
  constexpr double exact_max = 9007199254740992.0; // 2^53
  if (number.find_first_of(".eE") == std::string_view::npos) return false;
  std::optional<double> value = parse_f64(number);
  if (!value || std::trunc(*value) != *value || std::fabs(*value) > exact_max) return false;
  *whole = {digits, static_cast<size_t>(write_i64(digits, static_cast<int64_t>(*value)) - digits)};
  return true;
}

class JsonDecoder final : public Decoder {
public:
  JsonDecoder(std::vector<Field> fields, ValueOptions values, std::string origin)
      : Decoder(std::move(fields), std::move(origin)), values_(values), seen_(this->fields().size(), 0) {}

  bool read_marked(const RecordMarks& marks, uint32_t field, std::string_view text, FlowCell* cell) override {
    if (text.size() > json_portion_bytes) return false; // the pieces on both sides overlap: nothing stands there
    if (marks.fields[field].form == MarkedForm::text) text = {text.data() - 1, text.size() + 2};
    if (scratch_record_ != marks.taken) scratch_.begin(3 * json_portion_bytes);
    scratch_record_ = marks.taken;
    JsonReader reader(text);
    bool is_good = read_value(reader, fields()[field], cell) && reader.is_at_end();
    reason_.clear();
    return is_good;
  }
  void forget_marks() override { marker_.forget(); }

private:
  RecordMarks mark_window(const Window& window, int64_t records_max) override {
    if (!shape_.is_known()) return {};
    int64_t width = shape_.width(), wanted = std::min(records_max, json_portion_bytes) * width;
    JsonMarker::Marked marked = marker_.mark(window.at, window.end, window.end - json_room_bytes, width, wanted);
    scratch_record_ = no_record;
    return {.data = marked.data,
            .starts = marked.starts,
            .fields = shape_.fields(),
            .shape = shape_.shape(),
            .us_per_number = values_.us_per_number,
            .width = shape_.width(),
            .count = std::min(marked.count / width, records_max),
            .has_valid_texts = static_cast<uint8_t>(marked.has_valid_texts ? 1 : 0)};
  }

  Step take(const Window& window, FlowCell* cells) override {
    Line line = find_line(window.at, window.end, window.is_last);
    if (!line.is_there) return {Taken::end, window.at};
    JsonReader reader(line.text);
    if (reader.is_at_end()) return {Taken::nothing, line.next};
    scratch_.begin(3 * line.text.size()); // a text may be unescaped and then decoded; a name unescaped
    scratch_record_ = no_record;
    field_in_work_ = no_field;
    if (read_object(reader, cells)) {
      consider_shape({window.at, static_cast<size_t>(line.next - window.at)});
      return {Taken::row, line.next};
    }
    std::string_view name = field_in_work_ == no_field ? std::string_view() : fields()[field_in_work_].name;
    std::string reason = reader.has_failed() && reason_.empty() ? std::string(reader.reason()) : std::move(reason_);
    const char* where = reader.has_failed() ? reader.fault() : line.text.data();
    set_bad(line.text.data(), line.text.data() + line.text.size(), where, name, std::move(reason));
    reason_.clear();
    next_line_ = this->line() + 1;
    return {Taken::bad, line.next};
  }

  bool read_object(JsonReader& reader, FlowCell* cells) {
    start_record();
    if (!reader.expect('{', "an object is expected: one '{ … }' on every line")) return false;
    if (!reader.accept('}')) {
      do {
        if (!read_member(reader, cells)) return false;
      } while (reader.accept(','));
      if (!reader.expect('}', "',' or '}' is expected here")) return false;
    }
    if (!reader.is_at_end()) return reader.fail("there is something behind the object");
    return fill_missing(cells);
  }

  bool read_member(JsonReader& reader, FlowCell* cells) {
    JsonText name;
    if (reader.peek() != '"') return reader.fail("a name in double quotes is expected here");
    if (!reader.name(&name)) return false;
    uint32_t field = find_field(name);
    if (field == no_field) return reader.skip_value();
    seen_[field] = record_;
    expected_ = field + 1;
    field_in_work_ = field;
    bool is_good = fields()[field].is_needed ? read_value(reader, fields()[field], &cells[field]) : reader.skip_value();
    if (is_good) field_in_work_ = no_field;
    return is_good;
  }

  bool read_value(JsonReader& reader, const Field& field, FlowCell* cell) {
    char first = reader.peek();
    const char* begin = reader.at();
    JsonText text;
    std::string_view number;
    switch (first) {
    case 'n':
      if (!reader.word("null")) return false;
      *cell = null_cell();
      return field.is_nullable || refuse(reader, begin, field, ValueFault::missing);
    case 't':
    case 'f':
      if (!reader.word(first == 't' ? "true" : "false")) return false;
      *cell = FlowCell{};
      cell->value.i = first == 't' ? 1 : 0;
      return field.kind == FLOW_BOOL || refuse(reader, begin, field, ValueFault::mismatch);
    case '"':
      if (!reader.text(&text)) return false;
      return check(reader, begin, field, parse_text(field, text, cell));
    case '{':
    case '[': return reader.skip_value() && refuse(reader, begin, field, ValueFault::mismatch);
    default:
      if (first != '-' && (first < '0' || first > '9')) return reader.skip_value(); // which says what is wrong
      if (!reader.number(&number)) return false;
      return check(reader, begin, field, parse_number(field, number, cell));
    }
  }

  ValueFault parse_text(const Field& field, const JsonText& json, FlowCell* cell) {
    std::string_view text = json.raw;
    if (json.has_escapes && !json_unescape(json.raw, scratch_.take(json.raw.size()), &text)) return ValueFault::utf8;
    bool is_text = is_free_text(field.kind) || field.kind == FLOW_BYTES || field.kind == FLOW_TIMESTAMP ||
                   field.kind == FLOW_DATE || field.kind == FLOW_DURATION;
    if (is_text) return parse_value(field, text, ValueOptions{}, scratch_, cell);
    if (!is_float(field.kind)) return ValueFault::mismatch;
    // No JSON number says these.
    ValueFault fault = parse_value(field, text, values_, scratch_, cell);
    return fault == ValueFault::none && std::isfinite(cell->value.f) ? ValueFault::mismatch : fault;
  }

  ValueFault parse_number(const Field& field, std::string_view number, FlowCell* cell) {
    char digits[text_bytes_max];
    bool is_timestamp = field.kind == FLOW_TIMESTAMP && values_.us_per_number != 0;
    if (is_integer(field.kind) || is_timestamp) as_whole_number(number, digits, &number);
    if (is_timestamp) return parse_timestamp_number(number, values_.us_per_number, cell);
    bool is_number = is_integer(field.kind) || is_float(field.kind);
    return is_number ? parse_value(field, number, values_, scratch_, cell) : ValueFault::mismatch;
  }

  bool check(JsonReader& reader, const char* begin, const Field& field, ValueFault fault) {
    return fault == ValueFault::none || refuse(reader, begin, field, fault);
  }

  bool refuse(JsonReader& reader, const char* begin, const Field& field, ValueFault fault) {
    std::string_view text(begin, static_cast<size_t>(reader.at() - begin));
    bool is_string = text.size() >= 2 && text.front() == '"';
    if (is_string && fault != ValueFault::mismatch) text = text.substr(1, text.size() - 2);
    reason_ = describe_fault(field, text, fault);
    if (field.kind == FLOW_TIMESTAMP && fault == ValueFault::mismatch && !is_string) {
      reason_ += "; the option timestamps: \"ms\" reads numbers";
    }
    return reader.fail_at(begin, "");
  }

  bool fill_missing(FlowCell* cells) {
    for (uint32_t i = 0; i < fields().size(); ++i) {
      if (seen_[i] == record_) continue;
      const Field& field = fields()[i];
      if (!field.is_nullable) {
        field_in_work_ = i;
        reason_ = describe_fault(field, "", ValueFault::missing);
        return false;
      }
      if (field.is_needed) cells[i] = null_cell();
    }
    return true;
  }

  // A record that was not read by its marks. Now and then that has to be: at the edges of windows. But if most are not,
  // the records now have another shape than the one that is known; then the next one's is taken.
  void consider_shape(std::string_view record) {
    constexpr int64_t trust_max = 64, patience = 8, wait_max = 1024;
    trust_ = std::min(trust_ + line() - next_line_, trust_max) - 1;
    next_line_ = line() + 1;
    if (trust_ >= 0) return;
    bool is_learned = record.size() <= json_portion_bytes && shape_.learn(record, fields());
    learn_wait_ = is_learned ? patience : std::min(2 * learn_wait_, wait_max);
    trust_ = learn_wait_;
  }

  void start_record() {
    ++record_;
    expected_ = 0;
  }

  // Most data has its members in one order, so the field after the last one found is tried first.
  uint32_t find_field(const JsonText& json) {
    std::string_view name = json.raw;
    if (json.has_escapes && !json_unescape(json.raw, scratch_.take(json.raw.size()), &name)) return no_field;
    auto count = static_cast<uint32_t>(fields().size());
    for (uint32_t i = 0; i < count; ++i) {
      uint32_t field = expected_ + i < count ? expected_ + i : expected_ + i - count;
      if (fields()[field].name == name) return field;
    }
    return no_field;
  }

  ValueOptions values_;
  Scratch scratch_;
  std::vector<uint64_t> seen_; // by field: the number of the record that had it last
  uint64_t record_ = 0;
  uint32_t expected_ = 0;
  uint32_t field_in_work_ = no_field;
  std::string reason_;
  JsonShapeLearner shape_;
  JsonMarker marker_;
  int64_t trust_ = 0;                  // in the shape: more for each record of it, less for each other one
  int64_t learn_wait_ = 1;             // so many others before a shape is taken again
  int64_t next_line_ = 1;              // behind the last record that was not read by its marks
  int64_t scratch_record_ = no_record; // the marked record whose texts the scratch memory holds
};

} // namespace

Result<std::unique_ptr<Decoder>> make_json_decoder(std::vector<Field> fields, const Options& options,
                                                   std::string origin) {
  FLOW_TRY_ASSIGN(int64_t unit_us, timestamp_unit_us(options.text("timestamps", "")));
  ValueOptions values{.us_per_number = unit_us, .is_lenient = false};
  return std::unique_ptr<Decoder>(new JsonDecoder(std::move(fields), values, std::move(origin)));
}

} // namespace flow::runtime
