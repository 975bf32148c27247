// What generated code asks of sources and sinks per record: decoding and encoding through the formats.
#include "runtime/base/assert.h"
#include "runtime/task/task.h"
#include "runtime/vocabulary/vocabulary.h"

namespace flow::runtime {

int32_t Task::decode(Split& split, const FlowInput& input, int64_t* position, const FlowCell** cells) {
  FLOW_ASSERT(split.reader != nullptr, "records are decoded where the source has a format");
  Status failed;
  uint64_t skipped = 0, bad = 0;
  int32_t answer = split.reader->next(input, position, cells, &skipped, &bad, &failed);
  counted.bad += bad;
  counted.skipped += skipped;
  counted.rows_in += bad + (answer == 1 ? 1 : 0);
  if (answer < 0) stop(std::move(failed));
  return answer;
}

}  // namespace flow::runtime

using flow::runtime::Split;
using flow::runtime::Task;

extern "C" {

int32_t flow_rt_decode(FlowTask* task, FlowSplit* split, const FlowInput* input, int64_t* position,
                       const FlowCell** cells) {
  return Task::from(task)->decode(*Split::from(split), *input, position, cells);
}

void flow_rt_sink_record(FlowTask* task, uint32_t output) {
  Task& self = *Task::from(task);
  if (self.sinks == nullptr) return;  // discard: no format, no bytes
  self.outputs_of->append_record(output, self.sinks->encode(output, task->outputs[output].cells));
}

}  // extern "C"
