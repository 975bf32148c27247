// A FlowProgram by hand, with chain functions as codegen would write them, for tests of the core:
//
//   chain 0  generate: event number n → { key = n % keys, value = n, @time } ─ hash ─▶ chain 1
//   chain 1  per key, window of `size` each `slide`: { key, sum, count } → edge 1 (one destination)
//
// The time of event n comes from a table of the test. Late rows are counted as generated code does it: a row is late
// if the last window that it belongs to has closed.
#pragma once

#include <cstring>
#include <vector>

#include "runtime/abi/flow_host.h"
#include "runtime/vocabulary/vocabulary.h"

namespace flow::test {

struct InRow {
  int64_t key, value, time;
};
struct Entry {
  int64_t key, sum, count;
  uint8_t name[16]; // a string that is longer for larger keys: it has to survive everything
};
struct OutRow {
  int64_t key, sum, count, window_start, window_end;
  uint8_t name[16];
};

// What the chain functions read besides their task; one per test, found through the param cell.
struct Scenario {
  std::vector<int64_t> times; // of event n
  int64_t keys = 5;
  int64_t size = 10, slide = 10, offset = 0, pane = 10;
  uint32_t window = FLOW_WINDOW_TUMBLING;
};

inline const Scenario& scenario_of(FlowTask* task) {
  return *reinterpret_cast<const Scenario*>(flow_param(task, 0)->value.s);
}

inline std::string name_of(int64_t key) {
  return "key " + std::string(static_cast<size_t>(key % 40), 'x') + std::to_string(key);
}

inline int64_t floor_to(int64_t value, int64_t step) {
  int64_t rest = value % step;
  return value - (rest < 0 ? rest + step : rest);
}

inline int64_t run_source(FlowTask* task, FlowSplit* split, const FlowInput* input, int64_t from) {
  const Scenario& scenario = scenario_of(task);
  for (int64_t at = from; at < input->end; ++at) {
    int64_t number = flow_split_number(split, at);
    int64_t time = scenario.times[static_cast<size_t>(number)];
    if (flow_observe_time(split, time)) return at;
    InRow row{number % scenario.keys, number, time};
    uint64_t hash = flow_hash_i64(static_cast<uint64_t>(row.key));
    memcpy(flow_out_row_keyed(task, 0, hash, sizeof row, 0), &row, sizeof row);
    if (flow_out_full(task)) return at + 1;
  }
  return input->end;
}

inline void add_row(FlowTask* task, const Scenario& scenario, const InRow& row) {
  int64_t pane = floor_to(row.time - scenario.offset, scenario.pane) + scenario.offset;
  int64_t last_start = floor_to(row.time - scenario.offset, scenario.slide) + scenario.offset;
  int64_t last_instant;
  if (__builtin_add_overflow(last_start, scenario.size - 1, &last_instant)) last_instant = INT64_MAX;
  if (last_instant <= flow_watermark(task)) {
    flow_rt_count_late(task, 0);
    return;
  }
  FlowTable* table = flow_pane(task, 0, pane);
  uint64_t hash = flow_hash_i64(static_cast<uint64_t>(row.key));
  uint8_t* slot = flow_table_upsert(table, hash, reinterpret_cast<const uint8_t*>(&row.key), 8, sizeof(Entry));
  Entry* entry = reinterpret_cast<Entry*>(slot);
  if (entry->count == 0) {
    std::string name = name_of(row.key);
    flow_entry_string(table, entry->name, name.data(), name.size());
  }
  entry->sum += row.value;
  entry->count += 1;
}

inline int64_t run_process(FlowTask* task, uint32_t, const FlowBatch* batch, int64_t from) {
  const Scenario& scenario = scenario_of(task);
  int64_t rows = flow_batch_rows(batch);
  for (int64_t at = from; at < rows; ++at) {
    InRow row;
    memcpy(&row, flow_batch_row(batch, at, sizeof row), sizeof row);
    add_row(task, scenario, row);
    if (flow_out_full(task)) return at + 1;
  }
  return rows;
}

inline void merge_entry(FlowTable* from, FlowTable* into, const Entry& entry, uint64_t hash) {
  uint8_t* slot = flow_table_upsert(into, hash, reinterpret_cast<const uint8_t*>(&entry.key), 8, sizeof(Entry));
  Entry* target = reinterpret_cast<Entry*>(slot);
  if (target->count == 0) {
    FlowView name = flow_view(entry.name, flow_table_heap(from));
    flow_entry_string(into, target->name, name.data, name.length);
  }
  target->sum += entry.sum;
  target->count += entry.count;
}

inline int64_t run_fire(FlowTask* task, uint32_t, const FlowDue* due, int64_t from) {
  for (int64_t at = from; at < due->count; ++at) {
    const Entry& entry = *reinterpret_cast<Entry*>(flow_entry(due->table, at, sizeof(Entry)));
    if (due->phase == FLOW_DUE_MERGE) {
      merge_entry(due->table, due->into, entry, flow_entry_hash(due->table, at));
      continue;
    }
    FlowView name = flow_view(entry.name, flow_table_heap(due->table));
    OutRow* row = reinterpret_cast<OutRow*>(flow_out_row(task, 0, sizeof(OutRow), flow_heap_bytes(name.length)));
    row->key = entry.key;
    row->sum = entry.sum;
    row->count = entry.count;
    row->window_start = due->window_start;
    row->window_end = due->window_end;
    flow_out_string(task, 0, row->name, name.data, name.length);
    if (flow_out_full(task)) return at + 1;
  }
  return due->count;
}

// The constants of the program, as many as a compiler would emit.
struct TestProgram {
  Scenario scenario;
  FlowField in_fields[3] = {{"key", FLOW_I64, 0, FLOW_NONE, FLOW_NONE},
                            {"value", FLOW_I64, 8, FLOW_NONE, FLOW_NONE},
                            {"@time", FLOW_TIMESTAMP, 16, FLOW_NONE, FLOW_NONE}};
  FlowField entry_fields[4] = {{"key", FLOW_I64, 0, FLOW_NONE, FLOW_NONE},
                               {"sum", FLOW_I64, 8, FLOW_NONE, FLOW_NONE},
                               {"count", FLOW_I64, 16, FLOW_NONE, FLOW_NONE},
                               {"name", FLOW_STRING, 24, FLOW_NONE, FLOW_NONE}};
  FlowField out_fields[6] = {{"key", FLOW_I64, 0, FLOW_NONE, FLOW_NONE},
                             {"sum", FLOW_I64, 8, FLOW_NONE, FLOW_NONE},
                             {"count", FLOW_I64, 16, FLOW_NONE, FLOW_NONE},
                             {"window_start", FLOW_TIMESTAMP, 24, FLOW_NONE, FLOW_NONE},
                             {"window_end", FLOW_TIMESTAMP, 32, FLOW_NONE, FLOW_NONE},
                             {"name", FLOW_STRING, 40, FLOW_NONE, FLOW_NONE}};
  FlowRepeat no_list{0, 0, 0, 0, FLOW_NONE};
  FlowLayout layouts[3] = {{"numbers", 11, sizeof(InRow), 3, in_fields, no_list, 0, 0, nullptr},
                           {"sums.entry", 12, sizeof(Entry), 4, entry_fields, no_list, 0, 0, nullptr},
                           {"sums", 13, sizeof(OutRow), 6, out_fields, no_list, 0, 0, nullptr}};
  FlowState state{.name = "sums.aggregate", .layout = 1, .key_size = 8, .running_layout = FLOW_NONE};
  FlowOutput source_output{FLOW_OUTPUT_EDGE, 0, 0, 0};
  FlowOutput sum_output{FLOW_OUTPUT_EDGE, 1, 2, 0};
  uint32_t state_numbers[1] = {0};
  FlowChain chains[3] = {};
  FlowEdge edges[2] = {{FLOW_EDGE_HASH, 0, 0, 1, 0, 0, nullptr}, {FLOW_EDGE_SINGLE, 1, 0, 2, 0, 2, nullptr}};
  FlowOption options[1] = {{"lag", FLOW_DURATION, 0}};
  FlowConnector connectors[1] = {};
  FlowProgram program{};
  FlowCell params[1] = {};
  FlowCell option_cells[1] = {};
  const FlowCell* option_rows[1] = {option_cells};

  explicit TestProgram(Scenario wanted, int64_t lag) : scenario(std::move(wanted)) {
    state.window = scenario.window;
    state.size = scenario.size;
    state.slide = scenario.slide;
    state.offset = scenario.offset;
    state.pane = scenario.pane;
    chains[0] = {.name = "numbers",
                 .uid = "numbers",
                 .source = 0,
                 .port_count = 0,
                 .output_count = 1,
                 .state_count = 0,
                 .outputs = &source_output,
                 .states = nullptr,
                 .parallelism = 0,
                 .reserved = 0,
                 .run_source = run_source,
                 .process = nullptr,
                 .fire = nullptr};
    chains[1] = {.name = "sums",
                 .uid = "sums",
                 .source = FLOW_NONE,
                 .port_count = 1,
                 .output_count = 1,
                 .state_count = 1,
                 .outputs = &sum_output,
                 .states = state_numbers,
                 .parallelism = 0,
                 .reserved = 0,
                 .run_source = nullptr,
                 .process = run_process,
                 .fire = run_fire};
    chains[2] = {.name = "end",
                 .uid = "end",
                 .source = FLOW_NONE,
                 .port_count = 1,
                 .output_count = 0,
                 .state_count = 0,
                 .outputs = nullptr,
                 .states = nullptr,
                 .parallelism = 1,
                 .reserved = 0,
                 .run_source = nullptr,
                 .process = nullptr,
                 .fire = nullptr};
    connectors[0].name = "numbers";
    connectors[0].type = "generate";
    connectors[0].format = "";
    connectors[0].is_source = 1;
    connectors[0].option_count = 1;
    connectors[0].options = options;
    connectors[0].watermark = FLOW_WATERMARK_LAG;
    connectors[0].lag_option = 0;
    connectors[0].idle_option = connectors[0].rate_option = FLOW_NONE;
    option_cells[0].value.i = lag;
    params[0].value.s = reinterpret_cast<const char*>(&scenario);
    program.abi_version = FLOW_ABI_VERSION;
    program.name = "test";
    program.layouts = layouts;
    program.states = &state;
    program.chains = chains;
    program.edges = edges;
    program.connectors = connectors;
    program.layout_count = 3;
    program.state_count = 1;
    program.chain_count = 3;
    program.edge_count = 2;
    program.connector_count = 1;
  }
  TestProgram(const TestProgram&) = delete;
};

} // namespace flow::test
