// SinkEncoders: the encoder of each sink output of a chain, made from the connector's options when the task opens.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/abi/flow_host.h"
#include "runtime/base/status.h"
#include "runtime/formats/encoder.h"

namespace flow::runtime {

class SinkEncoders {
public:
  static Result<std::unique_ptr<SinkEncoders>> make(const FlowProgram& program, const FlowChain& chain,
                                                    const FlowPlace& place);
  // The record that the cells of this output make; Lives until the next one.
  std::string_view encode(uint32_t output, const FlowCell* cells);

  // One field of such a record, at `to`.
  char* encode_field(uint32_t output, uint32_t field, const FlowCell& cell, char* to) const {
    return encoders_[output]->encode_field(field, cell, to);
  }

private:
  std::vector<std::unique_ptr<Encoder>> encoders_; // by output; null: none
  std::string record_;
};

} // namespace flow::runtime
