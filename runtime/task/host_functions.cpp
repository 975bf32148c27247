// The functions of flow_host.h and the slow paths of the vocabulary that need a task: thin, one call each.
#include "runtime/abi/flow_host.h"
#include "runtime/base/assert.h"
#include "runtime/task/task.h"
#include "runtime/vocabulary/encoding.h"
#include "runtime/vocabulary/slow.h"
#include "runtime/vocabulary/vocabulary.h"

using flow::runtime::Split;
using flow::runtime::Status;
using flow::runtime::Task;

namespace {

FlowTaskError error_of(const Status& status) { return {static_cast<int32_t>(status.code()), status.message().c_str()}; }

} // namespace

extern "C" {

// ---- line 2: tasks ----

FlowTask* flow_task_open(const FlowProgram* program, const FlowPlace* place, const FlowHost* host) {
  FLOW_ASSERT(program->abi_version == FLOW_ABI_VERSION, "program and runtime speak the same version of line 1");
  FLOW_ASSERT(place->chain < program->chain_count, "the chain is one of the program's");
  return new Task(*program, *place, *host);
}

void flow_task_close(FlowTask* task) { delete Task::from(task); }

int64_t flow_task_push(FlowTask* task, uint32_t port, const FlowBatch* batch, int64_t from) {
  return Task::from(task)->push(port, batch, from);
}

int64_t flow_task_pull(FlowTask* task, FlowSplit* split, const FlowInput* input, int64_t from) {
  return Task::from(task)->pull(*Split::from(split), *input, from);
}

void flow_task_watermark(FlowTask* task, uint32_t port, int64_t time_us, uint8_t is_idle) {
  Task::from(task)->take_watermark(port, time_us, is_idle != 0);
}

void flow_task_clock(FlowTask* task, int64_t now_us) { Task::from(task)->take_clock(now_us); }

int64_t flow_task_next_deadline(const FlowTask* task) { return Task::from(task)->next_deadline(); }

void flow_task_end(FlowTask* task, uint32_t port) { Task::from(task)->end_port(port); }

int32_t flow_task_step(FlowTask* task) { return Task::from(task)->step(); }

uint8_t flow_task_drain(FlowTask* task) { return Task::from(task)->drain() ? 1 : 0; }

uint8_t flow_task_is_finished(const FlowTask* task) { return Task::from(task)->is_finished(); }

void flow_task_flush(FlowTask* task) { Task::from(task)->flush(); }

FlowTaskError flow_task_error(const FlowTask* task) { return error_of(Task::from(task)->error()); }

FlowTaskCounters flow_task_counters(const FlowTask* task) { return Task::from(task)->counters(); }

int64_t flow_task_current_watermark(const FlowTask* task) { return task->watermark; }

// ---- line 2: splits ----

FlowSplit* flow_split_open(FlowTask* task, const char* name, uint32_t index, uint32_t splits, int64_t cursor) {
  return Task::from(task)->open_split(name, index, splits, cursor);
}

void flow_split_idle(FlowTask* task, FlowSplit* split, uint8_t is_idle) {
  Task::from(task)->set_split_idle(*Split::from(split), is_idle != 0);
}

void flow_split_watermark(FlowTask* task, FlowSplit* split, int64_t time_us) {
  Task::from(task)->tell_split(*Split::from(split), time_us);
}

void flow_split_end(FlowTask* task, FlowSplit* split) { Task::from(task)->end_split(*Split::from(split)); }

// Taking the input has counted already.
void flow_split_advance(FlowSplit*, int64_t) {}

FlowSplit* flow_split_find(FlowTask* task, const char* name) { return Task::from(task)->find_split(name); }

int64_t flow_split_cursor(const FlowSplit* split) { return Split::from(split)->cursor; }

uint8_t flow_split_is_finished(const FlowSplit* split) { return Split::from(split)->is_finished; }

// ---- slow paths of the vocabulary ----

FlowBatch* flow_rt_out_room(FlowTask* task, uint32_t output, uint64_t heap_bytes) {
  return Task::from(task)->outputs_of->make_room(output, heap_bytes);
}

FlowBatch* flow_rt_sink_room(FlowTask* task, uint32_t output, uint64_t bytes) {
  return Task::from(task)->outputs_of->make_record_room(output, bytes);
}

void flow_rt_sink_send(FlowTask* task, uint32_t output) { Task::from(task)->outputs_of->send_records(output); }

char* flow_rt_put_field(FlowTask* task, uint32_t output, uint32_t field, const FlowCell* cell, char* to) {
  return Task::from(task)->sinks->encode_field(output, field, *cell, to);
}

uint32_t flow_rt_channel_of(FlowTask* task, uint32_t output, uint64_t hash) {
  return Task::from(task)->outputs_of->channel_of(output, hash);
}

char* flow_rt_scratch_grow(FlowTask* task, uint64_t bytes) { return Task::from(task)->scratch.grow(bytes); }

void flow_rt_scratch_trim(FlowTask* task) { Task::from(task)->scratch.trim(); }

FlowTable* flow_rt_pane(FlowTask* task, uint32_t state, int64_t pane_start) {
  return Task::from(task)->open_pane(state, pane_start);
}

FlowTable* flow_rt_pane_at(FlowTask* task, uint32_t state, int64_t pane_start) {
  return Task::from(task)->find_pane(state, pane_start);
}

} // extern "C"
