// Manifest: what one complete checkpoint consists of. Its appearance under its final name is the decision that the
// epoch happened; all that came before may be thrown away, all that follows can be done from it alone.
// JobRecord: whose folder this is and which start of it is running.
//
//   manifest := "FLOWCKPT" version u32, body, crc u32      crc32c over name ("epoch-7/manifest"), offset 0 and all before
//   record   := "FLOWJOB." version u32, body, crc u32
//
// Both take any bytes: what does not fit is a failure with a sentence.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/bytes.h"
#include "runtime/base/status.h"

namespace flow::runtime {

constexpr uint32_t checkpoint_format = 1;

struct JobRecord {
  std::string job_id;        // random, of the first start
  std::string suffix;        // of output file names; empty but for a job started with --fresh
  uint64_t attempt = 0;      // counts starts in this folder, of whatever job
  uint64_t first_epoch = 1;  // the first number that an epoch of this job can have
  uint32_t group_count = 0;
  std::string program;       // its name, for messages

  std::string encode() const;
  static Result<JobRecord> decode(std::string_view bytes, std::string_view path);
  bool operator==(const JobRecord&) const = default;
};

// One file of state: of one task.
struct TaskFile {
  uint32_t index = 0;  // of the task among its chain's
  std::string name;    // in the epoch's folder
  uint64_t length = 0;
  uint32_t crc = 0;    // over the name "epoch-7/NAME" and the bytes
  bool operator==(const TaskFile&) const = default;
};

struct ManifestChain {
  std::string uid;
  uint32_t parallelism = 0;
  std::vector<TaskFile> files;
  bool operator==(const ManifestChain&) const = default;
};

// Of a source: its splits, all of them. Of a sink: its files that may not be committed yet. As their owners wrote them.
struct ManifestConnector {
  std::string name;
  std::vector<std::string> items;
  bool operator==(const ManifestConnector&) const = default;
};

struct ManifestState {
  std::string name;
  uint64_t fingerprint = 0;  // of the layout
  bool operator==(const ManifestState&) const = default;
};

struct Manifest {
  JobRecord job;                 // with the attempt that took it
  uint64_t epoch = 0;
  uint64_t committed_epoch = 0;  // 0: none
  uint64_t program_fingerprint = 0;
  uint32_t parallelism = 0;
  bool is_finished = false;      // the input was read to its end
  std::vector<ManifestState> states;
  std::vector<ManifestChain> chains;
  std::vector<ManifestConnector> sources;
  std::vector<ManifestConnector> sinks;

  std::string encode() const;
  // `epoch`: of the folder it lies in.
  static Result<Manifest> decode(std::string_view bytes, uint64_t epoch, std::string_view path);
  const ManifestConnector* find_source(std::string_view name) const;
  const ManifestConnector* find_sink(std::string_view name) const;
  bool operator==(const Manifest&) const = default;
};

// "epoch-7", and back: nothing if it is no such name.
std::string epoch_folder(uint64_t epoch);
bool parse_epoch_folder(std::string_view name, uint64_t* epoch);

}  // namespace flow::runtime
