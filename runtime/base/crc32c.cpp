#include "runtime/base/crc32c.h"

#include <array>
#include <cstring>

namespace flow::runtime {
namespace {

constexpr uint32_t reflected_polynomial = 0x82f63b78;

// tables[k][b] is the checksum of byte b followed by k zero bytes: eight of them take eight bytes at a time.
using Tables = std::array<std::array<uint32_t, 256>, 8>;

constexpr Tables make_tables() {
  Tables tables{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t sum = byte;
    for (int bit = 0; bit < 8; ++bit) sum = (sum >> 1) ^ ((sum & 1) != 0 ? reflected_polynomial : 0);
    tables[0][byte] = sum;
  }
  for (size_t k = 1; k < 8; ++k) {
    for (size_t byte = 0; byte < 256; ++byte) {
      uint32_t shorter = tables[k - 1][byte];
      tables[k][byte] = (shorter >> 8) ^ tables[0][shorter & 0xff];
    }
  }
  return tables;
}

constexpr Tables tables = make_tables();

uint64_t load_u64(const char* from) {
  uint64_t value;
  memcpy(&value, from, sizeof(value));
  return value;
}

uint32_t add_byte(uint32_t sum, char byte) {
  return (sum >> 8) ^ tables[0][(sum ^ static_cast<unsigned char>(byte)) & 0xff];
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) uint32_t crc32c_by_instruction(std::string_view bytes, uint32_t before) {
  uint64_t sum = ~before;
  const char* next = bytes.data();
  const char* end = next + bytes.size();
  for (; end - next >= 8; next += 8) sum = __builtin_ia32_crc32di(sum, load_u64(next));
  auto rest = static_cast<uint32_t>(sum);
  for (; next != end; ++next) rest = __builtin_ia32_crc32qi(rest, static_cast<unsigned char>(*next));
  return ~rest;
}
#endif

} // namespace

uint32_t crc32c_by_table(std::string_view bytes, uint32_t before) {
  static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "eight bytes are taken as a little-endian number");
  uint32_t sum = ~before;
  const char* next = bytes.data();
  const char* end = next + bytes.size();
  for (; end - next >= 8; next += 8) {
    uint64_t word = load_u64(next) ^ sum;
    sum = 0;
    for (size_t k = 0; k < 8; ++k) sum ^= tables[7 - k][(word >> (8 * k)) & 0xff];
  }
  for (; next != end; ++next) sum = add_byte(sum, *next);
  return ~sum;
}

uint32_t crc32c(std::string_view bytes, uint32_t before) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("sse4.2")) return crc32c_by_instruction(bytes, before);
#endif
  return crc32c_by_table(bytes, before);
}

uint32_t crc32c_of_block(std::string_view name, uint64_t offset, std::string_view bytes) {
  char place[16];
  uint64_t name_length = name.size();
  memcpy(place, &name_length, 8);
  memcpy(place + 8, &offset, 8);
  uint32_t sum = crc32c(name, crc32c({place, sizeof(place)}));
  return crc32c(bytes, sum);
}

} // namespace flow::runtime
