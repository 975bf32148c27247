// Job: a program at a parallelism, ready to run: all its parts, wired, restored, with everything that they use. What
// runs the parts (threads, a simulator) comes from outside.
//
// Opening a job is where a start is decided; the order is the promise (start_job.cpp):
//
//   options evaluated · sources known · lock, plan of the start · markers of the sinks compared with it ·
//   the attempt durable · what the manifest lists committed · left-overs removed · tasks, channels · state restored
//
// Nothing is changed before the comparison; nothing runs before the attempt is durable.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "runtime/abi/flow_host.h"
#include "runtime/checkpoint/start.h"
#include "runtime/connectors/connector_factory.h"
#include "runtime/connectors/sink.h"
#include "runtime/connectors/source.h"
#include "runtime/host/checkpoint_writer.h"
#include "runtime/host/coordinator.h"
#include "runtime/host/page_warmer.h"
#include "runtime/host/sink_part.h"
#include "runtime/host/task_runner.h"
#include "runtime/saved/restored.h"

namespace flow::runtime {

struct JobOptions {
  StartRequest start;         // the program's part of it is filled in by the job
  std::string checkpoint_dir; // empty: none
  EpochPlan epochs;
  uint32_t credit = 0;     // batches in flight per channel; 0: what fits (channel.h)
  uint32_t batch_rows = 0; // of a batch; 0: what fits
  int64_t rows_per_action = 4096;
  int64_t latency_us = 1000; // how long a row may wait so that more go out at once (task_runner.h, source_runner.h)
  Canaries canaries;
  ConnectorFactory* connectors = nullptr; // null: those that the program names. Outlives the job
};

class Job {
public:
  // `params`: one cell per param of the program; strings outlive the job. Env, program and log too.
  static Result<std::unique_ptr<Job>> open(Env& env, const FlowProgram& program, std::vector<FlowCell> params,
                                           JobOptions options, Log& log);
  ~Job();
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;

  // The checkpoint is that of a finished job, and all that it lists is committed: there is nothing to run.
  bool was_finished() const { return was_finished_; }

  // ---- what a host runs ----
  struct Link {
    Channel* channel;
    Part* producer;
    Part* consumer;
  };
  const std::vector<std::unique_ptr<TaskRunner>>& runners() const { return runners_; }
  const std::vector<std::unique_ptr<SinkPart>>& sink_parts() const { return sink_parts_; }
  CheckpointWriter* writer() { return writer_.get(); } // null without a checkpoint folder
  Coordinator& coordinator() { return *coordinator_; }
  const std::vector<Link>& links() const { return links_; }
  EventBox& events() { return events_; }
  StateWriteBox& state_writes() { return state_writes_; }

  // ---- what a report needs ----
  const FlowProgram& program() const { return program_; }
  bool is_bounded() const { return is_bounded_; }
  uint64_t start_epoch() const { return plan_.from ? plan_.from->manifest.epoch : 0; }
  bool has_checkpoints() const { return store_ != nullptr; }
  // Whether some output shows only once it is committed.
  bool has_late_output() const {
    return std::any_of(sinks_.begin(), sinks_.end(), [](const SinkUse& use) { return use.sink->is_exactly_once(); });
  }

private:
  struct SourceUse {
    uint32_t chain;
    std::unique_ptr<SourceConnector> connector;
    std::vector<SplitSpec> specs;
    std::vector<SplitRecord> records; // of a restore, in the order of specs
    bool is_new = false;              // the checkpoint does not know it
  };
  struct SinkUse {
    uint32_t connector;
    std::unique_ptr<Sink> sink;
    uint64_t shown_epoch = 0; // up to here its output is committed, says its marker
    uint32_t tasks = 0;       // that write to it
  };

  Job(Env& env, const FlowProgram& program, std::vector<FlowCell> params, JobOptions options, Log& log);

  // The steps of opening, in their order (start_job.cpp).
  Status configure();
  Status make_sources();
  Status plan();
  Status judge_state();
  Status make_sinks();
  Status compare_with_sinks();
  Status claim();
  Status commit_listed();
  Status find_splits();
  void warn_of_other_input(const SourceUse& use);

  Result<std::vector<SinkUse>> new_sinks(const std::string& suffix);
  Status choose_suffix();
  Status compare_with_sink(SinkUse& use);
  const SinkRecord* record_of(const SinkUse& use) const;
  Status compare_with_record(const SinkRecord& record) const;
  Status compare_places() const;
  static Result<std::vector<StagedFile>> listed_files(const SinkRecord& record);
  Result<std::vector<StagedFile>> unshown_files(const SinkUse& use) const;
  Status unpublishable() const;

  Result<std::unique_ptr<SourceConnector>> new_source(uint32_t connector) const;
  Result<std::unique_ptr<Sink>> new_sink(uint32_t connector, const SinkJob& job) const;

  // Wiring (job.cpp).
  Status build();
  uint32_t parallelism_of(uint32_t chain) const;
  void connect_edge(const FlowEdge& edge);
  Status connect_sink(uint32_t chain, uint32_t output);
  Channel* new_channel(ChannelShape shape);
  // The channels that a runner has at both ends.
  struct Ends {
    std::vector<Lane> lanes; // by output
    InputGate gate;
  };
  std::vector<Ends> connect_ends() const;
  void make_runners();
  void make_sink_parts();
  Status open_tasks();
  void make_coordinator();
  bool shares_watermark(uint32_t chain) const;
  uint32_t runner_of(uint32_t chain, uint32_t index) const { return first_runner_[chain] + index; }

  // State and splits (restore_job.cpp).
  Status restore();
  Status restore_chain(const ChainRecord& record, uint32_t chain);
  void note_different_times(uint32_t chain);
  Result<int64_t> time_of(const StateFile& file) const;
  Status restore_file(const StateFile& file, const ChainRecord& record, uint32_t chain);
  Status restore_item(const StateFile& file, const ChainRecord& record, uint32_t chain, const std::string& bytes);
  Status open_splits();
  void end_unconnected_ports();
  Status open_split(SourceUse& use, size_t split, SourceRunner& source, FlowTask* task);
  Status told_by(FlowTask* task) const;

  Env& env_;
  const FlowProgram& program_;
  std::vector<FlowCell> params_;
  JobOptions options_;
  Log& log_;

  FlowConfigured* configured_ = nullptr;
  const FlowCell* const* option_cells_ = nullptr;
  std::vector<SourceUse> sources_;
  bool is_bounded_ = true;
  std::unique_ptr<CheckpointStore> store_;
  StartPlan plan_;
  std::unique_ptr<RestoredState> restored_; // null: the job starts empty
  std::vector<SinkUse> sinks_;
  bool was_finished_ = false;

  Control control_;
  EventBox events_;
  StateWriteBox state_writes_;
  // A wire is a channel with its ends, before the parts are there.
  struct Wire {
    Channel* channel;
    uint32_t from_runner;
    uint32_t from_output;
    uint32_t to_runner; // or sink part
    uint32_t to_port;
    bool is_sink;
  };
  std::vector<std::unique_ptr<Channel>> channels_;
  std::vector<Wire> wires_;
  std::vector<uint32_t> first_runner_; // by chain
  PageWarmer pages_;
  std::vector<std::unique_ptr<TaskRunner>> runners_;
  std::vector<std::unique_ptr<SinkPart>> sink_parts_;
  std::vector<std::unique_ptr<SinkWriter>> sink_writers_;
  std::vector<uint32_t> sink_of_part_;
  std::unique_ptr<CheckpointWriter> writer_;
  std::unique_ptr<Coordinator> coordinator_;
  std::vector<Link> links_;
};

} // namespace flow::runtime
