// TimerQueue against a sorted set. Run alone: bin/tests/timer_queue_test
#include "runtime/state/timer_queue.h"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <tuple>

namespace flow::runtime {
namespace {

using Sorted = std::multiset<std::tuple<int64_t, uint32_t, uint64_t>>; // in the order in which timers fire

std::tuple<int64_t, uint32_t, uint64_t> key_of(const QueuedTimer& timer) {
  return {timer.time, timer.timer, timer.hash};
}

TEST(TimerQueue, GivesTheFirstOfWhatIsInItWhateverIsTakenOut) {
  for (uint32_t seed = 0; seed < 50; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    TimerQueue queue;
    Sorted model;
    uint64_t times = 1 + random() % 1000, size_wanted = 1 + random() % 3000;
    for (int step = 0; step < 10'000; ++step) {
      uint64_t choice = random() % 10;
      if (choice < 6 && model.size() < size_wanted) {
        QueuedTimer timer{static_cast<int64_t>(random() % times) - 500, random() % 50,
                          static_cast<uint32_t>(random() % 3)};
        queue.push(timer);
        model.insert(key_of(timer));
      } else if (choice < 9 && !model.empty()) {
        ASSERT_EQ(key_of(queue.first()), *model.begin());
        queue.pop();
        model.erase(model.begin());
      } else if (!model.empty()) {
        uint64_t place = random() % queue.count();
        model.erase(model.find(key_of(queue.at(place))));
        queue.remove(place);
      }
      ASSERT_EQ(queue.count(), model.size());
      ASSERT_EQ(queue.is_empty(), model.empty());
    }
    for (; !queue.is_empty(); queue.pop(), model.erase(model.begin())) ASSERT_EQ(key_of(queue.first()), *model.begin());
  }
}

// Beyond the size from which on it lies where addresses are reserved.
TEST(TimerQueue, GrowsAndSaysHowMuchItHolds) {
  TimerQueue queue;
  EXPECT_EQ(queue.memory_bytes(), 0u);
  constexpr int64_t count = 200'000;
  for (int64_t i = 0; i < count; ++i) queue.push({i * 7919 % count, 0, 0});
  EXPECT_GE(queue.memory_bytes(), count * sizeof(QueuedTimer));
  for (int64_t i = 0; i < count; ++i, queue.pop()) ASSERT_EQ(queue.first().time, i);
  EXPECT_EQ(queue.memory_bytes(), 0u);
}

} // namespace
} // namespace flow::runtime
