// Split: what a source chain knows of one part of its input: how far it has been read, its watermark, its decoder.
//
// The cursor counts what has been taken by the program (bytes of the decompressed stream, or event numbers), so it is
// right between any two calls. A record that has to wait for a watermark has been decoded but not taken: `undo_record`
// puts the decoder back before it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "runtime/task/record_reader.h"
#include "runtime/task/task_view.h"

namespace flow::runtime {

class Split : public FlowSplit {
public:
  Split(std::string split_name, uint32_t split_index, uint32_t split_count, int64_t split_cursor);

  // Watermark rules of the connector. Rows' times before this call do not count.
  void set_watermark_rule(uint32_t kind, int64_t lag_us);

  // The watermark that its rows allow counts for the task's own.
  void take() {
    taken = pending;
    is_waiting = 0;
  }
  // What counts has been told to those behind: rows that it makes late may follow.
  void tell() { told = taken; }

  static Split* from(FlowSplit* split) { return static_cast<Split*>(split); }
  static const Split* from(const FlowSplit* split) { return static_cast<const Split*>(split); }

  std::string name;
  int64_t cursor = 0;
  int64_t taken; // told <= taken <= pending
  bool is_idle = false;
  bool is_finished = false;
  std::unique_ptr<RecordReader> reader; // null: generate
};

} // namespace flow::runtime
