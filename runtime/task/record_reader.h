// RecordReader: the decoder of a split, with the policy for bad records and the memory of the last record, so that one
// which has to wait for a watermark can be put back.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "runtime/abi/flow_program.h"
#include "runtime/base/bytes.h"
#include "runtime/base/status.h"

namespace flow::runtime {

class RecordReader {
 public:
  virtual ~RecordReader() = default;

  static Result<std::unique_ptr<RecordReader>> make(const FlowProgram& program, const FlowConnector& connector,
                                                    const FlowCell* options, std::string_view split_name);

  // A new call of the source function begins: at most so many records.
  virtual void begin(int64_t rows_max) = 0;
  // What flow_rt_decode answers. Bad records that are skipped are added to *skipped; every record taken to *taken.
  virtual int32_t next(const FlowInput& input, int64_t* position, const FlowCell** cells, uint64_t* skipped,
                       uint64_t* bad, Status* error) = 0;
  // Puts the last record back; returns its position.
  virtual int64_t undo_record() = 0;

  virtual void save(ByteWriter& out) const = 0;
  virtual bool restore(ByteReader& in) = 0;
};

}  // namespace flow::runtime
