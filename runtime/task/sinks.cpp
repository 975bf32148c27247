#include "runtime/task/sinks.h"

#include <fmt/format.h>

namespace flow::runtime {

Result<std::unique_ptr<SinkEncoders>> SinkEncoders::make(const FlowProgram& program, const FlowChain& chain,
                                                         const FlowPlace&) {
  for (uint32_t i = 0; i < chain.output_count; ++i) {
    if (chain.outputs[i].kind != FLOW_OUTPUT_SINK) continue;
    const FlowConnector& connector = program.connectors[chain.outputs[i].target];
    if (connector.format[0] == '\0') continue;
    return Status(ExitCode::usage, fmt::format("sink '{}': there is no format '{}'", connector.name, connector.format));
  }
  return std::unique_ptr<SinkEncoders>();
}

}  // namespace flow::runtime
