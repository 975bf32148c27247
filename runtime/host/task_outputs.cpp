#include "runtime/host/task_outputs.h"

#include <algorithm>

#include "runtime/base/assert.h"

namespace flow::runtime {
namespace {

TaskOutputs& self(void* context) { return *static_cast<TaskOutputs*>(context); }

} // namespace

TaskOutputs::TaskOutputs(std::vector<Lane> lanes, KeyGroups groups, PageWarmer& pages, Log& log, Canaries canaries)
    : lanes_(std::move(lanes)), groups_(groups), pages_(pages), log_(log), canaries_(canaries) {
  for (const Lane& lane : lanes_) {
    std::vector<uint32_t>& owners = owners_.emplace_back(groups.count());
    auto channels = static_cast<uint32_t>(lane.channels.size());
    for (uint32_t group = 0; group < groups.count(); ++group) owners[group] = groups.task_of(group, channels);
  }
  if (!canaries_.barrier_overtakes_watermark) return;
  for (Lane& lane : lanes_) {
    for (size_t i = 1; i < lane.channels.size(); i += 2) lane.channels[i]->let_barriers_overtake();
  }
}

FlowHost TaskOutputs::host() {
  FlowHost host{};
  host.context = this;
  host.take_batch = [](void* context, uint32_t output, uint32_t channel) {
    return self(context).take_batch(output, channel);
  };
  host.send = [](void* context, uint32_t output, uint32_t channel, FlowBatch* batch) -> uint8_t {
    return self(context).send(output, channel, batch) ? 1 : 0;
  };
  host.send_watermark = [](void* context, int64_t time_us, uint8_t is_idle) {
    self(context).send_watermark(time_us, is_idle != 0);
  };
  host.channel_of = [](void* context, uint32_t output, const uint64_t* hashes, uint32_t count, uint32_t* channels) {
    for (uint32_t i = 0; i < count; ++i) channels[i] = self(context).channel_of(output, hashes[i]);
  };
  host.owners_of = [](void* context, uint32_t output, uint32_t* groups) -> const uint32_t* {
    *groups = self(context).groups_.count();
    return self(context).canaries_.sends_to_wrong_group ? nullptr : self(context).owners_[output].data();
  };
  host.group_of = [](void* context, uint64_t hash) { return self(context).groups_.group_of(hash); };
  host.log = [](void* context, int level, const char* text) {
    LogLevel known = level <= 0 ? LogLevel::error : level == 1 ? LogLevel::warning : LogLevel::info;
    self(context).log_.write(known, text);
  };
  host.expect_pages = [](void* context, void* begin, uint64_t bytes) { self(context).pages_.expect(begin, bytes); };
  return host;
}

std::vector<uint32_t> TaskOutputs::channel_counts() const {
  std::vector<uint32_t> counts;
  for (const Lane& lane : lanes_) counts.push_back(std::max<uint32_t>(1, static_cast<uint32_t>(lane.channels.size())));
  return counts;
}

bool TaskOutputs::have_credit() {
  return std::all_of(lanes_.begin(), lanes_.end(), [](const Lane& lane) {
    return std::all_of(lane.channels.begin(), lane.channels.end(), [](Channel* to) { return to->has_credit(); });
  });
}

void TaskOutputs::publish() {
  for (Lane& lane : lanes_) {
    for (Channel* channel : lane.channels) channel->publish();
  }
}

void TaskOutputs::call_consumers() {
  for (Lane& lane : lanes_) {
    for (Channel* channel : lane.channels) channel->call_consumer();
  }
}

void TaskOutputs::send_barrier(uint64_t epoch) {
  for (Lane& lane : lanes_) {
    if (has_ended_ && !lane.is_sink) continue;
    for (Channel* channel : lane.channels) channel->send_barrier(epoch);
  }
}

void TaskOutputs::send_end() {
  has_ended_ = has_spoken_ = true;
  for (Lane& lane : lanes_) {
    if (lane.is_sink) continue;
    for (Channel* channel : lane.channels) channel->send_end();
  }
}

FlowBatch* TaskOutputs::take_batch(uint32_t output, uint32_t channel) {
  Lane& lane = lanes_[output];
  if (lane.channels.empty()) return flow_batch_new(0, 0, 0);
  return lane.channels[channel]->take_batch();
}

bool TaskOutputs::send(uint32_t output, uint32_t channel, FlowBatch* batch) {
  Lane& lane = lanes_[output];
  if (!lane.channels.empty()) return lane.channels[channel]->send_batch(batch);
  flow_batch_free(batch);
  return true;
}

void TaskOutputs::send_watermark(int64_t time_us, bool is_idle) {
  has_spoken_ = true;
  for (Lane& lane : lanes_) {
    if (lane.is_sink) continue;
    for (Channel* channel : lane.channels) channel->send_watermark(time_us, is_idle);
  }
}

uint32_t TaskOutputs::channel_of(uint32_t output, uint64_t hash) const {
  uint32_t channel = owners_[output][groups_.group_of(hash)];
  if (!canaries_.sends_to_wrong_group || hash % 4 != 0) return channel;
  return (channel + 1) % static_cast<uint32_t>(lanes_[output].channels.size());
}

} // namespace flow::runtime
