// Source chains that decode and sinks that encode: records that wait for a watermark are put back, bad ones follow the
// policy, a snapshot in the middle of a file goes on there. Run alone: bin/tests/task_records_test
#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "runtime/abi/flow_host.h"
#include "runtime/vocabulary/vocabulary.h"

namespace flow::test {
namespace {

// id,at → the same to the sink; bad records as text|line|reason to a sink of their own.
int64_t run_source(FlowTask* task, FlowSplit* split, const FlowInput* input, int64_t from) {
  int64_t position = from;
  while (true) {
    flow_scratch_reset(task);
    int64_t begin = position;
    const FlowCell* cells = nullptr;
    int32_t decoded = flow_rt_decode(task, split, input, &position, &cells);
    if (decoded < 0) return -1;
    if (decoded == 0) return position;
    if (decoded == 1) {
      if (flow_observe_time(split, cells[1].value.i)) return begin;
      FlowCell* out = flow_sink_cells(task, 0);
      out[0] = cells[0];
      out[1] = cells[1];
      out[2] = {};
      out[2].value.i = flow_watermark(task);
      flow_rt_sink_record(task, 0);
    } else {
      FlowCell* out = flow_sink_cells(task, 1);
      out[0] = cells[0];
      out[1] = cells[2];
      out[2] = cells[5];
      flow_rt_sink_record(task, 1);
    }
    if (flow_out_full(task)) return position;
  }
}

const FlowFormatField source_fields[] = {{"id", FLOW_STRING, 0, FLOW_NONE, 1}, {"at", FLOW_I64, 0, FLOW_NONE, 1}};
const FlowFormatField sink_fields[] = {
    {"id", FLOW_STRING, 0, FLOW_NONE, 1}, {"at", FLOW_I64, 0, FLOW_NONE, 1}, {"watermark", FLOW_I64, 0, FLOW_NONE, 1}};
const FlowFormatField bad_fields[] = {{"text", FLOW_STRING, 0, FLOW_NONE, 1},
                                      {"line", FLOW_I64, 0, FLOW_NONE, 1},
                                      {"reason", FLOW_STRING, 0, FLOW_NONE, 1}};
const FlowOption lag_option[] = {{"lag", FLOW_DURATION, 0}};
const FlowOutput outputs[] = {{FLOW_OUTPUT_SINK, 1, FLOW_NONE, 0}, {FLOW_OUTPUT_SINK, 2, FLOW_NONE, 0}};

struct Program {
  FlowConnector connectors[3] = {};
  FlowChain chain{};
  FlowProgram program{};
  FlowCell lag[1] = {};
  const FlowCell* options[3] = {lag, nullptr, nullptr};

  Program(int64_t lag_us, uint32_t on_error) {
    lag[0].value.i = lag_us;
    for (FlowConnector& connector : connectors) {
      connector.type = "file";
      connector.format = "csv";
      connector.rate_option = connector.lag_option = connector.idle_option = FLOW_NONE;
      connector.field_count = 3;
    }
    connectors[0].name = "rows";
    connectors[0].is_source = 1;
    connectors[0].option_count = 1;
    connectors[0].options = lag_option;
    connectors[0].lag_option = 0;
    connectors[0].watermark = FLOW_WATERMARK_LAG;
    connectors[0].fields = source_fields;
    connectors[0].field_count = 2;
    connectors[0].on_error = on_error;
    connectors[1].name = "out";
    connectors[1].fields = sink_fields;
    connectors[2].name = "bad";
    connectors[2].fields = bad_fields;
    chain.name = chain.uid = "rows > out";
    chain.source = 0;
    chain.output_count = 2;
    chain.outputs = outputs;
    chain.run_source = run_source;
    program.abi_version = FLOW_ABI_VERSION;
    program.name = "test";
    program.chains = &chain;
    program.chain_count = 1;
    program.connectors = connectors;
    program.connector_count = 3;
  }
};

// Keeps the bytes of the sinks.
class Host {
public:
  explicit Host(const Program& program) {
    FlowHost host{this,
                  [](void*, uint32_t, uint32_t) { return flow_batch_new(0, 0, 0); },
                  send,
                  [](void*, int64_t, uint8_t) {},
                  nullptr,
                  nullptr,
                  [](void*, uint64_t) { return 0u; },
                  nullptr,
                  nullptr};
    uint32_t channels[2] = {1, 1};
    FlowPlace place{0, 0, 1, 16, nullptr, channels, program.options};
    task = flow_task_open(&program.program, &place, &host);
  }
  ~Host() { flow_task_close(task); }
  Host(const Host&) = delete;

  // Reads text[from, to) as windows of random size, each with what the last one left over; the position reached.
  int64_t read(FlowSplit* split, const std::string& text, int64_t to, std::mt19937& random) {
    int64_t size = static_cast<int64_t>(text.size());
    int64_t seen = flow_split_cursor(split);
    while (flow_split_cursor(split) < to || (to == size && seen < size)) {
      seen = std::min<int64_t>(size, std::max(seen, flow_split_cursor(split)) + 1 + random() % 60);
      int64_t cursor = flow_split_cursor(split);
      std::string window = text.substr(static_cast<size_t>(cursor), static_cast<size_t>(seen - cursor));
      FlowInput input{
          window.data(), static_cast<int64_t>(window.size()), static_cast<int64_t>(1 + random() % 5), seen == size, {}};
      int64_t reached = flow_task_pull(task, split, &input, 0);
      if (reached < 0) return -1;
      EXPECT_EQ(flow_split_cursor(split), cursor + reached);
      if (seen == size && reached == 0 && !window.empty()) break;
      if (seen == size && flow_split_cursor(split) == size) break;
    }
    flow_task_flush(task);
    return flow_split_cursor(split);
  }

  FlowTask* task;
  std::string sinks[2];

private:
  static uint8_t send(void* self, uint32_t output, uint32_t, FlowBatch* batch) {
    uint64_t bytes;
    const uint8_t* data = flow_batch_data(batch, &bytes);
    static_cast<Host*>(self)->sinks[output].append(reinterpret_cast<const char*>(data), bytes);
    flow_batch_free(batch);
    return 1;
  }
};

struct File {
  std::string text = "id,at\n";
  std::string expected; // of the sink, with a watermark after every row
  std::string bad;
  uint64_t good_count = 0, bad_count = 0;

  File(std::mt19937& random, int64_t lag, bool has_bad) {
    int64_t watermark = INT64_MIN;
    int64_t line = 2;
    for (int i = 0; i < 200; ++i, ++line) {
      if (random() % 10 == 0) {
        text += "\n";
        ++line;
      }
      std::string id = "row " + std::to_string(i) + (random() % 4 == 0 ? " with a longer text, in quotes" : "");
      std::string quoted = id.find(',') == std::string::npos ? id : '"' + id + '"';
      if (has_bad && random() % 8 == 0) {
        text += quoted + ",x\n";
        bad += (id == quoted ? id + ",x" : "\"\"\"" + id + "\"\",x\"");
        bad_count += 1;
        bad_lines.push_back(line);
        continue;
      }
      int64_t at = i * 3 - static_cast<int64_t>(random() % 60);
      text += quoted + "," + std::to_string(at) + "\n";
      rows.push_back({quoted, at, watermark});
      watermark = std::max(watermark, at - lag - 1);
      good_count += 1;
    }
  }
  struct Row {
    std::string id;
    int64_t at, watermark;
  };
  std::vector<Row> rows;
  std::vector<int64_t> bad_lines;
};

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (size_t at = 0; at < text.size();) {
    size_t end = text.find('\n', at);
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

// Rows in their order; of a row that is behind, the watermark is exactly that of the rows before it.
void expect_rows(const std::string& sink, const File& file) {
  std::vector<std::string> lines = lines_of(sink);
  ASSERT_EQ(lines.size(), file.rows.size());
  for (size_t i = 0; i < lines.size(); ++i) {
    std::string begin = file.rows[i].id + "," + std::to_string(file.rows[i].at) + ",";
    ASSERT_EQ(lines[i].substr(0, begin.size()), begin) << i;
    int64_t watermark = std::stoll(lines[i].substr(begin.size()));
    ASSERT_LE(watermark, file.rows[i].watermark) << i;
    if (file.rows[i].at <= file.rows[i].watermark) ASSERT_EQ(watermark, file.rows[i].watermark) << i;
  }
}

void append(void* text, const void* data, uint64_t bytes) {
  static_cast<std::string*>(text)->append(static_cast<const char*>(data), bytes);
}

std::vector<std::string> items_of(FlowTask* task) {
  FlowSnapshot* snapshot = flow_task_capture(task, 1);
  std::vector<std::string> items(flow_snapshot_item_count(snapshot));
  for (uint32_t i = 0; i < items.size(); ++i) {
    FlowWriter writer{&items[i], append};
    flow_snapshot_write_item(snapshot, i, &writer);
  }
  flow_snapshot_release(snapshot, 1);
  return items;
}

TEST(TaskRecords, WaitForTheWatermarkAndGoOnAfterASnapshot) {
  for (uint32_t seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    int64_t lag = random() % 50;
    bool has_bad = random() % 2 == 0;
    File file(random, lag, has_bad);
    Program program(lag, has_bad ? FLOW_ON_ERROR_TO : FLOW_ON_ERROR_STOP);
    Host first(program);
    FlowSplit* split = flow_split_open(first.task, "rows.csv", 0, 1, 0);
    int64_t cut = static_cast<int64_t>(random() % file.text.size());
    ASSERT_GE(first.read(split, file.text, cut, random), 0) << flow_task_error(first.task).text;
    std::vector<std::string> items = items_of(first.task);

    Host second(program);
    for (const std::string& item : items) {
      ASSERT_EQ(flow_task_restore_item(second.task, item.data(), item.size()), 0) << flow_task_error(second.task).text;
    }
    split = flow_split_find(second.task, "rows.csv");
    ASSERT_NE(split, nullptr);
    int64_t end = second.read(split, file.text, static_cast<int64_t>(file.text.size()), random);
    ASSERT_EQ(end, static_cast<int64_t>(file.text.size())) << flow_task_error(second.task).text;
    flow_split_end(second.task, split);
    EXPECT_TRUE(flow_task_is_finished(second.task));

    expect_rows(first.sinks[0] + second.sinks[0], file);
    std::vector<std::string> bad = lines_of(first.sinks[1] + second.sinks[1]);
    ASSERT_EQ(bad.size(), file.bad_lines.size());
    for (size_t i = 0; i < bad.size(); ++i) {
      EXPECT_NE(bad[i].find("," + std::to_string(file.bad_lines[i]) + ","), std::string::npos) << bad[i];
    }
    FlowTaskCounters counters = flow_task_counters(second.task);
    EXPECT_EQ(counters.rows_in, file.good_count + file.bad_count);
    EXPECT_EQ(counters.bad, file.bad_count);
    EXPECT_EQ(counters.rows_out, file.good_count + file.bad_count);
    if (HasFailure()) return;
  }
}

TEST(TaskRecords, BadOnesAreSkippedAndCounted) {
  std::mt19937 random(1);
  File file(random, 10, true);
  Program program(10, FLOW_ON_ERROR_SKIP);
  Host host(program);
  FlowSplit* split = flow_split_open(host.task, "rows.csv", 0, 1, 0);
  ASSERT_EQ(host.read(split, file.text, static_cast<int64_t>(file.text.size()), random),
            static_cast<int64_t>(file.text.size()));
  expect_rows(host.sinks[0], file);
  EXPECT_EQ(host.sinks[1], "");
  EXPECT_EQ(flow_task_counters(host.task).skipped, file.bad_count);
  EXPECT_EQ(flow_task_counters(host.task).bad, file.bad_count);
}

TEST(TaskRecords, ABadOneStopsWithItsPlace) {
  Program program(0, FLOW_ON_ERROR_STOP);
  Host host(program);
  FlowSplit* split = flow_split_open(host.task, "data/rows.csv", 0, 1, 0);
  std::string text = "id,at\na,1\nb,soon\nc,3\n";
  FlowInput input{text.data(), static_cast<int64_t>(text.size()), 100, 1, {}};
  EXPECT_EQ(flow_task_pull(host.task, split, &input, 0), -1);
  EXPECT_EQ(flow_task_error(host.task).code, 4);
  std::string error = flow_task_error(host.task).text;
  EXPECT_EQ(error.find("data/rows.csv, line 3, column 3, field at: 'soon' "), 0u) << error;
  EXPECT_NE(error.find("'b,soon'"), std::string::npos) << error;
  EXPECT_NE(error.find("on error skip"), std::string::npos) << error;
}

TEST(TaskRecords, AnEmptyFileAndAMissingColumnAreTold) {
  for (std::string text : {std::string(""), std::string("id,when\na,1\n")}) {
    Program program(0, FLOW_ON_ERROR_SKIP);
    Host host(program);
    FlowSplit* split = flow_split_open(host.task, "rows.csv", 0, 1, 0);
    FlowInput input{text.data(), static_cast<int64_t>(text.size()), 100, 1, {}};
    EXPECT_EQ(flow_task_pull(host.task, split, &input, 0), -1);
    EXPECT_NE(std::string(flow_task_error(host.task).text).find("rows.csv"), std::string::npos);
  }
}

// ---- options ----

int64_t configure(FlowTask* task, uint32_t index, FlowCell* out) {
  int64_t given = flow_param(task, 0)->value.i;
  if (index == UINT32_MAX) {
    if (given < 0) flow_fail(task, 0, FLOW_FAIL_PARAM);
    return flow_failed(task) && flow_rt_row_failed(task) ? -1 : 0;
  }
  if (index != 0) return 0;
  out[0].value.i = given * 2;
  char* text = flow_scratch(task, 5);
  memcpy(text, "hello", 5);
  out[1].value.s = text;
  out[1].length = 5;
  return 0;
}

TEST(Configure, EvaluatesOptionsFromParams) {
  Program program(0, 0);
  FlowOption options[] = {{"lag", FLOW_DURATION, 0}, {"path", FLOW_STRING, 0}};
  program.connectors[0].options = options;
  program.connectors[0].option_count = 2;
  program.program.configure = configure;
  FlowSite site{"a.flow", 2, 7, "n >= 0", FLOW_ON_ERROR_STOP, 0};
  program.program.sites = &site;
  program.program.site_count = 1;
  FlowParam n{.name = "n", .help = "", .kind = FLOW_I64, .enum_type = FLOW_NONE, .site = 0};
  program.program.params = &n;
  program.program.param_count = 1;
  FlowCell param{};
  param.value.i = 21;
  FlowTaskError error{};
  FlowConfigured* configured = flow_configure(&program.program, &param, &error);
  ASSERT_EQ(error.code, 0) << error.text;
  const FlowCell* cells = flow_configured_options(configured)[0];
  EXPECT_EQ(cells[0].value.i, 42);
  EXPECT_EQ(std::string(cells[1].value.s, cells[1].length), "hello");
  flow_configured_free(configured);
  param.value.i = -1;
  configured = flow_configure(&program.program, &param, &error);
  EXPECT_EQ(error.code, 2);
  EXPECT_STREQ(error.text, "--n -1 is refused: a.flow:2:7 asks for `n >= 0`");
  flow_configured_free(configured);
}

} // namespace
} // namespace flow::test
