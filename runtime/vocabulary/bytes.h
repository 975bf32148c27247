// Comparing texts in line: most are short, and a call of the C library costs more than they do.
#pragma once

#include <stdint.h>
#include <string.h>

namespace flow::runtime {

template <typename Word> __attribute__((always_inline)) inline Word word_at(const char* bytes) {
  Word word;
  memcpy(&word, bytes, sizeof word);
  return word;
}

// The first and the last word of both, which overlap where there are fewer bytes than two words.
template <typename Word>
__attribute__((always_inline)) inline bool same_ends(const char* a, const char* b, uint64_t length) {
  uint64_t last = length - sizeof(Word);
  return ((word_at<Word>(a) ^ word_at<Word>(b)) | (word_at<Word>(a + last) ^ word_at<Word>(b + last))) == 0;
}

__attribute__((always_inline)) inline bool same_bytes(const char* a, const char* b, uint64_t length) {
  if (length > 16) return memcmp(a, b, length) == 0;
  if (length >= 8) return same_ends<uint64_t>(a, b, length);
  if (length >= 4) return same_ends<uint32_t>(a, b, length);
  if (length >= 2) return same_ends<uint16_t>(a, b, length);
  return length == 0 || *a == *b;
}

} // namespace flow::runtime
