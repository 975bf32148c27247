// Bids to a CSV file by hand (sink_bids.flow):
//
//   bench_sink format EVENTS FILE    generates and formats them with std::to_chars into 1 MB, and writes that
//   bench_sink ready EVENTS FILE     writes as many bytes that are there already
//
// FILE may be /dev/null. The times are written as Flow does: six digits of fraction, three or none.
#include <fcntl.h>
#include <unistd.h>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <vector>

namespace {

constexpr size_t buffer_bytes = 1 << 20, row_bytes_max = 512;

/// The generator's hash: as runtime/vocabulary has it.
inline uint64_t hash64(uint64_t value) {
  value += 0x9e3779b97f4a7c15;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

class Output {
public:
  explicit Output(const char* path) : file_(open(path, O_CREAT | O_TRUNC | O_WRONLY, 0644)) {
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

inline char* put_row(char* to, int64_t n, Times& times) {
  auto hash = [](int64_t number) { return static_cast<int64_t>(hash64(static_cast<uint64_t>(number))); };
  int64_t bits = hash(n);
  auto field = [&](auto value) {
    to = put(to, value);
    *to++ = ',';
  };
  field(10000 + n / 50 - (bits & 127));
  field(10000 + n / 17 - (hash(n + 1) & 1023));
  field(100 + (hash(n + 2) & 16777215));
  field((bits & 1) == 1 ? std::string_view("Google") : std::string_view("Facebook"));
  field((bits & 2) == 2 ? std::string_view("https://www.nexmark.com/aqwzrtbvm/item.htm?query=1&channel_id=17")
                        : std::string_view("https://www.nexmark.com/xlpsdf/item.htm?query=1&channel_id=1234"));
  to = times.put(to, n * 100);
  *to++ = ',';
  to = put(to, (bits & 4) == 4 ? std::string_view("kqwzrtbvmxlpsdfghjcnyaeiou kqwzrtbvmxlpsdfghjcnyaeiou")
                               : std::string_view("IOUkqwzrtbvmxlpsdfghjcnyaeiou kqwzrtbvmxlpsdfghjcnyaeiou kqwz"));
  *to++ = '\n';
  return to;
}

/// Calls write(bytes, count) for each full buffer.
template <typename Write> void format(int64_t events, const Write& write) {
  std::vector<char> buffer(buffer_bytes + row_bytes_max);
  char *begin = buffer.data(), *to = begin;
  Times times;
  for (int64_t n = 0; n < events; n++) {
    to = put_row(to, n, times);
    if (to - begin < static_cast<std::ptrdiff_t>(buffer_bytes)) continue;
    write(begin, static_cast<size_t>(to - begin));
    to = begin;
  }
  write(begin, static_cast<size_t>(to - begin));
}

} // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  int64_t events = std::strtoll(argv[2], nullptr, 10);
  Output output(argv[3]);
  if (std::string_view(argv[1]) == "format") {
    format(events, [&](const char* bytes, size_t count) { output.write(bytes, count); });
    return 0;
  }
  constexpr int64_t sample = 100'000;
  int64_t bytes_of_sample = 0;
  format(sample, [&](const char*, size_t count) { bytes_of_sample += static_cast<int64_t>(count); });
  std::vector<char> ready(buffer_bytes, 'x');
  for (int64_t left = bytes_of_sample * events / sample; left > 0; left -= buffer_bytes) {
    output.write(ready.data(), static_cast<size_t>(left < static_cast<int64_t>(buffer_bytes) ? left : buffer_bytes));
  }
}
