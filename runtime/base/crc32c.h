// CRC-32C (Castagnoli), the checksum of everything Flow stores. The same number on every CPU: the instruction is used
// where there is one, a table elsewhere.
#pragma once

#include <cstdint>
#include <string_view>

namespace flow::runtime {

// The checksum of `bytes` appended to what `before` is the checksum of: crc32c(b, crc32c(a)) == crc32c(a + b).
uint32_t crc32c(std::string_view bytes, uint32_t before = 0);

// The checksum of a block that knows where it belongs: `name` of its file and `offset` in it go into the sum, so that
// a block that strays to another place does not pass.
uint32_t crc32c_of_block(std::string_view name, uint64_t offset, std::string_view bytes);

// The portable way, for tests that compare the two.
uint32_t crc32c_by_table(std::string_view bytes, uint32_t before = 0);

} // namespace flow::runtime
