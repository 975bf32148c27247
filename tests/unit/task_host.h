// A host for tests of the core: it keeps what a task sends, in order, and gives credit as the test says.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "runtime/abi/flow_host.h"

namespace flow::test {

constexpr uint32_t group_count = 16;

struct Element {
  enum Kind { batch, watermark } kind;
  uint32_t channel = 0;
  FlowBatch* rows = nullptr;
  int64_t time = 0;
  bool is_idle = false;
};

class TestHost {
public:
  // `program`: a TestProgram, or another with the same members.
  template <typename Program>
  TestHost(const Program& program, uint32_t chain, uint32_t index, uint32_t parallelism, uint32_t channels,
           uint32_t batch_rows = 0)
      : channels_(channels), batch_rows_(batch_rows) {
    const FlowChain& declared = program.chains[chain];
    stride_ = declared.output_count == 0 ? 0 : program.layouts[declared.outputs[0].layout].stride;
    FlowHost host{this, take, send, send_watermark, channel_of, nullptr, group_of, log, nullptr};
    FlowPlace place{chain, index, parallelism, group_count, program.params, &channels_, program.option_rows};
    task_ = flow_task_open(&program.program, &place, &host);
  }
  ~TestHost() {
    flow_task_close(task_);
    for (Element& element : sent) flow_batch_free(element.rows);
  }
  TestHost(const TestHost&) = delete;

  FlowTask* task() { return task_; }
  // Everything that has been sent, which is the caller's to free.
  std::vector<Element> take_sent() { return std::exchange(sent, {}); }

  int64_t credit = INT64_MAX; // batches until "outputs are full"
  std::vector<Element> sent;

  static uint32_t group_of(void*, uint64_t hash) { return static_cast<uint32_t>(hash >> 60); }

private:
  static FlowBatch* take(void* self, uint32_t, uint32_t) {
    TestHost* host = static_cast<TestHost*>(self);
    return flow_batch_new(host->stride_, host->batch_rows_, 0);
  }
  static uint8_t send(void* self, uint32_t, uint32_t channel, FlowBatch* batch) {
    TestHost* host = static_cast<TestHost*>(self);
    host->sent.push_back({Element::batch, channel, batch, 0, false});
    return --host->credit > 0;
  }
  static void send_watermark(void* self, int64_t time, uint8_t is_idle) {
    static_cast<TestHost*>(self)->sent.push_back({Element::watermark, 0, nullptr, time, is_idle != 0});
  }
  static void channel_of(void* self, uint32_t, const uint64_t* hashes, uint32_t count, uint32_t* channels) {
    for (uint32_t i = 0; i < count; ++i) {
      channels[i] = group_of(nullptr, hashes[i]) * static_cast<TestHost*>(self)->channels_ / group_count;
    }
  }
  static void log(void*, int, const char*) {}

  FlowTask* task_;
  uint32_t channels_;
  uint32_t batch_rows_;
  uint32_t stride_;
};

inline void append(void* text, const void* data, uint64_t bytes) {
  static_cast<std::string*>(text)->append(static_cast<const char*>(data), bytes);
}

// A snapshot as a host would store it.
struct Stored {
  std::vector<std::pair<uint32_t, std::string>> groups;
  std::vector<std::string> items;
};

inline Stored store(FlowTask* task) {
  FlowSnapshot* snapshot = flow_task_capture(task, 1);
  Stored stored;
  std::vector<uint32_t> groups(flow_snapshot_groups(snapshot, nullptr, 0));
  flow_snapshot_groups(snapshot, groups.data(), static_cast<uint32_t>(groups.size()));
  for (uint32_t group : groups) {
    stored.groups.emplace_back(group, "");
    FlowWriter writer{&stored.groups.back().second, append};
    flow_snapshot_write_group(snapshot, group, &writer);
  }
  for (uint32_t i = 0; i < flow_snapshot_item_count(snapshot); ++i) {
    FlowWriter writer{&stored.items.emplace_back(), append};
    flow_snapshot_write_item(snapshot, i, &writer);
  }
  flow_snapshot_written(snapshot);
  flow_snapshot_release(snapshot, 1);
  return stored;
}

} // namespace flow::test
