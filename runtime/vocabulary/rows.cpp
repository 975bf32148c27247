// The hot half of the vocabulary: task, scratch memory, batches, strings, outputs, sources. Compiled twice (hot.h).
#include <string.h>

#include "runtime/abi/flow_program.h"
#include "runtime/batch/batch.h"
#include "runtime/batch/strings.h"
#include "runtime/task/task_view.h"
#include "runtime/vocabulary/bytes.h"
#include "runtime/vocabulary/hot.h"
#include "runtime/vocabulary/slow.h"
#include "runtime/vocabulary/vocabulary.h"

using namespace flow::runtime;

// ---- task ----

FLOW_HOT int64_t flow_watermark(FlowTask* task) { return task->watermark; }

FLOW_HOT int64_t flow_now(FlowTask* task) { return task->now; }

FLOW_HOT const FlowCell* flow_param(FlowTask* task, uint32_t index) { return &task->params[index]; }

FLOW_HOT uint8_t flow_is_deep(FlowTask* task) {
  return static_cast<const char*>(__builtin_frame_address(0)) < task->stack_low;
}

FLOW_HOT uint8_t flow_failed(FlowTask* task) { return task->failure != 0; }

FLOW_HOT char* flow_scratch(FlowTask* task, uint64_t bytes) {
  char* begin = task->scratch_next;
  uint64_t taken = (bytes + 7) & ~uint64_t{7};
  if (FLOW_UNLIKELY(taken > static_cast<uint64_t>(task->scratch_end - begin))) return flow_rt_scratch_grow(task, taken);
  task->scratch_next = begin + taken;
  return begin;
}

FLOW_HOT void flow_scratch_reset(FlowTask* task) {
  if (FLOW_UNLIKELY(task->scratch_is_split)) flow_rt_scratch_trim(task);
  task->scratch_next = task->scratch_begin;
}

// ---- batches and strings ----

FLOW_HOT int64_t flow_batch_rows(const FlowBatch* batch) { return batch->rows; }

FLOW_HOT const uint8_t* flow_batch_row(const FlowBatch* batch, int64_t row, uint32_t stride) {
  return reinterpret_cast<const uint8_t*>(batch) + FLOW_BATCH_HEADER_BYTES + row * static_cast<int64_t>(stride);
}

FLOW_HOT const uint8_t* flow_batch_heap(const FlowBatch* batch) {
  return reinterpret_cast<const uint8_t*>(batch) + batch->heap_offset;
}

FLOW_HOT FlowView flow_view(const uint8_t* slot, const uint8_t* heap) { return read_string(slot, heap); }

FLOW_HOT uint64_t flow_heap_bytes(uint64_t length) { return string_heap_bytes(length); }

FLOW_HOT uint8_t flow_equal(const char* a, uint64_t a_length, const char* b, uint64_t b_length) {
  return a_length == b_length && same_bytes(a, b, a_length);
}

FLOW_HOT int32_t flow_compare(const char* a, uint64_t a_length, const char* b, uint64_t b_length) {
  int order = memcmp(a, b, a_length < b_length ? a_length : b_length);
  if (order != 0) return order < 0 ? -1 : 1;
  return (a_length > b_length) - (a_length < b_length);
}

// ---- outputs ----

static inline __attribute__((always_inline)) uint8_t* next_row(FlowTask* task, FlowOutputView* out, uint32_t output,
                                                               uint32_t stride, uint64_t heap_bytes) {
  FlowBatch* batch = out->current;
  // Of rows without texts the compiler knows that they need no heap.
  bool fits = heap_bytes == 0 || (batch != nullptr && batch->heap_used + heap_bytes <= batch->heap_capacity);
  if (FLOW_UNLIKELY(batch == nullptr || batch->rows == batch->rows_max || !fits)) {
    batch = flow_rt_out_room(task, output, heap_bytes);
  }
  uint8_t* row = reinterpret_cast<uint8_t*>(batch) + FLOW_BATCH_HEADER_BYTES + uint64_t{batch->rows} * stride;
  batch->rows++;
  memset(row, 0, stride);
  return row;
}

// A batch that comes back lies in the cache of the core that read it. Without being asked for ahead, each of its lines
// would be waited for when it is written; as few stores as a processor can hold back then fetch a line or two at a
// time.
constexpr uint64_t claim_ahead_bytes = 512;

FLOW_HOT uint8_t* flow_out_row(FlowTask* task, uint32_t output, uint32_t stride, uint64_t heap_bytes) {
  return next_row(task, &task->outputs[output], output, stride, heap_bytes);
}

FLOW_HOT uint8_t* flow_out_row_keyed(FlowTask* task, uint32_t output, uint64_t hash, uint32_t stride,
                                     uint64_t heap_bytes) {
  FlowOutputView* out = &task->outputs[output];
  if (out->channels > 1) {
    // The host's table says which channel a key group goes to; a host without one is asked.
    uint32_t channel =
        FLOW_LIKELY(out->owners != nullptr)
            ? out->owners[static_cast<uint32_t>((static_cast<unsigned __int128>(hash) * out->groups) >> 64)]
            : flow_rt_channel_of(task, output, hash);
    out->channel = channel;
    out->current = out->batches[channel];
    uint8_t* row = next_row(task, out, output, stride, heap_bytes);
    __builtin_prefetch(row + claim_ahead_bytes, 1);
    return row;
  }
  return next_row(task, out, output, stride, heap_bytes);
}

FLOW_HOT void flow_out_string(FlowTask* task, uint32_t output, uint8_t* slot, const char* data, uint64_t length) {
  if (string_is_inline(length)) {
    write_inline_string(slot, data, length);
    return;
  }
  FlowBatch* batch = task->outputs[output].current;
  uint64_t offset = batch->heap_used;
  memcpy(reinterpret_cast<char*>(batch) + batch->heap_offset + offset, data, length);
  write_long_string(slot, data, length, offset);
  batch->heap_used = offset + length;
}

FLOW_HOT uint8_t flow_out_full(FlowTask* task) { return task->is_full; }

FLOW_HOT void flow_count_discarded(FlowTask* task, uint32_t output, uint64_t rows) {
  task->outputs[output].discarded += rows;
}

FLOW_HOT FlowCell* flow_sink_cells(FlowTask* task, uint32_t output) { return task->outputs[output].cells; }

// ---- sources ----

FLOW_HOT int64_t flow_split_number(FlowSplit* split, int64_t position) {
  int64_t number = static_cast<int64_t>(split->index) + position * static_cast<int64_t>(split->splits);
  // Lets the compiler leave out checks that cannot fail, such as that of a start time + 10us * number.
  __builtin_assume(number >= 0 && number < FLOW_EVENT_NUMBERS);
  return number;
}

FLOW_HOT uint8_t flow_observe_time(FlowSplit* split, int64_t time_us) {
  int64_t newest = split->newest;
  if (FLOW_LIKELY(time_us >= newest)) {
    split->newest = time_us;
    return 0;
  }
  uint64_t age = static_cast<uint64_t>(newest) - static_cast<uint64_t>(time_us);
  if (FLOW_LIKELY(age <= static_cast<uint64_t>(split->lag))) return 0;
  int64_t pending = watermark_of(split);
  if (time_us > pending || pending <= split->told) return 0;
  split->is_waiting = 1;
  return 1;
}

FLOW_HOT void flow_observe_newest(FlowSplit* split, int64_t time_us) {
  split->newest = time_us > split->newest ? time_us : split->newest;
}
