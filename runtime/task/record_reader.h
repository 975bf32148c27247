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

  // A new call of the source function begins: at most so many records.
  void begin(int64_t rows_max) { rows_left_ = rows_max; }
  // What flow_rt_decode answers; -1 comes with error(). Cells live until the next call.
  int32_t next(const FlowInput& input, int64_t* position, const FlowCell** cells, RecordCounts* counts);
  // Puts the last record back; returns where it begins. REQUIRES: the last call of next() answered 1.
  int64_t undo_record();

  const Status& error() const { return error_; }
  void save(ByteWriter& out) const { decoder_->save(out); }
  Status restore(ByteReader& in) { return decoder_->restore(in); }

private:
  RecordReader(const FlowConnector& connector, std::unique_ptr<Decoder> decoder, std::string split_name);
  int32_t stop(Status status);
  void describe_bad();

  const FlowConnector& connector_;
  std::unique_ptr<Decoder> decoder_;
  std::string split_name_;
  std::vector<FlowCell> cells_;
  std::vector<FlowCell> bad_cells_; // text, file, line, column, field, reason
  int64_t rows_left_ = 0;
  int64_t record_begin_ = 0;
  Status error_;
};

} // namespace flow::runtime
