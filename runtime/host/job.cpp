// Wiring: channels, tasks, sinks, coordinator.
#include "runtime/host/job.h"

#include <fmt/format.h>

#include <algorithm>

#include "runtime/base/assert.h"
#include "runtime/saved/schema.h"

namespace flow::runtime {
namespace {

bool has_processing_timers(const FlowProgram& program, const FlowChain& chain) {
  for (uint32_t i = 0; i < chain.state_count; ++i) {
    const FlowState& state = program.states[chain.states[i]];
    for (uint32_t timer = 0; timer < state.timer_count; ++timer) {
      if (state.timers[timer].is_processing_time != 0) return true;
    }
  }
  return false;
}

} // namespace

Job::Job(Env& env, const FlowProgram& program, std::vector<FlowCell> params, JobOptions options, Log& log)
    : env_(env), program_(program), params_(std::move(params)), options_(std::move(options)), log_(log) {}

Job::~Job() {
  runners_.clear(); // before what their tasks point to
  flow_configured_free(configured_);
}

uint32_t Job::parallelism_of(uint32_t chain) const {
  const FlowChain& declared = program_.chains[chain];
  if (declared.parallelism != 0) return declared.parallelism;
  uint32_t of_source = declared.source == FLOW_NONE ? 0 : program_.connectors[declared.source].parallelism;
  return of_source != 0 ? of_source : options_.start.parallelism;
}

Status Job::build() {
  uint32_t runners = 0;
  for (uint32_t chain = 0; chain < program_.chain_count; ++chain) {
    first_runner_.push_back(runners);
    runners += parallelism_of(chain);
  }
  for (uint32_t i = 0; i < program_.edge_count; ++i) connect_edge(program_.edges[i]);
  for (uint32_t chain = 0; chain < program_.chain_count; ++chain) {
    for (uint32_t output = 0; output < program_.chains[chain].output_count; ++output)
      FLOW_TRY(connect_sink(chain, output));
  }
  make_runners();
  FLOW_TRY(open_tasks());
  make_coordinator();
  return Status();
}

Channel* Job::new_channel(ChannelShape shape) {
  if (options_.credit != 0) shape.credit = options_.credit;
  if (options_.batch_rows != 0 && shape.stride != 0) shape.rows_max = options_.batch_rows;
  channels_.push_back(std::make_unique<Channel>(shape));
  return channels_.back().get();
}

void Job::connect_edge(const FlowEdge& edge) {
  uint32_t from = parallelism_of(edge.from_chain), to = parallelism_of(edge.to_chain);
  bool goes_to_one = edge.kind == FLOW_EDGE_SINGLE || (edge.kind == FLOW_EDGE_FORWARD && from == to);
  ChannelShape shape = shape_of(program_.layouts[edge.layout].stride, goes_to_one ? 1 : to);
  auto connect = [&](uint32_t i, uint32_t j) {
    wires_.push_back({new_channel(shape), runner_of(edge.from_chain, i), edge.from_output, runner_of(edge.to_chain, j),
                      edge.to_port, false});
  };
  for (uint32_t i = 0; i < from; ++i) {
    if (edge.kind == FLOW_EDGE_SINGLE) {
      connect(i, 0);
    } else if (edge.kind == FLOW_EDGE_FORWARD && from == to) {
      connect(i, i);
    } else {
      for (uint32_t j = 0; j < to; ++j) connect(i, j);
    }
  }
}

// One sink part per task that writes; none for what is discarded.
Status Job::connect_sink(uint32_t chain, uint32_t output) {
  const FlowOutput& declared = program_.chains[chain].outputs[output];
  if (declared.kind != FLOW_OUTPUT_SINK) return Status();
  auto use = std::find_if(sinks_.begin(), sinks_.end(),
                          [&](const SinkUse& sink) { return sink.connector == declared.target; });
  if (use == sinks_.end()) return Status();
  for (uint32_t task = 0; task < parallelism_of(chain); ++task) {
    FLOW_TRY_ASSIGN(std::unique_ptr<SinkWriter> writer, use->sink->open(env_, use->tasks++, start_epoch() + 1));
    auto part = static_cast<uint32_t>(sink_writers_.size());
    sink_writers_.push_back(std::move(writer));
    sink_of_part_.push_back(static_cast<uint32_t>(use - sinks_.begin()));
    wires_.push_back({new_channel({}), runner_of(chain, task), output, part, 0, true});
  }
  return Status();
}

// One pass over the wires, which are as many as the square of the parallelism.
std::vector<Job::Ends> Job::connect_ends() const {
  std::vector<Ends> ends;
  for (uint32_t chain = 0; chain < program_.chain_count; ++chain) {
    for (uint32_t index = 0; index < parallelism_of(chain); ++index) {
      Ends& of_runner = ends.emplace_back();
      of_runner.lanes.resize(program_.chains[chain].output_count);
      of_runner.gate.set_ports(program_.chains[chain].port_count);
    }
  }
  for (const Wire& wire : wires_) {
    Lane& lane = ends[wire.from_runner].lanes[wire.from_output];
    lane.channels.push_back(wire.channel);
    lane.is_sink = wire.is_sink;
    if (!wire.is_sink) ends[wire.to_runner].gate.add(wire.channel, wire.to_port);
  }
  return ends;
}

void Job::make_runners() {
  KeyGroups groups(plan_.record.group_count);
  std::vector<Ends> ends = connect_ends();
  for (uint32_t chain = 0; chain < program_.chain_count; ++chain) {
    for (uint32_t index = 0; index < parallelism_of(chain); ++index) {
      uint32_t runner = runner_of(chain, index);
      auto outputs =
          std::make_unique<TaskOutputs>(std::move(ends[runner].lanes), groups, pages_, log_, options_.canaries);
      RunnerPlace place{.runner = runner, .chain = chain, .index = index, .latency_us = options_.latency_us};
      runners_.push_back(std::make_unique<TaskRunner>(place, std::move(outputs), std::move(ends[runner].gate), control_,
                                                      store_ != nullptr ? &state_writes_ : nullptr, events_));
    }
  }
  make_sink_parts();
  if (store_ != nullptr) writer_ = std::make_unique<CheckpointWriter>(env_, *store_, control_, state_writes_, events_);
  for (const Wire& wire : wires_) {
    Part* consumer =
        wire.is_sink ? static_cast<Part*>(sink_parts_[wire.to_runner].get()) : runners_[wire.to_runner].get();
    links_.push_back({wire.channel, runners_[wire.from_runner].get(), consumer});
  }
}

void Job::make_sink_parts() {
  std::vector<Channel*> inputs(sink_writers_.size());
  for (const Wire& wire : wires_) {
    if (wire.is_sink) inputs[wire.to_runner] = wire.channel;
  }
  for (size_t part = 0; part < sink_writers_.size(); ++part) {
    sink_parts_.push_back(std::make_unique<SinkPart>(static_cast<uint32_t>(part), *inputs[part],
                                                     std::move(sink_writers_[part]), control_, events_,
                                                     options_.canaries));
  }
}

Status Job::open_tasks() {
  int64_t clock_offset_us = env_.wall_us() - env_.monotonic_us();
  for (const auto& runner : runners_) {
    std::vector<uint32_t> channel_counts = runner->outputs().channel_counts();
    channel_counts.push_back(0); // so that data() is never null
    uint32_t chain = runner->place().chain;
    FlowPlace place{.chain = chain,
                    .index = runner->place().index,
                    .parallelism = parallelism_of(chain),
                    .group_count = plan_.record.group_count,
                    .params = params_.data(),
                    .output_channels = channel_counts.data(),
                    .options = option_cells_};
    FlowHost host = runner->outputs().host();
    FlowTask* task = flow_task_open(&program_, &place, &host);
    runner->set_task(task);
    if (has_processing_timers(program_, program_.chains[chain])) runner->follow_clock(clock_offset_us);
    FLOW_TRY(told_by(task));
  }
  return Status();
}

void Job::make_coordinator() {
  JobShape shape;
  Manifest& header = shape.header;
  header.job_id = plan_.record.job_id;
  header.suffix = plan_.record.suffix;
  header.attempt = plan_.record.attempt;
  header.group_count = plan_.record.group_count;
  header.parallelism = options_.start.parallelism;
  header.program = options_.start.program;
  header.program_fingerprint = options_.start.program_fingerprint;
  header.states = options_.start.states;
  header.schema = encode_schema(schema_of(program_));
  shape.last_epoch = start_epoch();
  for (const auto& runner : runners_) shape.runners.push_back({runner->place().chain, runner->place().index});
  for (uint32_t chain = 0; chain < program_.chain_count; ++chain) {
    shape.chains.push_back({program_.chains[chain].uid, parallelism_of(chain), shares_watermark(chain)});
  }
  for (const SinkUse& use : sinks_) shape.sinks.push_back({program_.connectors[use.connector].name, use.sink.get()});
  shape.sink_of_part = sink_of_part_;
  coordinator_ = std::make_unique<Coordinator>(env_, store_.get(), std::move(shape), options_.epochs, control_, events_,
                                               log_, options_.canaries);
}

bool Job::shares_watermark(uint32_t chain) const {
  if (program_.chains[chain].source != FLOW_NONE) return false;
  for (uint32_t i = 0; i < program_.edge_count; ++i) {
    const FlowEdge& edge = program_.edges[i];
    if (edge.to_chain != chain) continue;
    bool is_one_to_one = edge.kind == FLOW_EDGE_FORWARD && parallelism_of(edge.from_chain) == parallelism_of(chain);
    if (is_one_to_one || edge.kind == FLOW_EDGE_SINGLE) return false;
  }
  return true;
}

Status Job::told_by(FlowTask* task) const {
  FlowTaskError error = flow_task_error(task);
  return error.code == 0 ? Status() : Status(static_cast<ExitCode>(error.code), error.text);
}

} // namespace flow::runtime
