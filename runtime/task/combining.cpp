#include "runtime/task/combining.h"

#include <algorithm>

namespace flow::runtime {
namespace {

constexpr uint64_t rows_to_judge = 4096;
constexpr uint64_t rows_until_next_try = uint64_t{1} << 22;

} // namespace

void Combining::take(uint64_t rows) {
  if (is_off()) {
    rows_off_ -= std::min(rows, rows_off_);
  } else {
    rows_ += rows;
  }
}

// Under one and a half rows a result, the table costs more than the rows that it saves.
bool Combining::is_in_vain() const { return results_ >= rows_to_judge && rows_ < results_ + results_ / 2; }

void Combining::judge() {
  if (is_in_vain()) rows_off_ = rows_until_next_try;
  if (results_ < rows_to_judge) return;
  rows_ = 0;
  results_ = 0;
}

} // namespace flow::runtime
