// RecordReader: the decoder of a split with the source's policy for bad records, and the memory of where the last
// record began, so that one which has to wait for a watermark can be put back.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "runtime/abi/flow_program.h"
#include "runtime/base/bytes.h"
#include "runtime/base/status.h"
#include "runtime/formats/decoder.h"

namespace flow::runtime {

// What reading one record did to the job's counters.
struct RecordCounts {
  uint64_t taken = 0; // records that were there, good or bad
  uint64_t bad = 0;
  uint64_t skipped = 0; // of the bad ones
};

class RecordReader {
public:
  static Result<std::unique_ptr<RecordReader>> make(const FlowProgram& program, const FlowConnector& connector,
                                                    const FlowCell* options, std::string split_name);

  // A new pull begins: at most so many records. Its input is not that of the last one.
  void begin(int64_t rows_max) {
    rows_left_ = rows_max;
    drop_marks();
    decoder_->forget_marks();
  }
  // What flow_rt_decode answers; -1 comes with error(). Cells live until the next call.
  int32_t next(const FlowInput& input, int64_t* position, const FlowCell** cells, RecordCounts* counts);
  // Records from `position` for generated code to read (marks.h); none: call next(). It counts those that it
  // takes in the marks, and settle() takes note: before any other call, and when the source function is done.
  RecordMarks* mark(const FlowInput& input, int64_t position);
  bool read_marked(uint32_t field, std::string_view text, FlowCell* cell) {
    return decoder_->read_marked(marks_, field, text, cell);
  }
  void settle(RecordCounts* counts);
  // Puts the last record back; returns where it begins. REQUIRES: it was a row, by next() or from the marks.
  int64_t undo_record();

  const Status& error() const { return error_; }
  void save(ByteWriter& out) const { decoder_->save(out); }
  Status restore(ByteReader& in) { return decoder_->restore(in); }

private:
  RecordReader(const FlowConnector& connector, std::unique_ptr<Decoder> decoder, std::string split_name);
  int32_t stop(Status status);
  void describe_bad();
  RecordMarks new_marks(const FlowInput& input, int64_t position);
  void pass_marks(int64_t position);
  void drop_marks() {
    marks_ = {};
    settled_ = 0;
  }

  const FlowConnector& connector_;
  std::unique_ptr<Decoder> decoder_;
  std::string split_name_;
  std::vector<FlowCell> cells_;
  std::vector<FlowCell> bad_cells_; // text, file, line, column, field, reason
  int64_t rows_left_ = 0;
  int64_t record_begin_ = 0;
  RecordMarks marks_; // of the input of this pull
  // Where records are not plain, asking for marks is in vain: after each time, so many calls go by before the next, and
  // more the longer that lasts.
  int64_t wait_ = 0, last_wait_ = 0;
  int64_t settled_ = 0; // of marks_.taken, what has been counted
  bool is_last_marked_ = false;
  Status error_;
};

} // namespace flow::runtime
