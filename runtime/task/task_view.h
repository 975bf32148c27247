// The parts of a task, its outputs, states and splits that the vocabulary touches for every row, also as bitcode.
// Plain structs; task.h derives the rest from them.
#pragma once

#include <stdint.h>

#include "runtime/abi/flow_abi.h"

// One output while a chain runs. `current` is the batch that takes the next row; null: room must be made first.
struct FlowOutputView {
  FlowBatch* current;
  FlowBatch** batches; // of a hash output, by channel; `current` is written back there
  FlowCell* cells;     // of a sink
  uint32_t channel;    // of `current`
  uint32_t channels;
  const uint32_t* owners; // of a hash output: the channel of each key group, or null: the host is asked
  uint32_t groups;        // of owners
  uint64_t discarded;     // rows of a sink that throws them away
};

// The pane of a state that was asked for last, or the one table of a keyed state.
struct FlowStateView {
  int64_t pane_start;
  FlowTable* pane;     // null: none
  uint64_t rows_in;    // of a partial state: rows of this call
  uint8_t sends_alone; // of a partial state: its rows are not combined
  uint8_t reserved[7];
};

struct FlowTask {
  int64_t watermark; // what flow_watermark says
  int64_t now;       // what flow_now says: the host's clock at the start of this call
  const FlowCell* params;
  FlowOutputView* outputs;
  FlowStateView* states;
  char* scratch_begin;
  char* scratch_next;
  char* scratch_end;
  uint32_t failure;         // FlowFailure, 0: none
  uint32_t failure_site;    // FLOW_NONE: not known yet
  const char* stack_low;    // generated code's calls stay above
  uint8_t is_full;          // stop behind this row: a send was answered with "no credit", or a timer is due
  uint8_t scratch_is_split; // more than one block: reset frees the old ones
  uint64_t row_cursor[FLOW_CURSOR_WORDS]; // what flow_row_cursor gives
};

// Watermarks of a split. `pending` is the watermark that its rows so far allow, `told` the one that those behind know.
// A row at or before `pending` has to wait until the two are equal. Within a call only `newest` is kept up; `pending`
// follows from it when the call has ended.
struct FlowSplit {
  int64_t newest;
  int64_t pending;
  int64_t told;
  int64_t lag;           // pending = newest - lag - 1
  uint8_t has_watermark; // 0: rows' times move nothing
  uint8_t is_waiting;    // set by flow_observe_time, read and cleared by the core
  uint32_t index;
  uint32_t splits;
};
static_assert(sizeof(FlowSplit) == FLOW_SPLIT_BYTES, "a source function copies all of it");

namespace flow::runtime {

// The watermark that a split's rows so far allow.
__attribute__((always_inline)) inline int64_t watermark_of(const FlowSplit* split) {
  if (!split->has_watermark) return split->pending;
  int64_t behind;
  bool is_below =
      __builtin_sub_overflow(split->newest, split->lag, &behind) || __builtin_sub_overflow(behind, 1, &behind);
  return is_below ? INT64_MIN : behind;
}

} // namespace flow::runtime
