#include "runtime/formats/csv_marker.h"

#include <algorithm>
#include <cstring>

#include "runtime/formats/mark_blocks.h"

namespace flow::runtime {
namespace {

constexpr int64_t block_bytes = mark_block_bytes;
static_assert(csv_portion_bytes / block_bytes <= 255, "Avx2Block counts line ends in bytes");
constexpr int64_t bytes_ahead_min = 512;
constexpr size_t starts_max = csv_portion_bytes + 3 * block_bytes; // written in groups, so some more than can be

// Block: 64 bytes a step. `separators` gives a bit for each delimiter and line end; besides, it keeps what is wanted of
// a portion as a whole.
struct Sse2Block {
  explicit Sse2Block(char delimiter) : delimiter_(_mm_set1_epi8(delimiter)) {}

  uint64_t separators(const char* at) {
    uint64_t bits = 0;
    for (int i = 0; i < 4; ++i) {
      __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at) + i);
      __m128i lines = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\n'));
      __m128i either = _mm_or_si128(lines, _mm_cmpeq_epi8(bytes, delimiter_));
      bits |= static_cast<uint64_t>(_mm_movemask_epi8(either)) << (16 * i);
      line_count_ = _mm_add_epi64(line_count_, _mm_sad_epu8(_mm_sub_epi8(_mm_setzero_si128(), lines), zero()));
      quotes_ = _mm_or_si128(quotes_, _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')));
      bytes_ = _mm_or_si128(bytes_, bytes);
    }
    return bits;
  }
  int64_t lines() const {
    return _mm_cvtsi128_si64(line_count_) + _mm_cvtsi128_si64(_mm_unpackhi_epi64(line_count_, line_count_));
  }
  bool has_quote() const { return _mm_movemask_epi8(quotes_) != 0; }
  bool is_ascii() const { return _mm_movemask_epi8(bytes_) == 0; }

private:
  static __m128i zero() { return _mm_setzero_si128(); }

  __m128i delimiter_;
  __m128i line_count_ = zero(), quotes_ = zero(), bytes_ = zero();
};

struct Avx2Block {
  FLOW_AVX2 explicit Avx2Block(char delimiter)
      : delimiter_(_mm256_set1_epi8(delimiter)), low_lines_(_mm256_setzero_si256()), high_lines_(low_lines_),
        quotes_(low_lines_), bytes_(low_lines_) {}

  FLOW_AVX2 uint64_t separators(const char* at) {
    const auto* from = reinterpret_cast<const __m256i*>(at);
    uint64_t low = half(_mm256_loadu_si256(from), &low_lines_);
    return low | half(_mm256_loadu_si256(from + 1), &high_lines_) << 32;
  }
  FLOW_AVX2 int64_t lines() const {
    __m256i zero = _mm256_setzero_si256();
    __m256i sums = _mm256_add_epi64(_mm256_sad_epu8(low_lines_, zero), _mm256_sad_epu8(high_lines_, zero));
    return _mm256_extract_epi64(sums, 0) + _mm256_extract_epi64(sums, 1) + _mm256_extract_epi64(sums, 2) +
           _mm256_extract_epi64(sums, 3);
  }
  FLOW_AVX2 bool has_quote() const { return _mm256_movemask_epi8(quotes_) != 0; }
  FLOW_AVX2 bool is_ascii() const { return _mm256_movemask_epi8(bytes_) == 0; }

private:
  FLOW_AVX2 uint64_t half(__m256i bytes, __m256i* count) {
    __m256i lines = _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('\n'));
    *count = _mm256_sub_epi8(*count, lines); // minus minus one
    quotes_ = _mm256_or_si256(quotes_, _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('"')));
    bytes_ = _mm256_or_si256(bytes_, bytes);
    __m256i either = _mm256_or_si256(lines, _mm256_cmpeq_epi8(bytes, delimiter_));
    return static_cast<uint32_t>(_mm256_movemask_epi8(either));
  }

  __m256i delimiter_;
  __m256i low_lines_, high_lines_; // line ends, a counter for every byte of a block
  __m256i quotes_, bytes_;
};

struct Avx512Block {
  FLOW_AVX512 explicit Avx512Block(char delimiter)
      : delimiter_(_mm512_set1_epi8(delimiter)), bytes_(_mm512_setzero_si512()) {}

  FLOW_AVX512 uint64_t separators(const char* at) {
    __m512i bytes = _mm512_loadu_si512(at);
    uint64_t lines = _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('\n'));
    line_count_ += std::popcount(lines);
    quotes_ |= _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('"'));
    bytes_ = _mm512_or_si512(bytes_, bytes);
    return lines | _mm512_cmpeq_epi8_mask(bytes, delimiter_);
  }
  int64_t lines() const { return line_count_; }
  bool has_quote() const { return quotes_ != 0; }
  FLOW_AVX512 bool is_ascii() const { return _mm512_movepi8_mask(bytes_) == 0; }

private:
  __m512i delimiter_, bytes_;
  int64_t line_count_ = 0;
  uint64_t quotes_ = 0;
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

// First the separators, without asking what they separate. That the records before `ended` are plain is then seen from
// few of them: each ends with a line end, and there are no more line ends than that.
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
  int64_t ended = there;
  const char* limit = work.room_end;
  if (block.has_quote()) {
    const void* quote = std::memchr(begin, '"', static_cast<size_t>(work.end - begin));
    limit = std::min(limit, static_cast<const char*>(quote));
  }
  while (ended > 0 && begin + starts[ended * width] > limit) --ended;
  int64_t lines = block.lines();
  for (int64_t i = ended * width + 1; i <= separators; ++i) lines -= is_line_end(begin, starts, i) ? 1 : 0;
  int64_t records = count_ended(begin, starts, ended, width);
  if (records < ended || lines != ended) records = count_whole(begin, starts, records, width);
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
