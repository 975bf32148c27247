// Where records come from. A source is a set of splits, found once at the first start and then kept in checkpoints;
// each split is read from a cursor by one reader at a time.
//
//   make_source ─▶ SourceConnector ── enumerate ─▶ SplitSpec … ── open(spec, cursor) ─▶ SplitReader ── fill ─▶
//   FlowInput
//
// Everything goes through Env, starts no thread, and every call does a bounded amount of work.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/abi/flow_program.h"
#include "runtime/base/bytes.h"
#include "runtime/env/env.h"

namespace flow::runtime {

struct SplitSpec {
  std::string id;     // stable and unique within the source: the path of a file, the number of a generator
  uint32_t index = 0; // among `count`, in the order of enumeration
  uint32_t count = 1;

  void write(ByteWriter& out) const;
  static SplitSpec read(ByteReader& in);
  bool operator==(const SplitSpec&) const = default;
};

// How a split is known again when it is opened at a cursor: what it began with and what came just before the cursor.
// Whatever stands behind the cursor may have been added since.
struct SplitFingerprint {
  uint64_t stored_bytes = 0; // of the file, packed or not
  uint32_t head_bytes = 0;   // of the file's beginning
  uint32_t head_crc = 0;
  uint32_t tail_bytes = 0; // before the cursor, unpacked
  uint32_t tail_crc = 0;

  void write(ByteWriter& out) const;
  static SplitFingerprint read(ByteReader& in);
  bool operator==(const SplitFingerprint&) const = default;
};

// done and total in the same unit, bytes of the file or events; total 0: unknown.
struct SplitProgress {
  uint64_t done = 0;
  uint64_t total = 0;
};

class SplitReader {
public:
  virtual ~SplitReader() = default;

  // The unread part from the cursor on, valid until the next call. For bytes: a window that holds at least one whole
  // record if there is one, after enough calls: a window from which nothing was consumed is longer the next time, up
  // to a little more than the limit of a record. It may be empty although more follows (is_last is 0): call again.
  // rows_max is left at its largest; the host lowers it.
  virtual Result<FlowInput> fill() = 0;

  // Moves the cursor over the first n bytes (or events) of the last window.
  virtual void consume(int64_t n) = 0;

  virtual int64_t cursor() const = 0;
  virtual SplitFingerprint fingerprint() const = 0; // at the cursor
  // As if the first `taken` bytes (or events) of the last window had been consumed.
  virtual SplitProgress progress(int64_t taken) const = 0;
  // Whether it still reads on to where it was opened: nothing comes, and yet the input is not silent.
  virtual bool is_catching_up() const { return false; }
  // Nothing will come until something outside lets it: it is not asked.
  virtual bool is_held_back() const { return false; }
  // A watermark that the input itself gives at the cursor, once. Asked before fill.
  virtual std::optional<int64_t> take_watermark() { return std::nullopt; }
};

class SourceConnector {
public:
  virtual ~SourceConnector() = default;

  virtual Result<std::vector<SplitSpec>> enumerate(Env& env) = 0;

  // `expected`: what fingerprint() gave at this cursor, or null at a first start. A split that is not what it was is a
  // failure with exit code `start_refused`.
  virtual Result<std::unique_ptr<SplitReader>> open(Env& env, const SplitSpec& spec, int64_t cursor,
                                                    const SplitFingerprint* expected) = 0;

  // Whether the source ends: if all do, so does the job.
  virtual bool is_bounded() const = 0;
};

// `options`: one cell per option of the connector; both must outlive the source.
Result<std::unique_ptr<SourceConnector>> make_source(const FlowConnector& connector, const FlowCell* options);

} // namespace flow::runtime
