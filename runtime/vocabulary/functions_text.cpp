// Functions of the prelude over text. Text is UTF-8; what is counted or cut is characters (code points), what is found
// is bytes, which for valid text is the same. Case is that of the letters A to Z: no table of other alphabets.
#include <string.h>

#include <string_view>

#include "runtime/batch/batch.h"
#include "runtime/formats/utf8.h"
#include "runtime/vocabulary/functions.h"

using flow::runtime::string_bytes_max;
using flow::runtime::utf8_characters;

namespace {

std::string_view view(const char* text, uint64_t length) { return {text, length}; }
FlowView flow_view_of(std::string_view text) { return {text.data(), text.size()}; }
constexpr FlowView empty{"", 0};

FlowView refuse(FlowTask* task, FlowFailure failure) {
  flow_fail(task, UINT32_MAX, failure);
  return empty;
}

template <typename Change> FlowView changed(FlowTask* task, std::string_view text, Change change) {
  char* made = flow_scratch(task, text.size());
  for (size_t i = 0; i < text.size(); ++i) made[i] = change(text[i]);
  return {made, text.size()};
}

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

// Where character `number` begins; the end if there are fewer.
size_t offset_of(std::string_view text, int64_t number) {
  size_t at = 0;
  for (; number > 0 && at < text.size(); --number) {
    do ++at;
    while (at < text.size() && continues_character(text[at]));
  }
  return at;
}

FlowView substring(std::string_view text, int64_t start, int64_t count) {
  if (start < 0) { // what lies before the text is empty
    count = count > -start ? count + start : 0;
    start = 0;
  }
  if (count <= 0) return empty;
  size_t begin = offset_of(text, start);
  std::string_view rest = text.substr(begin);
  return flow_view_of(rest.substr(0, offset_of(rest, count)));
}

int64_t count_of(std::string_view text, std::string_view part) {
  if (part.empty()) return 0;
  int64_t count = 0;
  for (size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + part.size())) ++count;
  return count;
}

FlowView replaced(FlowTask* task, std::string_view text, std::string_view part, std::string_view with) {
  int64_t count = count_of(text, part);
  if (count == 0) return flow_view_of(text);
  __int128 size =
      static_cast<__int128>(text.size()) +
      static_cast<__int128>(count) * (static_cast<int64_t>(with.size()) - static_cast<int64_t>(part.size()));
  if (size > string_bytes_max) return refuse(task, FLOW_FAIL_SIZE);
  char* made = flow_scratch(task, static_cast<uint64_t>(size));
  char* to = made;
  auto add = [&to](std::string_view piece) {
    if (!piece.empty()) memcpy(to, piece.data(), piece.size());
    to += piece.size();
  };
  size_t from = 0;
  for (size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, from)) {
    add(text.substr(from, at - from));
    add(with);
    from = at + part.size();
  }
  add(text.substr(from));
  return {made, static_cast<uint64_t>(size)};
}

FlowView padded(FlowTask* task, std::string_view text, int64_t width, std::string_view fill, bool is_start) {
  int64_t missing = width <= 0 ? 0 : width - utf8_characters(text);
  if (missing <= 0) return flow_view_of(text);
  if (utf8_characters(fill) != 1) return refuse(task, FLOW_FAIL_ARGUMENT);
  if (missing > string_bytes_max / 4 || text.size() > string_bytes_max / 2) return refuse(task, FLOW_FAIL_SIZE);
  uint64_t size = text.size() + static_cast<uint64_t>(missing) * fill.size();
  char* made = flow_scratch(task, size);
  char* at = is_start ? made : made + text.size();
  for (int64_t i = 0; i < missing; ++i, at += fill.size()) memcpy(at, fill.data(), fill.size());
  memcpy(is_start ? at : made, text.data(), text.size());
  return {made, size};
}

} // namespace

extern "C" {

FlowView flow_fn_lower(FlowTask* task, const char* text, uint64_t length) {
  return changed(task, view(text, length),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
}

FlowView flow_fn_upper(FlowTask* task, const char* text, uint64_t length) {
  return changed(task, view(text, length),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c & ~0x20) : c; });
}

FlowView flow_fn_trim(FlowTask*, const char* text, uint64_t length) {
  while (length > 0 && is_space(text[0])) ++text, --length;
  while (length > 0 && is_space(text[length - 1])) --length;
  return {text, length};
}

int64_t flow_fn_length(FlowTask*, const char* text, uint64_t length) { return utf8_characters(view(text, length)); }

uint8_t flow_fn_contains(FlowTask*, const char* text, uint64_t length, const char* part, uint64_t part_length) {
  return view(text, length).find(view(part, part_length)) != std::string_view::npos;
}

uint8_t flow_fn_starts_with(FlowTask*, const char* text, uint64_t length, const char* part, uint64_t part_length) {
  return view(text, length).starts_with(view(part, part_length));
}

uint8_t flow_fn_ends_with(FlowTask*, const char* text, uint64_t length, const char* part, uint64_t part_length) {
  return view(text, length).ends_with(view(part, part_length));
}

FlowView flow_fn_substring(FlowTask*, const char* text, uint64_t length, int64_t start, int64_t count) {
  if (start == INT64_MIN) return empty;
  return substring(view(text, length), start, count);
}

FlowView flow_fn_replace(FlowTask* task, const char* text, uint64_t length, const char* part, uint64_t part_length,
                         const char* with, uint64_t with_length) {
  return replaced(task, view(text, length), view(part, part_length), view(with, with_length));
}

int64_t flow_fn_count_of(FlowTask*, const char* text, uint64_t length, const char* part, uint64_t part_length) {
  return count_of(view(text, length), view(part, part_length));
}

FlowMaybe flow_fn_index_of(FlowTask*, const char* text, uint64_t length, const char* part, uint64_t part_length) {
  size_t at = view(text, length).find(view(part, part_length));
  if (at == std::string_view::npos) return {0, 1};
  return {utf8_characters(view(text, at)), 0};
}

FlowView flow_fn_reverse(FlowTask* task, const char* text, uint64_t length) {
  char* made = flow_scratch(task, length);
  uint64_t at = 0;
  while (at < length) {
    uint64_t end = at + 1;
    while (end < length && continues_character(text[end])) ++end;
    memcpy(made + length - end, text + at, end - at);
    at = end;
  }
  return {made, length};
}

FlowView flow_fn_repeat(FlowTask* task, const char* text, uint64_t length, int64_t times) {
  if (times < 0) return refuse(task, FLOW_FAIL_ARGUMENT);
  if (static_cast<__int128>(length) * times > string_bytes_max) return refuse(task, FLOW_FAIL_SIZE);
  uint64_t size = length * static_cast<uint64_t>(times);
  if (size == 0) return empty;
  char* made = flow_scratch(task, size);
  for (uint64_t at = 0; at < size; at += length) memcpy(made + at, text, length);
  return {made, size};
}

FlowView flow_fn_pad_start(FlowTask* task, const char* text, uint64_t length, int64_t width, const char* fill,
                           uint64_t fill_length) {
  return padded(task, view(text, length), width, view(fill, fill_length), true);
}

FlowView flow_fn_pad_end(FlowTask* task, const char* text, uint64_t length, int64_t width, const char* fill,
                         uint64_t fill_length) {
  return padded(task, view(text, length), width, view(fill, fill_length), false);
}

} // extern "C"
