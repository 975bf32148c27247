// CsvMarker: the first pass over CSV input. It compares 64 bytes at a time with the bytes that matter and keeps where
// fields begin (marks.h). The widest registers that the CPU has are chosen when it is made.
#pragma once

#include <memory>

#include "runtime/base/cpu.h"
#include "runtime/formats/marks.h"

namespace flow::runtime {

constexpr int64_t csv_portion_bytes = 255 * 64; // records are marked so far ahead
constexpr int64_t csv_room_bytes = 32;          // there is more input behind marked records

class CsvMarker {
public:
  explicit CsvMarker(CpuFeatures cpu = cpu_features());

  struct Found {
    int64_t records = 0;
    uint32_t line_end_bytes = 1; // 2: their lines end with \r\n
    bool is_ascii = false;
    bool is_cut = false; // more were looked at, and one was not plain
  };
  // Marks plain records of `width` columns from `begin`, at most `records_max`, and stops where one is not plain.
  Found mark(const char* begin, const char* end, char delimiter, uint32_t width, int64_t records_max);
  const uint32_t* starts() const { return starts_.get(); }

  // What one scan looks at: records from `begin` that end before `room_end`; bytes up to `end`.
  struct Work {
    const char* begin;
    const char* end;
    const char* room_end;
    char delimiter;
    uint32_t width;
    int64_t records_max;
  };

private:
  using Scan = Found (*)(const Work& work, uint32_t* starts);
  Scan scan_;
  std::unique_ptr<uint32_t[]> starts_;      // of one portion, made at need
  int64_t bytes_ahead_ = csv_portion_bytes; // less where records that are not plain would make it look in vain
};

} // namespace flow::runtime
