// Reads the records of a job from standard input and tells how late they come. Every line holds, as its first whole
// number, when it was due: microseconds after the job's first event. Due times lie fixed ahead (event n of a source
// with a rate is due after n / rate), so what a stop delays counts as late, each event for itself (no coordinated
// omission).
//
//   job … | bench_meter --skip-ms N        prints one JSON object when the input ends
//
// A job does not say when its clock began. The smallest (arrival - due) stands for it: latencies are those above that
// of the fastest record. A source drops what it has fallen more than 10 ms behind, and is late by that much ever after:
// `behind_us` tells that of the fastest record of the last second, so that it is seen.
//
// The reader never sleeps: it takes one core. Beside it a thread sleeps a millisecond at a time and notes how much
// later it woke up: what this machine does to anybody.
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include "tests/bench/hand/output.h"

namespace {

int64_t now_us() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<int64_t>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1000;
}

struct Record {
  int64_t due_us, late_us; // late by the meter's own clock, whose zero is arbitrary
};

/// Cuts bytes into lines, which may come in pieces.
class Lines {
public:
  template <typename Take> void add(const char* p, const char* end, const Take& take) {
    for (; p < end; p++) {
      bool is_digit = *p >= '0' && *p <= '9';
      if (*p == '\n') {
        if (place_ != Place::before) take(value_);
        value_ = 0;
        place_ = Place::before;
      } else if (is_digit && place_ != Place::behind) {
        value_ = value_ * 10 + (*p - '0');
        place_ = Place::inside;
      } else if (place_ == Place::inside) {
        place_ = Place::behind;
      }
    }
  }

private:
  enum class Place { before, inside, behind }; // the number
  int64_t value_ = 0;
  Place place_ = Place::before;
};

std::vector<Record> read_all() {
  std::vector<Record> records;
  records.reserve(1 << 22);
  static char buffer[1 << 16];
  Lines lines;
  fcntl(STDIN_FILENO, F_SETFL, fcntl(STDIN_FILENO, F_GETFL) | O_NONBLOCK);
  for (;;) {
    ssize_t got = read(STDIN_FILENO, buffer, sizeof buffer);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (got <= 0) return records;
    int64_t now = now_us();
    lines.add(buffer, buffer + got, [&](int64_t due) { records.push_back({due, now - due}); });
  }
}

void print_spread(const char* name, std::vector<int64_t> values) {
  std::sort(values.begin(), values.end());
  auto at = [&](double part) {
    return values.empty() ? 0 : values[static_cast<size_t>(part * static_cast<double>(values.size() - 1))];
  };
  std::printf("\"%s\": {\"count\": %zu, \"p50\": %" PRId64 ", \"p90\": %" PRId64 ", \"p99\": %" PRId64
              ", \"p99.9\": %" PRId64 ", \"p99.99\": %" PRId64 ", \"max\": %" PRId64 "}",
              name, values.size(), at(0.5), at(0.9), at(0.99), at(0.999), at(0.9999), at(1));
}

} // namespace

int main(int argc, char** argv) {
  bench::Flags flags(argc, argv);
  int64_t skip_us = flags.number("skip-ms") * 1000;
  std::atomic<bool> ends = false;
  std::vector<int64_t> hiccups;
  std::thread beside([&] {
    while (!ends) {
      int64_t before = now_us();
      timespec nap{0, 1'000'000};
      nanosleep(&nap, nullptr);
      hiccups.push_back(std::max<int64_t>(0, now_us() - before - 1000));
    }
  });
  std::vector<Record> records = read_all();
  ends = true;
  beside.join();

  std::erase_if(records, [&](const Record& record) { return record.due_us < skip_us; });
  if (records.empty()) {
    std::fprintf(stderr, "bench_meter: no record was due after the time that is skipped\n");
    return 1;
  }
  auto less_late = [](const Record& a, const Record& b) { return a.late_us < b.late_us; };
  int64_t zero = std::min_element(records.begin(), records.end(), less_late)->late_us, last = records.back().due_us;
  int64_t behind = INT64_MAX;
  std::vector<int64_t> latencies;
  for (const Record& record : records) {
    latencies.push_back(record.late_us - zero);
    if (record.due_us > last - 1'000'000) behind = std::min(behind, record.late_us - zero);
  }
  std::printf("{");
  print_spread("latency_us", std::move(latencies));
  std::printf(", ");
  print_spread("hiccup_us", std::move(hiccups));
  std::printf(", \"behind_us\": %" PRId64 "}\n", behind);
}
