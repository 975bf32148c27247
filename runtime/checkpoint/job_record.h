// The file `job` of a checkpoint folder: whose state lies there, and how often it was started. Written whole and
// durable at each start, before anything runs, so that an attempt's number is never used twice.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/base/status.h"

namespace flow::runtime {

struct JobRecord {
  std::string job_id; // 16 hexadecimal digits
  std::string suffix; // of output names: not empty for a job that writes beside another's output
  std::string folder; // of its epochs, beneath the checkpoint folder; empty: that folder itself
  uint32_t group_count = 0;
  uint64_t attempt = 0; // of the last start; 0: none yet
  std::string program;  // for messages
  bool operator==(const JobRecord&) const = default;
};

std::string encode_job_record(const JobRecord& record);
// Takes any bytes. `path` is for messages.
Result<JobRecord> decode_job_record(std::string_view bytes, const std::string& path);

// Names that the record and the manifest may carry into paths.
bool is_job_id(std::string_view text);
bool is_job_suffix(std::string_view text); // empty, or hexadecimal digits

} // namespace flow::runtime
