#include "runtime/task/sinks.h"

namespace flow::runtime {

Result<std::unique_ptr<SinkEncoders>> SinkEncoders::make(const FlowProgram& program, const FlowChain& chain,
                                                         const FlowPlace& place) {
  auto made = std::make_unique<SinkEncoders>();
  made->encoders_.resize(chain.output_count);
  for (uint32_t i = 0; i < chain.output_count; ++i) {
    if (chain.outputs[i].kind != FLOW_OUTPUT_SINK) continue;
    uint32_t target = chain.outputs[i].target;
    const FlowConnector& connector = program.connectors[target];
    if (std::string_view(connector.type) == "discard") continue;
    const FlowCell* options = place.options == nullptr ? nullptr : place.options[target];
    FLOW_TRY_ASSIGN(made->encoders_[i], make_encoder(program, connector, options));
  }
  return made;
}

std::string_view SinkEncoders::encode(uint32_t output, const FlowCell* cells) {
  record_.clear();
  if (encoders_[output] != nullptr) encoders_[output]->append(cells, record_);
  return record_;
}

} // namespace flow::runtime
