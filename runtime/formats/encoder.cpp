#include "runtime/formats/encoder.h"

#include <fmt/format.h>

#include "runtime/formats/csv_encoder.h"
#include "runtime/formats/json_encoder.h"

namespace flow::runtime {

void Encoder::append(const FlowCell* cells, std::string& out) const {
  size_t before = out.size();
  out.resize(before + bytes_max(cells));
  char* end = encode(cells, out.data() + before);
  out.resize(static_cast<size_t>(end - out.data()));
}

Result<std::unique_ptr<Encoder>> make_encoder(const FlowProgram& program, const FlowConnector& connector,
                                              const FlowCell* cells) {
  Options options(connector, cells);
  std::vector<Field> fields = fields_of(program, connector);
  std::string format = format_extension(connector);
  auto made = [&]() -> Result<std::unique_ptr<Encoder>> {
    if (format == "csv") return make_csv_encoder(std::move(fields), options);
    if (format == "json") return make_json_encoder(std::move(fields));
    return Status(ExitCode::usage, fmt::format("there is no format '{}' to write: there are csv and json", format));
  }();
  return std::move(made).with(fmt::format("in sink '{}'", connector.name));
}

std::string format_extension(const FlowConnector& connector) {
  std::string_view format = connector.format;
  return std::string(format.empty() ? "json" : format);
}

} // namespace flow::runtime
