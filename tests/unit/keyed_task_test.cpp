// A chain with a keyed state, driven through flow_host.h: state per key, timers, snapshots of both, against a model
// that looks at every key whenever time goes on. Run alone: bin/tests/keyed_task_test --gtest_filter=Timers.*
#include <random>

#include "tests/unit/keyed_tasks.h"

namespace flow::test {
namespace {

std::vector<int64_t> times_of(const std::vector<Told>& told) {
  std::vector<int64_t> times;
  for (const Told& one : told) times.push_back(one.time);
  return times;
}
std::vector<int64_t> keys_of(const std::vector<Told>& told) {
  std::vector<int64_t> keys;
  for (const Told& one : told) keys.push_back(one.key);
  return keys;
}
Command set(int64_t key, int64_t at, int64_t timer = 0) {
  return {.key = key, .time = 0, .act = Act::set, .timer = timer, .at = at};
}
Command cancel(int64_t key, int64_t timer = 0) { return {.key = key, .time = 0, .act = Act::cancel, .timer = timer}; }
Command add(int64_t key, int64_t value, int64_t time = 0) {
  return {.key = key, .time = time, .act = Act::add, .value = value};
}
Command note(int64_t key, int64_t value, int64_t time = 0) {
  return {.key = key, .time = time, .act = Act::note, .value = value};
}
Command clear(int64_t key) { return {.key = key, .time = 0, .act = Act::clear}; }
Command show(int64_t key, int64_t time = 0) { return {.key = key, .time = time, .act = Act::show}; }

using Times = std::vector<int64_t>;

// ---- timers, one by one ----

TEST(Timers, FireInTheOrderOfTimeNumberAndHashBeforeTheWatermarkIsTold) {
  KeyedProgram program;
  Keepers keepers(program, 1);
  keepers.give({set(1, 30), set(2, 10), set(3, 20), set(4, 20, 1), set(5, 20), set(6, 41)});
  EXPECT_EQ(flow_task_step(keepers.task()), 0);
  keepers.advance(40);
  const Element& last = keepers.host().sent.back();
  ASSERT_EQ(last.kind, Element::watermark) << "behind the rows that it caused";
  EXPECT_EQ(last.time, 40);
  ASSERT_EQ(keepers.host().sent.size(), 2u);
  std::vector<Told> told = keepers.take();
  int64_t first = 3, second = 5;
  if (keyed_hash(program.scenario, 3) > keyed_hash(program.scenario, 5)) std::swap(first, second);
  EXPECT_EQ(keys_of(told), (Times{2, first, second, 4, 1}));
  EXPECT_EQ(keepers.entries(), 1u);
  keepers.advance(41);
  EXPECT_EQ(keys_of(keepers.take()), Times{6});
  EXPECT_EQ(keepers.entries(), 0u);
}

TEST(Timers, OneThatIsMovedFiresOnceAtItsLastTime) {
  KeyedProgram program;
  Keepers keepers(program, 1);
  keepers.give({set(1, 10), set(1, 30), set(2, 30), set(2, 10), set(3, 10), set(3, 30), set(3, 20)});
  keepers.advance(15);
  EXPECT_EQ(times_of(keepers.take()), Times{10});
  keepers.advance(25);
  EXPECT_EQ(times_of(keepers.take()), Times{20});
  keepers.advance(100);
  EXPECT_EQ(times_of(keepers.take()), Times{30});
}

TEST(Timers, OneThatIsCancelledNeverFires) {
  KeyedProgram program;
  Keepers keepers(program, 1);
  keepers.give({set(1, 10), cancel(1), set(2, 10), cancel(2), set(2, 20), add(3, 1), set(3, 10), cancel(3)});
  EXPECT_EQ(keepers.entries(), 2u) << "of the first nothing is left";
  keepers.advance(100);
  EXPECT_EQ(times_of(keepers.take()), Times{20});
}

// The queue still holds what the erased entry had put in.
TEST(Timers, AKeyThatComesAgainHasNoneOfItsOldOnes) {
  KeyedProgram program;
  Keepers keepers(program, 1);
  keepers.give(
      {set(1, 10), cancel(1), set(1, 30), set(2, 10), cancel(2), set(2, 10), set(3, 10), cancel(3), add(3, 1)});
  keepers.advance(20);
  EXPECT_EQ(keys_of(keepers.take()), Times{2});
  keepers.advance(40);
  EXPECT_EQ(times_of(keepers.take()), Times{30});
}

TEST(Timers, OneThatSetsItselfAgainFiresAsOftenAsTheWatermarkAllows) {
  KeyedProgram program({.expires = INT64_MAX});
  Keepers keepers(program, 1);
  keepers.give({note(1, 10), set(1, 5, 1)});
  keepers.advance(34);
  EXPECT_EQ(times_of(keepers.take()), (Times{5, 15, 25}));
  keepers.advance(35);
  EXPECT_EQ(times_of(keepers.take()), Times{35});
}

TEST(Timers, OneWhoseTimeHasComeFiresBeforeTheNextRow) {
  for (size_t rows : {1u, 2u, 100u}) {
    KeyedProgram program;
    Keepers keepers(program, 1);
    keepers.advance(50);
    keepers.give({add(1, 7), set(1, 50), show(1), set(1, 51), show(1), set(1, -3), show(1)}, rows);
    std::vector<Told> told = keepers.take();
    EXPECT_EQ(told, (std::vector<Told>{{1, 0, 50, 7, -1, ""},
                                       {1, shown, 0, -1, -1, ""},
                                       {1, shown, 0, -1, -1, ""},
                                       {1, 0, -3, -1, -1, ""},
                                       {1, shown, 0, -1, -1, ""}}))
        << rows;
    EXPECT_EQ(keepers.entries(), 0u) << "the third one had moved the second";
  }
}

TEST(Timers, TheEndsOfTimeAreLikeAnyOtherTime) {
  KeyedProgram program;
  Keepers keepers(program, 1);
  Times times = {INT64_MIN, INT64_MIN + 1, -1, 0, 1, INT64_MAX - 1, INT64_MAX};
  std::vector<Command> commands;
  for (size_t i = 0; i < times.size(); ++i) commands.push_back(set(static_cast<int64_t>(i), times[i]));
  keepers.give(commands);
  EXPECT_TRUE(keepers.take().empty()) << "nothing is due before there is a watermark";
  Times fired;
  for (int64_t watermark : {INT64_MIN + 1, int64_t{-1}, int64_t{0}, INT64_MAX - 1}) {
    keepers.advance(watermark);
    for (int64_t time : times_of(keepers.take())) {
      EXPECT_LE(time, watermark);
      fired.push_back(time);
    }
  }
  keepers.end();
  for (int64_t time : times_of(keepers.take())) fired.push_back(time);
  std::sort(fired.begin(), fired.end());
  EXPECT_EQ(fired, times);
}

TEST(Timers, OfTwoKeysWithOneHashEachFiresItsOwn) {
  KeyedProgram program({.hashes = 1});
  Keepers keepers(program, 1);
  keepers.give({add(1, 10), add(2, 20), add(3, 30), set(1, 5), set(2, 5), set(3, 5), cancel(2), set(1, 7)});
  keepers.advance(5);
  EXPECT_EQ(keepers.take(), (std::vector<Told>{{3, 0, 5, 30, -1, ""}}));
  keepers.give({clear(2), set(2, 7)});
  keepers.advance(6);
  EXPECT_TRUE(keepers.take().empty());
  keepers.advance(7);
  std::vector<Told> told = keepers.take();
  std::sort(told.begin(), told.end(), [](const Told& a, const Told& b) { return a.key < b.key; });
  EXPECT_EQ(told, (std::vector<Told>{{1, 0, 7, 10, -1, ""}, {2, 0, 7, -1, -1, ""}}));
  EXPECT_EQ(keepers.entries(), 0u);
}

TEST(Timers, ManyOfOneTimeFireInPortions) {
  KeyedProgram program;
  Keepers keepers(program, 1, 10);
  std::vector<Command> commands;
  for (int64_t key = 0; key < 5000; ++key) commands.push_back(set(key, 10));
  keepers.give(commands);
  flow_task_watermark(keepers.task(), 0, 10, 0);
  flow_task_watermark(keepers.task(), 1, 10, 0);
  int steps = 1;
  keepers.host().credit = 3;
  while (flow_task_step(keepers.task()) == 1) {
    ++steps;
    for (const Element& element : keepers.host().sent) {
      ASSERT_EQ(element.kind, Element::batch) << "the watermark waits for all of them";
    }
    keepers.host().credit = 3;
  }
  EXPECT_GE(steps, 5000 / 30) << "without credit it stops";
  EXPECT_EQ(keepers.take().size(), 5000u);
}

// ---- processing time ----

TEST(Timers, OfTheClockFireWhenItIsToldAndAreDroppedAtTheEnd) {
  KeyedProgram program;
  Keepers keepers(program, 1);
  EXPECT_EQ(flow_task_next_deadline(keepers.task()), INT64_MAX);
  keepers.tell_clock(1'000'000);
  keepers.give({set(1, 500, 2), set(2, 700, 2), set(3, 10), set(4, 300, 2), cancel(4, 2)});
  EXPECT_LE(flow_task_next_deadline(keepers.task()), 1'000'500);
  keepers.tell_clock(1'000'499);
  EXPECT_TRUE(keepers.take().empty());
  EXPECT_EQ(flow_task_next_deadline(keepers.task()), 1'000'500);
  keepers.tell_clock(1'000'500);
  EXPECT_EQ(times_of(keepers.take()), Times{1'000'500});
  keepers.tell_clock(400); // a clock that goes back
  keepers.give(set(5, 100, 2));
  EXPECT_EQ(flow_task_next_deadline(keepers.task()), 1'000'600) << "stands still for us";
  keepers.end();
  EXPECT_EQ(keys_of(keepers.take()), Times{3}) << "event time has come to its end, the clock has not";
  EXPECT_TRUE(flow_task_is_finished(keepers.task()));
  EXPECT_EQ(flow_task_next_deadline(keepers.task()), INT64_MAX);
}

TEST(Timers, OfTheClockAreThereAgainAfterARestore) {
  KeyedProgram program;
  Keepers before(program, 1);
  before.tell_clock(1000);
  before.give({set(1, 500, 2), set(2, 900, 2)});
  std::vector<Stored> stored = before.store_all();
  Keepers after(program, 3);
  after.restore(stored);
  after.tell_clock(1700);
  EXPECT_EQ(times_of(after.take()), Times{1500});
  after.tell_clock(1900);
  EXPECT_EQ(times_of(after.take()), Times{1900});
}

// ---- state ----

TEST(KeyedState, TwoInputsOfDifferentRowsShareTheEntryOfAKey) {
  KeyedProgram program;
  Keepers keepers(program, 1);
  keepers.give(add(7, 5));
  keepers.poke({0, 7});
  keepers.poke({0, 8});
  keepers.give({show(7), show(8)});
  EXPECT_EQ(keepers.take(), (std::vector<Told>{{7, shown, 0, 6, -1, ""}, {8, shown, 0, 1, -1, ""}}));
}

TEST(KeyedState, AnEntryGoesWithItsLastCellAndItsLastTimer) {
  KeyedProgram program;
  Keepers keepers(program, 1);
  keepers.give({add(1, 1), set(1, 10), add(2, 1), add(3, 1), show(4)});
  EXPECT_EQ(keepers.entries(), 3u) << "looking at a key keeps nothing";
  keepers.give({clear(1), clear(2)});
  EXPECT_EQ(keepers.entries(), 2u);
  keepers.advance(10);
  EXPECT_EQ(keepers.entries(), 1u);
}

TEST(KeyedState, OfFailedRowsNothingIsStored) {
  KeyedProgram program;
  Keepers keepers(program, 1);
  keepers.give({add(1, 1), {.key = 42, .time = 0, .act = Act::fail}}); // keys of different groups
  EXPECT_EQ(flow_task_counters(keepers.task()).skipped, 1u);
  std::vector<Stored> stored = keepers.store_all();
  EXPECT_EQ(stored[0].groups.size(), 1u);
  Keepers after(program, 1);
  after.restore(stored);
  EXPECT_EQ(after.entries(), 1u);
}

TEST(KeyedState, WhatHasExpiredIsGoneForAllAndTakenAwayUnseen) {
  KeyedProgram program({.expires = 100});
  KeeperModel model(program.scenario);
  Keepers keepers(program, 1);
  std::vector<Command> commands;
  for (int64_t key = 0; key < 10'000; ++key) commands.push_back(note(key, key, key % 50));
  for (int64_t key = 0; key < 10; ++key) commands.push_back(add(key, 1));
  keepers.give(commands);
  model.give(commands);
  for (int64_t watermark = 0; watermark <= 300; watermark += 10) {
    keepers.advance(watermark);
    model.advance(watermark);
    commands = {show(watermark % 50, watermark - 20), show(5, watermark + 1), show(watermark * 7, watermark + 40)};
    keepers.give(commands);
    model.give(commands);
    ASSERT_EQ(keepers.take(), model.take()) << watermark;
    ASSERT_GE(keepers.entries(), model.live_keys(watermark));
  }
  EXPECT_EQ(keepers.entries(), 10u) << "the totals, which stay";
}

TEST(KeyedState, AJumpOfTheWatermarkDoesNotCleanAllAtOnce) {
  KeyedProgram program({.expires = 100});
  Keepers keepers(program, 1);
  std::vector<Command> commands;
  for (int64_t key = 0; key < 50'000; ++key) commands.push_back(note(key, key));
  keepers.give(commands);
  keepers.advance(1'000'000);
  EXPECT_GT(keepers.entries(), 40'000u);
  for (int round = 0; round < 40; ++round) keepers.give(show(1, 1'000'000));
  EXPECT_EQ(keepers.entries(), 0u) << "the rows that followed have paid for it";
}

TEST(KeyedState, WhatHasExpiredGoesAlsoWhereNoRowsCome) {
  KeyedProgram program({.expires = 100});
  Keepers keepers(program, 1);
  std::vector<Command> commands;
  for (int64_t key = 0; key < 10'000; ++key) commands.push_back(note(key, key));
  keepers.give(commands);
  for (int64_t watermark = 0; watermark < 100; watermark += 10) keepers.advance(watermark);
  EXPECT_EQ(keepers.entries(), 10'000u);
  for (int64_t watermark = 100; watermark <= 160; watermark += 10) keepers.advance(watermark);
  EXPECT_EQ(keepers.entries(), 0u);
}

// ---- memory ----

TEST(KeyedState, KeysThatComeAndGoLeaveNoMemoryBehind) {
  KeyedProgram program;
  Keepers keepers(program, 1);
  auto churn = [&](int64_t from, int64_t to) {
    std::vector<Command> commands;
    for (int64_t key = from; key < to; ++key) {
      commands.insert(commands.end(), {note(key, key * 50 + 49), set(key, 1'000'000), cancel(key), clear(key)});
    }
    keepers.give(commands);
  };
  churn(0, 20'000);
  uint64_t bytes = keepers.state_bytes();
  churn(20'000, 300'000);
  EXPECT_EQ(keepers.entries(), 0u);
  EXPECT_LT(keepers.state_bytes(), bytes * 2) << "texts, and elements of the queue that nobody answers to";
  keepers.advance(1'000'000);
  EXPECT_TRUE(keepers.take().empty());
}

// The elements that it leaves in the queue are all equal, and one of them always counts.
TEST(Timers, AKeyThatComesAgainForOneTimeOverAndOverDoesNotFillTheQueue) {
  KeyedProgram program;
  Keepers keepers(program, 1);
  auto churn = [&](int rounds) {
    std::vector<Command> commands;
    for (int round = 0; round < rounds; ++round) {
      for (int64_t key = 0; key < 10; ++key) commands.insert(commands.end(), {cancel(key), set(key, 1000)});
    }
    keepers.give(commands);
  };
  churn(1000);
  uint64_t bytes = keepers.state_bytes();
  churn(30'000);
  EXPECT_LT(keepers.state_bytes(), bytes * 2);
  keepers.advance(999);
  EXPECT_TRUE(keepers.take().empty());
  keepers.advance(1000);
  EXPECT_EQ(times_of(keepers.take()), Times(10, 1000));
}

} // namespace
} // namespace flow::test
