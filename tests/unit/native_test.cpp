// Jobs on threads and a real disk: the same results as in memory, at any parallelism, with checkpoints as fast as they
// come, stopped and resumed. What the thread sanitizer looks at. Run alone: bin/tests/native_test
#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

#include "runtime/env/posix_env.h"
#include "runtime/host/native_host.h"
#include "tests/unit/host_program.h"

namespace flow::test {
namespace {

using namespace runtime;

class Native : public testing::Test {
protected:
  Native() : folder((std::filesystem::temp_directory_path() / "flow-native-XXXXXX").string()) {
    EXPECT_NE(mkdtemp(folder.data()), nullptr);
  }
  ~Native() override { std::filesystem::remove_all(folder); }

  Outcome run(NumberProgram& program, uint32_t parallelism, bool has_checkpoints, bool stops_early = false) {
    JobOptions options;
    options.start.parallelism = parallelism;
    if (has_checkpoints) options.checkpoint_dir = folder + "/state";
    options.epochs.interval_us = 1000;
    options.batch_rows = 16;
    Log log(env, LogLevel::warning);
    auto job = Job::open(env, program.program, {program.param}, options, log);
    EXPECT_TRUE(job.is_ok()) << job.status().message();
    if (!job.is_ok()) return Outcome::failed;
    if ((*job)->was_finished()) return Outcome::finished;
    NativeHost host(env, **job, parallelism);
    Coordinator& coordinator = (*job)->coordinator();
    Outcome outcome = host.run([&] {
      if (stops_early && coordinator.stats().completed.load() >= 3) coordinator.request_stop();
    });
    completed += coordinator.stats().completed.load();
    if (outcome == Outcome::failed) ADD_FAILURE() << coordinator.failure().message();
    return outcome;
  }

  std::vector<std::string> output() {
    std::vector<std::string> lines;
    auto entries = env.read_folder(folder + "/out");
    if (!entries.is_ok()) return lines;
    for (const FolderEntry& entry : *entries) {
      if (!entry.name.starts_with("part-")) continue;
      std::string text = *read_file(env, folder + "/out/" + entry.name, Access::shared, 1 << 26);
      for (size_t at = text.find('\n') + 1; at < text.size(); at = text.find('\n', at) + 1) {
        lines.push_back(text.substr(at, text.find('\n', at) - at));
      }
    }
    std::sort(lines.begin(), lines.end());
    return lines;
  }

  PosixEnv env;
  std::string folder;
  uint64_t completed = 0;
};

TEST_F(Native, BoundedInputAtAnyParallelism) {
  for (uint32_t parallelism : {1u, 2u, 3u, 8u}) {
    NumberProgram program({.count = 50'000, .splits = 3, .keys = 100, .path = folder + "/out"});
    EXPECT_EQ(run(program, parallelism, false), Outcome::finished);
    EXPECT_EQ(output(), program.expected()) << "parallelism " << parallelism;
    std::filesystem::remove_all(folder + "/out");
  }
}

TEST_F(Native, WithCheckpointsAsFastAsTheyCome) {
  NumberProgram program({.count = 200'000, .splits = 4, .keys = 100, .path = folder + "/out"});
  EXPECT_EQ(run(program, 3, true), Outcome::finished);
  EXPECT_EQ(output(), program.expected());
}

TEST_F(Native, StoppedAndResumedAtOtherParallelism) {
  NumberProgram program({.count = 1'000'000, .splits = 4, .keys = 100, .path = folder + "/out"});
  uint32_t parallelism = 1;
  Outcome outcome = Outcome::running;
  for (int life = 0; life < 4 && outcome != Outcome::finished; ++life)
    outcome = run(program, 1 + parallelism++ % 4, true, true);
  if (outcome != Outcome::finished) outcome = run(program, 2, true);
  EXPECT_EQ(outcome, Outcome::finished);
  EXPECT_EQ(output(), program.expected());
}

} // namespace
} // namespace flow::test
