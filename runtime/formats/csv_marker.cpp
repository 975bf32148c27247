#include "runtime/formats/csv_marker.h"

#include <algorithm>
#include <cstring>

#include "runtime/formats/mark_blocks.h"

namespace flow::runtime {
namespace {

constexpr int64_t block_bytes = mark_block_bytes;
static_assert(csv_portion_bytes / block_bytes <= 255, "Avx2Block counts in bytes");
constexpr int64_t bytes_ahead_min = 512;
constexpr size_t starts_max = csv_portion_bytes + 3 * block_bytes; // written in groups, so some more than can be

// Block: 64 bytes a step. `separators` gives a bit for each delimiter and line end; besides, it keeps what is wanted of
// a portion as a whole: how many line ends and quotes there are, in one sum, and whether all is ASCII.
struct Sse2Block {
  explicit Sse2Block(char delimiter) : delimiter_(_mm_set1_epi8(delimiter)) {}

  uint64_t separators(const char* at) {
    uint64_t bits = 0;
    for (int i = 0; i < 4; ++i) {
      __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at) + i);
      __m128i lines = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\n'));
      __m128i either = _mm_or_si128(lines, _mm_cmpeq_epi8(bytes, delimiter_));
      bits |= static_cast<uint64_t>(_mm_movemask_epi8(either)) << (16 * i);
      __m128i counted = _mm_or_si128(lines, _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')));
      count_ = _mm_add_epi64(count_, _mm_sad_epu8(_mm_sub_epi8(zero(), counted), zero()));
      bytes_ = _mm_or_si128(bytes_, bytes);
    }
    return bits;
  }
  int64_t lines_and_quotes() const {
    return _mm_cvtsi128_si64(count_) + _mm_cvtsi128_si64(_mm_unpackhi_epi64(count_, count_));
  }
  bool is_ascii() const { return _mm_movemask_epi8(bytes_) == 0; }

private:
  static __m128i zero() { return _mm_setzero_si128(); }

  __m128i delimiter_;
  __m128i count_ = zero(), bytes_ = zero();
};

// A byte is in the table if the entry of its low half is the byte itself.
struct Avx2Block {
  FLOW_AVX2 explicit Avx2Block(char delimiter)
      : delimiter_(_mm256_set1_epi8(delimiter)),
        counted_(_mm256_broadcastsi128_si256(_mm_setr_epi8(1, 0, '"', 0, 0, 0, 0, 0, 0, 0, '\n', 0, 0, 0, 0, 0))),
        low_count_(_mm256_setzero_si256()), high_count_(low_count_), bytes_(low_count_) {}

  FLOW_AVX2 uint64_t separators(const char* at) {
    const auto* from = reinterpret_cast<const __m256i*>(at);
    uint64_t low = half(_mm256_loadu_si256(from), &low_count_);
    return low | half(_mm256_loadu_si256(from + 1), &high_count_) << 32;
  }
  FLOW_AVX2 int64_t lines_and_quotes() const {
    __m256i zero = _mm256_setzero_si256();
    __m256i sums = _mm256_add_epi64(_mm256_sad_epu8(low_count_, zero), _mm256_sad_epu8(high_count_, zero));
    return _mm256_extract_epi64(sums, 0) + _mm256_extract_epi64(sums, 1) + _mm256_extract_epi64(sums, 2) +
           _mm256_extract_epi64(sums, 3);
  }
  FLOW_AVX2 bool is_ascii() const { return _mm256_movemask_epi8(bytes_) == 0; }

private:
  FLOW_AVX2 uint64_t half(__m256i bytes, __m256i* count) {
    __m256i counted = _mm256_cmpeq_epi8(_mm256_shuffle_epi8(counted_, bytes), bytes);
    *count = _mm256_sub_epi8(*count, counted); // minus minus one
    bytes_ = _mm256_or_si256(bytes_, bytes);
    __m256i lines = _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('\n'));
    __m256i either = _mm256_or_si256(lines, _mm256_cmpeq_epi8(bytes, delimiter_));
    return static_cast<uint32_t>(_mm256_movemask_epi8(either));
  }

  __m256i delimiter_, counted_;
  __m256i low_count_, high_count_; // a counter for every byte of a block
  __m256i bytes_;
};

struct Avx512Block {
  FLOW_AVX512 explicit Avx512Block(char delimiter)
      : delimiter_(_mm512_set1_epi8(delimiter)), bytes_(_mm512_setzero_si512()) {}

  FLOW_AVX512 uint64_t separators(const char* at) {
    __m512i bytes = _mm512_loadu_si512(at);
    uint64_t lines = _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('\n'));
    count_ += std::popcount(lines | _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('"')));
    bytes_ = _mm512_or_si512(bytes_, bytes);
    return lines | _mm512_cmpeq_epi8_mask(bytes, delimiter_);
  }
  int64_t lines_and_quotes() const { return count_; }
  FLOW_AVX512 bool is_ascii() const { return _mm512_movepi8_mask(bytes_) == 0; }

private:
  __m512i delimiter_, bytes_;
  int64_t count_ = 0;
};

uint32_t line_end_bytes(const char* begin, int64_t behind) { return behind > 1 && begin[behind - 2] == '\r' ? 2 : 1; }

bool is_line_end(const char* begin, const uint32_t* starts, int64_t i) { return begin[starts[i] - 1] == '\n'; }

// How many records end where their last field does, with the same line end as the first.
int64_t count_ended(const char* begin, const uint32_t* starts, int64_t records, uint32_t width) {
  if (records == 0) return 0;
  uint32_t bytes = line_end_bytes(begin, starts[width]);
  for (int64_t r = 0; r < records; ++r) {
    int64_t last = (r + 1) * width;
    if (!is_line_end(begin, starts, last) || line_end_bytes(begin, starts[last]) != bytes) return r;
  }
  return records;
}

// How many records have no line end inside.
int64_t count_whole(const char* begin, const uint32_t* starts, int64_t records, uint32_t width) {
  for (int64_t i = 1; i <= records * width; ++i) {
    if (is_line_end(begin, starts, i) && i % width != 0) return i / width;
  }
  return records;
}

// Whether all records end where their last field does, with the same line end: without a branch for each.
bool all_end_alike(const char* begin, const uint32_t* starts, int64_t records, uint32_t width) {
  if (records == 0) return true;
  if (starts[width] < 2) return false; // nothing stands before this line end
  bool has_return = line_end_bytes(begin, starts[width]) == 2;
  uint32_t wrong = 0;
  const uint32_t* last = starts;
  for (int64_t r = 0; r < records; ++r) {
    last += width;
    const char* end = begin + *last;
    wrong |= static_cast<uint32_t>(end[-1] ^ '\n') | static_cast<uint32_t>((end[-2] == '\r') ^ has_return);
  }
  return wrong == 0;
}

// First the separators, without asking what they separate. That the records before `ended` are plain is then seen from
// few of them: each ends with a line end, and there are no more line ends and quotes than that.
template <typename Block>
inline __attribute__((always_inline)) CsvMarker::Found scan(const CsvMarker::Work& work, uint32_t* starts) {
  const char* begin = work.begin;
  const uint32_t width = work.width;
  Block block(work.delimiter);
  starts[0] = 0;
  uint32_t* next = starts + 1;
  const int64_t most = work.records_max * width;
  for (int64_t at = 0; at + block_bytes <= work.end - begin && next - starts <= most; at += block_bytes) {
    next = write_starts(next, block.separators(begin + at), static_cast<uint32_t>(at) + 1);
  }
  const int64_t separators = next - starts - 1;
  const int64_t there = std::min(separators / width, work.records_max);
  int64_t records = there;
  while (records > 0 && begin + starts[records * width] > work.room_end) --records;
  int64_t counted = block.lines_and_quotes();
  for (int64_t i = records * width + 1; i <= separators; ++i) counted -= is_line_end(begin, starts, i) ? 1 : 0;
  if (counted != records || !all_end_alike(begin, starts, records, width)) {
    const auto* quote = static_cast<const char*>(std::memchr(begin, '"', static_cast<size_t>(work.end - begin)));
    while (quote != nullptr && records > 0 && begin + starts[records * width] > quote) --records;
    records = count_whole(begin, starts, count_ended(begin, starts, records, width), width);
  }
  return {.records = records,
          .line_end_bytes = records == 0 ? 1 : line_end_bytes(begin, starts[width]),
          .is_ascii = block.is_ascii(),
          .is_cut = records < there};
}

CsvMarker::Found scan_sse2(const CsvMarker::Work& work, uint32_t* starts) { return scan<Sse2Block>(work, starts); }
FLOW_AVX2 CsvMarker::Found scan_avx2(const CsvMarker::Work& work, uint32_t* starts) {
  return scan<Avx2Block>(work, starts);
}
FLOW_AVX512 CsvMarker::Found scan_avx512(const CsvMarker::Work& work, uint32_t* starts) {
  return scan<Avx512Block>(work, starts);
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
  Found found = scan_({.begin = begin,
                       .end = begin + std::min(end - begin, bytes_ahead_),
                       .room_end = end - csv_room_bytes,
                       .delimiter = delimiter,
                       .width = width,
                       .records_max = std::min(records_max, csv_portion_bytes)},
                      starts_.get());
  int64_t used = found.records == 0 ? 0 : starts_[static_cast<size_t>(found.records * width)];
  bytes_ahead_ = std::clamp(2 * (found.is_cut ? used : bytes_ahead_), bytes_ahead_min, csv_portion_bytes);
  return found;
}

} // namespace flow::runtime
