#include "runtime/formats/utf8.h"

#include <algorithm>
#include <cstring>

namespace flow::runtime {
namespace {

constexpr uint64_t high_bits = 0x8080808080808080u;

uint8_t byte_at(std::string_view text, size_t at) { return static_cast<uint8_t>(text[at]); }
bool continues(std::string_view text, size_t at) { return at < text.size() && (byte_at(text, at) & 0xc0) == 0x80; }

// The length of the character at `at`, 0 if there is no valid one.
size_t character_length(std::string_view text, size_t at) {
  uint8_t first = byte_at(text, at);
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4 || !continues(text, at + 1)) return 0;
  if (first < 0xe0) return 2;
  uint8_t second = byte_at(text, at + 1);
  if (!continues(text, at + 2)) return 0;
  if (first < 0xf0) {
    bool is_overlong = first == 0xe0 && second < 0xa0;
    bool is_surrogate = first == 0xed && second >= 0xa0;
    return is_overlong || is_surrogate ? 0 : 3;
  }
  if (!continues(text, at + 3)) return 0;
  bool is_overlong = first == 0xf0 && second < 0x90;
  bool is_above = first == 0xf4 && second >= 0x90;
  return is_overlong || is_above ? 0 : 4;
}

size_t skip_ascii(std::string_view text, size_t at) {
  while (at + 8 <= text.size()) {
    uint64_t word;
    std::memcpy(&word, text.data() + at, 8);
    if ((word & high_bits) != 0) return at;
    at += 8;
  }
  return at;
}

} // namespace

size_t utf8_valid_prefix(std::string_view text) {
  size_t at = skip_ascii(text, 0);
  while (at < text.size()) {
    size_t length = character_length(text, at);
    if (length == 0) return at;
    at += length;
    if (length == 1 && (at & 7) == 0) at = skip_ascii(text, at);
  }
  return at;
}

std::string utf8_mended(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    size_t valid = utf8_valid_prefix(text);
    result.append(text.substr(0, valid));
    text.remove_prefix(valid);
    if (text.empty()) break;
    result.append("\xef\xbf\xbd");
    text.remove_prefix(1);
  }
  return result;
}

int64_t utf8_characters(std::string_view text) {
  return std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<uint8_t>(c) & 0xc0) != 0x80; });
}

char* utf8_write(char* to, uint32_t code) {
  auto put = [&](uint32_t byte) { *to++ = static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xc0 | code >> 6);
    put(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    put(0xe0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3f));
    put(0x80 | (code & 0x3f));
  } else {
    put(0xf0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3f));
    put(0x80 | (code >> 6 & 0x3f));
    put(0x80 | (code & 0x3f));
  }
  return to;
}

} // namespace flow::runtime
