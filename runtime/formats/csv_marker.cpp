#include "runtime/formats/csv_marker.h"

#include <immintrin.h>

#include <algorithm>
#include <bit>

namespace flow::runtime {
namespace {

constexpr int64_t block_bytes = 64;
constexpr size_t starts_max = csv_portion_bytes + 3 * block_bytes; // written in groups, so some more than can be

// 64 bytes of input, a bit for each.
struct BlockBits {
  uint64_t delimiters = 0;
  uint64_t lines = 0;
  uint64_t quotes = 0;
  uint64_t not_ascii = 0;
};

struct Sse2Block {
  static BlockBits bits(const char* at, char delimiter) {
    BlockBits bits;
    for (int i = 0; i < 4; ++i) {
      __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at) + i);
      auto equal = [&](char byte) {
        return static_cast<uint64_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(byte)))) << (16 * i);
      };
      bits.delimiters |= equal(delimiter);
      bits.lines |= equal('\n');
      bits.quotes |= equal('"');
      bits.not_ascii |= static_cast<uint64_t>(_mm_movemask_epi8(bytes)) << (16 * i);
    }
    return bits;
  }
};

struct Avx2Block {
  __attribute__((target("avx2,bmi,popcnt"))) static BlockBits bits(const char* at, char delimiter) {
    const auto* from = reinterpret_cast<const __m256i*>(at);
    __m256i low = _mm256_loadu_si256(from), high = _mm256_loadu_si256(from + 1);
    __m256i all_delimiter = _mm256_set1_epi8(delimiter), all_line = _mm256_set1_epi8('\n'),
            all_quote = _mm256_set1_epi8('"');
    BlockBits bits;
    bits.delimiters = pair(_mm256_cmpeq_epi8(low, all_delimiter), _mm256_cmpeq_epi8(high, all_delimiter));
    bits.lines = pair(_mm256_cmpeq_epi8(low, all_line), _mm256_cmpeq_epi8(high, all_line));
    bits.quotes = pair(_mm256_cmpeq_epi8(low, all_quote), _mm256_cmpeq_epi8(high, all_quote));
    bits.not_ascii = pair(low, high);
    return bits;
  }

private:
  __attribute__((target("avx2,bmi,popcnt"))) static uint64_t pair(__m256i low, __m256i high) {
    return static_cast<uint32_t>(_mm256_movemask_epi8(low)) |
           static_cast<uint64_t>(static_cast<uint32_t>(_mm256_movemask_epi8(high))) << 32;
  }
};

struct Avx512Block {
  __attribute__((target("avx512bw,avx512f,bmi,popcnt"))) static BlockBits bits(const char* at, char delimiter) {
    __m512i bytes = _mm512_loadu_si512(at);
    BlockBits bits;
    bits.delimiters = _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(delimiter));
    bits.lines = _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('\n'));
    bits.quotes = _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('"'));
    bits.not_ascii = _mm512_movepi8_mask(bytes);
    return bits;
  }
};

// Writes where the fields behind the separators of one block begin; up to seven more than there are, to be overwritten.
inline __attribute__((always_inline)) uint32_t* write_starts(uint32_t* to, uint64_t separators, uint32_t behind) {
  uint32_t* end = to + std::popcount(separators);
  do {
    for (int i = 0; i < 8; ++i) {
      to[i] = behind + static_cast<uint32_t>(std::countr_zero(separators));
      separators &= separators - 1;
    }
    to += 8;
  } while (separators != 0);
  return end;
}

// The shape is checked line end by line end, so that a record that is not plain costs no more than the way to it.
template <typename Block>
inline __attribute__((always_inline)) CsvMarker::Found scan(const char* begin, const char* end, char delimiter,
                                                            uint32_t width, int64_t records_max, uint32_t* starts) {
  CsvMarker::Found found;
  starts[0] = 0;
  uint32_t* next = starts + 1;
  int64_t record_end = width; // of the next record, in `starts`
  uint64_t not_ascii = 0;
  const int64_t room = end - begin - csv_room_bytes; // a record has to end here
  const int64_t limit = std::min(end - begin, csv_portion_bytes);
  bool goes_on = true;
  for (int64_t at = 0; goes_on && at + block_bytes <= limit; at += block_bytes) {
    BlockBits bits = Block::bits(begin + at, delimiter);
    next = write_starts(next, bits.delimiters | bits.lines, static_cast<uint32_t>(at) + 1);
    not_ascii |= bits.not_ascii;
    uint64_t lines = bits.lines;
    if (bits.quotes != 0) {
      lines &= (bits.quotes & -bits.quotes) - 1; // those before the first quote
      goes_on = false;
    }
    for (; lines != 0; lines &= lines - 1) {
      int64_t behind = at + std::countr_zero(lines) + 1;
      bool is_plain = record_end < next - starts && starts[record_end] == behind && behind <= room;
      uint32_t line_end_bytes = behind > 1 && begin[behind - 2] == '\r' ? 2 : 1;
      if (found.records == 0) found.line_end_bytes = line_end_bytes;
      if (is_plain && line_end_bytes == found.line_end_bytes) {
        ++found.records;
        record_end += width;
      } else {
        records_max = found.records;
      }
      if (found.records == records_max) {
        goes_on = false;
        break;
      }
    }
  }
  found.is_ascii = not_ascii == 0;
  return found;
}

CsvMarker::Found scan_sse2(const char* begin, const char* end, char delimiter, uint32_t width, int64_t records_max,
                           uint32_t* starts) {
  return scan<Sse2Block>(begin, end, delimiter, width, records_max, starts);
}

__attribute__((target("avx2,bmi,popcnt"))) CsvMarker::Found
scan_avx2(const char* begin, const char* end, char delimiter, uint32_t width, int64_t records_max, uint32_t* starts) {
  return scan<Avx2Block>(begin, end, delimiter, width, records_max, starts);
}

__attribute__((target("avx512bw,avx512f,bmi,popcnt"))) CsvMarker::Found
scan_avx512(const char* begin, const char* end, char delimiter, uint32_t width, int64_t records_max, uint32_t* starts) {
  return scan<Avx512Block>(begin, end, delimiter, width, records_max, starts);
}

} // namespace

CsvMarker::CsvMarker(CpuFeatures cpu) : scan_(scan_sse2) {
  if (cpu.has_avx2) scan_ = scan_avx2;
  if (cpu.has_avx512) scan_ = scan_avx512;
}

CsvMarker::Found CsvMarker::mark(const char* begin, const char* end, char delimiter, uint32_t width,
                                 int64_t records_max) {
  if (end - begin < block_bytes || records_max <= 0) return {};
  if (starts_ == nullptr) starts_ = std::make_unique_for_overwrite<uint32_t[]>(starts_max);
  return scan_(begin, end, delimiter, width, records_max, starts_.get());
}

} // namespace flow::runtime
