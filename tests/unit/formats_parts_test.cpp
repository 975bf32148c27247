// The small parts of the formats: UTF-8, base64, the nearest name.
//   build/bin/tests/formats_parts_test
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "runtime/base/random.h"
#include "runtime/formats/base64.h"
#include "runtime/formats/nearest.h"
#include "runtime/formats/utf8.h"
#include "tests/unit/connector_fixture.h"

namespace flow::runtime {
namespace {

TEST(Utf8, agrees_with_the_definition) {
  EXPECT_TRUE(is_utf8("aäß€😀"));
  EXPECT_TRUE(is_utf8("\xf4\x8f\xbf\xbf"));
  for (std::string wrong :
       {"\x80", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xed\xa0\x80", "\xf0\x80\x80\x80", "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80", "\xff", "\xe2\x82", "\xf0\x9f\x98", "12345678\xe2\x28\xa1"}) {
    EXPECT_FALSE(is_utf8(wrong)) << testing::PrintToString(wrong);
    EXPECT_TRUE(is_utf8(utf8_mended(wrong)));
  }
  for (uint32_t code = 0; code < 0x110000; ++code) {
    if (code == 0xd800) code = 0xe000;
    char text[4];
    ASSERT_TRUE(is_utf8({text, static_cast<size_t>(utf8_write(text, code) - text)})) << code;
  }
}

TEST(Base64, reads_what_it_writes) {
  Random random(7);
  for (size_t size = 0; size < 50; ++size) {
    std::string bytes;
    for (size_t i = 0; i < size; ++i) bytes.push_back(static_cast<char>(random.below(256)));
    std::string text(base64_encoded_bytes(size), '\0');
    ASSERT_EQ(base64_encode(text.data(), bytes), text.data() + text.size());
    std::string back(base64_decoded_bytes_max(text.size()), '\0');
    char* end = base64_decode(back.data(), text);
    ASSERT_NE(end, nullptr);
    EXPECT_EQ(std::string_view(back.data(), end), bytes);
  }
}

TEST(Nearest, finds_what_was_meant) {
  std::vector<std::string_view> names = {"driver_id", "ride_id", "tip"};
  EXPECT_EQ(nearest_name("driverId", names), "driver_id");
  EXPECT_EQ(nearest_name("ride_di", names), "ride_id");
  EXPECT_EQ(nearest_name("TIP", names), "tip");
  EXPECT_EQ(nearest_name("payment", names), "");
  EXPECT_EQ(nearest_name("x", names), "");
}

} // namespace
} // namespace flow::runtime
