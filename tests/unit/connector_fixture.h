// A FlowConnector put together by hand, for tests of formats and connectors; and decoding with any cuts of the input.
#pragma once

#include <algorithm>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/formats/decoder.h"
#include "runtime/formats/encoder.h"

namespace flow::runtime {

class TestConnector {
public:
  explicit TestConnector(std::string format, std::string type = "file")
      : format_(std::move(format)), type_(std::move(type)) {}

  TestConnector& field(std::string name, FlowKind kind, bool is_nullable = false, bool is_needed = true) {
    fields_.push_back(
        {keep(std::move(name)), kind, is_nullable ? 1u : 0u, kind == FLOW_ENUM ? 0 : FLOW_NONE, is_needed ? 1u : 0u});
    return *this;
  }
  TestConnector& option(std::string name, std::string value) {
    FlowCell cell{};
    cell.value.s = keep(value);
    cell.length = static_cast<uint32_t>(value.size());
    return add_option(std::move(name), FLOW_STRING, cell);
  }
  TestConnector& flag(std::string name, bool value) {
    return add_option(std::move(name), FLOW_BOOL, integer_cell(value));
  }
  TestConnector& number(std::string name, int64_t value) {
    return add_option(std::move(name), FLOW_I64, integer_cell(value));
  }

  const FlowConnector& connector() {
    connector_ = FlowConnector{};
    connector_.name = "fares";
    connector_.type = type_.c_str();
    connector_.format = format_.c_str();
    connector_.option_count = static_cast<uint32_t>(options_.size());
    connector_.options = options_.data();
    connector_.field_count = static_cast<uint32_t>(fields_.size());
    connector_.fields = fields_.data();
    return connector_;
  }
  const FlowProgram& program() {
    program_ = FlowProgram{};
    program_.enums = &payment_;
    program_.enum_count = 1;
    return program_;
  }
  const FlowCell* cells() const { return cells_.data(); }

  Result<std::unique_ptr<Decoder>> try_decoder() { return make_decoder(program(), connector(), cells(), "fares.csv"); }
  std::unique_ptr<Decoder> decoder() { return try_decoder().value(); }
  std::unique_ptr<Encoder> encoder() { return make_encoder(program(), connector(), cells()).value(); }
  std::vector<Field> fields() { return fields_of(program(), connector()); }

  static FlowCell integer_cell(int64_t value) {
    FlowCell cell{};
    cell.value.i = value;
    return cell;
  }

private:
  const char* keep(std::string text) { return texts_->emplace_back(std::move(text)).c_str(); }
  TestConnector& add_option(std::string name, FlowKind kind, FlowCell cell) {
    options_.push_back({keep(std::move(name)), kind, 0});
    cells_.push_back(cell);
    return *this;
  }

  std::string format_;
  std::string type_;
  std::shared_ptr<std::deque<std::string>> texts_ = std::make_shared<std::deque<std::string>>(); // copies point into it
  std::vector<FlowFormatField> fields_;
  std::vector<FlowOption> options_;
  std::vector<FlowCell> cells_;
  static constexpr const char* payment_texts[] = {"CASH", "credit card"};
  FlowEnum payment_{"Payment", 2, payment_texts};
  FlowConnector connector_{};
  FlowProgram program_{};
};

inline TestConnector csv(bool has_header = false) { return std::move(TestConnector("csv").flag("header", has_header)); }

inline std::string show_cell(const Field& field, const FlowCell& cell) {
  if (!field.is_needed) return "-";
  if (cell.is_null != 0) return "null";
  std::string text(value_bytes_max(field, cell), '\0');
  text.resize(static_cast<size_t>(write_value(text.data(), field, cell) - text.data()));
  return is_free_text(field.kind) ? "'" + text + "'" : text;
}

inline std::string show_row(const std::vector<Field>& fields, const std::vector<FlowCell>& cells) {
  std::string row;
  for (size_t i = 0; i < fields.size(); ++i) row += (i == 0 ? "" : " ") + show_cell(fields[i], cells[i]);
  return row;
}

inline std::string show_bad(const BadRecord& bad) {
  return "bad " + std::to_string(bad.line) + ":" + std::to_string(bad.column) + " " + std::string(bad.field) + ": " +
         bad.reason + " [" + bad.text + "]";
}

// Decodes `input` as a reader would give it, where windows are cut at `cuts` (ascending offsets) and grow while no
// record is whole.
inline std::vector<std::string> decode(Decoder& decoder, const std::vector<Field>& fields, std::string_view input,
                                       std::vector<size_t> cuts = {}) {
  std::vector<std::string> records;
  std::vector<FlowCell> cells(fields.size());
  cuts.push_back(input.size());
  size_t begin = 0;
  for (size_t cut : cuts) {
    // A copy of its own, so that a sanitizer sees every read beyond the window.
    std::vector<char> window(input.begin() + static_cast<ptrdiff_t>(begin),
                             input.begin() + static_cast<ptrdiff_t>(cut));
    FlowInput in{};
    in.data = window.data();
    in.end = static_cast<int64_t>(window.size());
    in.rows_max = 1;
    in.is_last = cut == input.size() ? 1 : 0;
    int64_t position = 0;
    while (true) {
      Decoded decoded = decoder.next(in, &position, cells.data());
      if (decoded == Decoded::end) break;
      if (decoded == Decoded::failed) {
        records.push_back("failed: " + decoder.error().message());
        return records;
      }
      records.push_back(decoded == Decoded::row ? show_row(fields, cells) : show_bad(decoder.bad()));
    }
    begin += static_cast<size_t>(position);
  }
  if (begin < input.size()) records.push_back("left over: " + std::string(input.substr(begin)));
  return records;
}

inline std::vector<std::string> decode(TestConnector& connector, std::string_view input,
                                       std::vector<size_t> cuts = {}) {
  std::unique_ptr<Decoder> decoder = connector.decoder();
  return decode(*decoder, connector.fields(), input, std::move(cuts));
}

} // namespace flow::runtime
