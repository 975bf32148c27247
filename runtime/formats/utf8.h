// UTF-8, as strings must be: no overlong forms, no surrogates, nothing above U+10FFFF.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace flow::runtime {

// The length of the longest valid beginning; the text's own length if all of it is valid.
size_t utf8_valid_prefix(std::string_view text);
inline bool is_utf8(std::string_view text) { return utf8_valid_prefix(text) == text.size(); }

// The text with each byte that cannot be read replaced by U+FFFD.
std::string utf8_mended(std::string_view text);

// How many characters a text has (bytes that do not continue one).
int64_t utf8_characters(std::string_view text);

// Writes the character, one to four bytes, and returns the end. REQUIRES: code <= 0x10FFFF, no surrogate.
char* utf8_write(char* to, uint32_t code);

} // namespace flow::runtime
