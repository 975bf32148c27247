// The queries of tests/bench written by hand, as an expert would for exactly this query: one thread, one loop, no
// framework. With --print it prints its result rows, which must be those of the Flow program; without, only a checksum.
//
//   baseline where EVENTS | tumbling_sum EVENTS KEYS | hourly_tips_csv FILE | rides_all FILE | rides_four FILE
//   [--print]
#include <algorithm>
#include <charconv>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/bench/rides.h"

namespace {

constexpr int64_t second = 1'000'000;
constexpr int64_t year_2020 = 1'577'836'800 * second;

bool prints = false;
uint64_t checksum = 0;

/// The generator's hash: as runtime/vocabulary has it.
inline uint64_t hash64(uint64_t value) {
  value += 0x9e3779b97f4a7c15u;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
  return value ^ (value >> 31);
}

/// The value has been made: the compiler may not leave it out.
template <typename T> inline void exists(const T& value) { asm volatile("" : : "r"(value)); }

void where(int64_t events) {
  for (int64_t n = 0; n < events; n++) {
    int64_t key = static_cast<int64_t>(hash64(static_cast<uint64_t>(n)) & 1023), value = n % 1000;
    exists(year_2020 + n);
    if (value % 3 != 0) continue;
    int64_t doubled = value * 2 + 1;
    exists(key);
    exists(doubled);
    checksum += static_cast<uint64_t>(key ^ doubled);
    if (prints) std::printf("%" PRId64 ",%" PRId64 "\n", key, doubled);
  }
}

/// Small index over dense entries in insertion order.
class Table {
public:
  struct Entry {
    int64_t key, total;
  };
  Table() : index_(1024, 0) {}

  int64_t& total_of(int64_t key) {
    uint64_t i = hash64(static_cast<uint64_t>(key)) & (index_.size() - 1);
    while (index_[i] != 0) {
      if (entries_[index_[i] - 1].key == key) return entries_[index_[i] - 1].total;
      i = (i + 1) & (index_.size() - 1);
    }
    return insert(key, i);
  }
  const std::vector<Entry>& entries() const { return entries_; }
  void clear() {
    entries_.clear();
    std::fill(index_.begin(), index_.end(), 0);
  }

private:
  int64_t& insert(int64_t key, uint64_t i) {
    entries_.push_back({key, 0});
    index_[i] = static_cast<uint32_t>(entries_.size());
    if (entries_.size() * 2 > index_.size()) grow();
    return entries_.back().total;
  }
  void grow() {
    index_.assign(index_.size() * 2, 0);
    for (uint32_t e = 0; e < entries_.size(); e++) {
      uint64_t i = hash64(static_cast<uint64_t>(entries_[e].key)) & (index_.size() - 1);
      while (index_[i] != 0) i = (i + 1) & (index_.size() - 1);
      index_[i] = e + 1;
    }
  }
  std::vector<uint32_t> index_;
  std::vector<Entry> entries_;
};

void print_time(int64_t micros) {
  std::time_t seconds = micros / second;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  std::printf("%s", text);
}

void emit(int64_t key, int64_t window_end, int64_t total) {
  checksum += hash64(static_cast<uint64_t>(key ^ window_end ^ total));
  if (!prints) return;
  std::printf("%" PRId64 ",", key);
  print_time(window_end);
  std::printf(",%" PRId64 "\n", total);
}

void tumbling_sum(int64_t events, int64_t keys) {
  constexpr int64_t size = 10 * second;
  Table table;
  int64_t window_end = year_2020 + size;
  auto fire = [&] {
    for (const Table::Entry& entry : table.entries()) emit(entry.key, window_end, entry.total);
    table.clear();
  };
  for (int64_t n = 0; n < events; n++) {
    int64_t time = year_2020 + n;
    if (time >= window_end) {
      fire();
      window_end += size;
    }
    table.total_of(static_cast<int64_t>(hash64(static_cast<uint64_t>(n)) & static_cast<uint64_t>(keys - 1))) +=
        n % 1000;
  }
  fire();
}

int64_t days_from_civil(int64_t year, int64_t month, int64_t day) {
  year -= month <= 2;
  int64_t era = year / 400, yoe = year - era * 400;
  int64_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

int64_t digits(const char* p, int count) {
  int64_t value = 0;
  for (int i = 0; i < count; i++) value = value * 10 + (p[i] - '0');
  return value;
}

/// 2020-01-01T00:00:00[.fraction]Z
int64_t parse_time(const char* p, const char* end) {
  int64_t micros = days_from_civil(digits(p, 4), digits(p + 5, 2), digits(p + 8, 2)) * 86400 * second;
  micros += (digits(p + 11, 2) * 3600 + digits(p + 14, 2) * 60 + digits(p + 17, 2)) * second;
  if (p[19] != '.') return micros;
  int64_t unit = second / 10;
  for (const char* d = p + 20; d < end && *d >= '0' && *d <= '9'; d++, unit /= 10) micros += (*d - '0') * unit;
  return micros;
}

std::string_view file_bytes(const char* path) {
  int file = open(path, O_RDONLY);
  struct stat info{};
  if (file < 0 || fstat(file, &info) != 0) {
    std::perror(path);
    std::exit(1);
  }
  auto size = static_cast<size_t>(info.st_size);
  return {static_cast<const char*>(mmap(nullptr, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, file, 0)), size};
}

void hourly_tips_csv(const char* path) {
  std::string_view bytes = file_bytes(path);
  const char *text = bytes.data(), *end = text + bytes.size();
  constexpr int64_t hour = 3600 * second;
  Table table;
  int64_t window_end = 0;
  auto fire = [&] {
    const Table::Entry* best = nullptr;
    for (const Table::Entry& entry : table.entries()) {
      bool wins = best == nullptr || entry.total > best->total || (entry.total == best->total && entry.key < best->key);
      if (wins) best = &entry;
    }
    if (best != nullptr) emit(best->key, window_end, best->total);
    table.clear();
  };
  const char* p = static_cast<const char*>(std::memchr(text, '\n', bytes.size())) + 1;
  while (p < end) {
    const char* commas[4];
    for (const char*& comma : commas) {
      comma = static_cast<const char*>(std::memchr(p, ',', static_cast<size_t>(end - p)));
      p = comma + 1;
    }
    int64_t driver = 0;
    double tip = 0;
    std::from_chars(commas[0] + 1, commas[1], driver);
    int64_t time = parse_time(commas[1] + 1, commas[2]);
    std::from_chars(commas[2] + 1, commas[3], tip);
    p = static_cast<const char*>(std::memchr(p, '\n', static_cast<size_t>(end - p))) + 1;
    if (time >= window_end) {
      fire();
      window_end = time / hour * hour + hour;
    }
    table.total_of(driver) += static_cast<int64_t>(tip); // the tips are whole numbers
  }
  fire();
}

void read_rides(const char* path, bool wants_all) {
  std::string_view bytes = file_bytes(path);
  checksum = rides(bytes.data(), bytes.data() + bytes.size(), wants_all, prints);
}

} // namespace

int main(int argc, char** argv) {
  std::vector<std::string> words(argv + 1, argv + argc);
  if (!words.empty() && words.back() == "--print") {
    prints = true;
    words.pop_back();
  }
  auto number = [&](size_t i) { return std::strtoll(words.at(i).c_str(), nullptr, 10); };
  if (words.size() == 2 && words[0] == "where")
    where(number(1));
  else if (words.size() == 3 && words[0] == "tumbling_sum")
    tumbling_sum(number(1), number(2));
  else if (words.size() == 2 && words[0] == "hourly_tips_csv")
    hourly_tips_csv(words[1].c_str());
  else if (words.size() == 2 && (words[0] == "rides_all" || words[0] == "rides_four"))
    read_rides(words[1].c_str(), words[0] == "rides_all");
  else
    return 2;
  if (!prints) std::printf("%016" PRIx64 "\n", checksum);
}
