// Tasks of a KeyedProgram with the host that drives them, and the model that tells what must come out of them.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "runtime/batch/batch.h"
#include "tests/unit/keyed_program.h"
#include "tests/unit/task_host.h"

namespace flow::test {

struct Told {
  int64_t key, what, time, total, value;
  std::string text;
  bool operator==(const Told&) const = default;
};
inline std::ostream& operator<<(std::ostream& out, const Told& told) {
  return out << "{key " << told.key << " what " << told.what << " time " << told.time << " total " << told.total
             << " value " << told.value << " " << told.text << "}";
}

// Some tasks of the chain. Rows go to the owner of their key, time to all. What comes out is kept in the order in which
// it came out of each.
class Keepers {
public:
  Keepers(const KeyedProgram& program, uint32_t tasks, uint32_t batch_rows = 0) : program_(program) {
    for (uint32_t i = 0; i < tasks; ++i) {
      tasks_.push_back(std::make_unique<TestHost>(program, 0, i, tasks, 1, batch_rows));
    }
  }

  size_t size() const { return tasks_.size(); }
  FlowTask* task(size_t i = 0) { return tasks_[i]->task(); }
  TestHost& host(size_t i = 0) { return *tasks_[i]; }

  // In batches of the given number of rows; each is pushed until it has been taken, stepping in between.
  void give(const std::vector<Command>& commands, size_t rows_per_batch = 100) {
    for (size_t i = 0; i < tasks_.size(); ++i) {
      std::vector<Command> own;
      for (const Command& command : commands) {
        if (owner(command.key) == i) own.push_back(command);
      }
      for (size_t from = 0; from < own.size(); from += rows_per_batch) {
        push(*tasks_[i], 0, own.data() + from, std::min(rows_per_batch, own.size() - from));
      }
    }
  }
  void give(const Command& command) { give(std::vector<Command>{command}); }
  void poke(const Poke& poke) { push(*tasks_[owner(poke.key)], 1, &poke, 1); }

  void advance(int64_t watermark) {
    for (auto& task : tasks_) {
      flow_task_watermark(task->task(), 0, watermark, 0);
      flow_task_watermark(task->task(), 1, watermark, 0);
      run(*task);
    }
  }
  void tell_clock(int64_t now) {
    for (auto& task : tasks_) {
      flow_task_clock(task->task(), now);
      run(*task);
    }
  }
  void end() {
    for (auto& task : tasks_) {
      flow_task_end(task->task(), 0);
      flow_task_end(task->task(), 1);
      run(*task);
    }
  }

  // What has come out since the last time.
  std::vector<Told> take() {
    std::vector<Told> all;
    for (auto& task : tasks_) {
      flow_task_flush(task->task());
      for (const Element& element : task->take_sent()) {
        if (element.kind == Element::batch) read(element.rows, all);
        flow_batch_free(element.rows);
      }
    }
    return all;
  }

  std::vector<Stored> store_all() {
    std::vector<Stored> all;
    for (auto& task : tasks_) all.push_back(store(task->task()));
    return all;
  }
  void restore(const std::vector<Stored>& all) {
    for (const Stored& stored : all) {
      for (auto& task : tasks_) {
        for (const std::string& item : stored.items) {
          ASSERT_EQ(flow_task_restore_item(task->task(), item.data(), item.size()), 0);
        }
      }
      for (const auto& [group, bytes] : stored.groups) {
        TestHost& task = *tasks_[group * tasks_.size() / group_count];
        ASSERT_EQ(flow_task_restore_group(task.task(), group, bytes.data(), bytes.size()), 0)
            << flow_task_error(task.task()).text;
      }
    }
    for (auto& task : tasks_) run(*task);
  }

  uint64_t entries() const { return sum(&FlowTaskCounters::entries); }
  uint64_t state_bytes() const { return sum(&FlowTaskCounters::state_bytes); }

private:
  size_t owner(int64_t key) const {
    return TestHost::group_of(nullptr, keyed_hash(program_.scenario, key)) * tasks_.size() / group_count;
  }
  template <typename Row> void push(TestHost& host, uint32_t port, const Row* rows, size_t count) {
    FlowBatch* batch = flow_batch_new(sizeof(Row), static_cast<uint32_t>(count), 0);
    for (size_t i = 0; i < count; ++i) memcpy(runtime::batch_row(batch, batch->rows++), &rows[i], sizeof(Row));
    for (int64_t at = 0; at < static_cast<int64_t>(count);) {
      at = flow_task_push(host.task(), port, batch, at);
      ASSERT_GE(at, 0) << flow_task_error(host.task()).text;
      run(host);
    }
    flow_batch_free(batch);
  }
  static void run(TestHost& host) {
    int32_t more;
    while ((more = flow_task_step(host.task())) == 1) {
    }
    ASSERT_EQ(more, 0) << flow_task_error(host.task()).text;
  }
  static void read(const FlowBatch* batch, std::vector<Told>& all) {
    for (int64_t i = 0; i < flow_batch_rows(batch); ++i) {
      const auto* row = reinterpret_cast<const Shown*>(flow_batch_row(batch, i, sizeof(Shown)));
      FlowView text = flow_view(row->text, flow_batch_heap(batch));
      all.push_back({row->key, row->what, row->time, row->total, row->value, {text.data, text.length}});
    }
  }
  uint64_t sum(uint64_t FlowTaskCounters::* counter) const {
    uint64_t all = 0;
    for (const auto& task : tasks_) all += flow_task_counters(task->task()).*counter;
    return all;
  }

  const KeyedProgram& program_;
  std::vector<std::unique_ptr<TestHost>> tasks_;
};

// The same, as one would write it who has all the time of the world.
class KeeperModel {
public:
  explicit KeeperModel(const KeyedScenario& scenario) : scenario_(scenario) {}

  void give(const Command& command) {
    Kept& kept = keys_[command.key];
    expire(kept, command.time);
    obey(command.key, kept, command);
    if (kept.is_empty()) keys_.erase(command.key);
    fire(watermark_);
  }
  void give(const std::vector<Command>& commands) {
    for (const Command& command : commands) give(command);
  }
  void poke(const Poke& poke) { give({.key = poke.key, .time = poke.time, .act = Act::add, .value = 1}); }
  void advance(int64_t watermark) {
    fire(watermark);
    watermark_ = watermark;
  }
  void tell_clock(int64_t now) {
    now_ = std::max(now_, now);
    fire(watermark_);
  }
  std::vector<Told> take() { return std::exchange(told_, {}); }
  // Keys of which something is set at this time.
  uint64_t live_keys(int64_t time) {
    return static_cast<uint64_t>(std::count_if(keys_.begin(), keys_.end(), [&](auto& key) {
      expire(key.second, time);
      return !key.second.is_empty();
    }));
  }

private:
  struct Kept {
    std::optional<int64_t> total, last;
    int64_t written = 0;
    std::optional<int64_t> timers[3];
    bool is_empty() const { return !total && !last && !timers[0] && !timers[1] && !timers[2]; }
  };
  void expire(Kept& kept, int64_t time) const {
    auto age = static_cast<__int128>(std::max(time, watermark_)) - kept.written;
    if (kept.last && age >= scenario_.expires) kept.last.reset();
  }
  void obey(int64_t key, Kept& kept, const Command& command) {
    switch (command.act) {
    case Act::add: kept.total = kept.total.value_or(0) + command.value; break;
    case Act::note:
      kept.last = command.value;
      kept.written = std::max(command.time, watermark_);
      break;
    case Act::set: kept.timers[command.timer] = command.timer == 2 ? now_ + command.at : command.at; break;
    case Act::cancel: kept.timers[command.timer].reset(); break;
    case Act::clear:
      kept.total.reset();
      kept.last.reset();
      break;
    case Act::show: tell(key, kept, shown, command.time); break;
    case Act::fail: break;
    }
  }
  void tell(int64_t key, const Kept& kept, int64_t what, int64_t time) {
    told_.push_back(
        {key, what, time, kept.total.value_or(-1), kept.last.value_or(-1), kept.last ? text_of(*kept.last) : ""});
  }
  // Time by time, number by number, hash by hash; those in processing time behind the others.
  void fire(int64_t watermark) {
    while (true) {
      std::optional<std::tuple<bool, int64_t, int64_t, uint64_t, int64_t>> first;
      for (const auto& [key, kept] : keys_) {
        for (int64_t timer = 0; timer < 3; ++timer) {
          if (!kept.timers[timer]) continue;
          int64_t instant = std::max(*kept.timers[timer], INT64_MIN + 1);
          if (instant > (timer == 2 ? now_ : watermark)) continue;
          std::tuple one{timer == 2, instant, timer, keyed_hash(scenario_, key), key};
          if (!first || one < *first) first = one;
        }
      }
      if (!first) return;
      auto [is_wall, instant, timer, hash, key] = *first;
      Kept& kept = keys_.at(key);
      int64_t time = *std::exchange(kept.timers[timer], std::nullopt);
      expire(kept, time);
      tell(key, kept, timer, time);
      if (timer == 0) kept.total.reset();
      if (timer == 1 && kept.last.value_or(0) > 0) kept.timers[1] = time + *kept.last;
      if (kept.is_empty()) keys_.erase(key);
    }
  }

  const KeyedScenario scenario_;
  std::map<int64_t, Kept> keys_;
  int64_t watermark_ = INT64_MIN;
  int64_t now_ = 0;
  std::vector<Told> told_;
};

} // namespace flow::test
