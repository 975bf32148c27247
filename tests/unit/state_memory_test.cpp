// The memory of tables: pages asked for ahead, pieces that go round. Run alone: bin/tests/state_memory_test
#include "tests/unit/state_layouts.h"

namespace flow::runtime {
namespace {

uint64_t resident_pages(uint8_t* memory, uint64_t bytes) {
  std::vector<unsigned char> pages((bytes + 4095) / 4096);
  EXPECT_EQ(mincore(memory, bytes, pages.data()), 0);
  return static_cast<uint64_t>(std::count_if(pages.begin(), pages.end(), [](unsigned char page) { return page & 1; }));
}

PageHook hook_of(PageWarmer& warmer) {
  return {[](void* context, void* begin, uint64_t bytes) { static_cast<PageWarmer*>(context)->expect(begin, bytes); },
          &warmer};
}

TEST(PagesAhead, PagesAreThereBeforeTheyAreWrittenAndKeepWhatIs) {
  constexpr uint64_t bytes = uint64_t{32} << 20, written = uint64_t{20} << 20;
  uint8_t* memory = map_memory(bytes, true);
  ASSERT_NE(memory, nullptr);
  {
    PageWarmer warmer;
    PagesAhead ahead(memory);
    for (uint64_t at = 0; at < written; ++at) {
      ahead.follow(hook_of(warmer), memory + at, memory + bytes);
      memory[at] = static_cast<uint8_t>(at % 251);
    }
    EXPECT_GE(ahead.asked(), memory + written + PagesAhead::lead);
    EXPECT_LE(ahead.asked(), memory + written + 2 * PagesAhead::lead);
  }
  // Where the system has the call at all.
  if (madvise(memory, 4096, MADV_POPULATE_WRITE) == 0) {
    EXPECT_GE(resident_pages(memory, bytes), (written + PagesAhead::lead) / 4096);
  }
  for (uint64_t at = 0; at < written; ++at) ASSERT_EQ(memory[at], at % 251);
  unmap_memory(memory, bytes);
}

TEST(PagesAhead, EndWithTheMemory) {
  uint8_t* memory = map_memory(uint64_t{4} << 20, true);
  uint64_t asked = 0;
  PageHook hook{[](void* context, void*, uint64_t bytes) { *static_cast<uint64_t*>(context) += bytes; }, &asked};
  PagesAhead ahead(memory);
  ahead.follow(hook, memory, memory + 5000);
  ahead.follow(hook, memory + 4000, memory + 5000);
  ahead.follow(hook, memory + 5000, memory + 5000);
  EXPECT_EQ(asked, 5000u);
  ahead.follow({}, memory, memory + 9000);
  EXPECT_EQ(ahead.asked(), memory + 5000); // nobody wants to know
  unmap_memory(memory, uint64_t{4} << 20);
}

TEST(PagesAhead, LargeTablesAskForTheirNextPages) {
  for (bool keeps_numbers : {false, true}) {
    Numbers numbers(pair_layout);
    if (keeps_numbers) numbers.table.keep_numbers();
    uint64_t asked = 0;
    numbers.table.set_page_hook(
        {[](void* context, void*, uint64_t bytes) { *static_cast<uint64_t*>(context) += bytes; }, &asked});
    for (int64_t key = 0; key < 10'000; ++key) numbers[key] = key;
    EXPECT_EQ(asked, 0u);
    for (int64_t key = 10'000; key < 1'000'000; ++key) numbers[key] = key;
    EXPECT_GT(asked, 16'000'000u * 3 / 4);
    EXPECT_LT(asked, 48'000'000u);
  }
}

TEST(CopyPool, HandsRoundWhatFits) {
  constexpr uint64_t megabyte = uint64_t{1} << 20;
  CopyPool pool;
  CopyPool::Piece small = pool.take(100), large = pool.take(10 * megabyte), other = pool.take(10 * megabyte);
  EXPECT_EQ(small.reserved, 0u);
  EXPECT_NE(large.memory, other.memory);
  memset(small.memory, 1, 100);
  memset(large.memory, 2, 10 * megabyte);
  memset(other.memory, 3, 10 * megabyte);
  EXPECT_EQ(other.memory[10 * megabyte - 1], 3);
  pool.give_back(small);
  pool.give_back(large);
  CopyPool::Piece again = pool.take(15 * megabyte); // addresses for a state that has grown
  EXPECT_EQ(again.memory, large.memory);
  EXPECT_GE(again.reserved, 15 * megabyte);
  pool.give_back(other);
  pool.give_back(again);
  // A state that has outgrown them: in the end only what fits is kept.
  uint8_t* fits = nullptr;
  for (int copy = 0; copy < 12; ++copy) {
    CopyPool::Piece piece = pool.take(100 * megabyte);
    piece.memory[100 * megabyte - 1] = 1;
    if (copy > 0) EXPECT_EQ(piece.memory, fits);
    fits = piece.memory;
    pool.give_back(piece);
  }
  CopyPool::Piece last = pool.take(megabyte);
  EXPECT_EQ(last.memory, fits);
  pool.give_back(last);
}

} // namespace
} // namespace flow::runtime
