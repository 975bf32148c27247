// UTF-8: the one encoding of programs and messages.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace flow::lang {

/// Appends the code point in UTF-8; false, and nothing appended, when there is no such code point.
bool append_code_point(std::string& out, uint32_t code_point);
/// The offset of the first byte that belongs to no well-formed code point.
std::optional<size_t> find_invalid_utf8(std::string_view text);

} // namespace flow::lang
