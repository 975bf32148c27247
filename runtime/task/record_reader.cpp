#include "runtime/task/record_reader.h"

#include <fmt/format.h>

namespace flow::runtime {

Result<std::unique_ptr<RecordReader>> RecordReader::make(const FlowProgram&, const FlowConnector& connector,
                                                         const FlowCell*, std::string_view) {
  return Status(ExitCode::usage, fmt::format("source '{}': there is no format '{}'", connector.name, connector.format));
}

}  // namespace flow::runtime
