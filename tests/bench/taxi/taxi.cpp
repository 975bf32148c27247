// The queries of taxi/*.flow by hand, one thread, over a file that lies in the page cache and is mapped.
//
//   bench_taxi hourly_tips|rides_all|rides_four --data FILE
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "tests/bench/hand/csv.h"
#include "tests/bench/hand/output.h"
#include "tests/bench/hand/tables.h"

namespace {

using namespace bench;

constexpr int64_t second = 1'000'000, hour = 3600 * second;

/// `row(p, begin, ends)` for the records behind the header.
template <uint32_t columns, typename Row> void each_record_of(std::string_view bytes, const Row& row) {
  const char* header_end = static_cast<const char*>(std::memchr(bytes.data(), '\n', bytes.size()));
  each_record<columns>(header_end + 1, bytes.data() + bytes.size(), row);
}

template <typename Out> void hourly_tips(std::string_view bytes, Out& out) {
  IndexedTable tips;
  Clock clock;
  int64_t window_end = 0;
  auto fire = [&] {
    int64_t best = 0, most = -1;
    tips.each([&](int64_t driver, int64_t tip) {
      if (tip < most || (tip == most && driver >= best)) return;
      best = driver;
      most = tip;
    });
    if (most >= 0) out.row(best, Time{window_end / 1000}, most);
    tips.clear();
  };
  each_record_of<5>(bytes, [&](const char* p, uint32_t, const uint32_t* ends) {
    Field start = field_at(p, ends, 2);
    int64_t time = clock.micros(start.begin, start.length);
    if (time >= window_end) {
      fire();
      window_end = time / hour * hour + hour;
    }
    tips[number(field_at(p, ends, 1))] += static_cast<int64_t>(decimal(field_at(p, ends, 3))); // whole numbers
  });
  fire();
}

template <typename Out> void rides_all(std::string_view bytes, Out& out) {
  Clock starts, ends_at;
  each_record_of<11>(bytes, [&](const char* p, uint32_t begin, const uint32_t* ends) {
    int64_t ride = number(p + begin, ends[0] - begin), driver = number(field_at(p, ends, 10));
    bool is_start = ends[1] - ends[0] == 5; // ",true"
    int64_t took = ends_at.micros(p + ends[2] + 1) - starts.micros(p + ends[1] + 1);
    double places = 0;
    for (int i = 4; i <= 7; i++) places += decimal(field_at(p, ends, i));
    int64_t sum = ride + number(field_at(p, ends, 8)) + number(field_at(p, ends, 9)) + driver;
    sum += static_cast<int64_t>(places * 1000.0) + (is_start ? 1 : 0) + (took < 1800 * second ? 2 : 0);
    if ((sum & 1023) == 0) out.row(ride, driver);
  });
}

template <typename Out> void rides_four(std::string_view bytes, Out& out) {
  constexpr int64_t ten_past = 1'356'998'400 * second + 600 * second;
  Clock starts;
  each_record_of<11>(bytes, [&](const char* p, uint32_t begin, const uint32_t* ends) {
    int64_t ride = number(p + begin, ends[0] - begin), driver = number(field_at(p, ends, 10));
    bool is_start = ends[1] - ends[0] == 5; // ",true"
    if (is_start && starts.micros(p + ends[1] + 1) >= ten_past && ((ride + driver) & 1023) == 0) out.row(ride, driver);
  });
}

} // namespace

int main(int argc, char** argv) {
  Flags flags(argc, argv);
  std::string_view bytes = file_bytes(std::string(flags.text("data")).c_str());
  return with_output(flags, [&](auto& out) {
    std::string_view query = flags.query();
    if (query == "hourly_tips") return hourly_tips(bytes, out);
    if (query == "rides_all") return rides_all(bytes, out);
    if (query == "rides_four") return rides_four(bytes, out);
    no_such_query(flags);
  });
}
