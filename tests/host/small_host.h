// A small host: drives the tasks of a compiled program through runtime/abi/flow_host.h and nothing else.
//
// It is what an engine of its own would be, in little: it owns the channels, merges watermarks over them, maps hashes
// to key groups by a function of its own, takes snapshots per key group. One thread; every channel is an endless queue.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/abi/flow_host.h"

namespace flow::tests {

/// The functions of a shared object, looked up by name.
struct HostApi {
  const FlowProgram* program;
#define FLOW_HOST_FUNCTION(name) decltype(&::name) name;
#include "tests/host/host_functions.def"
#undef FLOW_HOST_FUNCTION
};

/// Loads a program made by `flowc build --shared`. Null and `problem` if something is missing.
std::unique_ptr<HostApi> load_program(const std::string& path, std::string& problem);

struct SnapshotBytes {
  std::map<uint32_t, std::string> groups;
  std::vector<std::string> items;
};

/// One running instance of a program with chain 0 a generating source of one task and chain 1 keyed.
class SmallHost {
public:
  static constexpr uint32_t group_count = 12;

  SmallHost(const HostApi& api, std::vector<FlowCell> params, uint32_t keyed_tasks);
  ~SmallHost();
  SmallHost(const SmallHost&) = delete;
  SmallHost& operator=(const SmallHost&) = delete;

  /// Reads events up to `end` of the source and works off all that follows from it.
  void read_until(int64_t end);
  /// Sends what is on its way, as before a snapshot.
  void settle();
  /// Nothing comes from the source for a while.
  void go_idle();
  /// Rows that the keyed tasks got.
  int64_t rows_arrived() const { return rows_arrived_; }
  /// Whether the keyed tasks were told that the source is idle.
  bool heard_of_idle() const { return heard_of_idle_; }
  /// Tells the source that nothing follows, and works everything off.
  void finish();

  /// The state of the keyed tasks by key group, and the items of all tasks (the source's split among them).
  SnapshotBytes keyed_snapshot();
  SnapshotBytes source_snapshot();
  void restore(const SnapshotBytes& keyed, const SnapshotBytes& source);

  /// Lines that the sink got, sorted.
  std::vector<std::string> lines() const;

private:
  struct Element {
    enum Kind { batch, watermark, end } kind;
    FlowBatch* rows = nullptr;
    int64_t time = 0;
    bool is_idle = false;
  };
  struct TaskBox {
    SmallHost* host;
    uint32_t chain, index;
    FlowTask* task = nullptr;
    FlowHost callbacks{};
    std::vector<uint32_t> output_channels;
    std::deque<Element> inbox;
    bool has_ended = false;
  };

  uint32_t owner_of(uint32_t group) const { return group % static_cast<uint32_t>(keyed_.size()); }
  std::unique_ptr<TaskBox> open(uint32_t chain, uint32_t index, uint32_t parallelism);
  void work_off();
  void work(TaskBox& box);
  void take(TaskBox& box, Element element);
  void step(TaskBox& box);
  void check(const TaskBox& box, bool is_good) const;
  SnapshotBytes capture(const std::vector<TaskBox*>& boxes);

  const HostApi& api_;
  std::vector<FlowCell> params_;
  FlowConfigured* configured_ = nullptr;
  std::unique_ptr<TaskBox> source_;
  std::vector<std::unique_ptr<TaskBox>> keyed_;
  FlowSplit* split_ = nullptr;
  std::string output_;
  int64_t rows_arrived_ = 0;
  bool heard_of_idle_ = false;
};

} // namespace flow::tests
