#include "runtime/formats/json_marker.h"

#include <algorithm>
#include <string_view>

#include "runtime/formats/mark_blocks.h"

namespace flow::runtime {
namespace {

constexpr size_t starts_max = json_portion_bytes + 3 * mark_block_bytes; // written in groups, so some more than can be

// Block: 64 bytes a step. `marks` gives a bit for each; besides, it keeps whether all bytes are ASCII.
class Sse2Block {
public:
  uint64_t marks(const char* at) {
    uint64_t bits = 0;
    for (int i = 0; i < 4; ++i) {
      __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at) + i);
      __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
      __m128i signs =
          _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')), _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\')));
      bits |= static_cast<uint64_t>(_mm_movemask_epi8(_mm_or_si128(control, signs))) << (16 * i);
      bytes_ = _mm_or_si128(bytes_, bytes);
    }
    return bits;
  }
  bool is_ascii() const { return _mm_movemask_epi8(bytes_) == 0; }

private:
  __m128i bytes_ = _mm_setzero_si128();
};

class Avx2Block {
public:
  FLOW_AVX2 Avx2Block() : bytes_(_mm256_setzero_si256()) {}
  FLOW_AVX2 uint64_t marks(const char* at) {
    const auto* from = reinterpret_cast<const __m256i*>(at);
    uint64_t low = half(_mm256_loadu_si256(from));
    return low | half(_mm256_loadu_si256(from + 1)) << 32;
  }
  FLOW_AVX2 bool is_ascii() const { return _mm256_movemask_epi8(bytes_) == 0; }

private:
  FLOW_AVX2 uint64_t half(__m256i bytes) {
    __m256i control = _mm256_cmpeq_epi8(_mm256_min_epu8(bytes, _mm256_set1_epi8(0x1f)), bytes);
    __m256i signs = _mm256_or_si256(_mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('"')),
                                    _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('\\')));
    bytes_ = _mm256_or_si256(bytes_, bytes);
    return static_cast<uint32_t>(_mm256_movemask_epi8(_mm256_or_si256(control, signs)));
  }

  __m256i bytes_;
};

class Avx512Block {
public:
  FLOW_AVX512 Avx512Block() : bytes_(_mm512_setzero_si512()) {}
  FLOW_AVX512 uint64_t marks(const char* at) {
    __m512i bytes = _mm512_loadu_si512(at);
    bytes_ = _mm512_or_si512(bytes_, bytes);
    return _mm512_cmple_epu8_mask(bytes, _mm512_set1_epi8(0x1f)) |
           _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('"')) | _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('\\'));
  }
  FLOW_AVX512 bool is_ascii() const { return _mm512_movepi8_mask(bytes_) == 0; }

private:
  __m512i bytes_;
};

template <typename Block>
inline __attribute__((always_inline)) JsonMarker::Found scan(const JsonMarker::Work& work, uint32_t* starts) {
  Block block;
  starts[0] = 0;
  uint32_t* next = starts + 1;
  const int64_t size = work.end - work.begin;
  for (int64_t at = 0; at + mark_block_bytes <= size && next - starts <= work.wanted; at += mark_block_bytes) {
    next = write_starts(next, block.marks(work.begin + at), static_cast<uint32_t>(at) + 1);
  }
  return {.count = next - starts - 1, .is_ascii = block.is_ascii()};
}

JsonMarker::Found scan_sse2(const JsonMarker::Work& work, uint32_t* starts) { return scan<Sse2Block>(work, starts); }
FLOW_AVX2 JsonMarker::Found scan_avx2(const JsonMarker::Work& work, uint32_t* starts) {
  return scan<Avx2Block>(work, starts);
}
FLOW_AVX512 JsonMarker::Found scan_avx512(const JsonMarker::Work& work, uint32_t* starts) {
  return scan<Avx512Block>(work, starts);
}

} // namespace

JsonMarker::JsonMarker(CpuFeatures cpu) : scan_(scan_sse2), is_utf8_(utf8_check_for(cpu)) {
  if (cpu.has_avx2) scan_ = scan_avx2;
  if (cpu.has_avx512) scan_ = scan_avx512;
}

JsonMarker::Marked JsonMarker::mark(const char* at, const char* end, const char* room_end, int64_t needed,
                                    int64_t wanted) {
  if (room_end <= at || wanted <= 0) return {};
  if (!has_start(at) || count_ - next_ < needed) {
    scan({.begin = at, .end = at + std::min(end - at, json_portion_bytes), .wanted = wanted}, room_end);
  }
  return {.data = data_, .starts = starts_.get() + next_, .count = count_ - next_, .has_valid_texts = has_valid_texts_};
}

bool JsonMarker::has_start(const char* at) {
  if (count_ == 0 || at < data_ || at > data_ + starts_[static_cast<size_t>(count_)]) return false;
  const uint32_t* first = starts_.get();
  next_ = std::lower_bound(first + next_, first + count_, static_cast<uint32_t>(at - data_)) - first;
  return data_ + starts_[static_cast<size_t>(next_)] == at;
}

void JsonMarker::scan(const Work& work, const char* room_end) {
  if (starts_ == nullptr) starts_ = std::make_unique_for_overwrite<uint32_t[]>(starts_max);
  Found found = scan_(work, starts_.get());
  data_ = work.begin;
  next_ = 0;
  count_ = found.count;
  while (count_ > 0 && data_ + starts_[static_cast<size_t>(count_)] > room_end) --count_;
  has_valid_texts_ = found.is_ascii || is_utf8_({data_, starts_[static_cast<size_t>(count_)]});
}

} // namespace flow::runtime
