// Schemas of checkpoints: to bytes and back, with any bytes, and compared. Entries of real programs are in
// tests/driver/state.test and upgrade.test.
#include <random>

#include "runtime/program/restart.h"
#include "runtime/saved/compare.h"
#include "runtime/saved/entries.h"
#include "runtime/saved/migrate.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace flow::runtime {
namespace {

// A state of an operator: a key of 8 bytes, two flags, a cell with two fields, a timer.
Schema small_schema() {
  Schema schema;
  schema.enums.push_back({"Size", {"small", "large"}});
  LayoutSchema entry{.name = "kept.entry", .fingerprint = 7, .stride = 56};
  entry.fields = {{"k", FLOW_I64, 0, FLOW_NONE, FLOW_NONE},
                  {"@set.cell", FLOW_BOOL, 8, FLOW_NONE, FLOW_NONE},
                  {"@set.timer", FLOW_BOOL, 9, FLOW_NONE, FLOW_NONE},
                  {"cell.text", FLOW_STRING, 16, 36 * 8, FLOW_NONE},
                  {"cell.size", FLOW_ENUM, 32, FLOW_NONE, 0},
                  {"@time.timer", FLOW_TIMESTAMP, 40, FLOW_NONE, FLOW_NONE},
                  {"@queued.timer", FLOW_TIMESTAMP, 48, FLOW_NONE, FLOW_NONE}};
  schema.layouts.push_back(entry);
  StateSchema state{.name = "kept.process", .chain = "kept.process", .kind = FLOW_STATE_KEYED, .key_size = 8};
  state.keys.push_back({"k", FLOW_I64, false, FLOW_NONE});
  state.cells.push_back({.name = "cell", .set_offset = 8, .begin = 16, .end = 40});
  state.timers.push_back({"timer", 9, 40, 48, false});
  schema.states.push_back(state);
  schema.sources.push_back({"numbers", "numbers", "generate", ""});
  return schema;
}

TEST(Schema, ReadsBackWhatItWrites) {
  std::string bytes = encode_schema(small_schema());
  Result<Schema> read = decode_schema(bytes, "manifest");
  ASSERT_TRUE(read.is_ok()) << read.status().message();
  EXPECT_EQ(encode_schema(*read), bytes);
  EXPECT_EQ(read->states[0].cells[0].name, "cell");
  EXPECT_EQ(read->layouts[0].fields[3].null_bit, 36u * 8);
}

// Whatever bytes a schema is read from: entries that are read by it stay within their memory (a sanitizer would tell).
TEST(Schema, AnyBytesAreReadOrRefused) {
  std::string bytes = encode_schema(small_schema());
  int refused = 0, taken = 0;
  for (uint32_t seed = 0; seed < 4000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    std::string wrong = bytes;
    for (uint32_t i = 0; i <= random() % 3; ++i) wrong[random() % wrong.size()] = static_cast<char>(random());
    if (random() % 8 == 0) wrong.resize(random() % wrong.size());
    Result<Schema> read = decode_schema(wrong, "manifest");
    refused += !read.is_ok();
    if (!read.is_ok()) continue;
    ++taken;
    constexpr uint32_t much = 1 << 20; // may be, but takes time to fill
    bool is_large = !read->states.empty() && read->layouts[read->states[0].layout].stride > much;
    if (read->layouts.empty() || is_large) continue;
    SchemaProgram program(*read);
    EntryCodec codec(program, read->states.empty() ? 0 : read->states[0].layout,
                     !read->states.empty() && read->states[0].key_is_bytes);
    std::string noise(200, '\0');
    for (char& c : noise) c = static_cast<char>(random() % 4);
    ByteReader in(noise);
    SavedEntry entry;
    if (!codec.read(in, entry)) continue;
    ByteWriter out;
    codec.write(out, entry);
    EXPECT_EQ(out.view().size(), in.position());
  }
  EXPECT_GT(refused, 100);
  EXPECT_GT(taken, 100);
}

std::string judged(const Schema& saved, const Schema& program) {
  return comparison_text(compare(saved, program), Fit::migratable);
}

TEST(Compare, WidthsAndSigns) {
  using Kinds = std::pair<FlowKind, FlowKind>;
  auto with_kind = [](FlowKind kind) {
    Schema schema = small_schema();
    schema.layouts[0].fields[4] = {"cell.size", kind, 32, FLOW_NONE, FLOW_NONE};
    return schema;
  };
  for (auto [from, to] : {Kinds{FLOW_I8, FLOW_I16},
                          {FLOW_I32, FLOW_I64},
                          {FLOW_U8, FLOW_I16},
                          {FLOW_U32, FLOW_I64},
                          {FLOW_U8, FLOW_U32},
                          {FLOW_F32, FLOW_F64}}) {
    EXPECT_THAT(judged(with_kind(from), with_kind(to)), testing::StartsWith("migratable    kept.process.cell")) << to;
    EXPECT_THAT(judged(with_kind(to), with_kind(from)), testing::StartsWith("incompatible  kept.process.cell")) << to;
  }
  for (auto [from, to] : {Kinds{FLOW_U8, FLOW_I8},
                          {FLOW_I8, FLOW_U16},
                          {FLOW_I32, FLOW_F64},
                          {FLOW_BOOL, FLOW_I8},
                          {FLOW_U64, FLOW_I64},
                          {FLOW_DATE, FLOW_I32}}) {
    EXPECT_THAT(judged(with_kind(from), with_kind(to)), testing::StartsWith("incompatible  kept.process.cell")) << to;
  }
}

TEST(Compare, ACellIsFoundByItsNameBeforeByItsOldOne) {
  Schema saved = small_schema(), program = small_schema();
  program.states[0].cells[0].name = "renamed";
  program.layouts[0].fields[3].name = "renamed.text";
  program.layouts[0].fields[4].name = "renamed.size";
  EXPECT_THAT(judged(saved, program),
              testing::HasSubstr("lossy         kept.process.cell: the program has no such cell"));
  program.states[0].cells[0].was = "cell";
  EXPECT_EQ(judged(saved, program), "migratable    kept.process.cell: it is 'renamed' now\n");
  EXPECT_EQ(judged(program, program), ""); // renamed before
}

// Every text, null and enum value of an entry is found again in another layout, and one that holds nothing goes.
TEST(Migration, MovesEntriesIntoAnotherLayout) {
  Schema saved = small_schema(), program = small_schema();
  LayoutSchema& layout = program.layouts[0];
  layout.fingerprint = 8;
  layout.stride = 64;
  program.enums[0].texts = {"none", "small", "large"};
  layout.fields[3].offset = 24;
  layout.fields[3].null_bit = 44 * 8 + 1;
  layout.fields[4].offset = 40;
  program.states[0].cells[0].begin = 24;
  program.states[0].cells[0].end = 48;
  program.states[0].timers.clear();
  layout.fields.resize(5); // the timer's times
  SchemaProgram saved_program(saved), new_program(program);
  EntryCodec before(saved_program, 0, false), after(new_program, 0, false);
  auto entry_of = [](bool has_cell, bool has_text, bool has_timer) {
    SavedEntry entry{.hash = 99, .bytes = std::vector<uint8_t>(56), .heap = {}, .lists = {}};
    entry.bytes[0] = 5;
    entry.bytes[8] = has_cell;
    entry.bytes[9] = has_timer;
    if (has_cell) entry.bytes[32] = 1; // large
    if (has_cell && !has_text) entry.bytes[36] = 1;
    constexpr std::string_view text = "a text that does not fit into its slot";
    if (has_cell && has_text) {
      entry.heap.assign(text.begin(), text.end());
      write_long_string(entry.bytes.data() + 16, text.data(), text.size(), 0);
    }
    return entry;
  };
  ByteWriter group;
  group.raw("FGR1");
  group.varint(1);
  group.text("kept.process");
  group.u64(7);
  group.varint(1);
  group.i64(0);
  group.varint(3);
  for (const SavedEntry& entry :
       {entry_of(true, true, true), entry_of(true, false, false), entry_of(false, false, true)}) {
    group.u64(entry.hash);
    before.write(group, entry);
  }
  Comparison comparison = compare(saved, program);
  EXPECT_EQ(comparison.worst(), Fit::lossy); // the timer
  Result<std::string> moved = Migration(saved, program, comparison).migrate(group.view(), 0);
  ASSERT_TRUE(moved.is_ok()) << moved.status().message();
  struct Seen final : GroupVisitor {
    const Schema& schema;
    std::vector<std::string> entries;
    explicit Seen(const Schema& of) : schema(of) {}
    bool begin(const StateSchema&) override { return true; }
    void visit(const StateSchema&, const SavedEntry& entry) override {
      const std::vector<FieldSchema>& fields = schema.layouts[0].fields;
      FlowCell text = cell_of(fields[3], entry.bytes.data(), entry.heap.data());
      entries.push_back(text.is_null != 0 ? "null" : std::string(text.value.s, text.length));
      EXPECT_EQ(cell_of(fields[0], entry.bytes.data(), nullptr).value.i, 5);
      EXPECT_EQ(cell_of(fields[4], entry.bytes.data(), nullptr).value.i, 2); // large
    }
  } seen(program);
  ASSERT_TRUE(GroupReader(program, new_program).read(*moved, seen).is_ok());
  EXPECT_THAT(seen.entries, testing::ElementsAre("a text that does not fit into its slot", "null"));
}

TEST(Restart, ItsFlagAndItsDelays) {
  RestartPolicy policy;
  EXPECT_EQ(parse_restart("no", policy), "");
  EXPECT_FALSE(policy.is_on());
  EXPECT_EQ(parse_restart("on-failure", policy), "");
  EXPECT_EQ(policy.times, 3u);
  EXPECT_EQ(parse_restart("on-failure=5,delay=2s", policy), "");
  EXPECT_EQ(policy.times, 5u);
  EXPECT_EQ(policy.delay_before(1), 2'000'000);
  EXPECT_EQ(policy.delay_before(4), 16'000'000);
  EXPECT_EQ(policy.delay_before(1'000'000), 300'000'000);
  for (const char* wrong :
       {"", "always", "on-failure=0", "on-failure=x", "on-failure,1s", "on-failure=1,delay=", "on-failurex"}) {
    EXPECT_NE(parse_restart(wrong, policy), "") << wrong;
  }
  EXPECT_TRUE(may_pass(ExitCode::output_failed));
  EXPECT_FALSE(may_pass(ExitCode::bad_data));
}

} // namespace
} // namespace flow::runtime
