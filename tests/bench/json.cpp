// Bids by hand, from JSON lines:
//
//   bench_json all|two simdjson|two_pass FILE [--print]
//
// all: every field of every bid; two: two fields, and the few bids that pass. simdjson: its On-Demand interface over
// the whole file as a stream, field by field in the order of the file. two_pass: marks of 16 KB at a time, then the
// keys and values of a bid where its marks say; for exactly this order and form of the members (anything else stops
// it), with UTF-8 checked: as ASCII in the first pass, by simdjson where that fails. As one process each, the file
// mapped.
#include <fcntl.h>
#include <immintrin.h>
#include <simdjson.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace {

using simdjson::ondemand::document_stream;
using simdjson::ondemand::parser;

struct Bid {
  int64_t auction, bidder, price, date_time;
  std::string_view channel, url, extra;
};

struct Totals {
  uint64_t checksum = 0;
  bool prints = false;

  void take(const Bid& bid) {
    checksum += static_cast<uint64_t>(bid.auction) + static_cast<uint64_t>(bid.bidder) * 3 +
                static_cast<uint64_t>(bid.price) * 7 + static_cast<uint64_t>(bid.date_time) + bid.channel.size() * 11 +
                bid.url.size() * 13 + bid.extra.size() * 17;
    if (!prints) return;
    std::printf("%" PRId64 ",%" PRId64 ",%" PRId64 ",%.*s,%.*s,%" PRId64 ",%.*s\n", bid.auction, bid.bidder, bid.price,
                static_cast<int>(bid.channel.size()), bid.channel.data(), static_cast<int>(bid.url.size()),
                bid.url.data(), bid.date_time, static_cast<int>(bid.extra.size()), bid.extra.data());
  }
  void take(int64_t auction, int64_t price) {
    if (((auction + price) & 1023) != 0) return;
    checksum += static_cast<uint64_t>(auction ^ price);
    if (prints) std::printf("%" PRId64 ",%" PRId64 "\n", auction, price);
  }
};

[[noreturn]] void refuse(const char* why) {
  std::fprintf(stderr, "bench_json: %s\n", why);
  std::exit(1);
}

// ---- simdjson ----

void with_simdjson(std::string_view text, bool wants_all, Totals& totals) {
  parser made;
  document_stream bids;
  if (made.iterate_many(text.data(), text.size(), 1'000'000).get(bids)) refuse("simdjson refuses the file");
  for (auto one : bids) {
    Bid bid;
    bool is_bad = wants_all
                      ? one["auction"].get(bid.auction) || one["bidder"].get(bid.bidder) ||
                            one["price"].get(bid.price) || one["channel"].get(bid.channel) || one["url"].get(bid.url) ||
                            one["date_time"].get(bid.date_time) || one["extra"].get(bid.extra)
                      : one["auction"].get(bid.auction) || one["price"].get(bid.price);
    if (is_bad) refuse("simdjson refuses a bid");
    if (wants_all)
      totals.take(bid);
    else
      totals.take(bid.auction, bid.price);
  }
}

// ---- two passes ----

constexpr uint32_t portion_bytes = 16384, marks_of_bid = 21;

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

inline uint64_t short_number(const char* p, uint32_t length) { return value_of(load_8(p) << (64 - 8 * length)); }

inline int64_t number(const char* p, uint32_t length) {
  if (length <= 8) return static_cast<int64_t>(short_number(p, length));
  return static_cast<int64_t>(short_number(p, length - 8) * 100'000'000 + value_of(load_8(p + length - 8)));
}

/// Whether `key` stands at p, in one or two words.
template <size_t size> inline int is_key(const char* p, const char (&key)[size]) {
  constexpr size_t length = size - 1;
  char padded[16] = {};
  std::memcpy(padded, key, length);
  if constexpr (length <= 8) return (load_8(p) & (~uint64_t{0} >> (64 - 8 * length))) == load_8(padded);
  return load_8(p) == load_8(padded) && load_8(p + length - 8) == load_8(padded + length - 8);
}

/// Of 16 KB: where quotes and line ends are; whether there is a backslash, and anything but ASCII.
struct Marks {
  uint32_t places[portion_bytes + 256];
  uint32_t count = 0;
  bool has_escapes = false, is_ascii = false;

  void find(const char* p, uint32_t size) {
    const __m256i quote = _mm256_set1_epi8('"'), line = _mm256_set1_epi8('\n'), escape = _mm256_set1_epi8('\\');
    __m256i escapes = _mm256_setzero_si256(), all = escapes;
    auto half = [&](const char* at) {
      __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
      escapes = _mm256_or_si256(escapes, _mm256_cmpeq_epi8(bytes, escape));
      all = _mm256_or_si256(all, bytes);
      __m256i hits = _mm256_or_si256(_mm256_cmpeq_epi8(bytes, quote), _mm256_cmpeq_epi8(bytes, line));
      return static_cast<uint64_t>(static_cast<uint32_t>(_mm256_movemask_epi8(hits)));
    };
    count = 0;
    for (uint32_t at = 0; at < size; at += 64) {
      uint64_t hits = half(p + at) | half(p + at + 32) << 32;
      auto found = static_cast<uint32_t>(__builtin_popcountll(hits));
      for (uint32_t done = 0; done < found; done += 8) {
        for (uint32_t i = 0; i < 8; i++) {
          places[count + done + i] = at + static_cast<uint32_t>(__builtin_ctzll(hits));
          hits &= hits - 1;
        }
      }
      count += found;
    }
    has_escapes = _mm256_movemask_epi8(escapes) != 0;
    is_ascii = _mm256_movemask_epi8(all) == 0;
  }
};

/// Whether the bid that begins at p + begin has its marks q where it should, and the right bytes around them.
inline bool is_usual(const char* p, uint32_t begin, const uint32_t* q) {
  int keys = is_key(p + q[0] + 1, "auction") & is_key(p + q[2] + 1, "bidder") & is_key(p + q[4] + 1, "price") &
             is_key(p + q[6] + 1, "channel") & is_key(p + q[10] + 1, "url") & is_key(p + q[14] + 1, "date_time") &
             is_key(p + q[16] + 1, "extra");
  int lengths = (q[0] == begin + 1) & (q[1] - q[0] == 8) & (q[3] - q[2] == 7) & (q[5] - q[4] == 6) &
                (q[7] - q[6] == 8) & (q[11] - q[10] == 4) & (q[15] - q[14] == 10) & (q[17] - q[16] == 6) &
                (q[8] == q[7] + 2) & (q[12] == q[11] + 2) & (q[18] == q[17] + 2) & (q[10] == q[9] + 2) &
                (q[14] == q[13] + 2) & (q[20] == q[19] + 2);
  int signs = (p[begin] == '{') & (p[q[1] + 1] == ':') & (p[q[3] + 1] == ':') & (p[q[5] + 1] == ':') &
              (p[q[7] + 1] == ':') & (p[q[11] + 1] == ':') & (p[q[15] + 1] == ':') & (p[q[17] + 1] == ':') &
              (p[q[2] - 1] == ',') & (p[q[4] - 1] == ',') & (p[q[6] - 1] == ',') & (p[q[9] + 1] == ',') &
              (p[q[13] + 1] == ',') & (p[q[16] - 1] == ',') & (p[q[19] + 1] == '}') & (p[q[20]] == '\n');
  return (keys & lengths & signs) != 0;
}

template <bool wants_all> void in_two_passes(std::string_view text, Totals& totals) {
  static Marks marks;
  const char *p = text.data(), *end = p + text.size();
  while (p < end) {
    auto size = static_cast<uint32_t>(end - p < portion_bytes ? end - p : portion_bytes);
    marks.find(p, size);
    if (marks.has_escapes) refuse("there are escapes, which are not read here");
    if (!marks.is_ascii && !simdjson::validate_utf8(p, marks.places[marks.count - 1])) refuse("this is not UTF-8");
    uint32_t begin = 0;
    for (uint32_t r = 0; (r + 1) * marks_of_bid <= marks.count; r++) {
      const uint32_t* q = marks.places + r * marks_of_bid;
      if (!is_usual(p, begin, q)) refuse("a bid is not as all others");
      auto whole = [&](int before, int behind) { return number(p + q[before] + 2, q[behind] - q[before] - 3); };
      auto string = [&](int open) { return std::string_view(p + q[open] + 1, q[open + 1] - q[open] - 1); };
      if constexpr (wants_all) {
        totals.take({.auction = whole(1, 2),
                     .bidder = whole(3, 4),
                     .price = whole(5, 6),
                     .date_time = whole(15, 16),
                     .channel = string(8),
                     .url = string(12),
                     .extra = string(18)});
      } else {
        totals.take(whole(1, 2), whole(5, 6));
      }
      begin = q[marks_of_bid - 1] + 1;
    }
    if (begin == 0) refuse("a bid is too long");
    p += begin;
  }
}

/// The bytes of a file, with more that may be read behind them.
std::string_view file_bytes(const char* path) {
  int file = open(path, O_RDONLY);
  struct stat info{};
  if (file < 0 || fstat(file, &info) != 0) refuse("the file cannot be opened");
  auto size = static_cast<size_t>(info.st_size);
  constexpr int flags = MAP_PRIVATE | MAP_ANONYMOUS;
  void* room = mmap(nullptr, size + 2 * 4096, PROT_READ | PROT_WRITE, flags, -1, 0);
  return {static_cast<const char*>(mmap(room, size, PROT_READ, MAP_PRIVATE | MAP_FIXED | MAP_POPULATE, file, 0)), size};
}

} // namespace

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  std::string_view what = argv[1], how = argv[2];
  bool wants_all = what == "all";
  Totals totals{.prints = argc > 4};
  std::string_view text = file_bytes(argv[3]);
  if (how == "simdjson")
    with_simdjson(text, wants_all, totals);
  else if (wants_all)
    in_two_passes<true>(text, totals);
  else
    in_two_passes<false>(text, totals);
  if (!totals.prints) std::printf("%016" PRIx64 "\n", totals.checksum);
}
