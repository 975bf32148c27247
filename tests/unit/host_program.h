// A whole program by hand, for tests of the host: what codegen would write for
//
//   source numbers = generate(count, splits)  { key = n % keys, value = n, time }, watermark lag
//   stream sums = numbers | key key | window tumbling(size) | aggregate sum(value), count()
//   sink sums -> csv(path)
//
// and a machine in memory to run it on, one step at a time.
#pragma once

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "runtime/abi/flow_host.h"
#include "runtime/env/files.h"
#include "runtime/env/sim_env.h"
#include "runtime/host/job.h"
#include "runtime/vocabulary/vocabulary.h"

namespace flow::test {

struct Numbers {
  int64_t count = 2000; // -1: never ends
  int64_t splits = 2;
  int64_t keys = 7;
  int64_t size_us = 1000;
  int64_t lag_us = 60;
  int64_t disorder_us = 50; // of the times; more than the lag makes late rows
  double rate = 0;          // events a second; 0: as fast as possible
  std::string path = "out";

  int64_t time_of(int64_t number) const {
    auto jitter =
        static_cast<int64_t>(flow_hash_i64(static_cast<uint64_t>(number)) % static_cast<uint64_t>(disorder_us + 1));
    return number * 10 - jitter;
  }
};

struct NumberRow {
  int64_t key, value, time;
};
struct SumEntry {
  int64_t key, sum, count;
};

inline const Numbers& numbers_of(FlowTask* task) {
  return *reinterpret_cast<const Numbers*>(flow_param(task, 0)->value.s);
}

inline int64_t window_of(int64_t time, int64_t size) {
  int64_t rest = time % size;
  return time - (rest < 0 ? rest + size : rest);
}

inline int64_t read_numbers(FlowTask* task, FlowSplit* split, const FlowInput* input, int64_t from) {
  const Numbers& numbers = numbers_of(task);
  for (int64_t at = from; at < input->end; ++at) {
    int64_t number = flow_split_number(split, at);
    NumberRow row{number % numbers.keys, number, numbers.time_of(number)};
    if (flow_observe_time(split, row.time)) return at;
    uint64_t hash = flow_hash_i64(static_cast<uint64_t>(row.key));
    memcpy(flow_out_row_keyed(task, 0, hash, sizeof row, 0), &row, sizeof row);
    if (flow_out_full(task)) return at + 1;
  }
  return input->end;
}

inline int64_t add_numbers(FlowTask* task, uint32_t, const FlowBatch* batch, int64_t from) {
  const Numbers& numbers = numbers_of(task);
  for (int64_t at = from; at < flow_batch_rows(batch); ++at) {
    NumberRow row;
    memcpy(&row, flow_batch_row(batch, at, sizeof row), sizeof row);
    int64_t window = window_of(row.time, numbers.size_us);
    if (window + numbers.size_us - 1 <= flow_watermark(task)) {
      flow_rt_count_late(task, 0);
      continue;
    }
    FlowTable* table = flow_pane(task, 0, window);
    uint64_t hash = flow_hash_i64(static_cast<uint64_t>(row.key));
    auto* entry = reinterpret_cast<SumEntry*>(
        flow_table_upsert(table, hash, reinterpret_cast<const uint8_t*>(&row.key), 8, sizeof(SumEntry)));
    entry->sum += row.value;
    entry->count += 1;
    if (flow_out_full(task)) return at + 1;
  }
  return flow_batch_rows(batch);
}

/// A record of numbers to the sink.
inline void write_numbers(FlowTask* task, std::initializer_list<int64_t> values) {
  FlowCell* cells = flow_sink_cells(task, 0);
  for (int64_t value : values) {
    *cells = {};
    (cells++)->value.i = value;
  }
  flow_rt_sink_record(task, 0);
}

inline int64_t write_sums(FlowTask* task, uint32_t, const FlowDue* due, int64_t from) {
  for (int64_t at = from; at < due->count; ++at) {
    const auto* entry = reinterpret_cast<const SumEntry*>(flow_entry(due->table, at, sizeof(SumEntry)));
    write_numbers(task, {entry->key, due->window_start, entry->sum, entry->count});
    if (flow_out_full(task)) return at + 1;
  }
  return due->count;
}

inline int64_t configure_numbers(FlowTask* task, uint32_t index, FlowCell* out) {
  if (index == UINT32_MAX) return 0;
  const Numbers& numbers = numbers_of(task);
  if (index == 0) {
    out[0].value.i = numbers.splits;
    out[1].value.i = numbers.count;
    out[1].is_null = numbers.count < 0;
    out[2].value.i = numbers.lag_us;
    out[3].value.f = numbers.rate;
    return 0;
  }
  out[0].value.s = numbers.path.c_str();
  out[0].length = static_cast<uint32_t>(numbers.path.size());
  out[1].value.i = 1; // with a header
  return 0;
}

class NumberProgram {
public:
  explicit NumberProgram(Numbers wanted = {}) : numbers(std::move(wanted)) {
    state_.size = state_.slide = state_.pane = numbers.size_us;
    param.value.s = reinterpret_cast<const char*>(&numbers);
    chains_[0] = {.name = "numbers",
                  .uid = "numbers",
                  .source = 0,
                  .port_count = 0,
                  .output_count = 1,
                  .state_count = 0,
                  .outputs = &to_sums_,
                  .states = nullptr,
                  .parallelism = 0,
                  .reserved = 0,
                  .run_source = read_numbers,
                  .process = nullptr,
                  .fire = nullptr};
    chains_[1] = {.name = "sums",
                  .uid = "sums",
                  .source = FLOW_NONE,
                  .port_count = 1,
                  .output_count = 1,
                  .state_count = 1,
                  .outputs = &to_sink_,
                  .states = state_numbers_,
                  .parallelism = 0,
                  .reserved = 0,
                  .run_source = nullptr,
                  .process = add_numbers,
                  .fire = write_sums};
    FlowConnector& source = connectors_[0];
    source.name = "numbers";
    source.type = "generate";
    source.format = "";
    source.is_source = 1;
    source.option_count = 4;
    source.options = source_options_;
    source.watermark = FLOW_WATERMARK_LAG;
    source.lag_option = 2;
    source.rate_option = 3;
    source.idle_option = FLOW_NONE;
    FlowConnector& sink = connectors_[1];
    sink.name = "sums";
    sink.type = "file";
    sink.format = "csv";
    sink.option_count = 2;
    sink.options = sink_options_;
    sink.field_count = 4;
    sink.fields = sink_fields_;
    sink.rate_option = sink.lag_option = sink.idle_option = FLOW_NONE;
    program.abi_version = FLOW_ABI_VERSION;
    program.name = "numbers";
    program.doc = "Sums of numbers.";
    program.target_cpu = "x86-64-v2";
    program.fingerprint = 4711;
    program.layouts = layouts_;
    program.states = &state_;
    program.chains = chains_;
    program.edges = &edge_;
    program.connectors = connectors_;
    program.layout_count = 2;
    program.state_count = 1;
    program.chain_count = 2;
    program.edge_count = 1;
    program.connector_count = 2;
    program.configure = configure_numbers;
  }
  // The same program with another step behind the source. Of `keyed` the layout is that of `entry`.
  void use_state(const FlowState& keyed, const FlowLayout& entry, FlowProcessFn process, FlowFireFn fire) {
    state_ = keyed;
    state_.layout = 1;
    layouts_[1] = entry;
    chains_[1].process = process;
    chains_[1].fire = fire;
  }
  // The same program after its sink was given another name.
  void rename_sink(const char* name) { connectors_[1].name = name; }
  NumberProgram(const NumberProgram&) = delete;

  // What must come out, as sorted lines of the sink's files. Only where nothing can be late.
  std::vector<std::string> expected() const {
    std::map<std::tuple<int64_t, int64_t>, std::pair<int64_t, int64_t>> sums;
    for (int64_t number = 0; number < numbers.count; ++number) {
      auto& [sum, count] = sums[{number % numbers.keys, window_of(numbers.time_of(number), numbers.size_us)}];
      sum += number;
      count += 1;
    }
    std::vector<std::string> lines;
    for (const auto& [at, value] : sums) {
      lines.push_back(std::to_string(std::get<0>(at)) + "," + std::to_string(std::get<1>(at)) + "," +
                      std::to_string(value.first) + "," + std::to_string(value.second));
    }
    std::sort(lines.begin(), lines.end());
    return lines;
  }

  Numbers numbers;
  FlowCell param{};
  FlowProgram program{};

private:
  FlowField row_fields_[3] = {{"key", FLOW_I64, 0, FLOW_NONE, FLOW_NONE},
                              {"value", FLOW_I64, 8, FLOW_NONE, FLOW_NONE},
                              {"@time", FLOW_TIMESTAMP, 16, FLOW_NONE, FLOW_NONE}};
  FlowField entry_fields_[3] = {{"key", FLOW_I64, 0, FLOW_NONE, FLOW_NONE},
                                {"sum", FLOW_I64, 8, FLOW_NONE, FLOW_NONE},
                                {"count", FLOW_I64, 16, FLOW_NONE, FLOW_NONE}};
  FlowRepeat no_list_{0, 0, 0, 0, FLOW_NONE};
  FlowLayout layouts_[2] = {{"numbers", 1, sizeof(NumberRow), 3, row_fields_, no_list_, 0, 0, nullptr},
                            {"sums.entry", 2, sizeof(SumEntry), 3, entry_fields_, no_list_, 0, 0, nullptr}};
  FlowState state_{.name = "sums.aggregate", .layout = 1, .key_size = 8, .running_layout = FLOW_NONE};
  FlowOutput to_sums_{FLOW_OUTPUT_EDGE, 0, 0, 0};
  FlowOutput to_sink_{FLOW_OUTPUT_SINK, 1, FLOW_NONE, 0};
  uint32_t state_numbers_[1] = {0};
  FlowChain chains_[2] = {};
  FlowEdge edge_{FLOW_EDGE_HASH, 0, 0, 1, 0, 0, nullptr};
  FlowOption source_options_[4] = {
      {"splits", FLOW_I64, 0}, {"count", FLOW_I64, 0}, {"lag", FLOW_DURATION, 0}, {"rate", FLOW_F64, 0}};
  FlowOption sink_options_[2] = {{"path", FLOW_STRING, 0}, {"header", FLOW_BOOL, 0}};
  FlowFormatField sink_fields_[4] = {{"key", FLOW_I64, 0, FLOW_NONE, 1},
                                     {"window", FLOW_I64, 0, FLOW_NONE, 1},
                                     {"sum", FLOW_I64, 0, FLOW_NONE, 1},
                                     {"count", FLOW_I64, 0, FLOW_NONE, 1}};
  FlowConnector connectors_[2] = {};
};

// A machine in memory with one process at a time.
class Machine {
public:
  explicit Machine(uint64_t seed = 1) : sim(seed), process(std::make_unique<runtime::SimEnv>(sim)) {}

  // The process dies, and with it what it held; the next one starts.
  void restart() {
    job.reset();
    process->kill();
    process = std::make_unique<runtime::SimEnv>(sim);
  }

  runtime::JobOptions options(uint32_t parallelism, const std::string& checkpoints = "") {
    runtime::JobOptions wanted;
    wanted.start.parallelism = parallelism;
    wanted.checkpoint_dir = checkpoints;
    wanted.epochs.interval_us = 2000;
    wanted.credit = 1;
    wanted.batch_rows = 5;
    wanted.rows_per_action = 20;
    return wanted;
  }

  runtime::Status open(NumberProgram& program, runtime::JobOptions wanted) {
    job.reset();
    log = std::make_unique<runtime::Log>(*process, runtime::LogLevel::debug);
    auto opened = runtime::Job::open(*process, program.program, {program.param}, std::move(wanted), *log);
    if (!opened.is_ok()) return opened.status();
    job = std::move(opened).value();
    return runtime::Status();
  }

  // Steps all parts in turn, `rounds` times or until the job's outcome is known.
  runtime::Outcome run(int rounds = 1'000'000) {
    std::vector<runtime::Part*> parts;
    for (const auto& runner : job->runners()) parts.push_back(runner.get());
    for (const auto& sink : job->sink_parts()) parts.push_back(sink.get());
    if (job->writer() != nullptr) parts.push_back(job->writer());
    parts.push_back(&job->coordinator());
    for (int round = 0; round < rounds; ++round) {
      for (runtime::Part* part : parts) part->step(process->monotonic_us());
      sim.advance_us(100);
      if (job->coordinator().outcome() != runtime::Outcome::running) break;
    }
    return job->coordinator().outcome();
  }

  // Lines of all committed files, sorted, without their headers.
  std::vector<std::string> output(const std::string& folder = "out", std::string_view part_of_name = "part-") {
    std::vector<std::string> lines;
    auto entries = process->read_folder(folder);
    if (!entries.is_ok()) return lines;
    for (const runtime::FolderEntry& entry : *entries) {
      if (!entry.name.starts_with("part-") || entry.name.find(part_of_name) == std::string::npos) continue;
      auto text = runtime::read_file(*process, folder + "/" + entry.name, runtime::Access::shared, 1 << 20);
      std::string_view rest = *text;
      for (bool is_header = true; !rest.empty(); is_header = false) {
        size_t end = rest.find('\n');
        if (!is_header) lines.emplace_back(rest.substr(0, end));
        rest.remove_prefix(end + 1);
      }
    }
    std::sort(lines.begin(), lines.end());
    return lines;
  }

  runtime::SimMachine sim;
  std::unique_ptr<runtime::SimEnv> process;
  std::unique_ptr<runtime::Log> log;
  std::unique_ptr<runtime::Job> job;
};

} // namespace flow::test
