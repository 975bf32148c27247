// The core, driven through flow_host.h alone by a host of the test, with chain functions as codegen writes them.
// Shows: windows and lateness equal a model that looks at every row, whatever the batch size and the credit; a snapshot
// moves to any number of tasks; damaged snapshots are refused. Run alone: bin/tests/task_test --gtest_filter=Task.*
#include "tests/unit/task_host.h"
#include "tests/unit/task_program.h"

#include <gtest/gtest.h>

#include <map>
#include <numeric>
#include <random>
#include <tuple>

#include "runtime/batch/batch.h"

namespace flow::test {
namespace {

using Results =
    std::map<std::tuple<int64_t, int64_t>, std::tuple<int64_t, int64_t, std::string>>; // window, key → sum, count, name

// source task → sum tasks → results, delivered one element at a time.
class Pipeline {
public:
  Pipeline(const TestProgram& program, uint32_t tasks, uint32_t seed)
      : random_(seed), source_(program, 0, 0, 1, tasks, 1 + random_() % 7) {
    for (uint32_t i = 0; i < tasks; ++i) {
      sums_.push_back(std::make_unique<TestHost>(program, 1, i, tasks, 1, 1 + random_() % 7));
    }
  }

  TestHost& source() { return source_; }
  TestHost& sum(size_t i) { return *sums_[i]; }
  void open(uint32_t splits) {
    for (uint32_t i = 0; i < splits; ++i) {
      std::string name = std::to_string(i);
      FlowSplit* split = flow_split_find(source_.task(), name.c_str());
      splits_.push_back(split != nullptr ? split : flow_split_open(source_.task(), name.c_str(), i, splits, 0));
    }
  }

  // Reads the split up to `end`, in calls of random size and with little credit.
  void pull(uint32_t split, int64_t end) {
    int64_t at = flow_split_cursor(splits_[split]);
    while (at < end) {
      source_.credit = 1 + random_() % 4;
      FlowInput input{nullptr, end, static_cast<int64_t>(1 + random_() % 20), 0, {}};
      at = flow_task_pull(source_.task(), splits_[split], &input, at);
      ASSERT_GE(at, 0) << flow_task_error(source_.task()).text;
      ASSERT_EQ(at, flow_split_cursor(splits_[split]));
      deliver();
    }
  }
  void end() {
    for (FlowSplit* split : splits_) flow_split_end(source_.task(), split);
    flush();
    EXPECT_TRUE(flow_task_is_finished(source_.task()));
    for (auto& sum : sums_) {
      flow_task_end(sum->task(), 0);
      run(*sum);
      EXPECT_TRUE(flow_task_is_finished(sum->task()));
    }
  }
  // Everything before a barrier: open batches, then what they cause.
  void flush() {
    flow_task_flush(source_.task());
    deliver();
    for (auto& sum : sums_) flow_task_flush(sum->task());
    collect();
  }

  Results results;
  uint64_t late() const {
    uint64_t sum = 0;
    for (const auto& task : sums_) sum += flow_task_counters(task->task()).late;
    return sum;
  }
  size_t size() const { return sums_.size(); }

private:
  void deliver() {
    for (const Element& element : source_.take_sent()) {
      for (uint32_t i = 0; i < sums_.size(); ++i) {
        if (element.kind == Element::watermark) flow_task_watermark(sums_[i]->task(), 0, element.time, element.is_idle);
        if (element.kind == Element::batch && element.channel == i) push(*sums_[i], element.rows);
        run(*sums_[i]);
      }
      flow_batch_free(element.rows);
    }
    collect();
  }
  void push(TestHost& sum, const FlowBatch* rows) {
    int64_t at = 0;
    while (at < static_cast<int64_t>(rows->rows)) {
      sum.credit = 1;
      at = flow_task_push(sum.task(), 0, rows, at);
      ASSERT_GE(at, 0) << flow_task_error(sum.task()).text;
    }
  }
  void run(TestHost& sum) {
    int32_t more = 1;
    while (more == 1) {
      sum.credit = 1 + random_() % 3;
      more = flow_task_step(sum.task());
    }
    ASSERT_EQ(more, 0) << flow_task_error(sum.task()).text;
  }
  void collect() {
    for (auto& sum : sums_) {
      for (const Element& element : sum->take_sent()) {
        if (element.kind == Element::batch) read(element.rows);
        flow_batch_free(element.rows);
      }
    }
  }
  void read(const FlowBatch* batch) {
    for (int64_t i = 0; i < flow_batch_rows(batch); ++i) {
      const OutRow* row = reinterpret_cast<const OutRow*>(flow_batch_row(batch, i, sizeof(OutRow)));
      FlowView name = flow_view(row->name, flow_batch_heap(batch));
      auto [at, is_new] =
          results.insert({{row->window_start, row->key}, {row->sum, row->count, std::string(name.data, name.length)}});
      EXPECT_TRUE(is_new) << "a window fired twice: " << row->window_start << " key " << row->key;
    }
  }

  std::mt19937 random_;
  TestHost source_;
  std::vector<std::unique_ptr<TestHost>> sums_;
  std::vector<FlowSplit*> splits_;
};

// What a watermark after every row of the one split gives.
struct Model {
  Results results;
  uint64_t late = 0;

  Model(const Scenario& s, int64_t lag, int64_t first = 0) {
    __int128 watermark = INT64_MIN;
    for (size_t n = static_cast<size_t>(first); n < s.times.size(); ++n) {
      int64_t time = s.times[n], key = static_cast<int64_t>(n) % s.keys;
      __int128 newest_start = wide_floor(static_cast<__int128>(time) - s.offset, s.slide) + s.offset;
      bool is_late = newest_start + s.size - 1 <= watermark;
      late += is_late;
      for (__int128 start = newest_start; start + s.size > time && !is_late; start -= s.slide) {
        if (start + s.size - 1 <= watermark) continue;
        auto& [sum, count, name] = results[{cut(start), key}];
        sum += static_cast<int64_t>(n);
        count += 1;
        name = name_of(key);
      }
      watermark = std::max(watermark, static_cast<__int128>(time) - lag - 1);
    }
  }
  static __int128 wide_floor(__int128 value, __int128 step) {
    __int128 rest = value % step;
    return value - (rest < 0 ? rest + step : rest);
  }
  static int64_t cut(__int128 time) {
    return time < INT64_MIN ? INT64_MIN : time > INT64_MAX ? INT64_MAX : static_cast<int64_t>(time);
  }
};

Scenario random_scenario(std::mt19937& random, size_t events) {
  Scenario s;
  s.keys = 1 + random() % 50;
  if (random() % 2 == 0) {
    s.size = s.slide = s.pane = 1 + random() % 20;
  } else {
    s.window = FLOW_WINDOW_HOPPING;
    s.slide = 1 + random() % 10;
    s.size = s.slide * (1 + random() % 4) + (random() % 2 == 0 ? 0 : random() % s.slide);
    s.pane = std::gcd(s.size, s.slide);
  }
  s.offset = random() % 7;
  int64_t disorder = 1 + random() % 60, pace = random() % 4;
  for (size_t n = 0; n < events; ++n) {
    s.times.push_back(static_cast<int64_t>(n) * pace - static_cast<int64_t>(random() % disorder));
  }
  return s;
}

TEST(Task, EveryRowIsLateExactlyIfAWatermarkAfterEveryRowWouldSaySo) {
  for (uint32_t seed = 0; seed < 400; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    Scenario scenario = random_scenario(random, 300);
    int64_t lag = random() % 3 == 0 ? 0 : random() % 40;
    TestProgram program(scenario, lag);
    Pipeline pipeline(program, 1 + random() % 3, seed);
    pipeline.open(1);
    pipeline.pull(0, 300);
    pipeline.end();
    Model model(scenario, lag);
    ASSERT_EQ(pipeline.late(), model.late);
    ASSERT_EQ(pipeline.results, model.results);
    if (HasFailure()) return;
  }
}

TEST(Task, ASnapshotGoesOnInAnyNumberOfTasks) {
  for (uint32_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    Scenario scenario = random_scenario(random, 200);
    int64_t lag = random() % 40;
    TestProgram program(scenario, lag);
    uint32_t before = 1 + random() % 4, after = 1 + random() % 4;
    int64_t cut = random() % 201;

    Pipeline first(program, before, seed);
    first.open(1);
    first.pull(0, cut);
    first.flush();
    Stored source = store(first.source().task());
    Pipeline second(program, after, seed + 1);
    for (const std::string& item : source.items) {
      char name[8];
      EXPECT_EQ(flow_item_split_name(item.data(), item.size(), name, sizeof name), item == source.items.front());
      ASSERT_EQ(flow_task_restore_item(second.source().task(), item.data(), item.size()), 0);
    }
    for (size_t i = 0; i < before; ++i) {
      Stored stored = store(first.sum(i).task());
      for (size_t to = 0; to < after; ++to) {
        for (const std::string& item : stored.items) {
          ASSERT_EQ(flow_task_restore_item(second.sum(to).task(), item.data(), item.size()), 0);
        }
      }
      for (const auto& [group, bytes] : stored.groups) {
        TestHost& owner = second.sum(group * after / group_count);
        ASSERT_EQ(flow_task_restore_group(owner.task(), group, bytes.data(), bytes.size()), 0)
            << flow_task_error(owner.task()).text;
      }
    }
    second.open(1);
    second.pull(0, 200);
    second.end();

    Model model(scenario, lag);
    EXPECT_EQ(second.late(), model.late); // counters of the first run came along
    Results all = first.results;
    for (const auto& [key, value] : second.results) EXPECT_TRUE(all.insert({key, value}).second) << "fired twice";
    EXPECT_EQ(all, model.results);
    if (HasFailure()) return;
  }
}

TEST(Task, TheEndsOfTimeAreLikeAnyOtherTime) {
  for (int64_t lag : {int64_t{0}, int64_t{1000}, INT64_MAX}) {
    Scenario scenario;
    scenario.keys = 3;
    scenario.size = 4'000'000;
    scenario.slide = scenario.pane = 1'000'000;
    scenario.window = FLOW_WINDOW_HOPPING;
    int64_t year_1 = -62'135'596'800'000'000, year_9999 = 253'402'300'799'999'999;
    // The first panes of the axis cannot be told to the table in 64 bits: generated code keeps off them.
    scenario.times = {INT64_MIN + 5'000'000, year_1, -1, 0, year_9999, INT64_MAX - 1, INT64_MAX, 7};
    TestProgram program(scenario, lag);
    Pipeline pipeline(program, 1, 1);
    pipeline.open(1);
    pipeline.pull(0, static_cast<int64_t>(scenario.times.size()));
    pipeline.end();
    Model model(scenario, lag);
    EXPECT_EQ(pipeline.late(), model.late) << lag;
    EXPECT_EQ(pipeline.results, model.results) << lag;
  }
}

TEST(Task, TheGlobalWindowClosesAtTheEndOnly) {
  Scenario scenario;
  scenario.window = FLOW_WINDOW_GLOBAL;
  scenario.size = scenario.slide = scenario.pane = INT64_MAX;
  scenario.times = {5, -3, 8, 1'000'000};
  scenario.keys = 1;
  TestProgram program(scenario, 0);
  TestHost sum(program, 1, 0, 1, 1);
  FlowBatch* rows = flow_batch_new(sizeof(InRow), 4, 0);
  for (int64_t n = 0; n < 4; ++n) {
    InRow row{0, n, 0};
    memcpy(flow::runtime::batch_row(rows, rows->rows++), &row, sizeof row);
  }
  EXPECT_EQ(flow_task_push(sum.task(), 0, rows, 0), 4);
  flow_batch_free(rows);
  flow_task_watermark(sum.task(), 0, INT64_MAX - 1, 0);
  EXPECT_EQ(flow_task_step(sum.task()), 0);
  ASSERT_EQ(sum.sent.size(), 1u); // the watermark, no rows
  flow_task_end(sum.task(), 0);
  while (flow_task_step(sum.task()) == 1) {
  }
  ASSERT_EQ(sum.sent.size(), 3u);
  const OutRow* out = reinterpret_cast<const OutRow*>(flow_batch_row(sum.sent[1].rows, 0, sizeof(OutRow)));
  EXPECT_EQ(out->sum, 6);
  EXPECT_EQ(out->window_start, INT64_MIN);
  EXPECT_EQ(out->window_end, INT64_MAX);
  EXPECT_EQ(sum.sent[2].time, INT64_MAX);
}

TEST(Task, DamagedSnapshotsAreRefusedAndNeverCrash) {
  std::mt19937 random(7);
  Scenario scenario = random_scenario(random, 200);
  TestProgram program(scenario, 30);
  Pipeline pipeline(program, 1, 7);
  pipeline.open(1);
  pipeline.pull(0, 200);
  pipeline.flush();
  Stored stored = store(pipeline.sum(0).task());
  Stored source = store(pipeline.source().task());
  ASSERT_FALSE(stored.groups.empty());
  int refused = 0;
  for (int round = 0; round < 4000; ++round) {
    auto [group, bytes] = stored.groups[random() % stored.groups.size()];
    if (round % 2 == 0)
      bytes.resize(random() % bytes.size());
    else
      for (uint32_t i = 0; i <= random() % 3; ++i)
        bytes[random() % bytes.size()] ^= static_cast<char>(1 + random() % 255);
    TestHost host(program, 1, 0, 1, 1);
    if (flow_task_restore_group(host.task(), group, bytes.data(), bytes.size()) == 0) continue;
    ++refused;
    ASSERT_NE(flow_task_error(host.task()).code, 0);
    ASSERT_NE(std::string(flow_task_error(host.task()).text), "");
  }
  EXPECT_GT(refused, 2000);
  for (int round = 0; round < 4000; ++round) {
    std::string bytes = source.items[random() % source.items.size()];
    if (round % 2 == 0)
      bytes.resize(random() % bytes.size());
    else
      bytes[random() % bytes.size()] ^= static_cast<char>(1 + random() % 255);
    char name[16];
    flow_item_split_name(bytes.data(), bytes.size(), name, sizeof name);
    TestHost host(program, 0, 0, 1, 1);
    int32_t answer = flow_task_restore_item(host.task(), bytes.data(), bytes.size());
    if (round % 2 == 0) ASSERT_EQ(answer, -1) << "a cut item was taken";
  }
}

TEST(Task, AStateOfOtherFieldsIsRefusedByName) {
  Scenario scenario;
  scenario.times = {1, 2, 3};
  TestProgram program(scenario, 30);
  Pipeline pipeline(program, 1, 7);
  pipeline.open(1);
  pipeline.pull(0, 3);
  pipeline.flush();
  Stored stored = store(pipeline.sum(0).task());
  TestProgram other(scenario, 30);
  other.layouts[1].fingerprint = 99;
  TestHost host(other, 1, 0, 1, 1);
  auto& [group, bytes] = stored.groups.front();
  EXPECT_EQ(flow_task_restore_group(host.task(), group, bytes.data(), bytes.size()), -1);
  EXPECT_EQ(flow_task_error(host.task()).code, 8);
  EXPECT_NE(std::string(flow_task_error(host.task()).text).find("sums.aggregate"), std::string::npos);
}

TEST(Task, AnIdleSplitHoldsNothingBackAndAnEndedOneNeitherDoes) {
  Scenario scenario;
  scenario.times = {0, 100, 10, 110, 20, 120};
  TestProgram program(scenario, 0);
  TestHost host(program, 0, 0, 1, 1);
  FlowTask* task = host.task();
  FlowSplit* even = flow_split_open(task, "even", 0, 2, 0);
  FlowSplit* odd = flow_split_open(task, "odd", 1, 2, 0);
  auto pull = [&](FlowSplit* split, int64_t from, int64_t to) {
    FlowInput input{nullptr, to, 100, 0, {}};
    ASSERT_EQ(flow_task_pull(task, split, &input, from), to);
  };
  pull(even, 0, 1);
  EXPECT_EQ(flow_task_current_watermark(task), INT64_MIN); // the other split has said nothing
  flow_split_idle(task, odd, 1);
  EXPECT_EQ(flow_task_current_watermark(task), -1);
  pull(odd, 0, 2);
  EXPECT_EQ(flow_task_current_watermark(task), -1);
  pull(even, 1, 3);
  EXPECT_EQ(flow_task_current_watermark(task), 19);
  flow_split_idle(task, even, 1);
  EXPECT_EQ(flow_task_current_watermark(task), 109);
  flow_split_idle(task, odd, 1);
  EXPECT_TRUE(host.sent.back().is_idle);
  EXPECT_EQ(host.sent.back().time, 109);
  pull(even, 3, 3); // speaks again; what it has said before cannot be taken back
  EXPECT_FALSE(host.sent.back().is_idle);
  EXPECT_EQ(flow_task_current_watermark(task), 109);
  flow_split_end(task, even);
  flow_split_end(task, odd);
  EXPECT_EQ(flow_task_current_watermark(task), INT64_MAX);
  EXPECT_TRUE(flow_task_is_finished(task));
}

TEST(Task, ASourceTaskWithoutSplitsEndsWhenItIsToldSo) {
  Scenario scenario;
  scenario.times = {0};
  TestProgram program(scenario, 0);
  TestHost host(program, 0, 0, 1, 1);
  EXPECT_EQ(flow_task_step(host.task()), 0);
  EXPECT_FALSE(flow_task_is_finished(host.task()));
  flow_task_end(host.task(), 0);
  EXPECT_TRUE(flow_task_is_finished(host.task()));
  ASSERT_EQ(host.sent.size(), 1u);
  EXPECT_EQ(host.sent[0].time, INT64_MAX);
}

TEST(Task, ASourceWithoutWatermarkSendsNoneUntilItsEnd) {
  Scenario scenario;
  scenario.times = {0, 100, 200};
  TestProgram program(scenario, 0);
  program.connectors[0].watermark = FLOW_WATERMARK_NONE;
  TestHost host(program, 0, 0, 1, 1);
  FlowSplit* split = flow_split_open(host.task(), "0", 0, 1, 0);
  FlowInput input{nullptr, 3, 100, 0, {}};
  EXPECT_EQ(flow_task_pull(host.task(), split, &input, 0), 3);
  flow_task_flush(host.task());
  ASSERT_EQ(host.sent.size(), 1u);
  flow_split_end(host.task(), split);
  ASSERT_EQ(host.sent.size(), 2u);
  EXPECT_EQ(host.sent[1].time, INT64_MAX);
}

// So that batches fill: only a row that it makes late needs it before.
TEST(Task, ASourceTellsItsWatermarkWhenItIsFlushedOrBeforeALateRow) {
  Scenario scenario;
  scenario.times = {0, 100, 200, 300, 50};
  TestProgram program(scenario, 0);
  TestHost host(program, 0, 0, 1, 1);
  FlowSplit* split = flow_split_open(host.task(), "0", 0, 1, 0);
  EXPECT_EQ(flow_task_step(host.task()), 0);
  auto pull = [&](int64_t from, int64_t end) {
    FlowInput input{nullptr, end, 100, 0, {}};
    EXPECT_EQ(flow_task_pull(host.task(), split, &input, from), end);
  };
  pull(0, 2);
  pull(2, 3);
  EXPECT_TRUE(host.sent.empty());
  EXPECT_EQ(flow_task_current_watermark(host.task()), 199) << "its own windows close as early as ever";
  flow_task_flush(host.task());
  ASSERT_EQ(host.sent.size(), 2u);
  EXPECT_EQ(flow_batch_rows(host.sent[0].rows), 3);
  EXPECT_EQ(host.sent[1].time, 199);
  pull(3, 4);
  ASSERT_EQ(host.sent.size(), 2u);
  pull(4, 5);
  ASSERT_EQ(host.sent.size(), 4u) << "the row of time 50 goes behind the watermark that makes it late";
  EXPECT_EQ(flow_batch_rows(host.sent[2].rows), 1);
  EXPECT_EQ(host.sent[3].time, 299);
  flow_task_flush(host.task());
  ASSERT_EQ(host.sent.size(), 5u);
  EXPECT_EQ(flow_batch_rows(host.sent[4].rows), 1);
}

// ---- failures ----

FlowSite sites[2] = {{"a.flow", 3, 14, "a * b", FLOW_ON_ERROR_STOP, 0},
                     {"a.flow", 4, 1, "a / b", FLOW_ON_ERROR_SKIP, 0}};

int64_t failing_process(FlowTask* task, uint32_t, const FlowBatch* batch, int64_t from) {
  for (int64_t at = from; at < flow_batch_rows(batch); ++at) {
    InRow row;
    memcpy(&row, flow_batch_row(batch, at, sizeof row), sizeof row);
    if (row.value == 1) flow_fail(task, 1, FLOW_FAIL_DIVISION);
    if (row.value == 2) {
      flow_fail(task, UINT32_MAX, FLOW_FAIL_OVERFLOW);
      flow_fail_at(task, 0);
      flow_fail(task, 1, FLOW_FAIL_DIVISION); // the first counts
    }
    if (row.value == 3) {
      flow_fail(task, UINT32_MAX, FLOW_FAIL_CAST);
      flow_forgive(task);
    }
    if (flow_failed(task) && flow_rt_row_failed(task)) return -1;
  }
  return flow_batch_rows(batch);
}

TEST(Task, FailedRowsFollowThePolicyOfTheirPlace) {
  Scenario scenario;
  TestProgram program(scenario, 0);
  program.chains[1].process = failing_process;
  program.program.sites = sites;
  program.program.site_count = 2;
  TestHost host(program, 1, 0, 1, 1);
  FlowBatch* rows = flow_batch_new(sizeof(InRow), 4, 0);
  auto give = [&](int64_t value) {
    flow_batch_reset(rows);
    InRow row{0, value, 0};
    memcpy(flow::runtime::batch_row(rows, rows->rows++), &row, sizeof row);
    return flow_task_push(host.task(), 0, rows, 0);
  };
  EXPECT_EQ(give(0), 1);
  EXPECT_EQ(give(1), 1);
  EXPECT_EQ(give(3), 1);
  EXPECT_EQ(flow_task_counters(host.task()).skipped, 1u);
  EXPECT_EQ(flow_task_error(host.task()).code, 0);
  EXPECT_EQ(give(2), -1);
  EXPECT_EQ(flow_task_error(host.task()).code, 4);
  std::string text = flow_task_error(host.task()).text;
  EXPECT_EQ(text.find("a.flow:3:14: integer overflow in `a * b`"), 0u) << text;
  EXPECT_EQ(give(0), -1); // stopped is stopped
  EXPECT_EQ(flow_task_step(host.task()), -1);
  EXPECT_FALSE(flow_task_is_finished(host.task()));
  flow_batch_free(rows);
}

} // namespace
} // namespace flow::test
