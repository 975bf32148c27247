// What generated code asks of sources and sinks per record: decoding and encoding through the formats.
#include "runtime/base/assert.h"
#include "runtime/task/task.h"
#include "runtime/vocabulary/decoding.h"
#include "runtime/vocabulary/vocabulary.h"

namespace flow::runtime {

void Task::settle(Split& split) {
  RecordCounts counts;
  split.reader->settle(&counts);
  counted.rows_in += counts.taken;
}

RecordMarks* Task::mark(Split& split, const FlowInput& input, int64_t position) {
  FLOW_ASSERT(split.reader != nullptr, "records are marked where the source has a format");
  settle(split);
  return split.reader->mark(input, position);
}

int32_t Task::decode(Split& split, const FlowInput& input, int64_t* position, const FlowCell** cells) {
  FLOW_ASSERT(split.reader != nullptr, "records are decoded where the source has a format");
  settle(split);
  RecordCounts counts;
  int32_t answer = split.reader->next(input, position, cells, &counts);
  counted.rows_in += counts.taken;
  counted.bad += counts.bad;
  counted.skipped += counts.skipped;
  if (answer < 0) stop(split.reader->error());
  return answer;
}

} // namespace flow::runtime

using flow::runtime::RecordMarks;
using flow::runtime::Split;
using flow::runtime::Task;

extern "C" {

int32_t flow_rt_decode(FlowTask* task, FlowSplit* split, const FlowInput* input, int64_t* position,
                       const FlowCell** cells) {
  return Task::from(task)->decode(*Split::from(split), *input, position, cells);
}

RecordMarks* flow_rt_mark(FlowTask* task, FlowSplit* split, const FlowInput* input, int64_t position) {
  return Task::from(task)->mark(*Split::from(split), *input, position);
}

uint8_t flow_rt_marked_cell(FlowSplit* split, uint32_t field, const char* data, uint64_t length, FlowCell* cell) {
  return Split::from(split)->reader->read_marked(field, {data, length}, cell) ? 1 : 0;
}

void flow_rt_sink_record(FlowTask* task, uint32_t output) {
  Task& self = *Task::from(task);
  std::string_view record = self.sinks->encode(output, task->outputs[output].cells);
  self.outputs_of->append_record(output, record);
}

} // extern "C"
