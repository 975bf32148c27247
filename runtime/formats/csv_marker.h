// CsvMarker: the first pass over CSV input. It compares 64 bytes at a time with the three bytes that matter and keeps
// where fields begin (csv_marks.h); the CPU's widest registers are chosen when the program starts.
#pragma once

#include <memory>

#include "runtime/base/cpu.h"
#include "runtime/formats/csv_marks.h"

namespace flow::runtime {

class CsvMarker {
public:
  explicit CsvMarker(CpuFeatures cpu = cpu_features());

  struct Found {
    int64_t records = 0;
    uint32_t line_end_bytes = 1; // 2: their lines end with \r\n
    bool is_ascii = false;
  };
  // Marks plain records of `width` columns from `begin`, at most `records_max`, and stops where one is not plain.
  Found mark(const char* begin, const char* end, char delimiter, uint32_t width, int64_t records_max);
  const uint32_t* starts() const { return starts_.get(); }

private:
  using Scan = Found (*)(const char* begin, const char* end, char delimiter, uint32_t width, int64_t records_max,
                         uint32_t* starts);
  Scan scan_;
  std::unique_ptr<uint32_t[]> starts_; // of one portion, made at need
};

} // namespace flow::runtime
