// JsonMarker: the first pass over JSON lines. It compares 64 bytes at a time with the bytes that are marks
// (json_shape.h) and keeps what is behind each of them. The widest registers that the CPU has are chosen when it is
// made.
#pragma once

#include <cstdint>
#include <memory>

#include "runtime/base/cpu.h"
#include "runtime/formats/utf8_blocks.h"

namespace flow::runtime {

constexpr int64_t json_portion_bytes = 32 * 1024; // records are marked so far ahead

class JsonMarker {
public:
  explicit JsonMarker(CpuFeatures cpu = cpu_features());

  struct Marked {
    const char* data = nullptr;       // what `starts` are counted from
    const uint32_t* starts = nullptr; // the first is `at` itself
    int64_t count = 0;                // starts behind the first
    bool has_valid_texts = false;     // all that is marked is UTF-8
  };
  // Marks from `at`, where a record begins: `needed` at least, if there are so many before `room_end` and in a portion;
  // about `wanted` at most. What was marked by the last call is not looked at again.
  Marked mark(const char* at, const char* end, const char* room_end, int64_t needed, int64_t wanted);
  // The bytes that were marked may have changed.
  void forget() { count_ = 0; }

  struct Work {
    const char* begin;
    const char* end;
    int64_t wanted;
  };
  struct Found {
    int64_t count = 0;
    bool is_ascii = false;
  };

private:
  using Scan = Found (*)(const Work& work, uint32_t* starts);

  bool has_start(const char* at);
  void scan(const Work& work, const char* room_end);

  Scan scan_;
  Utf8Check is_utf8_;
  std::unique_ptr<uint32_t[]> starts_; // of one portion, made at need
  const char* data_ = nullptr;
  int64_t next_ = 0;  // the start that was asked for last
  int64_t count_ = 0; // starts_[0] is not counted
  bool has_valid_texts_ = false;
};

} // namespace flow::runtime
