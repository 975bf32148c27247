// TaskOutputs: where one task's rows go. It answers the calls that the core makes on its host (flow_host.h): hands out
// batches, moves them into channels, and says whether there is credit for more.
//
// A lane is one output of the chain: the channels to the tasks of the next chain, or one channel of encoded bytes to
// the task's sink part. A lane without channels drops what is sent (discard).
#pragma once

#include <cstdint>
#include <vector>

#include "runtime/abi/flow_host.h"
#include "runtime/env/log.h"
#include "runtime/exchange/channel.h"
#include "runtime/exchange/key_groups.h"
#include "runtime/host/canaries.h"
#include "runtime/host/page_warmer.h"

namespace flow::runtime {

struct Lane {
  std::vector<Channel*> channels;
  bool is_sink = false;
};

class TaskOutputs {
public:
  TaskOutputs(std::vector<Lane> lanes, KeyGroups groups, PageWarmer& pages, Log& log, Canaries canaries);

  // What the task is opened with. The pointers live as long as this.
  FlowHost host();
  std::vector<uint32_t> channel_counts() const;

  bool have_credit();
  void publish();
  void call_consumers();
  // To all that have not ended; sinks never end, they get every barrier.
  void send_barrier(uint64_t epoch);
  void send_end();
  // The opening: the task's time, if nothing has been told yet (host/input_gate.h).
  bool has_spoken() const { return has_spoken_; }
  void send_opening(int64_t watermark) { send_watermark(watermark, false); }

private:
  FlowBatch* take_batch(uint32_t output, uint32_t channel);
  bool send(uint32_t output, uint32_t channel, FlowBatch* batch);
  void send_watermark(int64_t time_us, bool is_idle);
  uint32_t channel_of(uint32_t output, uint64_t hash) const;

  std::vector<Lane> lanes_;
  std::vector<std::vector<uint32_t>> owners_; // by lane and key group: the channel to the task that owns it
  KeyGroups groups_;
  PageWarmer& pages_;
  Log& log_;
  Canaries canaries_;
  bool has_ended_ = false;
  bool has_spoken_ = false;
};

} // namespace flow::runtime
