// SinkPart: takes the encoded records of one task of one sink and hands them to the connector. At a barrier it closes
// the epoch's output, makes it durable and acknowledges it. It waits for the disk, so on the native host sink parts
// have a thread of their own.
#pragma once

#include <memory>

#include "runtime/connectors/sink.h"
#include "runtime/exchange/channel.h"
#include "runtime/host/canaries.h"
#include "runtime/host/control.h"
#include "runtime/host/part.h"

namespace flow::runtime {

class SinkPart final : public Part {
public:
  SinkPart(uint32_t index, Channel& input, std::unique_ptr<SinkWriter> writer, const Control& control, EventBox& events,
           Canaries canaries)
      : index_(index), input_(input), writer_(std::move(writer)), control_(control), events_(events),
        canaries_(canaries) {}

  Progress step(int64_t now_us) override;

private:
  Status take(const Element& element);
  Status close(uint64_t epoch);

  uint32_t index_;
  Channel& input_;
  std::unique_ptr<SinkWriter> writer_;
  const Control& control_;
  EventBox& events_;
  Canaries canaries_;
  uint64_t committed_ = 0;
  bool has_failed_ = false;
};

} // namespace flow::runtime
