// Batches: sizes, growth, copies. Run alone: bin/tests/batch_test
#include "runtime/batch/batch.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "runtime/abi/flow_host.h"
#include "runtime/batch/strings.h"
#include "runtime/vocabulary/vocabulary.h"

namespace flow::runtime {
namespace {

TEST(Batch, RowsFillAboutSixteenKilobytes) {
  EXPECT_EQ(batch_rows_target(8), 1024u);
  EXPECT_EQ(batch_rows_target(16), 1024u);
  EXPECT_EQ(batch_rows_target(64), 256u);
  EXPECT_EQ(batch_rows_target(100'000), 16u);
  FlowBatch* batch = flow_batch_new(64, 0, 0);
  EXPECT_EQ(batch->rows_max, 256u);
  flow_batch_free(batch);
}

// The heap of a batch may take as much as its rows, within limits.
TEST(Batch, AHeapIsFullWithItsRows) {
  auto full = [](uint32_t stride, uint32_t rows_max) {
    FlowBatch* batch = flow_batch_new(stride, rows_max, 0);
    uint64_t bytes = batch_heap_full(batch);
    flow_batch_free(batch);
    return bytes;
  };
  EXPECT_EQ(full(64, 256), 16u * 1024);
  EXPECT_EQ(full(64, 4), 4u * 1024);
  EXPECT_EQ(full(100'000, 16), 64u * 1024);
  EXPECT_EQ(full(0, 0), 64u * 1024);
}

// Writes a row with one string, as a task does.
FlowBatch* add(FlowBatch* batch, const std::string& text) {
  batch = batch_reserve(batch, string_heap_bytes(text.size()));
  uint8_t* slot = batch_row(batch, batch->rows++);
  if (string_is_inline(text.size())) {
    write_inline_string(slot, text.data(), text.size());
  } else {
    memcpy(batch_heap(batch) + batch->heap_used, text.data(), text.size());
    write_long_string(slot, text.data(), text.size(), batch->heap_used);
    batch->heap_used += text.size();
  }
  return batch;
}

std::string text_of(const FlowBatch* batch, uint32_t row) {
  FlowView view = flow_view(flow_batch_row(batch, row, 16), flow_batch_heap(batch));
  return std::string(view.data, view.length);
}

TEST(Batch, StringsOfEveryLengthSurviveGrowthAndCopies) {
  for (uint32_t seed = 0; seed < 20; ++seed) {
    std::mt19937 random(seed);
    std::vector<std::string> texts;
    FlowBatch* batch = flow_batch_new(16, 200, 0);
    for (int i = 0; i < 200; ++i) {
      std::string text(i < 40 ? static_cast<size_t>(i) : random() % 3000, ' ');
      for (char& c : text) c = static_cast<char>(random());
      texts.push_back(text);
      batch = add(batch, text);
    }
    FlowBatch* copy = flow_batch_copy(batch);
    FlowBatch* small = batch_assign(flow_batch_new(16, 1, 0), batch);
    // A block is its bytes: what arrives elsewhere is the same batch.
    std::vector<uint8_t> moved(flow_batch_bytes(batch));
    memcpy(moved.data(), batch, moved.size());
    for (uint32_t row = 0; row < 200; ++row) {
      ASSERT_EQ(text_of(batch, row), texts[row]) << "seed " << seed << " row " << row;
      ASSERT_EQ(text_of(copy, row), texts[row]);
      ASSERT_EQ(text_of(small, row), texts[row]);
      ASSERT_EQ(text_of(reinterpret_cast<FlowBatch*>(moved.data()), row), texts[row]);
    }
    flow_batch_reset(batch);
    EXPECT_EQ(flow_batch_rows(batch), 0);
    EXPECT_EQ(flow_batch_rows(copy), 200);
    flow_batch_free(batch);
    flow_batch_free(copy);
    flow_batch_free(small);
  }
}

TEST(Batch, ShortStringsAreEqualExactlyWhenTheirSlotsAre) {
  for (size_t length = 0; length <= 12; ++length) {
    std::string text = std::string("abcdefghijkl").substr(0, length);
    uint8_t slot[16], expected[16] = {};
    memset(slot, 0xff, sizeof slot);
    write_inline_string(slot, text.data(), text.size());
    uint32_t stored = static_cast<uint32_t>(length);
    memcpy(expected, &stored, 4);
    memcpy(expected + 4, text.data(), length);
    EXPECT_EQ(memcmp(slot, expected, 16), 0) << length;
  }
}

TEST(Batch, EncodedBytesAreTheHeap) {
  FlowBatch* batch = flow_batch_new(0, 0, 10);
  batch = batch_reserve(batch, 26);
  memcpy(batch_heap(batch), "abcdefghijklmnopqrstuvwxyz", 26);
  batch->heap_used = 26;
  uint64_t bytes = 0;
  const uint8_t* data = flow_batch_data(batch, &bytes);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(data), bytes), "abcdefghijklmnopqrstuvwxyz");
  flow_batch_free(batch);
  flow_batch_free(nullptr);
}

} // namespace
} // namespace flow::runtime
