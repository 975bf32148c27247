// Bids to a CSV file by hand (sink/bids.flow), on the disk before the program ends.
//
//   bench_sink bids --events N --out FILE --shape format|ready
//
// format: the bids are made and formatted into 1 MB with std::to_chars, and that is written. ready: as many bytes are
// written that are there already. The times are written as Flow does: six digits of fraction, three or none.
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include "tests/bench/hand/output.h"

namespace {

using namespace bench;

constexpr size_t buffer_bytes = 1 << 20, row_bytes_max = 512;

class File {
public:
  explicit File(const char* path) : file_(open(path, O_CREAT | O_TRUNC | O_WRONLY, 0644)) {
    if (file_ < 0) std::perror(path), std::exit(1);
  }
  void write(const char* bytes, size_t count) {
    while (count > 0) {
      ssize_t written = ::write(file_, bytes, count);
      if (written < 0) std::perror("write"), std::exit(1);
      bytes += written;
      count -= static_cast<size_t>(written);
    }
  }

  void finish() {
    if (fdatasync(file_) != 0) std::perror("fdatasync"), std::exit(1);
  }

private:
  int file_;
};

inline char* put(char* to, std::string_view text) {
  std::memcpy(to, text.data(), text.size());
  return to + text.size();
}

inline char* put(char* to, int64_t number) { return std::to_chars(to, to + 20, number).ptr; }

inline char* put_two(char* to, int64_t number) {
  to[0] = static_cast<char>('0' + number / 10);
  to[1] = static_cast<char>('0' + number % 10);
  return to + 2;
}

/// A time of July 2015 that begins with the fifteenth; the day is written once for as long as it lasts.
struct Times {
  int64_t day = -1;
  char text[16] = {};

  char* put(char* to, int64_t us) {
    int64_t second = us / 1'000'000, micros = us % 1'000'000, of_day = second % 86400;
    if (second / 86400 != day) {
      day = second / 86400;
      std::memcpy(text, "2015-07-", 8);
      put_two(text + 8, 15 + day);
      text[10] = 'T';
    }
    std::memcpy(to, text, 16);
    to = put_two(to + 11, of_day / 3600);
    *to = ':';
    to = put_two(to + 1, of_day / 60 % 60);
    *to = ':';
    to = put_two(to + 1, of_day % 60);
    if (micros != 0) {
      *to = '.';
      for (int64_t place = 100'000, i = 1; i <= 6; i++, place /= 10)
        to[i] = static_cast<char>('0' + micros / place % 10);
      to += micros % 1000 == 0 ? 4 : 7;
    }
    *to = 'Z';
    return to + 1;
  }
};

struct Bid {
  int64_t auction, bidder, price;
  std::string_view channel, url;
  int64_t us; // since the beginning of the fifteenth of July 2015
  std::string_view extra;
};

inline Bid bid_of(int64_t n) {
  auto hash = [](int64_t number) { return static_cast<int64_t>(hash64(static_cast<uint64_t>(number))); };
  int64_t bits = hash(n);
  return {.auction = 10000 + n / 50 - (bits & 127),
          .bidder = 10000 + n / 17 - (hash(n + 1) & 1023),
          .price = 100 + (hash(n + 2) & 16777215),
          .channel = (bits & 1) == 1 ? "Google" : "Facebook",
          .url = (bits & 2) == 2 ? "https://www.nexmark.com/aqwzrtbvm/item.htm?query=1&channel_id=17"
                                 : "https://www.nexmark.com/xlpsdf/item.htm?query=1&channel_id=1234",
          .us = n * 100,
          .extra = (bits & 4) == 4 ? "kqwzrtbvmxlpsdfghjcnyaeiou kqwzrtbvmxlpsdfghjcnyaeiou"
                                   : "IOUkqwzrtbvmxlpsdfghjcnyaeiou kqwzrtbvmxlpsdfghjcnyaeiou kqwz"};
}

inline char* put_row(char* to, const Bid& bid, Times& times) {
  auto field = [&](auto value) {
    to = put(to, value);
    *to++ = ',';
  };
  field(bid.auction);
  field(bid.bidder);
  field(bid.price);
  field(bid.channel);
  field(bid.url);
  to = times.put(to, bid.us);
  *to++ = ',';
  to = put(to, bid.extra);
  *to++ = '\n';
  return to;
}

/// Calls write(bytes, count) for each full buffer.
template <typename Write> void format(int64_t events, const Write& write) {
  std::vector<char> buffer(buffer_bytes + row_bytes_max);
  char *begin = buffer.data(), *to = begin;
  Times times;
  for (int64_t n = 0; n < events; n++) {
    to = put_row(to, bid_of(n), times);
    if (to - begin < static_cast<std::ptrdiff_t>(buffer_bytes)) continue;
    write(begin, static_cast<size_t>(to - begin));
    to = begin;
  }
  write(begin, static_cast<size_t>(to - begin));
}

void write_ready(int64_t events, File& file) {
  constexpr int64_t sample = 100'000;
  int64_t bytes_of_sample = 0;
  format(sample, [&](const char*, size_t count) { bytes_of_sample += static_cast<int64_t>(count); });
  std::vector<char> ready(buffer_bytes, 'x');
  for (int64_t left = bytes_of_sample * events / sample; left > 0; left -= buffer_bytes) {
    file.write(ready.data(), static_cast<size_t>(left < static_cast<int64_t>(buffer_bytes) ? left : buffer_bytes));
  }
}

void write_formatted(int64_t events, File& file) {
  format(events, [&](const char* bytes, size_t count) { file.write(bytes, count); });
}

} // namespace

int main(int argc, char** argv) {
  constexpr int64_t fifteenth_ms = 1'436'918'400'000;
  Flags flags(argc, argv);
  if (flags.query() != "bids") no_such_query(flags);
  int64_t events = flags.number("events");
  if (flags.has("print")) {
    format(events, [](const char* bytes, size_t count) { std::fwrite(bytes, 1, count, stdout); });
    return 0;
  }
  if (flags.has("digest")) {
    Digest digest;
    for (int64_t n = 0; n < events; n++) {
      Bid bid = bid_of(n);
      Time time{fifteenth_ms + bid.us / 1000};
      digest.row(bid.auction, bid.bidder, bid.price, bid.channel, bid.url, time, bid.extra);
    }
    digest.finish();
    return 0;
  }
  File file(std::string(flags.text("out")).c_str());
  flags.text("shape") == "ready" ? write_ready(events, file) : write_formatted(events, file);
  file.finish();
}
