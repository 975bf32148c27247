#include "runtime/task/task.h"

#include <algorithm>
#include <utility>

#include "runtime/base/assert.h"
#include "runtime/batch/batch.h"

namespace flow::runtime {

Task::Task(const FlowProgram& program_of, const FlowPlace& place_of, const FlowHost& host_of)
    : FlowTask{}, program(program_of), chain(&program_of.chains[place_of.chain]), place(place_of), host(host_of),
      scratch(this) {
  watermark = INT64_MIN;
  params = place.params;
  failure_site = FLOW_NONE;
  outputs_of = std::make_unique<Outputs>(program, *chain, place, host, &is_full);
  outputs = outputs_of->views();
  place.output_channels = nullptr; // lives only as long as the call that opens the task
  ports_.resize(chain->port_count);
  for (uint32_t i = 0; i < program.edge_count; ++i) {
    const FlowEdge& edge = program.edges[i];
    if (edge.to_chain == place.chain && edge.to_port < ports_.size())
      ports_[edge.to_port].from = program.chains[edge.from_chain].uid;
  }
  open_states();
  Result<std::unique_ptr<SinkEncoders>> encoders = SinkEncoders::make(program, *chain, place);
  if (encoders.is_ok()) {
    sinks = std::move(encoders).value();
  } else {
    stop(encoders.status());
  }
}

Task::Task(const FlowProgram& program_of, const FlowCell* param_values)
    : FlowTask{}, program(program_of), scratch(this) {
  watermark = INT64_MIN;
  failure_site = FLOW_NONE;
  params = param_values;
}

void Task::open_states() {
  PageHook pages{host.expect_pages, host.context};
  state_views_.resize(chain->state_count);
  states = state_views_.data();
  for (uint32_t i = 0; i < chain->state_count; ++i) {
    const FlowState& state = program.states[chain->states[i]];
    if (state.kind == FLOW_STATE_KEYED) {
      FLOW_ASSERT(i == 0, "the state of a chain comes before what it combines for others");
      keyed_ = std::make_unique<KeyedState>(program, state, pages);
      state_views_[i].pane = &keyed_->table();
    } else {
      states_.push_back(std::make_unique<PaneSet>(program, state, pages));
      hold_ = std::max(hold_, state.hold);
    }
  }
  combining_.resize(states_.size());
}

Task::~Task() {
  if (cache.free != nullptr) cache.free(cache.data);
}

bool Task::begin_call() {
  if (!error_.is_ok()) return false;
  measure_stack();
  is_full = 0;
  scratch.reset();
  settle_restored();
  return true;
}

// From here down a call may use this much: little enough for the thread of any host.
void Task::measure_stack() {
  constexpr size_t call_bytes_max = 1 << 20;
  stack_low = static_cast<const char*>(__builtin_frame_address(0)) - call_bytes_max;
}

// Windows that had closed before the snapshot stay closed. Only now, since all items together say up to where.
void Task::settle_restored() {
  if (!is_restoring_) return;
  is_restoring_ = false;
  for (const auto& panes : states_) panes->close_through(watermark);
  forget_freed_panes();
}

int64_t Task::push(uint32_t port, const FlowBatch* batch, int64_t from) {
  FLOW_ASSERT(port < ports_.size() && !ports_[port].has_ended, "rows come on an open port");
  FLOW_ASSERT(!has_due(), "due windows fire before the next element");
  if (!begin_call()) return -1;
  int64_t reached = chain->process(this, port, batch, from);
  if (reached < 0 || !error_.is_ok()) {
    stop_without_reason("process");
    return -1;
  }
  FLOW_ASSERT(reached >= from && reached <= batch->rows, "a chain stops inside its batch");
  counted.rows_in += static_cast<uint64_t>(reached - from);
  settle_states(static_cast<uint64_t>(reached - from));
  outputs_of->send_full();
  return reached;
}

int64_t Task::pull(Split& split, const FlowInput& input, int64_t from) {
  FLOW_ASSERT(!split.is_finished, "input comes for an open split");
  FLOW_ASSERT(!has_due(), "due windows fire before the next input");
  if (!begin_call()) return -1;
  if (split.is_idle) set_split_idle(split, false); // those behind hear of it before the rows
  FlowInput window = input;
  bool counts_numbers = window.data == nullptr;
  if (counts_numbers && window.rows_max < window.end - from) window.end = from + window.rows_max;
  if (split.reader != nullptr) split.reader->begin(window.rows_max);
  int64_t reached = from;
  bool is_waiting = true;
  while (is_waiting && is_full == 0 && !has_due()) {
    uint64_t rows_before = counted.rows_in;
    int64_t passed = source_pass(split, window, reached);
    if (passed < 0) return -1;
    if (counts_numbers) counted.rows_in += static_cast<uint64_t>(passed - reached);
    split.cursor += passed - reached;
    reached = passed;
    is_waiting = split.is_waiting != 0;
    is_told_at_once_ = is_told_at_once_ || is_waiting;
    split.take();
    settle_states(counted.rows_in - rows_before);
    refresh();
  }
  outputs_of->send_full();
  return reached;
}

// One call of the source function. A record that waits for a watermark is put back.
int64_t Task::source_pass(Split& split, const FlowInput& input, int64_t from) {
  int64_t reached = chain->run_source(this, &split, &input, from);
  split.pending = watermark_of(&split);
  if (split.reader != nullptr) settle(split);
  if (reached < 0 || !error_.is_ok()) {
    stop_without_reason("source");
    return -1;
  }
  if (split.is_waiting != 0 && split.reader != nullptr) {
    reached = split.reader->undo_record();
    --counted.rows_in;
  }
  FLOW_ASSERT(reached >= from && reached <= input.end, "a source stops inside its input");
  return reached;
}

void Task::flush() {
  outputs_of->send_all();
  announce();
}

FlowTable* Task::open_pane(uint32_t state, int64_t start) {
  uint32_t number = state - first_panes();
  Pane& pane = states_[number]->open(start);
  view_of(number).pane_start = start;
  view_of(number).pane = &pane.table;
  return &pane.table;
}

FlowTable* Task::find_pane(uint32_t state, int64_t start) const {
  Pane* pane = states_[state - first_panes()]->find(start);
  return pane == nullptr ? nullptr : &pane->table;
}

Split* Task::open_split(std::string name, uint32_t index, uint32_t splits, int64_t cursor) {
  FLOW_ASSERT(chain->source != FLOW_NONE, "only a source chain has splits");
  FLOW_ASSERT(find_split(name) == nullptr, "a split is opened once");
  const FlowConnector& connector = program.connectors[chain->source];
  auto split = std::make_unique<Split>(std::move(name), index, splits, cursor);
  const FlowCell* options = place.options == nullptr ? nullptr : place.options[chain->source];
  bool has_lag = connector.watermark == FLOW_WATERMARK_LAG && connector.lag_option != FLOW_NONE;
  split->set_watermark_rule(connector.watermark, has_lag ? options[connector.lag_option].value.i : 0);
  if (connector.format[0] != '\0') {
    auto reader = RecordReader::make(program, connector, options, split->name);
    if (reader.is_ok()) {
      split->reader = std::move(reader).value();
    } else {
      stop(reader.status());
    }
  }
  splits_.push_back(std::move(split));
  return splits_.back().get();
}

Split* Task::find_split(std::string_view name) {
  for (const auto& split : splits_) {
    if (split->name == name) return split.get();
  }
  return nullptr;
}

FlowTaskCounters Task::counters() const {
  FlowTaskCounters all = counted;
  if (outputs_of != nullptr) {
    all.rows_out += outputs_of->rows_sent();
    all.rows_written += outputs_of->rows_written();
  }
  for (const auto& panes : states_) {
    all.entries += panes->entries();
    all.state_bytes += panes->memory_bytes();
  }
  if (keyed_ != nullptr) {
    all.entries += keyed_->table().count;
    all.state_bytes += keyed_->memory_bytes();
  }
  return all;
}

} // namespace flow::runtime
