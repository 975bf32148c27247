#include "runtime/formats/base64.h"

#include <array>
#include <cstdint>

namespace flow::runtime {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr uint8_t no_digit = 0xff;

constexpr std::array<uint8_t, 256> make_digits() {
  std::array<uint8_t, 256> digits{};
  digits.fill(no_digit);
  for (size_t i = 0; i < alphabet.size(); ++i) digits[static_cast<uint8_t>(alphabet[i])] = static_cast<uint8_t>(i);
  return digits;
}
constexpr std::array<uint8_t, 256> digits = make_digits();

uint32_t byte_at(std::string_view bytes, size_t at) { return at < bytes.size() ? static_cast<uint8_t>(bytes[at]) : 0; }

} // namespace

char* base64_encode(char* to, std::string_view bytes) {
  for (size_t at = 0; at < bytes.size(); at += 3) {
    uint32_t group = byte_at(bytes, at) << 16 | byte_at(bytes, at + 1) << 8 | byte_at(bytes, at + 2);
    *to++ = alphabet[group >> 18];
    *to++ = alphabet[group >> 12 & 63];
    *to++ = at + 1 < bytes.size() ? alphabet[group >> 6 & 63] : '=';
    *to++ = at + 2 < bytes.size() ? alphabet[group & 63] : '=';
  }
  return to;
}

char* base64_decode(char* to, std::string_view text) {
  if (text.size() % 4 != 0) return nullptr;
  for (size_t at = 0; at < text.size(); at += 4) {
    size_t padding = 0;
    if (at + 4 == text.size()) padding = text[at + 3] != '=' ? 0 : text[at + 2] != '=' ? 1 : 2;
    uint32_t group = 0;
    for (size_t i = 0; i < 4 - padding; ++i) {
      uint8_t digit = digits[static_cast<uint8_t>(text[at + i])];
      if (digit == no_digit) return nullptr;
      group |= static_cast<uint32_t>(digit) << (18 - 6 * i);
    }
    // One text per value: the bits that padding leaves over must be zero.
    if ((group & ((1u << (8 * padding)) - 1)) != 0) return nullptr;
    for (size_t i = 0; i < 3 - padding; ++i) *to++ = static_cast<char>(group >> (16 - 8 * i));
  }
  return to;
}

} // namespace flow::runtime
