#include "runtime/checkpoint/job_record.h"

#include <fmt/format.h>

#include <algorithm>

#include "runtime/base/bytes.h"
#include "runtime/base/crc32c.h"
#include "runtime/base/group_limits.h"

namespace flow::runtime {
namespace {

// job := magic, format u32, job_id text, suffix text, folder text, group_count u32, attempt u64, program text, crc u32
constexpr std::string_view magic = "FLOWJOB\n";
constexpr uint32_t format = 1;
constexpr size_t crc_bytes = 4;

bool is_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

} // namespace

bool is_job_id(std::string_view text) { return text.size() == 16 && is_hex(text); }
bool is_job_suffix(std::string_view text) { return text.size() <= 16 && is_hex(text); }

std::string encode_job_record(const JobRecord& record) {
  ByteWriter out;
  out.raw(magic);
  out.u32(format);
  out.text(record.job_id);
  out.text(record.suffix);
  out.text(record.folder);
  out.u32(record.group_count);
  out.u64(record.attempt);
  out.text(record.program);
  out.u32(crc32c(out.view()));
  return out.take();
}

Result<JobRecord> decode_job_record(std::string_view bytes, const std::string& path) {
  Status damaged(ExitCode::checkpoint_damaged,
                 fmt::format("'{}' is damaged, so whose state this folder holds is not known: restore the file from a "
                             "copy, or name an epoch with --restore PATH and give another --checkpoint-dir",
                             path));
  if (bytes.size() < magic.size() + crc_bytes || !bytes.starts_with(magic)) return damaged;
  std::string_view body = bytes.substr(0, bytes.size() - crc_bytes);
  if (ByteReader(bytes.substr(body.size())).u32() != crc32c(body)) return damaged;
  ByteReader in(body.substr(magic.size()));
  if (uint32_t version = in.u32(); version != format) {
    return Status(ExitCode::checkpoint_foreign,
                  fmt::format("'{}' has format {}, and this job reads format {}", path, version, format));
  }
  JobRecord record;
  record.job_id = in.text();
  record.suffix = in.text();
  record.folder = in.text();
  record.group_count = in.u32();
  record.attempt = in.u64();
  record.program = in.text();
  bool fits = in.is_at_end() && !in.has_failed() && is_job_id(record.job_id) && is_job_suffix(record.suffix) &&
              (record.folder.empty() || is_job_id(record.folder)) && record.group_count > 0 &&
              record.group_count <= group_count_max;
  if (!fits) return damaged;
  return record;
}

} // namespace flow::runtime
