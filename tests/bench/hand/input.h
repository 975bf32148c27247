// Bytes of files, and numbers in them, by hand: nothing is checked.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

namespace bench {

/// The bytes of the file, mapped until the process ends, with a page of zeros behind them that may be read as well.
inline std::string_view file_bytes(const char* path) {
  int file = open(path, O_RDONLY);
  struct stat info{};
  if (file < 0 || fstat(file, &info) != 0) {
    std::perror(path);
    std::exit(1);
  }
  auto size = static_cast<size_t>(info.st_size);
  void* room = mmap(nullptr, size + 2 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return {static_cast<const char*>(mmap(room, size, PROT_READ, MAP_PRIVATE | MAP_FIXED | MAP_POPULATE, file, 0)), size};
}

inline uint64_t load_8(const char* p) {
  uint64_t word;
  std::memcpy(&word, p, 8);
  return word;
}

inline uint64_t value_of(uint64_t digits) {
  digits = (digits & 0x0f0f0f0f0f0f0f0f) * 2561 >> 8;
  digits = (digits & 0x00ff00ff00ff00ff) * 6553601 >> 16;
  return (digits & 0x0000ffff0000ffff) * 42949672960001 >> 32;
}

/// 1 to 8 digits.
inline uint64_t short_number(const char* p, uint32_t length) { return value_of(load_8(p) << (64 - 8 * length)); }

/// 1 to 16 digits.
inline int64_t number(const char* p, uint32_t length) {
  if (length <= 8) return static_cast<int64_t>(short_number(p, length));
  return static_cast<int64_t>(short_number(p, length - 8) * 100'000'000 + value_of(load_8(p + length - 8)));
}

} // namespace bench
