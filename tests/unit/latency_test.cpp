// When rows leave a task, in simulated time: full batches at once, others when their oldest row is as old as the
// latency bound or when there is nothing else to do; with a bound of 0 after every call. A source with a rate reads
// what is due in one go, and an idle job wakes for several rows at once, none later than the bound. Run alone:
// bin/tests/latency_test
#include <gtest/gtest.h>

#include "tests/unit/host_program.h"

namespace flow::test {
namespace {

using namespace runtime;

constexpr int64_t hour_us = int64_t{3600} * 1'000'000;

// The source of a job, stepped by hand; the test takes what it sends.
class Latency : public testing::Test {
protected:
  void open(int64_t latency_us, uint32_t batch_rows, int64_t rows_per_action, double rate = 0) {
    program = std::make_unique<NumberProgram>(Numbers{.count = 1'000'000, .splits = 1, .rate = rate});
    JobOptions options = machine.options(1);
    options.latency_us = latency_us;
    options.batch_rows = batch_rows;
    options.rows_per_action = rows_per_action;
    options.credit = 1000;
    start_us = now();
    Status opened = machine.open(*program, options);
    ASSERT_TRUE(opened.is_ok()) << opened.message();
    source = machine.job->runners()[0].get();
    for (const Job::Link& link : machine.job->links()) {
      if (link.producer == source) channel = link.channel;
    }
    while (channel->front() == nullptr) step(); // the opening: its time, before any row
    source->rest(now());
    ASSERT_TRUE(take_rows().empty());
  }

  int64_t now() { return machine.process->monotonic_us(); }
  Progress step() { return source->step(now()); }
  uint64_t rows_in() { return flow_task_counters(source->task()).rows_in; }
  // Up to the next rows that the source reads, and what is due after them.
  void read() {
    for (uint64_t before = rows_in(); rows_in() == before;) ASSERT_EQ(step(), Progress::worked);
    step();
  }
  void read_all() {
    while (step() == Progress::worked) {
    }
  }

  // The numbers of the rows that have come. A watermark must not be ahead of rows behind it.
  std::vector<int64_t> take_rows() {
    std::vector<int64_t> rows;
    while (const runtime::Element* front = channel->front()) {
      runtime::Element element = *front;
      channel->pop();
      if (element.kind == ElementKind::watermark) watermark = element.value;
      if (element.kind != ElementKind::batch) continue;
      for (int64_t i = 0; i < flow_batch_rows(element.batch); ++i) {
        NumberRow row;
        memcpy(&row, flow_batch_row(element.batch, i, sizeof row), sizeof row);
        EXPECT_GT(row.time, watermark);
        rows.push_back(row.value);
      }
      channel->give_back(element.batch);
    }
    return rows;
  }

  Machine machine;
  std::unique_ptr<NumberProgram> program;
  TaskRunner* source = nullptr;
  Channel* channel = nullptr;
  int64_t watermark = INT64_MIN;
  int64_t start_us = 0;
};

TEST_F(Latency, FullBatchesLeaveAtOnce) {
  open(hour_us, 5, 12);
  read();
  EXPECT_EQ(take_rows().size(), 10u) << "two batches of five; two rows stay";
  read();
  EXPECT_EQ(take_rows().size(), 10u) << "24 were read";
  read();
  EXPECT_EQ(take_rows().size(), 15u) << "36 were read";
  EXPECT_EQ(watermark, INT64_MIN) << "no watermark forces a batch out";
}

TEST_F(Latency, OthersLeaveWhenTheirOldestRowIsAsOldAsTheBound) {
  open(1000, 100, 3);
  read();
  int64_t read_us = now();
  machine.sim.advance_us(999);
  read();
  EXPECT_TRUE(take_rows().empty()) << "the oldest is 999 us old";
  EXPECT_EQ(source->deadline_us(), read_us + 1000);
  machine.sim.advance_us(1);
  step();
  EXPECT_EQ(take_rows(), (std::vector<int64_t>{0, 1, 2, 3, 4, 5}));
  EXPECT_GT(watermark, INT64_MIN) << "the watermark goes with them";
  EXPECT_EQ(source->deadline_us(), no_deadline);
  machine.sim.advance_us(500);
  read();
  machine.sim.advance_us(999);
  read();
  EXPECT_TRUE(take_rows().empty()) << "the time begins with the first row of the batch";
}

// Whatever the pace: no row waits longer than the bound and the action that was going on when it passed.
TEST_F(Latency, NoRowWaitsForLongerThanTheBoundAndOneAction) {
  constexpr int64_t bound_us = 700, action_us_max = 150;
  open(bound_us, 64, 7);
  Random random(17);
  std::vector<int64_t> read_at; // by number
  int64_t oldest_us = 0;
  for (int action = 0; action < 20'000; ++action) {
    step();
    read_at.resize(rows_in(), now());
    for (int64_t number : take_rows()) oldest_us = std::max(oldest_us, now() - read_at[static_cast<size_t>(number)]);
    machine.sim.advance_us(random.between(0, action_us_max));
  }
  EXPECT_GE(oldest_us, bound_us) << "the bound was never reached: nothing was tried";
  EXPECT_LE(oldest_us, bound_us + action_us_max);
}

TEST_F(Latency, OthersLeaveWhenThereIsNothingElseToDo) {
  open(hour_us, 100, 3);
  EXPECT_EQ(source->rest(now()), Progress::waiting) << "nothing is held back";
  read();
  EXPECT_TRUE(take_rows().empty());
  EXPECT_EQ(source->rest(now()), Progress::worked);
  EXPECT_EQ(take_rows(), (std::vector<int64_t>{0, 1, 2}));
  EXPECT_GT(watermark, INT64_MIN);
  EXPECT_EQ(source->rest(now()), Progress::waiting);
}

TEST_F(Latency, WithABoundOfZeroEveryCallSends) {
  open(0, 100, 3);
  for (int64_t call = 0; call < 10; ++call) {
    read();
    EXPECT_EQ(take_rows(), (std::vector<int64_t>{3 * call, 3 * call + 1, 3 * call + 2}));
  }
}

// At a million a second: reads of 20 rows, and between them there is time to send what they gave.
TEST_F(Latency, ASourceWithARateReadsWhatIsDueInOneGo) {
  open(1000, 1000, 4096, 1e6);
  machine.sim.advance_us(100);
  read_all();
  for (int count = 0; count < 50; ++count) {
    uint64_t before = rows_in();
    machine.sim.advance_us(19);
    read_all();
    EXPECT_EQ(rows_in(), before);
    machine.sim.advance_us(1);
    read_all();
    EXPECT_EQ(rows_in(), before + 20);
  }
  machine.sim.advance_us(30'000);
  read_all();
  EXPECT_EQ(rows_in(), static_cast<uint64_t>(now() - start_us)) << "a stall is made up for";
}

// One thread, as the native host runs it, that sleeps whenever it can: how often it wakes, and how late rows are.
struct Idle {
  uint64_t wakes = 0;
  int64_t late_us = 0;
};
Idle idle_second(int64_t latency_us, double rate) {
  NumberProgram program({.count = 1'000'000, .splits = 1, .rate = rate});
  Machine machine;
  JobOptions options = machine.options(1);
  options.latency_us = latency_us;
  EXPECT_TRUE(machine.open(program, options).is_ok());
  int64_t start_us = machine.process->monotonic_us();
  std::vector<Part*> parts;
  for (const auto& runner : machine.job->runners()) parts.push_back(runner.get());
  for (const auto& sink : machine.job->sink_parts()) parts.push_back(sink.get());
  FlowTask* sums = machine.job->runners()[1]->task();
  auto now = [&] { return machine.process->monotonic_us(); };
  auto any = [&](auto&& call) {
    return std::count_if(parts.begin(), parts.end(), [&](Part* part) { return call(*part) == Progress::worked; }) > 0;
  };
  Idle idle;
  while (now() - start_us < 1'000'000) {
    ++idle.wakes;
    while (any([&](Part& part) { return part.step(now()); }) || any([&](Part& part) { return part.rest(now()); })) {
    }
    int64_t next = static_cast<int64_t>(flow_task_counters(sums).rows_in); // has not come yet; due at
    auto due_us = static_cast<int64_t>(static_cast<double>(next + 1) * 1e6 / rate);
    idle.late_us = std::max(idle.late_us, now() - start_us - due_us);
    int64_t deadline_us = no_deadline;
    for (Part* part : parts) deadline_us = std::min(deadline_us, part->deadline_us());
    EXPECT_GT(deadline_us, now());
    idle.late_us = std::max(idle.late_us, deadline_us - start_us - due_us);
    machine.sim.advance_us(deadline_us - now());
  }
  return idle;
}

TEST(IdleJob, WakesForSeveralRowsAtOnceAndForNoneTooLate) {
  Idle idle = idle_second(1000, 1000);
  EXPECT_LE(idle.wakes, 502u);
  EXPECT_GE(idle.wakes, 498u);
  EXPECT_LE(idle.late_us, 1001);
  idle = idle_second(5000, 1000);
  EXPECT_LE(idle.wakes, 170u);
  EXPECT_LE(idle.late_us, 5001);
  idle = idle_second(1000, 20'000);
  EXPECT_LE(idle.wakes, 1002u);
  EXPECT_LE(idle.late_us, 1001);
}

TEST(IdleJob, WakesForEachRowWithABoundOfZero) {
  Idle idle = idle_second(0, 1000);
  EXPECT_NEAR(static_cast<double>(idle.wakes), 1000, 2);
  EXPECT_LE(idle.late_us, 1);
}

} // namespace
} // namespace flow::test
