// The ground of the runtime: Status and Result, assertions, checksums, stored bytes, randomness.
// Alone: build/bin/tests/base_test
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <memory>
#include <set>

#include "runtime/base/assert.h"
#include "runtime/base/bytes.h"
#include "runtime/base/crc32c.h"
#include "runtime/base/random.h"
#include "runtime/base/status.h"

namespace flow::runtime {
namespace {

// --- Status and Result ---

Status fails() { return Status(ExitCode::output_failed, "cannot write 'a'", 28); }
Status passes_on(bool first) {
  if (first) FLOW_TRY(fails());
  return Status();
}
Result<int> half(int n) {
  if (n % 2 != 0) return Status(ExitCode::usage, "odd");
  return n / 2;
}
Result<int> quarter(int n) {
  FLOW_TRY_ASSIGN(int once, half(n));
  FLOW_TRY_ASSIGN(int twice, half(once));
  return twice;
}

TEST(Status, success_is_the_default_and_stays_success) {
  Status status = Status().with("while sleeping").as(ExitCode::usage);
  EXPECT_TRUE(status.is_ok());
  EXPECT_EQ(status.code(), ExitCode::finished);
  EXPECT_EQ(status.message(), "");
}

TEST(Status, keeps_code_and_errno_and_collects_context) {
  Status status = fails().with("while closing epoch 7").with("while stopping");
  EXPECT_FALSE(status.is_ok());
  EXPECT_EQ(status.code(), ExitCode::output_failed);
  EXPECT_EQ(status.os_error(), 28);
  EXPECT_EQ(status.message(), "cannot write 'a', while closing epoch 7, while stopping");
  EXPECT_EQ(status.as(ExitCode::checkpoint_damaged).code(), ExitCode::checkpoint_damaged);
}

TEST(Status, the_numbers_of_the_exit_codes_are_fixed) {
  EXPECT_EQ(static_cast<int>(ExitCode::finished), 0);
  EXPECT_EQ(static_cast<int>(ExitCode::stopped), 3);
  EXPECT_EQ(static_cast<int>(ExitCode::bad_data), 4);
  EXPECT_EQ(static_cast<int>(ExitCode::checkpoint_damaged), 7);
  EXPECT_EQ(static_cast<int>(ExitCode::start_refused), 10);
}

TEST(Status, try_returns_the_first_failure) {
  EXPECT_TRUE(passes_on(false).is_ok());
  EXPECT_EQ(passes_on(true).message(), "cannot write 'a'");
  EXPECT_EQ(quarter(12).value(), 3);
  EXPECT_EQ(quarter(6).status().message(), "odd");
}

TEST(Result, carries_what_can_only_be_moved) {
  Result<std::unique_ptr<int>> result = std::make_unique<int>(5);
  ASSERT_TRUE(result.is_ok());
  std::unique_ptr<int> taken = std::move(result).value();
  EXPECT_EQ(*taken, 5);
}

TEST(ResultDeathTest, the_value_of_a_failure_is_a_mistake_of_ours) {
  EXPECT_DEATH((void)half(3).value(), "the value of a failed result was taken");
  EXPECT_DEATH((void)Result<int>(Status()), "needs a failure");
  EXPECT_DEATH((void)Status(ExitCode::finished, "?"), "a failure needs a code");
}

TEST(AssertDeathTest, says_the_sentence_the_condition_and_the_place) {
  int one = 1;
  FLOW_ASSERT(one == 1, "one is one");
  EXPECT_DEATH(FLOW_ASSERT(one == 2, "one is two"), "internal error: one is two \\[one == 2\\] at .*base_test.cpp:");
  EXPECT_DEATH(FLOW_ASSERT(one == 2, std::string(2000, 'x')), "xxx");
}

// --- Checksums ---

TEST(Crc32c, known_values) {
  EXPECT_EQ(crc32c(""), 0u);
  EXPECT_EQ(crc32c("123456789"), 0xe3069283u);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aau);
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62a8ab43u);
  EXPECT_EQ(crc32c_by_table("123456789"), 0xe3069283u);
}

TEST(Crc32c, instruction_and_table_agree_and_parts_add_up) {
  Random random(1);
  for (size_t size = 0; size < 200; ++size) {
    std::string bytes;
    for (size_t i = 0; i < size; ++i) bytes.push_back(static_cast<char>(random.next()));
    ASSERT_EQ(crc32c(bytes), crc32c_by_table(bytes)) << size;
    size_t cut = random.below(size + 1);
    std::string_view view = bytes;
    ASSERT_EQ(crc32c(view.substr(cut), crc32c(view.substr(0, cut))), crc32c(bytes)) << size << " cut at " << cut;
  }
}

TEST(Crc32c, finds_every_flipped_bit_and_every_moved_block) {
  std::string block = "a small manifest, all of it";
  uint32_t sum = crc32c_of_block("manifest", 0, block);
  for (size_t bit = 0; bit < block.size() * 8; ++bit) {
    std::string flipped = block;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    ASSERT_NE(crc32c_of_block("manifest", 0, flipped), sum) << bit;
  }
  EXPECT_NE(crc32c_of_block("manifest", 4096, block), sum);
  EXPECT_NE(crc32c_of_block("manifest.old", 0, block), sum);
  EXPECT_NE(crc32c_of_block("manifes", 0, "t" + block), sum);
}

// --- Stored bytes ---

TEST(Bytes, the_encoding_is_fixed) {
  ByteWriter writer;
  writer.u16(0x1234);
  writer.u32(0xdeadbeef);
  writer.i64(-2);
  writer.varint(300);
  writer.signed_varint(-1);
  writer.text("ab");
  EXPECT_EQ(writer.view(), std::string_view("\x34\x12\xef\xbe\xad\xde\xfe\xff\xff\xff\xff\xff\xff\xff\xac\x02\x01\x02"
                                            "ab",
                                            20));
}

TEST(Bytes, everything_comes_back) {
  const uint64_t numbers[] = {0,
                              1,
                              127,
                              128,
                              16383,
                              16384,
                              uint64_t{1} << 35,
                              (uint64_t{1} << 63) - 1,
                              uint64_t{1} << 63,
                              std::numeric_limits<uint64_t>::max()};
  ByteWriter writer;
  for (uint64_t number : numbers) {
    writer.varint(number);
    writer.signed_varint(static_cast<int64_t>(number));
    writer.u64(number);
  }
  writer.u8(200);
  writer.i32(-5);
  writer.f64(-0.0);
  writer.text("");
  writer.text(std::string_view("with \0 inside", 13));
  ByteReader reader(writer.view());
  for (uint64_t number : numbers) {
    EXPECT_EQ(reader.varint(), number);
    EXPECT_EQ(reader.signed_varint(), static_cast<int64_t>(number));
    EXPECT_EQ(reader.u64(), number);
  }
  EXPECT_EQ(reader.u8(), 200);
  EXPECT_EQ(reader.i32(), -5);
  EXPECT_TRUE(std::signbit(reader.f64()));
  EXPECT_EQ(reader.text(), "");
  EXPECT_EQ(reader.text(), std::string_view("with \0 inside", 13));
  EXPECT_TRUE(reader.finish("it").is_ok());
}

TEST(Bytes, patches_what_was_written_before) {
  ByteWriter writer;
  writer.u32(0);
  writer.u64(0);
  writer.raw("xyz");
  writer.patch_u32(0, 0x01020304);
  writer.patch_u64(4, 0x0506070809);
  ByteReader reader(writer.view());
  EXPECT_EQ(reader.u32(), 0x01020304u);
  EXPECT_EQ(reader.u64(), 0x0506070809u);
}

TEST(Bytes, the_first_mistake_fails_for_good) {
  ByteReader reader(std::string_view("\x05"
                                     "ab\x01",
                                     4));
  EXPECT_EQ(reader.text(), ""); // five bytes are not there
  EXPECT_TRUE(reader.has_failed());
  EXPECT_EQ(reader.u8(), 0); // although there are bytes
  Status status = reader.finish("the manifest");
  EXPECT_EQ(status.code(), ExitCode::checkpoint_damaged);
  EXPECT_EQ(status.message(), "the manifest is damaged at byte 1 of 4");
}

TEST(Bytes, what_is_left_over_is_a_mistake) {
  ByteReader reader("ab");
  reader.u8();
  EXPECT_EQ(reader.finish("it", ExitCode::usage).message(), "it has 1 bytes too many");
}

TEST(Bytes, hostile_numbers_are_refused) {
  const std::string_view bad[] = {
      std::string_view("\x80", 1),                                         // goes on and ends
      std::string_view("\x80\x00", 2),                                     // padded
      std::string_view("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10),    // 65 bits
      std::string_view("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11) // eleven bytes
  };
  for (std::string_view bytes : bad) {
    ByteReader reader(bytes);
    EXPECT_EQ(reader.varint(), 0u);
    EXPECT_TRUE(reader.has_failed()) << bytes.size();
  }
}

TEST(Bytes, a_count_is_believed_only_if_so_many_can_be_there) {
  ByteWriter writer;
  writer.varint(3);
  writer.raw("123456");
  EXPECT_EQ(ByteReader(writer.view()).count(2), 3u);
  ByteReader reader(writer.view());
  EXPECT_EQ(reader.count(3), 0u);
  EXPECT_TRUE(reader.has_failed());
  ByteWriter huge;
  huge.varint(std::numeric_limits<uint64_t>::max());
  ByteReader huge_reader(huge.view());
  EXPECT_EQ(huge_reader.count(1), 0u);
  EXPECT_EQ(ByteReader(huge.view()).text(), "");
}

TEST(Bytes, every_prefix_of_a_record_is_refused_and_none_is_read_past) {
  ByteWriter writer;
  writer.text("name");
  writer.varint(1'000'000);
  writer.u64(7);
  std::string bytes = writer.take();
  for (size_t size = 0; size < bytes.size(); ++size) {
    auto cut = std::make_unique<char[]>(size); // exactly so long, for the address sanitizer
    std::copy_n(bytes.data(), size, cut.get());
    ByteReader reader({cut.get(), size});
    reader.text();
    reader.varint();
    reader.u64();
    EXPECT_FALSE(reader.finish("it").is_ok()) << size;
  }
}

// --- Randomness ---

TEST(Random, the_sequence_belongs_to_the_seed) {
  EXPECT_EQ(Random(0).next(), 0xe220a8397b1dcdafu); // the published first value of SplitMix64
  Random a(42), b(42), c(43);
  EXPECT_EQ(a.next(), b.next());
  EXPECT_NE(a.next(), c.next());
}

TEST(Random, stays_within_its_bounds_and_reaches_them) {
  Random random(7);
  std::set<uint64_t> seen;
  std::set<int64_t> around_zero;
  for (int i = 0; i < 1000; ++i) {
    seen.insert(random.below(5));
    around_zero.insert(random.between(-1, 1));
  }
  EXPECT_EQ(seen, (std::set<uint64_t>{0, 1, 2, 3, 4}));
  EXPECT_EQ(around_zero, (std::set<int64_t>{-1, 0, 1}));
  int64_t any = random.between(std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max());
  (void)any;
  EXPECT_EQ(random.between(9, 9), 9);
}

} // namespace
} // namespace flow::runtime
