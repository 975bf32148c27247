// What generated code writes of a record, against the encoders: every kind of value, texts of every length.
//   build/bin/tests/encoding_test --gtest_filter='Put.*'
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "runtime/base/random.h"
#include "runtime/base/text.h"
#include "runtime/vocabulary/encoding.h"
#include "tests/unit/connector_fixture.h"

namespace flow::runtime {
namespace {

constexpr size_t room = 4096;

// What `put` writes, in memory where one more byte would be seen.
template <typename Put> std::string written(const Put& put) {
  static char memory[room];
  std::memset(memory, '?', sizeof memory);
  return {memory, put(memory)};
}

template <typename Write> std::string by_text(const Write& write) {
  char memory[text_bytes_max];
  return {memory, write(memory)};
}

FlowWrittenDay no_day() {
  FlowWrittenDay day;
  std::memset(&day, 0x80, sizeof day);
  return day;
}

void check_integer(int64_t value) {
  auto bits = static_cast<uint64_t>(value);
  EXPECT_EQ(written([&](char* to) { return flow_put_i64(to, value); }),
            by_text([&](char* to) { return write_i64(to, value); }));
  EXPECT_EQ(written([&](char* to) { return flow_put_u64(to, bits); }),
            by_text([&](char* to) { return write_u64(to, bits); }));
}

TEST(Put, integers_of_every_length) {
  for (int64_t ten = 1; ten < std::numeric_limits<int64_t>::max() / 10; ten *= 10) {
    for (int64_t near = -2; near <= 2; ++near) check_integer(ten + near), check_integer(-ten + near);
  }
  for (int64_t value : {std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max(), int64_t{-1}}) {
    check_integer(value);
  }
  Random random(1);
  for (int i = 0; i < 200'000; ++i) check_integer(static_cast<int64_t>(random.next() >> random.below(64)));
}

void check_float(double value) {
  ASSERT_EQ(written([&](char* to) { return flow_put_f64(to, value); }),
            by_text([&](char* to) { return write_f64(to, value); }))
      << value;
}

TEST(Put, floats_in_their_shortest_form) {
  for (double value : {0.0,
                       -0.0,
                       1.0,
                       -12.0,
                       0.1,
                       0.001,
                       0.0009999,
                       99999.0,
                       100000.0,
                       100000.5,
                       123456789.0,
                       1e8,
                       99999999.999999,
                       0.1 + 0.2,
                       1e-7,
                       1e300,
                       5e-324,
                       std::nan(""),
                       std::numeric_limits<double>::infinity(),
                       -std::numeric_limits<double>::infinity(),
                       0.0010000000000000002,
                       4503599627370496.5}) {
    check_float(value);
  }
  Random random(2);
  for (int i = 0; i < 300'000; ++i) {
    double scale = std::pow(10.0, static_cast<double>(random.below(9)));
    auto number = static_cast<double>(random.next() >> random.below(64));
    check_float(number / scale);
    check_float(-static_cast<double>(random.below(1'000'000'000)) / scale);
    uint64_t bits = random.next();
    double any = 0;
    std::memcpy(&any, &bits, sizeof any);
    check_float(any);
  }
}

TEST(Put, times_and_dates) {
  FlowWrittenDay day = no_day(), date_day = no_day();
  Random random(3);
  auto check = [&](int64_t us) {
    ASSERT_EQ(written([&](char* to) { return flow_put_timestamp(to, us, &day); }),
              by_text([&](char* to) { return write_timestamp(to, us); }))
        << us;
  };
  for (int64_t us :
       {int64_t{0}, int64_t{-1}, int64_t{1}, int64_t{999'999}, int64_t{1'000}, int64_t{86'399'999'999},
        int64_t{-86'400'000'000}, std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max()}) {
    check(us);
  }
  for (int64_t second = 0; second < 86'400; ++second) check(second * 1'000'000 + (second % 3) * 25'000);
  for (int i = 0; i < 100'000; ++i) {
    int64_t us = static_cast<int64_t>(random.next()) >> random.below(60);
    check(random.one_in(2) ? us : us / 1000 * 1000);
    auto days = static_cast<int32_t>(random.next() >> 32) >> random.below(30);
    ASSERT_EQ(written([&](char* to) { return flow_put_date(to, days, &date_day); }),
              by_text([&](char* to) { return write_date(to, days); }));
  }
}

// One record of one field, without its line end, by the encoder of the format.
std::string encoded(const char* format, FlowKind kind, const FlowCell& cell, bool is_nullable, bool is_first) {
  TestConnector sink(format);
  if (!is_first) sink.field("a", FLOW_I64);
  sink.field("f", kind, is_nullable);
  std::vector<FlowCell> cells(is_first ? 0 : 1);
  cells.push_back(cell);
  std::string record;
  sink.encoder()->append(cells.data(), record);
  record.pop_back();
  if (std::string_view(format) == "json") {
    record.pop_back();
    return record.substr(record.find("\"f\":") + 4);
  }
  return is_first ? record : record.substr(2);
}

// From memory that ends with the text, so that a sanitizer sees what is read beyond it.
void check_text(std::string_view text) {
  std::vector<char> bytes(text.begin(), text.end());
  FlowCell cell{};
  set_text(&cell, text);
  for (bool is_nullable : {false, true}) {
    for (bool is_first : {false, true}) {
      std::string expected = encoded("csv", FLOW_STRING, cell, is_nullable, is_first);
      ASSERT_EQ(written([&](char* to) {
                  return flow_put_csv_text(to, bytes.data(), bytes.size(), is_nullable ? 1 : 0, is_first ? 1 : 0);
                }),
                expected);
      ASSERT_LE(expected.size(), 2 * text.size() + 2);
    }
  }
  std::string expected = encoded("json", FLOW_STRING, cell, false, true);
  ASSERT_EQ(written([&](char* to) { return flow_put_json_text(to, bytes.data(), bytes.size()); }), expected);
  ASSERT_LE(expected.size(), flow_json_text_bytes(bytes.data(), bytes.size()));
}

TEST(Put, texts_of_every_length_with_what_is_special_at_every_place) {
  for (size_t length = 0; length <= 40; ++length) {
    check_text(std::string(length, 'x'));
    for (size_t at = 0; at < length; ++at) {
      for (char special : {'"', ',', '\n', '\r', '\\', '\x01', '\x1f', '\0', '\x7f', '\xff', ' ', ';'}) {
        std::string text(length, 'x');
        text[at] = special;
        check_text(text);
      }
    }
  }
  check_text("\xef\xbb\xbf");
  check_text("\xef\xbb\xbf mark");
  check_text("\xef\xbb");
  check_text(std::string(300, '"'));
  check_text(std::string(500, '\x02'));
}

TEST(Put, what_json_has_no_number_for) {
  for (double value : {1.5, std::nan(""), std::numeric_limits<double>::infinity(), -1e300}) {
    FlowCell cell{};
    cell.value.f = value;
    EXPECT_EQ(written([&](char* to) { return flow_put_json_f64(to, value); }),
              encoded("json", FLOW_F64, cell, false, true));
  }
  EXPECT_EQ(written([&](char* to) { return flow_put_bool(to, 1); }), "true");
  EXPECT_EQ(written([&](char* to) { return flow_put_bool(to, 0); }), "false");
}

} // namespace
} // namespace flow::runtime
