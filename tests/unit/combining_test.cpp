// When a task combines rows, and when it leaves it.
#include "runtime/task/combining.h"

#include <gtest/gtest.h>

namespace flow::runtime {
namespace {

TEST(Combining, GoesOnWhereManyRowsMakeOneResult) {
  Combining combining;
  for (int i = 0; i < 100; ++i) {
    combining.take(100'000);
    combining.send(10'000);
    EXPECT_FALSE(combining.is_in_vain());
    combining.judge();
    EXPECT_FALSE(combining.is_off());
  }
}

TEST(Combining, EndsWhereRowsHardlyFallTogether) {
  Combining combining;
  combining.take(10'000);
  combining.send(9'000);
  EXPECT_TRUE(combining.is_in_vain());
  EXPECT_FALSE(combining.is_off()) << "not while something is held";
  combining.judge();
  EXPECT_TRUE(combining.is_off());
}

TEST(Combining, DoesNotJudgeByAFewRows) {
  Combining combining;
  for (int pane = 0; pane < 10; ++pane) {
    combining.take(100);
    combining.send(100);
    combining.judge();
    EXPECT_FALSE(combining.is_off());
  }
  for (int pane = 0; pane < 100; ++pane) {
    combining.take(100);
    combining.send(100);
    combining.judge();
  }
  EXPECT_TRUE(combining.is_off()) << "many small panes say the same as one large";
}

TEST(Combining, IsTriedAgain) {
  Combining combining;
  combining.take(10'000);
  combining.send(10'000);
  combining.judge();
  uint64_t rows = 0;
  while (combining.is_off()) {
    combining.take(100'000);
    rows += 100'000;
    ASSERT_LT(rows, 100'000'000u);
  }
  EXPECT_GT(rows, 1'000'000u) << "a try costs a table";
  combining.take(100'000);
  combining.send(5'000);
  combining.judge();
  EXPECT_FALSE(combining.is_off()) << "what was before does not count any more";
}

} // namespace
} // namespace flow::runtime
