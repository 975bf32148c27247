// Snapshots of keyed state and its timers, and random runs with snapshots and restores in between, against the model.
// Run alone: bin/tests/keyed_snapshot_test
#include <random>

#include "tests/unit/keyed_tasks.h"

namespace flow::test {
namespace {

// By key: between keys of several tasks there is no order.
std::map<int64_t, std::vector<Told>> by_key(const std::vector<Told>& told) {
  std::map<int64_t, std::vector<Told>> sorted;
  for (const Told& one : told) sorted[one.key].push_back(one);
  return sorted;
}

// What a run does: rows and time, as a random generator says.
class RandomInput {
public:
  explicit RandomInput(uint32_t seed) : random_(seed) {
    keys_ = 1 + below(random_() % 2 == 0 ? 5 : 200);
    scenario.expires = 1 + below(60);
    if (random_() % 3 == 0) scenario.hashes = 1 + below(4);
  }

  int64_t below(int64_t bound) { return static_cast<int64_t>(random_() % static_cast<uint64_t>(bound)); }

  Command command() {
    Command made{.key = below(keys_), .time = watermark - 20 + below(60), .act = Act::show};
    int64_t choice = below(20);
    made.act = choice < 4    ? Act::add
               : choice < 7  ? Act::note
               : choice < 12 ? Act::set
               : choice < 14 ? Act::cancel
               : choice < 17 ? Act::clear
                             : Act::show;
    made.value = below(100);
    made.timer = below(3);
    made.at = made.timer == 2 ? below(50) : watermark - 10 + below(60);
    return made;
  }

  KeyedScenario scenario;
  int64_t watermark = 0; // of the run
  int64_t now = 0;

private:
  std::mt19937 random_;
  int64_t keys_;
};

// Some rows and some time, to all who are given.
template <typename... Run> void go_on(RandomInput& input, int rounds, Run&... runs) {
  for (int round = 0; round < rounds; ++round) {
    std::vector<Command> commands;
    for (int64_t i = input.below(30); i > 0; --i) commands.push_back(input.command());
    (runs.give(commands), ...);
    Poke poke{input.watermark + input.below(30), input.below(5)};
    (runs.poke(poke), ...);
    if (input.below(2) == 0) {
      input.watermark += input.below(20);
      (runs.advance(input.watermark), ...);
    }
    if (input.below(3) == 0) {
      input.now += input.below(20);
      (runs.tell_clock(input.now), ...);
    }
  }
}

TEST(KeyedRandom, EveryRunIsThatOfTheModelAlsoAcrossRestores) {
  for (uint32_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RandomInput input(seed);
    KeyedProgram program(input.scenario);
    KeeperModel model(program.scenario);
    auto tasks = [&] { return static_cast<uint32_t>(1 + input.below(4)); };
    auto keepers = std::make_unique<Keepers>(program, tasks(), static_cast<uint32_t>(1 + input.below(7)));
    for (int life = 0; life < 4; ++life) {
      go_on(input, 15, *keepers, model);
      ASSERT_EQ(by_key(keepers->take()), by_key(model.take()));
      ASSERT_LE(model.live_keys(INT64_MIN), keepers->entries());
      std::vector<Stored> stored = keepers->store_all();
      keepers = std::make_unique<Keepers>(program, tasks(), static_cast<uint32_t>(1 + input.below(7)));
      keepers->restore(stored);
      keepers->tell_clock(input.now);
      ASSERT_TRUE(keepers->take().empty()) << "what had fired does not fire again";
    }
    go_on(input, 5, *keepers, model);
    keepers->advance(INT64_MAX - 1);
    model.advance(INT64_MAX - 1);
    ASSERT_EQ(by_key(keepers->take()), by_key(model.take()));
    if (HasFailure()) return;
  }
}

// One task: then the order between keys is told, too.
TEST(KeyedRandom, TheOrderIsThatOfTheModelWhateverTheBatches) {
  for (uint32_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RandomInput input(seed);
    input.scenario.hashes = INT64_MAX; // keys of one hash have no order
    KeyedProgram program(input.scenario);
    KeeperModel model(program.scenario);
    Keepers keepers(program, 1);
    auto rows = static_cast<size_t>(1 + input.below(20));
    for (int round = 0; round < 60; ++round) {
      std::vector<Command> commands;
      for (int64_t i = input.below(30); i > 0; --i) commands.push_back(input.command());
      keepers.give(commands, rows);
      model.give(commands);
      input.watermark += input.below(20);
      keepers.advance(input.watermark);
      model.advance(input.watermark);
      ASSERT_EQ(keepers.take(), model.take());
    }
    if (HasFailure()) return;
  }
}

// ---- single snapshots ----

std::vector<Command> large_input(int64_t keys) {
  std::vector<Command> commands;
  for (int64_t key = 0; key < keys; ++key) {
    commands.push_back({.key = key, .time = 0, .act = Act::note, .value = key});
    commands.push_back({.key = key, .time = 0, .act = Act::set, .timer = key % 2, .at = 1000 + key % 100});
  }
  return commands;
}

TEST(KeyedSnapshot, OfOneTaskGoesOnInThreeAndBackInTwo) {
  KeyedProgram program({.expires = INT64_MAX});
  KeeperModel model(program.scenario);
  Keepers one(program, 1);
  std::vector<Command> commands = large_input(2000);
  one.give(commands);
  model.give(commands);
  Keepers three(program, 3);
  three.restore(one.store_all());
  EXPECT_EQ(three.entries(), 2000u);
  for (auto* run : {&three}) run->advance(1050);
  model.advance(1050);
  EXPECT_EQ(by_key(three.take()), by_key(model.take()));
  Keepers two(program, 2);
  two.restore(three.store_all());
  two.advance(1300);
  model.advance(1300);
  EXPECT_EQ(by_key(two.take()), by_key(model.take()));
}

// The table is too large to be copied at once: it is saved while its entries are erased and moved, and others take
// their places.
TEST(KeyedSnapshot, TakenWhileEntriesAreErasedIsTheStateAtItsBarrier) {
  for (int64_t hashes : {INT64_MAX, int64_t{5000}}) {
    KeyedProgram program({.hashes = hashes, .expires = INT64_MAX});
    Keepers keepers(program, 1);
    KeeperModel model(program.scenario), later_model(program.scenario);
    std::vector<Command> before = large_input(60'000);
    keepers.give(before);
    FlowSnapshot* snapshot = flow_task_capture(keepers.task(), 1);
    std::vector<Command> after;
    for (int64_t key = 0; key < 60'000; key += 2) {
      after.push_back({.key = key, .time = 0, .act = Act::cancel, .timer = 0});
      after.push_back({.key = key, .time = 0, .act = Act::clear});
      after.push_back({.key = 100'000 + key, .time = 0, .act = Act::add, .value = key});
    }
    keepers.give(after);
    EXPECT_EQ(keepers.entries(), 60'000u);
    Stored stored;
    std::vector<uint32_t> groups(flow_snapshot_groups(snapshot, nullptr, 0));
    flow_snapshot_groups(snapshot, groups.data(), static_cast<uint32_t>(groups.size()));
    for (uint32_t group : groups) {
      FlowWriter writer{&stored.groups.emplace_back(group, "").second, append};
      flow_snapshot_write_group(snapshot, group, &writer);
    }
    flow_snapshot_release(snapshot, 1);

    Keepers restored(program, 3);
    restored.restore({stored});
    EXPECT_EQ(restored.entries(), 60'000u);
    std::vector<Command> looks; // each key is found, and nothing is made anew
    for (int64_t key = 0; key < 60'000; ++key) looks.push_back({.key = key, .time = 0, .act = Act::show});
    restored.give(looks);
    EXPECT_EQ(restored.entries(), 60'000u);
    std::map<int64_t, std::vector<Told>> told = by_key(restored.take());
    for (const auto& [key, seen] : told) ASSERT_EQ(seen, (std::vector<Told>{{key, shown, 0, -1, key, text_of(key)}}));
    restored.advance(1100);
    told = by_key(restored.take());
    ASSERT_EQ(told.size(), 60'000u);
    for (const auto& [key, fired] : told) {
      ASSERT_EQ(fired.front(), (Told{key, key % 2, 1000 + key % 100, -1, key, text_of(key)}));
    }
    keepers.advance(1100); // and the one that went on is as if there had been no snapshot
    told = by_key(keepers.take());
    ASSERT_EQ(told.size(), 30'000u);
    for (const auto& [key, fired] : told) {
      ASSERT_EQ(fired.front(), (Told{key, 1, 1000 + key % 100, -1, key, text_of(key)}));
    }
  }
}

TEST(KeyedSnapshot, HoldsNothingOfAStateThatIsEmpty) {
  KeyedProgram program;
  Keepers keepers(program, 1);
  keepers.give({{.key = 1, .time = 0, .act = Act::add, .value = 1}, {.key = 1, .time = 0, .act = Act::clear}});
  EXPECT_TRUE(keepers.store_all()[0].groups.empty());
}

TEST(KeyedSnapshot, DamagedBytesAreRefusedAndNeverCrash) {
  KeyedProgram program;
  Keepers keepers(program, 1);
  keepers.give(large_input(100));
  Stored stored = keepers.store_all()[0];
  std::mt19937 random(7);
  int refused = 0;
  for (int round = 0; round < 4000; ++round) {
    auto [group, bytes] = stored.groups[random() % stored.groups.size()];
    if (round % 2 == 0) {
      bytes.resize(random() % bytes.size());
    } else {
      for (uint32_t i = 0; i <= random() % 3; ++i) {
        bytes[random() % bytes.size()] ^= static_cast<char>(1 + random() % 255);
      }
    }
    Keepers other(program, 1);
    if (flow_task_restore_group(other.task(), group, bytes.data(), bytes.size()) != 0) {
      ++refused;
      ASSERT_NE(std::string(flow_task_error(other.task()).text), "");
      continue;
    }
    other.host().credit = INT64_MAX;
    flow_task_watermark(other.task(), 0, 2000, 0);
    flow_task_watermark(other.task(), 1, 2000, 0);
    for (int step = 0; step < 100 && flow_task_step(other.task()) == 1; ++step) {
    }
  }
  EXPECT_GT(refused, 2000);
}

} // namespace
} // namespace flow::test
