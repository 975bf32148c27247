// A program by hand with every kind of hop, as codegen would write it:
//
//   source numbers = generate(count, splits, rate)  { key, value, time }, watermark lag
//   | rebalance | derive value = 2 * value                     also written as it is: sink rows -> json
//   | key key | window tumbling(size) | aggregate sum, count
//   | key window | window same | aggregate sum, count          sink totals -> csv, parallelism 2
//
// and the direct one of tests/unit/host_program.h beside it: together the cases of the simulation.
#pragma once

#include <string>

#include "tests/unit/host_program.h"

namespace flow::sim {

struct PartRow {
  int64_t window, sum, count, time;
};
struct TotalEntry {
  int64_t window, sum, count;
};

inline int64_t read_all(FlowTask* task, FlowSplit* split, const FlowInput* input, int64_t from) {
  const test::Numbers& numbers = test::numbers_of(task);
  for (int64_t at = from; at < input->end; ++at) {
    int64_t number = flow_split_number(split, at);
    test::NumberRow row{number % numbers.keys, number, numbers.time_of(number)};
    if (flow_observe_time(split, row.time)) return at;
    memcpy(flow_out_row(task, 0, sizeof row, 0), &row, sizeof row);
    if (flow_out_full(task)) return at + 1;
  }
  return input->end;
}

inline void write_cells(FlowTask* task, uint32_t output, std::initializer_list<int64_t> values) {
  FlowCell* cells = flow_sink_cells(task, output);
  for (int64_t value : values) {
    *cells = {};
    cells->value.i = value;
    ++cells;
  }
  flow_rt_sink_record(task, output);
}

inline int64_t double_values(FlowTask* task, uint32_t, const FlowBatch* batch, int64_t from) {
  for (int64_t at = from; at < flow_batch_rows(batch); ++at) {
    test::NumberRow row;
    memcpy(&row, flow_batch_row(batch, at, sizeof row), sizeof row);
    row.value *= 2;
    uint64_t hash = flow_hash_i64(static_cast<uint64_t>(row.key));
    memcpy(flow_out_row_keyed(task, 0, hash, sizeof row, 0), &row, sizeof row);
    write_cells(task, 1, {row.key, row.value, row.time});
    if (flow_out_full(task)) return at + 1;
  }
  return flow_batch_rows(batch);
}

inline int64_t send_parts(FlowTask* task, uint32_t, const FlowDue* due, int64_t from) {
  for (int64_t at = from; at < due->count; ++at) {
    const auto* entry = reinterpret_cast<const test::SumEntry*>(flow_entry(due->table, at, sizeof(test::SumEntry)));
    PartRow row{due->window_start, entry->sum, entry->count, due->window_end - 1};
    uint64_t hash = flow_hash_i64(static_cast<uint64_t>(row.window));
    memcpy(flow_out_row_keyed(task, 0, hash, sizeof row, 0), &row, sizeof row);
    if (flow_out_full(task)) return at + 1;
  }
  return due->count;
}

inline int64_t add_parts(FlowTask* task, uint32_t, const FlowBatch* batch, int64_t from) {
  for (int64_t at = from; at < flow_batch_rows(batch); ++at) {
    PartRow row;
    memcpy(&row, flow_batch_row(batch, at, sizeof row), sizeof row);
    if (row.time <= flow_watermark(task)) {
      flow_rt_count_late(task, 0);
      continue;
    }
    FlowTable* table = flow_pane(task, 0, row.window);
    uint64_t hash = flow_hash_i64(static_cast<uint64_t>(row.window));
    auto* entry = reinterpret_cast<TotalEntry*>(
        flow_table_upsert(table, hash, reinterpret_cast<const uint8_t*>(&row.window), 8, sizeof(TotalEntry)));
    entry->sum += row.sum;
    entry->count += row.count;
    if (flow_out_full(task)) return at + 1;
  }
  return flow_batch_rows(batch);
}

inline int64_t write_totals(FlowTask* task, uint32_t, const FlowDue* due, int64_t from) {
  for (int64_t at = from; at < due->count; ++at) {
    const auto* entry = reinterpret_cast<const TotalEntry*>(flow_entry(due->table, at, sizeof(TotalEntry)));
    write_cells(task, 0, {entry->window, entry->sum, entry->count});
    if (flow_out_full(task)) return at + 1;
  }
  return due->count;
}

inline int64_t configure_long(FlowTask* task, uint32_t index, FlowCell* out) {
  if (index == 0) out[3].value.f = 40'000; // events a second: time has to pass, and nobody else moves it
  if (index < 2 || index == UINT32_MAX) return test::configure_numbers(task, index, out);
  out[0].value.s = "/rows";
  out[0].length = 5;
  return 0;
}

class LongProgram {
public:
  explicit LongProgram(test::Numbers wanted) : numbers(std::move(wanted)) {
    sums_.size = sums_.slide = sums_.pane = totals_.size = totals_.slide = totals_.pane = numbers.size_us;
    param.value.s = reinterpret_cast<const char*>(&numbers);
    FlowChain& source = chains_[0];
    source.name = source.uid = "numbers";
    source.output_count = 1;
    source.outputs = outputs_;
    source.run_source = read_all;
    FlowChain& doubled = chains_[1];
    doubled.name = doubled.uid = "doubled";
    doubled.source = FLOW_NONE;
    doubled.port_count = 1;
    doubled.output_count = 2;
    doubled.outputs = outputs_ + 1;
    doubled.process = double_values;
    FlowChain& sums = chains_[2];
    sums.name = sums.uid = "sums";
    sums.source = FLOW_NONE;
    sums.port_count = sums.output_count = sums.state_count = 1;
    sums.outputs = outputs_ + 3;
    sums.states = state_numbers_;
    sums.process = test::add_numbers;
    sums.fire = send_parts;
    FlowChain& totals = chains_[3];
    totals.name = totals.uid = "totals";
    totals.source = FLOW_NONE;
    totals.port_count = totals.output_count = totals.state_count = 1;
    totals.outputs = outputs_ + 4;
    totals.states = state_numbers_ + 1;
    totals.parallelism = 2;
    totals.process = add_parts;
    totals.fire = write_totals;
    connectors_[0] = {.name = "numbers",
                      .type = "generate",
                      .format = "",
                      .is_source = 1,
                      .option_count = 4,
                      .options = source_options_,
                      .watermark = FLOW_WATERMARK_LAG,
                      .rate_option = 3,
                      .lag_option = 2,
                      .idle_option = FLOW_NONE};
    connectors_[1] = {.name = "totals",
                      .type = "file",
                      .format = "csv",
                      .option_count = 2,
                      .options = sink_options_,
                      .field_count = 3,
                      .fields = total_fields_,
                      .rate_option = FLOW_NONE,
                      .lag_option = FLOW_NONE,
                      .idle_option = FLOW_NONE};
    connectors_[2] = {.name = "rows",
                      .type = "file",
                      .format = "json",
                      .option_count = 1,
                      .options = sink_options_,
                      .field_count = 3,
                      .fields = row_fields_,
                      .rate_option = FLOW_NONE,
                      .lag_option = FLOW_NONE,
                      .idle_option = FLOW_NONE};
    program.abi_version = FLOW_ABI_VERSION;
    program.name = "long";
    program.doc = "";
    program.target_cpu = "";
    program.fingerprint = 4712;
    program.layouts = layouts_;
    program.states = states();
    program.chains = chains_;
    program.edges = edges_;
    program.connectors = connectors_;
    program.layout_count = 4;
    program.state_count = 2;
    program.chain_count = 4;
    program.edge_count = 3;
    program.connector_count = 3;
    program.configure = configure_long;
  }
  LongProgram(const LongProgram&) = delete;

  test::Numbers numbers;
  FlowCell param{};
  FlowProgram program{};

private:
  const FlowState* states() {
    all_states_[0] = sums_;
    all_states_[1] = totals_;
    return all_states_;
  }

  FlowField number_fields_[3] = {{"key", FLOW_I64, 0, FLOW_NONE, FLOW_NONE},
                                 {"value", FLOW_I64, 8, FLOW_NONE, FLOW_NONE},
                                 {"@time", FLOW_TIMESTAMP, 16, FLOW_NONE, FLOW_NONE}};
  FlowField sum_fields_[3] = {{"key", FLOW_I64, 0, FLOW_NONE, FLOW_NONE},
                              {"sum", FLOW_I64, 8, FLOW_NONE, FLOW_NONE},
                              {"count", FLOW_I64, 16, FLOW_NONE, FLOW_NONE}};
  FlowField part_fields_[4] = {{"window", FLOW_I64, 0, FLOW_NONE, FLOW_NONE},
                               {"sum", FLOW_I64, 8, FLOW_NONE, FLOW_NONE},
                               {"count", FLOW_I64, 16, FLOW_NONE, FLOW_NONE},
                               {"@time", FLOW_TIMESTAMP, 24, FLOW_NONE, FLOW_NONE}};
  FlowRepeat no_list_{0, 0, 0, 0, FLOW_NONE};
  FlowLayout layouts_[4] = {{"numbers", 1, sizeof(test::NumberRow), 3, number_fields_, no_list_, 0, 0, nullptr},
                            {"sums.entry", 2, sizeof(test::SumEntry), 3, sum_fields_, no_list_, 0, 0, nullptr},
                            {"parts", 3, sizeof(PartRow), 4, part_fields_, no_list_, 0, 0, nullptr},
                            {"totals.entry", 4, sizeof(TotalEntry), 3, part_fields_, no_list_, 0, 0, nullptr}};
  FlowState sums_{.name = "sums.aggregate", .layout = 1, .key_size = 8, .running_layout = FLOW_NONE};
  FlowState totals_{
      .name = "totals.aggregate", .window = FLOW_WINDOW_SAME, .layout = 3, .key_size = 8, .running_layout = FLOW_NONE};
  FlowState all_states_[2] = {};
  FlowOutput outputs_[5] = {{FLOW_OUTPUT_EDGE, 0, 0, 0},
                            {FLOW_OUTPUT_EDGE, 1, 0, 0},
                            {FLOW_OUTPUT_SINK, 2, FLOW_NONE, 0},
                            {FLOW_OUTPUT_EDGE, 2, 2, 0},
                            {FLOW_OUTPUT_SINK, 1, FLOW_NONE, 0}};
  uint32_t state_numbers_[2] = {0, 1};
  FlowChain chains_[4] = {};
  FlowEdge edges_[3] = {{FLOW_EDGE_REBALANCE, 0, 0, 1, 0, 0, nullptr},
                        {FLOW_EDGE_HASH, 1, 0, 2, 0, 0, nullptr},
                        {FLOW_EDGE_HASH, 2, 0, 3, 0, 2, nullptr}};
  FlowOption source_options_[4] = {
      {"splits", FLOW_I64, 0}, {"count", FLOW_I64, 0}, {"lag", FLOW_DURATION, 0}, {"rate", FLOW_F64, 0}};
  FlowOption sink_options_[2] = {{"path", FLOW_STRING, 0}, {"header", FLOW_BOOL, 0}};
  FlowFormatField total_fields_[3] = {
      {"window", FLOW_I64, 0, FLOW_NONE, 1}, {"sum", FLOW_I64, 0, FLOW_NONE, 1}, {"count", FLOW_I64, 0, FLOW_NONE, 1}};
  FlowFormatField row_fields_[3] = {
      {"key", FLOW_I64, 0, FLOW_NONE, 1}, {"value", FLOW_I64, 0, FLOW_NONE, 1}, {"time", FLOW_I64, 0, FLOW_NONE, 1}};
  FlowConnector connectors_[3] = {};
};

} // namespace flow::sim
