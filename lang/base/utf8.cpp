#include "lang/base/utf8.h"

namespace flow::lang {

bool append_code_point(std::string& out, uint32_t code_point) {
  bool is_surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
  if (code_point > 0x10FFFF || is_surrogate) return false;
  auto tail = [&](int shift) { out += static_cast<char>(0x80 | (code_point >> shift & 0x3F)); };
  if (code_point < 0x80) {
    out += static_cast<char>(code_point);
  } else if (code_point < 0x800) {
    out += static_cast<char>(0xC0 | code_point >> 6);
    tail(0);
  } else if (code_point < 0x10000) {
    out += static_cast<char>(0xE0 | code_point >> 12);
    tail(6), tail(0);
  } else {
    out += static_cast<char>(0xF0 | code_point >> 18);
    tail(12), tail(6), tail(0);
  }
  return true;
}

std::optional<size_t> find_invalid_utf8(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    unsigned char first = static_cast<unsigned char>(text[at]);
    size_t length = first < 0x80 ? 1 : first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    bool is_bad_first = (first >= 0x80 && first < 0xC2) || first > 0xF4;
    if (is_bad_first || at + length > text.size()) return at;
    for (size_t i = 1; i < length; ++i) {
      if ((static_cast<unsigned char>(text[at + i]) & 0xC0) != 0x80) return at;
    }
    unsigned char second = length > 1 ? static_cast<unsigned char>(text[at + 1]) : 0;
    bool is_overlong = (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
    bool is_surrogate = first == 0xED && second > 0x9F;
    bool is_beyond = first == 0xF4 && second > 0x8F;
    if (is_overlong || is_surrogate || is_beyond) return at;
    at += length;
  }
  return {};
}

} // namespace flow::lang
