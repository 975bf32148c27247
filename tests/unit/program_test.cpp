// Flags and texts of a job. Shows: each flag, its forms and its limits; params of every kind; that all mistakes are
// told at once, with what was meant; help and description. Run alone: bin/tests/program_test
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "runtime/program/cpu.h"
#include "runtime/program/describe.h"
#include "runtime/program/flags.h"
#include "runtime/program/report.h"
#include "tests/unit/host_program.h"
#include "tests/unit/keyed_program.h"

namespace flow::test {
namespace {

using namespace runtime;
using testing::HasSubstr;
using testing::Not;

constexpr const char* color_texts[] = {"red", "green"};
constexpr FlowEnum color{"Color", 2, color_texts};

FlowParam param(const char* name, FlowKind kind, bool is_required = false) {
  FlowParam made{};
  made.name = name;
  made.help = "what it is";
  made.kind = kind;
  made.is_required = is_required ? 1 : 0;
  made.enum_type = kind == FLOW_ENUM ? 0 : FLOW_NONE;
  return made;
}

class Flags : public testing::Test {
protected:
  Flags() {
    program.program.enums = &color;
    program.program.enum_count = 1;
  }
  Result<JobFlags> parse(std::vector<std::string_view> arguments) {
    program.program.params = params.data();
    program.program.param_count = static_cast<uint32_t>(params.size());
    return parse_flags(program.program, arguments, 4);
  }
  std::string refusal(std::vector<std::string_view> arguments) {
    auto flags = parse(std::move(arguments));
    if (flags.is_ok()) return "it was taken";
    EXPECT_EQ(flags.status().code(), ExitCode::usage);
    return flags.status().message();
  }

  NumberProgram program;
  std::vector<FlowParam> params;
};

TEST_F(Flags, BatchRowsHoldForReadingAndSending) {
  auto flags = parse({"--batch-rows", "7"});
  ASSERT_TRUE(flags.is_ok());
  EXPECT_EQ(flags->options.batch_rows, 7u);
  EXPECT_EQ(flags->options.rows_per_action, 7);
  EXPECT_THAT(refusal({"--batch-rows", "0"}), HasSubstr("from 1 to"));
}

TEST_F(Flags, NothingGivenIsEverythingByDefault) {
  auto flags = parse({});
  ASSERT_TRUE(flags.is_ok());
  EXPECT_EQ(flags->options.start.parallelism, 4u);
  EXPECT_EQ(flags->options.start.restore, RestoreMode::automatic);
  EXPECT_FALSE(flags->options.start.group_count.has_value());
  EXPECT_TRUE(flags->options.checkpoint_dir.empty());
  EXPECT_EQ(flags->options.epochs.interval_us, 10'000'000);
  EXPECT_EQ(flags->options.latency_us, 1000);
}

TEST_F(Flags, LatencyIsADurationOrNone) {
  for (auto [text, us] : {std::pair{"0", 0}, {"0s", 0}, {"250us", 250}, {"5ms", 5000}, {"1min", 60'000'000}}) {
    auto flags = parse({"--latency", text});
    ASSERT_TRUE(flags.is_ok()) << flags.status().message();
    EXPECT_EQ(flags->options.latency_us, us) << text;
  }
  for (std::string_view wrong : {"1", "-1ms", "soon", "", "61s", "0.5ms", "99999999999999999999s"}) {
    EXPECT_THAT(refusal({"--latency", wrong}), HasSubstr("--latency")) << wrong;
  }
}

TEST_F(Flags, BothFormsAreTheSame) {
  auto flags = parse({"--parallelism=3", "--checkpoint-dir", "a dir", "--checkpoint-interval=50ms", "--max-parallelism",
                      "64", "--restore", "latest", "--quiet"});
  ASSERT_TRUE(flags.is_ok()) << flags.status().message();
  EXPECT_EQ(flags->options.start.parallelism, 3u);
  EXPECT_EQ(flags->options.checkpoint_dir, "a dir");
  EXPECT_EQ(flags->options.epochs.interval_us, 50'000);
  EXPECT_EQ(flags->options.start.group_count, 64u);
  EXPECT_EQ(flags->options.start.restore, RestoreMode::latest);
  EXPECT_TRUE(flags->is_quiet);
}

TEST_F(Flags, RestoreTakesLatestNoneOrAPath) {
  EXPECT_EQ(parse({"--restore", "none"})->options.start.restore, RestoreMode::none);
  auto path = parse({"--restore", "d/epoch-3", "--checkpoint-dir", "d"});
  ASSERT_TRUE(path.is_ok());
  EXPECT_EQ(path->options.start.restore, RestoreMode::path);
  EXPECT_EQ(path->options.start.path, "d/epoch-3");
  EXPECT_THAT(refusal({"--restore", "d/epoch-3"}), HasSubstr("--checkpoint-dir"));
  EXPECT_THAT(refusal({"--restore", "latest"}), HasSubstr("--checkpoint-dir"));
  EXPECT_THAT(refusal({"--fresh", "--restore", "latest", "--checkpoint-dir", "d"}), HasSubstr("--fresh"));
  EXPECT_THAT(refusal({"--restore"}), HasSubstr("needs a value"));
}

TEST_F(Flags, ValuesOutsideTheirLimitsAreRefused) {
  for (std::string_view wrong : {"0", "-1", "many", "", "99999999999", "1.5"}) {
    EXPECT_THAT(refusal({"--parallelism", wrong}), HasSubstr("--parallelism")) << wrong;
    EXPECT_THAT(refusal({"--max-parallelism", wrong}), HasSubstr("--max-parallelism")) << wrong;
  }
  for (std::string_view wrong : {"0s", "5", "-1s", "soon", "1us"}) {
    EXPECT_THAT(refusal({"--checkpoint-interval", wrong}), HasSubstr("--checkpoint-interval")) << wrong;
  }
  EXPECT_THAT(refusal({"--parallelism", "9", "--max-parallelism", "8"}), HasSubstr("more than"));
  EXPECT_THAT(refusal({"--checkpoint-dir="}), HasSubstr("--checkpoint-dir"));
  EXPECT_THAT(refusal({"--quiet=yes"}), HasSubstr("takes no value"));
}

TEST_F(Flags, UnknownFlagsAreAnsweredWithTheNearest) {
  params = {param("airport", FLOW_STRING)};
  EXPECT_THAT(refusal({"--paralelism", "2"}), HasSubstr("did you mean --parallelism?"));
  EXPECT_THAT(refusal({"--airprt=JFK"}), HasSubstr("did you mean --airport?"));
  EXPECT_THAT(refusal({"--zzz"}), Not(HasSubstr("did you mean")));
  EXPECT_THAT(refusal({"data.csv"}), HasSubstr("flags begin with --"));
  EXPECT_THAT(refusal({"--"}), HasSubstr("is no flag"));
}

TEST_F(Flags, ParamsOfEveryKind) {
  params = {param("text", FLOW_STRING), param("small", FLOW_U8),      param("big", FLOW_I64),
            param("real", FLOW_F64),    param("yes", FLOW_BOOL),      param("when", FLOW_TIMESTAMP),
            param("day", FLOW_DATE),    param("span", FLOW_DURATION), param("hue", FLOW_ENUM),
            param("max_rows", FLOW_I64)};
  auto flags =
      parse({"--text", "a b", "--small=255", "--big", "-5", "--real", "1.5", "--yes", "--when", "2020-01-01T00:00:00Z",
             "--day", "1970-01-03", "--span=1h30min", "--hue", "green", "--max-rows", "7"});
  ASSERT_TRUE(flags.is_ok()) << flags.status().message();
  const std::vector<FlowCell>& cells = flags->params;
  EXPECT_EQ(std::string(cells[0].value.s, cells[0].length), "a b");
  EXPECT_EQ(cells[1].value.i, 255);
  EXPECT_EQ(cells[2].value.i, -5);
  EXPECT_EQ(cells[3].value.f, 1.5);
  EXPECT_EQ(cells[4].value.i, 1);
  EXPECT_EQ(cells[5].value.i, 1'577'836'800'000'000);
  EXPECT_EQ(cells[6].value.i, 2);
  EXPECT_EQ(cells[7].value.i, 5'400'000'000);
  EXPECT_EQ(cells[8].value.i, 1);
  EXPECT_EQ(cells[9].value.i, 7);
  EXPECT_EQ(parse({"--yes", "false"})->params[4].value.i, 0);
  EXPECT_EQ(parse({"--yes=false"})->params[4].value.i, 0);
  EXPECT_EQ(parse({"--max_rows=8"})->params[9].value.i, 8);
}

TEST_F(Flags, WrongParamsAreToldTogether) {
  params = {param("data", FLOW_STRING, true), param("small", FLOW_U8), param("hue", FLOW_ENUM)};
  std::string message = refusal({"--small", "300", "--hue", "blue", "--nonsense"});
  EXPECT_THAT(message, HasSubstr("--data string has to be given (what it is)"));
  EXPECT_THAT(message, HasSubstr("--small"));
  EXPECT_THAT(message, HasSubstr("out of range"));
  EXPECT_THAT(message, HasSubstr("--hue"));
  EXPECT_THAT(message, HasSubstr("--nonsense"));
  EXPECT_THAT(message, HasSubstr("--help"));
}

TEST_F(Flags, DefaultsHoldUntilGiven) {
  params = {param("n", FLOW_I64), param("data", FLOW_STRING)};
  params[0].default_value.value.i = 42;
  params[1].default_value.value.s = "data.csv";
  params[1].default_value.length = 8;
  auto flags = parse({"--data="});
  ASSERT_TRUE(flags.is_ok());
  EXPECT_EQ(flags->params[0].value.i, 42);
  EXPECT_EQ(flags->params[1].length, 0u) << "an empty text was given";
  EXPECT_EQ(parse({})->params[1].length, 8u);
}

TEST_F(Flags, HelpAsksForNothingElse) {
  params = {param("data", FLOW_STRING, true)};
  EXPECT_TRUE(parse({"--help"})->wants_help);
  EXPECT_TRUE(parse({"--version"})->wants_version);
  EXPECT_TRUE(parse({"--describe"})->wants_description);
}

TEST_F(Flags, HelpNamesEverything) {
  params = {param("data", FLOW_STRING, true), param("n", FLOW_I64), param("hue", FLOW_ENUM)};
  params[1].default_value.value.i = 42;
  parse({"--help"}).is_ok();
  std::string help = help_text(program.program, 4);
  for (const char* part : {"Sums of numbers.", "--data string", "has to be given", "--n i64", "(42)", "red|green",
                           "--parallelism N", "--max-parallelism", "--checkpoint-dir", "--checkpoint-interval",
                           "--latency", "--restore", "--fresh", "--describe", "--summary", "--quiet", "Exit codes"}) {
    EXPECT_THAT(help, HasSubstr(part));
  }
}

TEST(Describe, NamesWhatThereIs) {
  NumberProgram program;
  std::string text = describe(program.program, 3);
  for (const char* part : {"source numbers: generate", "sink sums: file, csv", "key: i64", "numbers, 3 tasks",
                           "sends to 1 by key", "keeps sums.aggregate: window tumbling 1ms", "writes sums"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
}

TEST(Describe, NamesTheCellsAndTimersOfAnOperator) {
  KeyedProgram program({.expires = int64_t{3600} * 1'000'000});
  std::string text = describe(program.program, 1);
  EXPECT_THAT(text, HasSubstr("     keeps keeper.process: an entry per key, 112 bytes an entry\n"
                              "       state total: 8 bytes\n"
                              "       state last: 24 bytes, expires after 1h\n"
                              "       timer plain in event time\n"
                              "       timer repeats in event time\n"
                              "       timer wall in processing time\n"));
}

TEST(Cpu, OnlyWhatIsMissingIsRefused) {
  NumberProgram program;
  program.program.target_cpu = "some-cpu";
  program.program.cpu_features = 0;
  EXPECT_TRUE(check_cpu(program.program, 0).is_ok()) << "plain x86-64 runs everywhere";
  program.program.cpu_features = 0b1010001; // sse3, popcnt, avx2
  EXPECT_TRUE(check_cpu(program.program, 0b1010001).is_ok());
  EXPECT_TRUE(check_cpu(program.program, 0b1111111).is_ok()) << "more does no harm";
  Status refused = check_cpu(program.program, 0b0010000);
  EXPECT_EQ(refused.code(), ExitCode::wrong_machine);
  EXPECT_THAT(refused.message(), HasSubstr("--target-cpu some-cpu): sse3, avx2 missing"));
}

// A bit that this version knows no name for comes from a newer flowc: it cannot be checked, so it counts as missing.
TEST(Cpu, UnknownFeaturesAreMissing) {
  NumberProgram program;
  program.program.cpu_features = uint64_t{1} << 63;
  EXPECT_THAT(check_cpu(program.program, machine_features()).message(), HasSubstr("#63 missing"));
}

TEST(Cpu, IsDescribedWithTheLevel) {
  NumberProgram program;
  program.program.target_cpu = "x86-64-v3";
  program.program.optimisation = 3;
  EXPECT_THAT(describe(program.program, 1), HasSubstr("for x86-64-v3, -O3;"));
}

TEST(Report, SaysWhatCameInAndWhatWasLost) {
  JobTotals totals{.in = 1'234'567, .out = 12, .late = 1, .bad = 3, .skipped = 2};
  EXPECT_EQ(summary_text(totals, 2'150'000), "1,234,567 events in, 12 out, 1 late, 3 bad, 2 skipped, in 2.1 s");
  EXPECT_THAT(losses_text(totals), HasSubstr("1 event came too late"));
  EXPECT_THAT(losses_text(totals), HasSubstr("3 records could not be read, 2 of them skipped"));
  EXPECT_EQ(losses_text({.in = 5}), "");
  EXPECT_THAT(losses_text({.skipped = 1}), HasSubstr("1 row ended with an error and was skipped"));
}

} // namespace
} // namespace flow::test
