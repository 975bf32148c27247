#include "runtime/formats/nearest.h"

#include <algorithm>
#include <vector>

namespace flow::runtime {
namespace {

constexpr size_t name_bytes_max = 100; // longer names are not compared

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }
bool same(char a, char b) { return lower(a) == lower(b); }

// The number of edits, by the table of all prefixes; three rows of it are alive, as a swap looks back two.
size_t edits_between(std::string_view a, std::string_view b) {
  std::vector<size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    std::swap(before, last);
    std::swap(last, row);
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (same(a[i - 1], b[j - 1]) ? 0 : 1)});
      bool is_swap = i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]);
      if (is_swap) row[j] = std::min(row[j], before[j - 2] + 1);
    }
  }
  return row[b.size()];
}

} // namespace

std::string_view nearest_name(std::string_view name, std::span<const std::string_view> candidates) {
  if (name.size() > name_bytes_max) return {};
  std::string_view best;
  size_t best_edits = std::max<size_t>(name.size() / 3, 1) + 1;
  for (std::string_view candidate : candidates) {
    if (candidate.size() > name_bytes_max || candidate.empty()) continue;
    size_t edits = edits_between(name, candidate);
    if (edits >= best_edits || edits >= name.size()) continue;
    best = candidate;
    best_edits = edits;
  }
  return best;
}

} // namespace flow::runtime
