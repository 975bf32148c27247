// Who makes the connectors of a job in place of those that its program names: a test of a program, which has rows of
// its own to give and takes what comes out.
#pragma once

#include "runtime/connectors/sink.h"
#include "runtime/connectors/source.h"

namespace flow::runtime {

class ConnectorFactory {
public:
  virtual ~ConnectorFactory() = default;

  virtual Result<std::unique_ptr<SourceConnector>> source(const FlowConnector& connector) = 0;
  virtual Result<std::unique_ptr<Sink>> sink(const FlowConnector& connector) = 0;
};

} // namespace flow::runtime
