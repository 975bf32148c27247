// The manifest of an epoch: everything that a start needs to know of a checkpoint. Its appearance under its name is the
// only decision about an epoch: before it, the epoch has not happened; after it, it has, with all that it lists.
//
//   manifest := "FLOWMANI", format u32, body, crc u32                     crc32c of all before it
//
// State files are beside it. Each is a row of sections without gaps, one per key group or item, each with a checksum
// over the file's name, the section's offset and its bytes: a section cannot be cut, changed or moved unseen.
// What connectors say of themselves (splits, staged files) is opaque text here.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/status.h"

namespace flow::runtime {

constexpr uint32_t section_is_item = 0xffffffffu;

struct StateSection {
  uint32_t group = section_is_item; // key group, or section_is_item: a piece of list state
  uint64_t length = 0;
  uint32_t crc = 0;
  bool operator==(const StateSection&) const = default;
};

struct StateFile {
  std::string name; // a plain name
  uint32_t task = 0;
  std::vector<StateSection> sections; // in the order of the file
  uint64_t length() const;
  bool operator==(const StateFile&) const = default;
};

struct SplitRecord {
  std::string spec;        // as the connector wrote it
  std::string fingerprint; // at the cursor
  int64_t cursor = 0;
  bool operator==(const SplitRecord&) const = default;
};

struct ChainRecord {
  std::string uid;
  uint32_t parallelism = 0;
  std::vector<StateFile> files;
  std::vector<SplitRecord> splits; // all of the chain's source, also finished ones
  bool operator==(const ChainRecord&) const = default;
};

struct SinkRecord {
  std::string name;
  std::string place;              // where it writes
  std::vector<std::string> files; // staged and not known to be committed when the epoch was closed
  bool operator==(const SinkRecord&) const = default;
};

struct StateFingerprint {
  std::string name;
  uint64_t fingerprint = 0;
  bool operator==(const StateFingerprint&) const = default;
};

struct Manifest {
  std::string job_id;
  std::string suffix;
  uint64_t attempt = 0;
  uint64_t epoch = 0;
  uint64_t committed_epoch =
      0; // the last one known to be committed when this was written, of a savepoint itself; 0: none
  uint32_t group_count = 0;
  uint32_t parallelism = 0;  // of the job
  bool is_finished = false;  // all input is read, all windows have fired
  bool is_savepoint = false; // complete in itself: all its output shows, and nothing outside its folder belongs to it
  int64_t wall_us = 0;       // when it was written, for people
  std::string program;
  uint64_t program_fingerprint = 0;
  std::vector<StateFingerprint> states;
  std::string schema; // what the states consist of: runtime/saved/schema.h
  std::vector<ChainRecord> chains;
  std::vector<SinkRecord> sinks;
  bool operator==(const Manifest&) const = default;
};

std::string encode_manifest(const Manifest& manifest);
// Takes any bytes; a failure is `checkpoint_damaged`, or `checkpoint_foreign` for another format.
Result<Manifest> decode_manifest(std::string_view bytes, const std::string& path);

// What the checksums of a state file's sections know it by.
std::string section_place(const std::string& job_id, uint64_t epoch, const std::string& file_name);

} // namespace flow::runtime
