#include "runtime/base/bytes.h"

#include <fmt/format.h>

#include <bit>

namespace flow::runtime {

static_assert(std::endian::native == std::endian::little, "stored numbers and row fields are little endian");

void ByteWriter::fixed(uint64_t value, int size) {
  for (int i = 0; i < size; ++i) bytes_.push_back(static_cast<char>(value >> (8 * i)));
}

void ByteWriter::f64(double value) { u64(std::bit_cast<uint64_t>(value)); }

void ByteWriter::varint(uint64_t value) {
  for (; value >= 0x80; value >>= 7) u8(static_cast<uint8_t>(value | 0x80));
  u8(static_cast<uint8_t>(value));
}

void ByteWriter::signed_varint(int64_t value) {
  varint((static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63));
}

void ByteWriter::text(std::string_view value) {
  varint(value.size());
  raw(value);
}

void ByteWriter::patch_u32(size_t at, uint32_t value) {
  FLOW_ASSERT(at + 4 <= bytes_.size(), "only bytes already written can be patched");
  for (size_t i = 0; i < 4; ++i) bytes_[at + i] = static_cast<char>(value >> (8 * i));
}

void ByteWriter::patch_u64(size_t at, uint64_t value) {
  patch_u32(at, static_cast<uint32_t>(value));
  patch_u32(at + 4, static_cast<uint32_t>(value >> 32));
}

uint64_t ByteReader::fixed(size_t size) {
  std::string_view bytes = raw(size);
  uint64_t value = 0;
  for (size_t i = 0; i < bytes.size(); ++i) value |= uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
  return value;
}

double ByteReader::f64() { return std::bit_cast<double>(u64()); }

uint64_t ByteReader::varint() {
  uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    uint8_t byte = u8();
    bool is_too_large = shift == 63 && byte > 1;
    bool is_padded = shift > 0 && byte == 0; // one number, one form: equal things have equal bytes
    if (is_too_large || is_padded) has_failed_ = true;
    if (has_failed_) return 0;
    value |= uint64_t{byte & 0x7fu} << shift;
    if (byte < 0x80) return value;
  }
  has_failed_ = true;
  return 0;
}

int64_t ByteReader::signed_varint() {
  uint64_t value = varint();
  return static_cast<int64_t>((value >> 1) ^ (~(value & 1) + 1));
}

std::string_view ByteReader::text() {
  uint64_t size = varint();
  return raw(size);
}

std::string_view ByteReader::raw(size_t size) {
  if (has_failed_ || size > remaining()) {
    has_failed_ = true;
    return {};
  }
  std::string_view result = bytes_.substr(position_, size);
  position_ += size;
  return result;
}

uint64_t ByteReader::count(size_t element_bytes_min) {
  FLOW_ASSERT(element_bytes_min > 0, "elements of no bytes cannot bound their number");
  uint64_t number = varint();
  if (has_failed_ || number > remaining() / element_bytes_min) {
    has_failed_ = true;
    return 0;
  }
  return number;
}

Status ByteReader::finish(std::string_view what, ExitCode code) const {
  if (has_failed_) return Status(code, fmt::format("{} is damaged at byte {} of {}", what, position_, bytes_.size()));
  if (!is_at_end()) return Status(code, fmt::format("{} has {} bytes too many", what, remaining()));
  return Status();
}

} // namespace flow::runtime
