// CheckpointWriter: takes snapshots, encodes them and makes them durable, so that tasks go on meanwhile. On the native
// host it has a thread of its own, since it waits for the disk.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "runtime/abi/flow_host.h"
#include "runtime/checkpoint/store.h"
#include "runtime/host/control.h"
#include "runtime/host/part.h"

namespace flow::runtime {

// A task's snapshot on its way to the disk. The task owns it and releases it once the writer is done with it and the
// epoch's outcome is known.
struct StateWrite {
  uint64_t epoch = 0;
  uint32_t runner = 0;
  std::string file_name;
  FlowSnapshot* snapshot = nullptr;
  std::vector<SplitRecord> splits;
  int64_t watermark = 0;
  bool may_differ = false;
  std::atomic<bool> is_done{false};
};

using StateWriteBox = Mailbox<StateWrite*>;

class CheckpointWriter final : public Part {
public:
  CheckpointWriter(Env& env, CheckpointStore& store, const Control& control, StateWriteBox& inbox, EventBox& events)
      : env_(env), store_(store), control_(control), inbox_(inbox), events_(events) {}

  Progress step(int64_t now_us) override;

private:
  void write(StateWrite& state);
  Result<StateFile> write_file(const StateWrite& state, Status& sync_failure);

  Env& env_;
  CheckpointStore& store_;
  const Control& control_;
  StateWriteBox& inbox_;
  EventBox& events_;
  std::deque<StateWrite*> waiting_;
};

} // namespace flow::runtime
