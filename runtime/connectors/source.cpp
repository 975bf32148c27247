#include "runtime/connectors/source.h"

#include <fmt/format.h>

#include "runtime/connectors/file_source.h"
#include "runtime/connectors/generate_source.h"
#include "runtime/formats/options.h"

namespace flow::runtime {

void SplitSpec::write(ByteWriter& out) const {
  out.text(id);
  out.varint(index);
  out.varint(count);
}

SplitSpec SplitSpec::read(ByteReader& in) {
  SplitSpec spec;
  spec.id = in.text();
  spec.index = static_cast<uint32_t>(in.varint());
  spec.count = static_cast<uint32_t>(in.varint());
  if (spec.index >= spec.count) in.fail();
  return spec;
}

void SplitFingerprint::write(ByteWriter& out) const {
  out.varint(stored_bytes);
  out.u32(head_bytes);
  out.u32(head_crc);
  out.u32(tail_bytes);
  out.u32(tail_crc);
}

SplitFingerprint SplitFingerprint::read(ByteReader& in) {
  SplitFingerprint print;
  print.stored_bytes = in.varint();
  print.head_bytes = in.u32();
  print.head_crc = in.u32();
  print.tail_bytes = in.u32();
  print.tail_crc = in.u32();
  return print;
}

Result<std::unique_ptr<SourceConnector>> make_source(const FlowConnector& connector, const FlowCell* cells) {
  Options options(connector, cells);
  std::string_view type = connector.type;
  auto made = [&]() -> Result<std::unique_ptr<SourceConnector>> {
    if (type == "file") return make_file_source(options);
    if (type == "generate") return make_generate_source(options);
    return Status(ExitCode::usage, fmt::format("there is no connector '{}' to read from", type));
  }();
  return std::move(made).with(fmt::format("in source '{}'", connector.name));
}

} // namespace flow::runtime
