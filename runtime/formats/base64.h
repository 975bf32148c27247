// Base64 with the standard alphabet and padding: how fields of kind bytes look in CSV and JSON.
#pragma once

#include <cstddef>
#include <string_view>

namespace flow::runtime {

constexpr size_t base64_encoded_bytes(size_t bytes) { return (bytes + 2) / 3 * 4; }
constexpr size_t base64_decoded_bytes_max(size_t text_bytes) { return text_bytes / 4 * 3; }

// Writes base64_encoded_bytes(bytes.size()) bytes and returns their end.
char* base64_encode(char* to, std::string_view bytes);
// Writes at most base64_decoded_bytes_max bytes; null if the text is not base64.
char* base64_decode(char* to, std::string_view text);

} // namespace flow::runtime
