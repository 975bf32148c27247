// The line at the beginning of a window, for formats whose records are lines.
#pragma once

#include <cstring>
#include <string_view>

namespace flow::runtime {

struct Line {
  bool is_there = false; // whole, with its line end, or the last one of the input without
  std::string_view text; // without \n or \r\n
  const char* next = nullptr;
};

inline std::string_view without_return(std::string_view text) {
  if (!text.empty() && text.back() == '\r') text.remove_suffix(1);
  return text;
}

inline Line find_line(const char* at, const char* end, bool is_last) {
  if (at == end) return {};
  auto size = static_cast<size_t>(end - at);
  const auto* line_end = static_cast<const char*>(std::memchr(at, '\n', size));
  if (line_end != nullptr) return {true, without_return({at, static_cast<size_t>(line_end - at)}), line_end + 1};
  if (!is_last) return {};
  return {true, without_return({at, size}), end};
}

} // namespace flow::runtime
