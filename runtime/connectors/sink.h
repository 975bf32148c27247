// Where records go. A Sink is one per job and sink declaration; it prepares, commits and cleans up, on the thread of
// the coordinator. A SinkWriter is one per task; it takes the task's encoded records.
//
// The life of an epoch (architecture: staged, listed, decided, committed), for a sink that is exactly once:
//
//   task          writer.write(records) …               records of epoch n, visible to nobody
//   barrier n     output = writer.close_epoch(n)        lists what is staged and not known to be committed
//   any thread    output.sync()                         durable; only then the task acknowledges n, with output.files
//   coordinator   the manifest of n, with those lists   the decision
//   coordinator   sink.commit(files, n)                 visible; idempotent; then a marker beside the output
//   task          writer.committed(n)                   those files are listed no more
//
// An epoch that is given up needs no call: its files are in the list of the next one, whose acknowledgement must
// wait for their sync() too. A start after a crash commits what its manifest lists, then cleans up, then opens writers.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/abi/flow_program.h"
#include "runtime/base/bytes.h"
#include "runtime/env/env.h"

namespace flow::runtime {

// One finished file that waits to be committed. Names are plain names in the sink's folders.
struct StagedFile {
  uint64_t epoch = 0;
  std::string staged_name;
  std::string final_name;
  uint64_t length = 0;
  uint32_t crc = 0; // crc32c of its bytes

  void write(ByteWriter& out) const;
  static StagedFile read(ByteReader& in); // fails on names that are not plain
  bool operator==(const StagedFile&) const = default;
};

// What close_epoch gives. It may move to another thread to be synced there.
class StagedOutput {
public:
  StagedOutput() = default;
  StagedOutput(std::vector<StagedFile> listed, Env* env, std::string folder, std::unique_ptr<File> file)
      : files(std::move(listed)), env_(env), folder_(std::move(folder)), file_(std::move(file)) {}

  // Makes the bytes and the name durable. A failure is final: stop the job.
  Status sync();

  std::vector<StagedFile> files;

private:
  Env* env_ = nullptr;
  std::string folder_;
  std::unique_ptr<File> file_; // of the epoch just closed; null if it had no records
};

class SinkWriter {
public:
  virtual ~SinkWriter() = default;

  // One batch of encoded records.
  virtual Status write(std::string_view records) = 0;
  virtual Result<StagedOutput> close_epoch(uint64_t epoch) = 0;
  virtual void committed(uint64_t epoch) = 0;
};

// What a file sink leaves beside its output: the last epoch that is committed, and whose.
struct CommitMarker {
  std::string job_id;
  uint64_t epoch = 0;
  bool operator==(const CommitMarker&) const = default;
};

struct SinkJob {
  std::string job_id;   // part of the marker
  std::string suffix;   // of file names, for a job that was started with --fresh beside another's output; else empty
  uint64_t attempt = 0; // of this start: never used before with this job id
};

class Sink {
public:
  virtual ~Sink() = default;

  // Makes what the sink needs, so that an output that cannot be written is known before anything is read.
  virtual Status prepare(Env& env) = 0;
  // Keeps other running jobs away from the place, as long as the sink lives; `checkpoint_in_use` if one is there.
  virtual Status lock(Env& env) = 0;
  // `epoch`: the first one that the writer will close. The sink outlives its writers.
  virtual Result<std::unique_ptr<SinkWriter>> open(Env& env, uint32_t task, uint64_t epoch) = 0;

  // Whether what is written shows only after commit().
  virtual bool is_exactly_once() const = 0;

  // Makes the files visible and the marker say so. May be repeated, also after a crash in the middle of it. A file that
  // is neither staged nor there, or differs from what is listed, is a failure with exit code `checkpoint_damaged`.
  virtual Status commit(Env& env, std::span<const StagedFile> files, uint64_t epoch) = 0;
  // Removes what earlier attempts of this job staged, save what is in `keep`.
  virtual Status clean_up(Env& env, std::span<const StagedFile> keep) = 0;

  virtual Result<std::optional<CommitMarker>> marker(Env& env) = 0;
  // The newest epoch that shows under the names this job would use; 0: none. It may be ahead of the marker: a commit
  // that a crash cut short has shown a part of its files.
  virtual Result<uint64_t> newest_output(Env& env) = 0;
  // The place in messages: a folder, "console".
  virtual std::string place() const = 0;
};

// Whether a file that an exactly-once sink listed shows at its place: asked where the program has no such sink any
// more.
Result<bool> is_shown(Env& env, const std::string& place, const StagedFile& file);

// `header`: what each output begins with (Encoder::header).
Result<std::unique_ptr<Sink>> make_sink(const FlowConnector& connector, const FlowCell* options, std::string header,
                                        SinkJob job);

} // namespace flow::runtime
