// Timers in processing time in a running job: who tells the time, when a sleeping host wakes, and what a crash changes.
//
//   operator Totals: each key adds up its numbers; the first starts a timer of 5 ms, which writes the sum and forgets
//   it
//
// Nothing comes out but by timers. Run alone: bin/tests/clock_test
#include <gtest/gtest.h>

#include <cstddef>
#include <sstream>

#include "tests/unit/host_program.h"

namespace flow::test {
namespace {

using namespace flow::runtime;

constexpr int64_t wait_us = 5000;

struct TotalEntry {
  int64_t key;
  uint8_t is_set, timer_is_set, unused[6];
  int64_t sum, count;
  int64_t time, queued;
};

int64_t add_totals(FlowTask* task, uint32_t, const FlowBatch* batch, int64_t from) {
  for (int64_t at = from; at < flow_batch_rows(batch); ++at) {
    NumberRow row;
    memcpy(&row, flow_batch_row(batch, at, sizeof row), sizeof row);
    uint64_t hash = flow_hash_i64(static_cast<uint64_t>(row.key));
    uint8_t* bytes =
        flow_table_upsert(flow_keyed(task, 0), hash, reinterpret_cast<const uint8_t*>(&row.key), 8, sizeof(TotalEntry));
    auto* entry = reinterpret_cast<TotalEntry*>(bytes);
    if (entry->timer_is_set == 0) flow_timer_set(task, 0, 0, bytes, hash, flow_now(task) + wait_us);
    entry->is_set = 1;
    entry->sum += row.value;
    entry->count += 1;
    if (flow_out_full(task) != 0) return at + 1;
  }
  return flow_batch_rows(batch);
}

int64_t write_total(FlowTask* task, uint32_t, const FlowDue* due, int64_t) {
  auto* entry = reinterpret_cast<TotalEntry*>(due->entry);
  write_numbers(task, {entry->key, due->window_start, entry->sum, entry->count});
  entry->is_set = 0;
  entry->sum = entry->count = 0;
  return 1;
}

const FlowField entry_fields[] = {{"key", FLOW_I64, 0, FLOW_NONE, FLOW_NONE}};
const FlowStateCell cells[] = {
    {"total", offsetof(TotalEntry, is_set), offsetof(TotalEntry, sum), offsetof(TotalEntry, time), FLOW_NONE, 0, ""}};
const FlowStateTimer timers[] = {
    {"show", offsetof(TotalEntry, timer_is_set), offsetof(TotalEntry, time), offsetof(TotalEntry, queued), 1}};

struct TotalProgram : NumberProgram {
  explicit TotalProgram(Numbers wanted) : NumberProgram(std::move(wanted)) {
    FlowState keyed{.name = "totals.process",
                    .kind = FLOW_STATE_KEYED,
                    .key_size = 8,
                    .running_layout = FLOW_NONE,
                    .cell_count = 1,
                    .timer_count = 1,
                    .cells = cells,
                    .timers = timers};
    const FlowLayout entry{.name = "totals.entry",
                           .fingerprint = 5,
                           .stride = sizeof(TotalEntry),
                           .field_count = 1,
                           .fields = entry_fields,
                           .repeat = {0, 0, 0, 0, FLOW_NONE}};
    use_state(keyed, entry, add_totals, write_total);
  }
};

struct Record {
  int64_t time, sum, count;
};

// What is shown, by key, in order of time.
std::map<int64_t, std::vector<Record>> records(Machine& machine) {
  std::map<int64_t, std::vector<Record>> all;
  for (const std::string& line : machine.output()) {
    std::istringstream in(line);
    int64_t key;
    Record record{};
    char comma;
    in >> key >> comma >> record.time >> comma >> record.sum >> comma >> record.count;
    all[key].push_back(record);
  }
  for (auto& [key, of] : all) {
    std::sort(of.begin(), of.end(), [](const Record& a, const Record& b) { return a.time < b.time; });
  }
  return all;
}

// Each key's numbers, one after the other, are in its records once.
void expect_no_number_lost_or_twice(const std::map<int64_t, std::vector<Record>>& all, int64_t keys) {
  for (const auto& [key, of] : all) {
    int64_t number = key;
    for (const Record& record : of) {
      int64_t sum = 0;
      for (int64_t i = 0; i < record.count; ++i, number += keys) sum += number;
      ASSERT_EQ(record.sum, sum) << "key " << key << " at " << record.time;
    }
  }
}

constexpr const char* checkpoints = "checkpoints";

TEST(Clock, TimersFireAsTimeGoesOnAlsoAcrossCrashesAndRescaling) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    TotalProgram program({.count = -1, .splits = 1, .rate = 20'000});
    Machine machine(seed);
    Random random(seed);
    for (int life = 0; life < 4; ++life) {
      auto parallelism = static_cast<uint32_t>(1 + random.below(4));
      Status opened = machine.open(program, machine.options(parallelism, checkpoints));
      ASSERT_TRUE(opened.is_ok()) << opened.message();
      ASSERT_EQ(machine.run(static_cast<int>(100 + random.below(400))), Outcome::running);
      machine.restart();
    }
    auto all = records(machine);
    ASSERT_EQ(all.size(), 7u) << "timers are there again after each restore";
    expect_no_number_lost_or_twice(all, 7);
    if (HasFailure()) return;
  }
}

TEST(Clock, AHostWithNothingToDoWakesForTheNextTimer) {
  TotalProgram program({.count = -1, .splits = 1, .keys = 1, .rate = 1}); // then nothing comes for a second
  Machine machine;
  ASSERT_TRUE(machine.open(program, machine.options(1, checkpoints)).is_ok());
  const TaskRunner& totals = *machine.job->runners()[1];
  auto left_us = [&] { return totals.deadline_us() - machine.process->monotonic_us(); };
  auto waits_for_a_timer = [&] { return totals.deadline_us() != no_deadline && left_us() > wait_us / 2; };
  for (int round = 0; round < 20'000 && !waits_for_a_timer(); ++round) machine.run(1);
  ASSERT_TRUE(waits_for_a_timer());
  EXPECT_LE(left_us(), wait_us);
  machine.sim.advance_us(left_us() - 150);
  machine.run(1);
  EXPECT_EQ(flow_task_counters(totals.task()).entries, 1u) << "not yet";
  machine.run(2);
  EXPECT_EQ(flow_task_counters(totals.task()).entries, 0u);
  EXPECT_FALSE(waits_for_a_timer());
}

// Only the clock of the machine jumps: what a timer waits for is how long it really is.
TEST(Clock, AJumpOfTheWallClockFiresNothing) {
  TotalProgram program({.count = -1, .splits = 1, .rate = 20'000});
  Machine machine;
  ASSERT_TRUE(machine.open(program, machine.options(2, checkpoints)).is_ok());
  ASSERT_EQ(machine.run(300), Outcome::running);
  machine.sim.jump_wall_us(int64_t{3600} * 1'000'000);
  ASSERT_EQ(machine.run(300), Outcome::running);
  machine.sim.jump_wall_us(int64_t{-7200} * 1'000'000);
  ASSERT_EQ(machine.run(300), Outcome::running);
  auto all = records(machine);
  ASSERT_EQ(all.size(), 7u);
  for (const auto& [key, of] : all) {
    ASSERT_GT(of.size(), 10u);
    for (size_t i = 1; i < of.size(); ++i) {
      EXPECT_GE(of[i].time - of[i - 1].time, wait_us);
      EXPECT_LE(of[i].time - of[i - 1].time, 2 * wait_us);
    }
  }
  expect_no_number_lost_or_twice(all, 7);
}

TEST(Clock, TheEndOfTheInputDropsTimersThatWaitForIt) {
  TotalProgram program({.count = 70, .splits = 1}); // read at once
  Machine machine;
  ASSERT_TRUE(machine.open(program, machine.options(2)).is_ok());
  EXPECT_EQ(machine.run(), Outcome::finished);
  EXPECT_TRUE(records(machine).empty());
}

} // namespace
} // namespace flow::test
