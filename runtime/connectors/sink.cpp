#include "runtime/connectors/sink.h"

#include <fmt/format.h>

#include "runtime/connectors/file_sink.h"
#include "runtime/connectors/plain_sinks.h"
#include "runtime/env/files.h"
#include "runtime/formats/encoder.h"
#include "runtime/formats/options.h"

namespace flow::runtime {

void StagedFile::write(ByteWriter& out) const {
  out.varint(epoch);
  out.text(staged_name);
  out.text(final_name);
  out.varint(length);
  out.u32(crc);
}

StagedFile StagedFile::read(ByteReader& in) {
  StagedFile file;
  file.epoch = in.varint();
  file.staged_name = in.text();
  file.final_name = in.text();
  file.length = in.varint();
  file.crc = in.u32();
  // They become paths that are renamed and removed.
  if (!is_plain_name(file.staged_name) || !is_plain_name(file.final_name)) in.fail();
  return file;
}

Status StagedOutput::sync() {
  if (file_ == nullptr) return Status();
  FLOW_TRY(file_->fsync());
  FLOW_TRY(file_->close());
  file_.reset();
  return env_->sync_folder(folder_);
}

Result<bool> is_shown(Env& env, const std::string& place, const StagedFile& file) {
  return exists(env, join_path(place, file.final_name)).as(ExitCode::output_failed);
}

Result<std::unique_ptr<Sink>> make_sink(const FlowConnector& connector, const FlowCell* cells, std::string header,
                                        SinkJob job) {
  Options options(connector, cells);
  std::string_view type = connector.type;
  if (type == "console") return make_console_sink(std::move(header));
  if (type == "discard") return make_discard_sink();
  if (type == "file") {
    auto made = make_file_sink(options, format_extension(connector), std::move(header), std::move(job));
    return std::move(made).with(fmt::format("in sink '{}'", connector.name));
  }
  return Status(ExitCode::usage,
                fmt::format("there is no connector '{}' to write to, in sink '{}'", type, connector.name));
}

} // namespace flow::runtime
