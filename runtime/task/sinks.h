// SinkEncoders: one encoder per sink output of a chain, made from the connector's options when the task opens.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "runtime/abi/flow_host.h"
#include "runtime/base/status.h"

namespace flow::runtime {

class SinkEncoders {
 public:
  virtual ~SinkEncoders() = default;
  static Result<std::unique_ptr<SinkEncoders>> make(const FlowProgram& program, const FlowChain& chain,
                                                    const FlowPlace& place);
  // The record that the cells of this output make. Lives until the next one.
  virtual std::string_view encode(uint32_t output, const FlowCell* cells) = 0;
};

}  // namespace flow::runtime
