#include "lang/diagnostics/nearest.h"

#include <algorithm>
#include <array>

namespace flow::lang {

static constexpr size_t word_bytes_max = 64;

static char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

size_t edit_distance(std::string_view a, std::string_view b) {
  if (a.size() > word_bytes_max || b.size() > word_bytes_max) return std::max(a.size(), b.size());
  std::array<std::array<size_t, word_bytes_max + 1>, 3> rows{}; // of the table: two rows ago, the last one, this one
  auto *older = &rows[0], *last = &rows[1], *current = &rows[2];
  for (size_t j = 0; j <= b.size(); ++j) (*last)[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    (*current)[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      size_t change = lower(a[i - 1]) == lower(b[j - 1]) ? 0 : 1;
      size_t best = std::min({(*last)[j] + 1, (*current)[j - 1] + 1, (*last)[j - 1] + change});
      bool is_swap =
          i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1]) && change != 0;
      if (is_swap) best = std::min(best, (*older)[j - 2] + 1);
      (*current)[j] = best;
    }
    auto* reused = older;
    older = last;
    last = current;
    current = reused;
  }
  return (*last)[b.size()];
}

std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates) {
  std::string_view found;
  size_t allowed =
      word.size() < 3 ? 0 : std::max<size_t>(1, word.size() / 3); // in two letters every change is another word
  size_t limit = allowed + 1;                                     // what is found must be nearer than this
  for (std::string_view candidate : candidates) {
    size_t distance = edit_distance(word, candidate);
    bool is_near = distance < limit && distance < std::max(word.size(), candidate.size());
    if (!is_near) continue;
    found = candidate;
    limit = distance;
  }
  return found;
}

} // namespace flow::lang
