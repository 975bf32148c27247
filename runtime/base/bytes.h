// Writing and reading the bytes of stored things (manifests, snapshots, cursors). The encoding:
//
//   u8 … u64, i32, i64   little endian, fixed size
//   f64                  its IEEE bits as u64
//   varint               LEB128: seven bits a byte, low first, the top bit says that more follow; shortest form only
//   signed varint        zigzag, then varint
//   text                 varint length, then that many bytes
//
// A reader takes any bytes. It never reads past its end and never believes a length before it has seen that so many
// bytes are there. The first mistake makes it fail for good: every further read gives zero or empty, so a decoder
// reads all its fields and asks once, at the end.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/base/status.h"

namespace flow::runtime {

class ByteWriter {
public:
  void u8(uint8_t value) { bytes_.push_back(static_cast<char>(value)); }
  void u16(uint16_t value) { fixed(value, 2); }
  void u32(uint32_t value) { fixed(value, 4); }
  void u64(uint64_t value) { fixed(value, 8); }
  void i32(int32_t value) { fixed(static_cast<uint32_t>(value), 4); }
  void i64(int64_t value) { fixed(static_cast<uint64_t>(value), 8); }
  void f64(double value);
  void varint(uint64_t value);
  void signed_varint(int64_t value);
  void text(std::string_view value);
  void raw(std::string_view value) { bytes_.append(value); }

  // Overwrites four or eight bytes written before: a length or checksum known only afterwards.
  // REQUIRES: the place was written.
  void patch_u32(size_t at, uint32_t value);
  void patch_u64(size_t at, uint64_t value);

  size_t size() const { return bytes_.size(); }
  std::string_view view() const { return bytes_; }
  std::string take() { return std::exchange(bytes_, {}); }
  void clear() { bytes_.clear(); }

private:
  void fixed(uint64_t value, int size);

  std::string bytes_;
};

class ByteReader {
public:
  explicit ByteReader(std::string_view bytes) : bytes_(bytes) {}

  uint8_t u8() { return static_cast<uint8_t>(fixed(1)); }
  uint16_t u16() { return static_cast<uint16_t>(fixed(2)); }
  uint32_t u32() { return static_cast<uint32_t>(fixed(4)); }
  uint64_t u64() { return fixed(8); }
  int32_t i32() { return static_cast<int32_t>(fixed(4)); }
  int64_t i64() { return static_cast<int64_t>(fixed(8)); }
  double f64();
  uint64_t varint();
  int64_t signed_varint();
  // A view into the reader's bytes.
  std::string_view text();
  std::string_view raw(size_t size);
  // How many elements follow, each of at least `element_bytes_min` bytes: more than can be there is a mistake, so the
  // number may be used to reserve memory.
  uint64_t count(size_t element_bytes_min);

  // For decoders that find a wrong value themselves.
  void fail() { has_failed_ = true; }

  bool has_failed() const { return has_failed_; }
  size_t position() const { return position_; }
  size_t remaining() const { return bytes_.size() - position_; }
  bool is_at_end() const { return remaining() == 0; }

  // Success if all was read and nothing was wrong; else a failure that names `what` and where, with `code`.
  Status finish(std::string_view what, ExitCode code = ExitCode::checkpoint_damaged) const;

private:
  uint64_t fixed(size_t size);

  std::string_view bytes_;
  size_t position_ = 0;
  bool has_failed_ = false;
};

} // namespace flow::runtime
