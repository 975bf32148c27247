// The shape of a CSV record (RFC 4180), before anyone knows what its fields mean:
//
//   record := field (delimiter field)* line-end          the last one of the input may lack the line end
//   field  := quoted | plain
//   quoted := '"' (any byte but '"' | '""')* '"'          delimiters and line ends may be inside
//   plain  := bytes without delimiter and \n              a quote that does not come first is a byte like any other
//   line-end := \n | \r\n
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace flow::runtime {

struct CsvSlice {
  const char* data; // inside the quotes
  uint32_t length;
  bool is_quoted;
  bool has_escapes; // doubled quotes

  std::string_view text() const { return {data, length}; }
};

struct CsvSplit {
  enum class Outcome : uint8_t { incomplete, whole, malformed };
  Outcome outcome = Outcome::incomplete;
  const char* end = nullptr;   // of the record, without its line end
  const char* next = nullptr;  // of the next record
  int64_t lines = 1;           // line ends up to `next`
  size_t columns = 0;          // of a whole record; `slices` holds at most as many as asked for
  const char* fault = nullptr; // of a malformed one: where, and
  std::string_view reason;     // why
};

class CsvSplitter {
public:
  explicit CsvSplitter(char delimiter) : delimiter_(delimiter) {}

  // Splits the record at `at`; its first `slices_max` fields are left in slices(), views into the input.
  // REQUIRES: at < end.
  CsvSplit split(const char* at, const char* end, bool is_last, size_t slices_max);
  const std::vector<CsvSlice>& slices() const { return slices_; }

private:
  void add(CsvSlice slice, size_t slices_max);

  char delimiter_;
  size_t columns_ = 0;
  std::vector<CsvSlice> slices_;
};

// The text of a quoted field without the doubling; `to` has room for all of it.
std::string_view csv_unescape(std::string_view text, char* to);

} // namespace flow::runtime
