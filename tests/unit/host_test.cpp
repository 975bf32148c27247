// The host: jobs from start to end on a machine in memory. Shows: the same result at any parallelism, with and without
// checkpoints, over crashes and rescaling; every cell of the table of starts; what is refused, and with which exit
// code; fallback behind a damaged checkpoint only where nothing was shown past it. Run alone: bin/tests/host_test
#include <gtest/gtest.h>

#include "runtime/env/operation.h"
#include "tests/unit/host_program.h"

namespace flow::test {
namespace {

using namespace runtime;

const std::string checkpoints = "state";

std::string read_text(Machine& machine, const std::string& path) {
  auto text = read_file(*machine.process, path, Access::own, 1 << 24);
  return text.is_ok() ? *text : text.status().message();
}

void write_text(Machine& machine, const std::string& path, const std::string& text) {
  auto file = machine.process->open(path, OpenMode::overwrite, Access::own);
  ASSERT_TRUE(file.is_ok()) << file.status().message();
  ASSERT_TRUE((*file)->write(text).is_ok());
}

void flip_byte(Machine& machine, const std::string& path) {
  std::string text = read_text(machine, path);
  ASSERT_FALSE(text.empty());
  text[text.size() / 2] = static_cast<char>(text[text.size() / 2] ^ 0x20);
  write_text(machine, path, text);
}

// Epochs that have a manifest, newest first.
std::vector<uint64_t> epochs(Machine& machine, const std::string& folder = checkpoints) {
  std::vector<uint64_t> found;
  auto entries = machine.process->read_folder(folder);
  if (!entries.is_ok()) return found;
  for (const FolderEntry& entry : *entries) {
    if (!entry.name.starts_with("epoch-")) continue;
    if (*exists(*machine.process, folder + "/" + entry.name + "/manifest"))
      found.push_back(std::stoull(entry.name.substr(6)));
  }
  std::sort(found.rbegin(), found.rend());
  return found;
}

std::string folder_of(uint64_t epoch) { return checkpoints + "/epoch-" + std::to_string(epoch); }

// Runs until so many epochs are complete, then kills the process.
void run_and_kill(Machine& machine, NumberProgram& program, uint64_t complete, uint32_t parallelism = 2) {
  Status opened = machine.open(program, machine.options(parallelism, checkpoints));
  ASSERT_TRUE(opened.is_ok()) << opened.message();
  while (machine.job->coordinator().stats().completed.load() < complete) {
    ASSERT_EQ(machine.run(1), Outcome::running) << "the input was too short";
  }
  machine.restart();
}

void finish(Machine& machine, NumberProgram& program, JobOptions options) {
  Status opened = machine.open(program, std::move(options));
  ASSERT_TRUE(opened.is_ok()) << opened.message();
  ASSERT_FALSE(machine.job->was_finished());
  ASSERT_EQ(machine.run(), Outcome::finished) << machine.job->coordinator().failure().message();
}

// ---- runs ----------------------------------------------------------------------------------------------------------

TEST(Host, BoundedInputIsPublishedAtItsEndWithoutCheckpoints) {
  for (uint32_t parallelism : {1u, 2u, 3u, 5u}) {
    NumberProgram program;
    Machine machine;
    ASSERT_TRUE(machine.open(program, machine.options(parallelism)).is_ok());
    EXPECT_EQ(machine.run(20), Outcome::running);
    EXPECT_TRUE(machine.output().empty()) << "nothing shows before the end";
    EXPECT_EQ(machine.run(), Outcome::finished);
    EXPECT_EQ(machine.output(), program.expected()) << "parallelism " << parallelism;
  }
}

TEST(Host, EmptyInputEnds) {
  NumberProgram program({.count = 0});
  Machine machine;
  finish(machine, program, machine.options(2, checkpoints));
  EXPECT_TRUE(machine.output().empty());
}

TEST(Host, FinishedJobStartedAgainChangesNothing) {
  NumberProgram program;
  Machine machine;
  finish(machine, program, machine.options(2, checkpoints));
  std::vector<std::string> output = machine.output();
  EXPECT_EQ(output, program.expected());
  for (RestoreMode mode : {RestoreMode::automatic, RestoreMode::latest}) {
    machine.restart();
    JobOptions options = machine.options(3, checkpoints);
    options.start.restore = mode;
    ASSERT_TRUE(machine.open(program, options).is_ok());
    EXPECT_TRUE(machine.job->was_finished());
    EXPECT_EQ(machine.output(), output);
  }
}

TEST(Host, CrashAtAnyMomentAndRescaling) {
  for (uint64_t seed = 1; seed <= 25; ++seed) {
    NumberProgram program;
    Machine machine(seed);
    Random random(seed);
    for (int life = 0; life < 4; ++life) {
      auto parallelism = static_cast<uint32_t>(1 + random.below(4));
      Status opened = machine.open(program, machine.options(parallelism, checkpoints));
      ASSERT_TRUE(opened.is_ok()) << opened.message();
      if (machine.job->was_finished() || machine.run(static_cast<int>(random.below(200))) != Outcome::running) break;
      machine.restart();
    }
    machine.restart();
    ASSERT_TRUE(machine.open(program, machine.options(2, checkpoints)).is_ok());
    if (!machine.job->was_finished()) EXPECT_EQ(machine.run(), Outcome::finished);
    EXPECT_EQ(machine.output(), program.expected()) << "seed " << seed;
  }
}

TEST(Host, StopTakesACheckpointAndLeavesWindowsOpen) {
  NumberProgram program;
  Machine machine;
  ASSERT_TRUE(machine.open(program, machine.options(2, checkpoints)).is_ok());
  ASSERT_EQ(machine.run(60), Outcome::running);
  machine.job->coordinator().request_stop();
  ASSERT_EQ(machine.run(), Outcome::stopped);
  std::vector<std::string> shown = machine.output(), whole = program.expected();
  EXPECT_LT(shown.size(), whole.size());
  EXPECT_TRUE(std::includes(whole.begin(), whole.end(), shown.begin(), shown.end())) << "a window was cut short";
  machine.restart();
  finish(machine, program, machine.options(3, checkpoints));
  EXPECT_EQ(machine.output(), whole);
}

TEST(Host, StopWithoutCheckpointsPublishesNothing) {
  NumberProgram program;
  Machine machine;
  ASSERT_TRUE(machine.open(program, machine.options(2)).is_ok());
  ASSERT_EQ(machine.run(60), Outcome::running);
  machine.job->coordinator().request_stop();
  EXPECT_EQ(machine.run(), Outcome::stopped);
  EXPECT_TRUE(machine.output().empty());
}

TEST(Host, OnlyTwoCheckpointsAreKept) {
  NumberProgram program;
  Machine machine;
  run_and_kill(machine, program, 5);
  EXPECT_EQ(epochs(machine), (std::vector<uint64_t>{5, 4}));
}

// Rows that came too late before a crash are not let in after it. With one split that does not depend on the schedule.
TEST(Host, LateRowsAreTheSameOverACrash) {
  Numbers numbers{.splits = 1, .lag_us = 100, .disorder_us = 3000};
  NumberProgram program(numbers);
  Machine straight;
  finish(straight, program, straight.options(2));
  std::vector<std::string> expected = straight.output();
  EXPECT_NE(expected, program.expected()) << "nothing was late";
  for (uint64_t complete = 1; complete <= 3; ++complete) {
    Machine machine(complete);
    run_and_kill(machine, program, complete);
    finish(machine, program, machine.options(3, checkpoints));
    EXPECT_EQ(machine.output(), expected) << "after epoch " << complete;
  }
}

// ---- the table of starts -------------------------------------------------------------------------------------------

class Start : public testing::Test {
protected:
  // Opens with these flags; success, or the exit code.
  ExitCode start(RestoreMode mode, bool is_fresh = false, const std::string& path = "") {
    JobOptions options = machine.options(2, checkpoints);
    options.start.restore = mode;
    options.start.path = path;
    options.start.is_fresh = is_fresh;
    Status opened = machine.open(program, options);
    message = opened.message();
    return opened.code();
  }
  void with_state(uint64_t complete = 3) { run_and_kill(machine, program, complete); }

  NumberProgram program;
  Machine machine;
  std::string message;
};

TEST_F(Start, NothingThereAndNoFlagStartsEmpty) {
  EXPECT_EQ(start(RestoreMode::automatic), ExitCode::finished);
  EXPECT_EQ(machine.job->start_epoch(), 0u);
}
TEST_F(Start, NothingThereAndLatestStartsEmpty) {
  EXPECT_EQ(start(RestoreMode::latest), ExitCode::finished);
  EXPECT_EQ(machine.job->start_epoch(), 0u);
}
TEST_F(Start, NothingThereAndNoneStartsEmpty) {
  EXPECT_EQ(start(RestoreMode::none), ExitCode::finished);
  EXPECT_EQ(machine.job->start_epoch(), 0u);
}
TEST_F(Start, NothingThereAndPathIsRefused) {
  EXPECT_EQ(start(RestoreMode::path, false, folder_of(3)), ExitCode::start_refused);
  EXPECT_NE(message.find(folder_of(3)), std::string::npos) << message;
}
TEST_F(Start, NothingThereAndFreshStartsEmpty) {
  EXPECT_EQ(start(RestoreMode::automatic, true), ExitCode::finished);
  EXPECT_EQ(machine.job->start_epoch(), 0u);
  EXPECT_EQ(machine.run(), Outcome::finished);
  EXPECT_EQ(machine.output(), program.expected());
}
TEST_F(Start, StateThereAndNoFlagResumes) {
  with_state();
  EXPECT_EQ(start(RestoreMode::automatic), ExitCode::finished);
  EXPECT_EQ(machine.job->start_epoch(), 3u);
}
TEST_F(Start, StateThereAndLatestResumes) {
  with_state();
  EXPECT_EQ(start(RestoreMode::latest), ExitCode::finished);
  EXPECT_EQ(machine.job->start_epoch(), 3u);
}
TEST_F(Start, StateThereAndNoneIsRefused) {
  with_state();
  EXPECT_EQ(start(RestoreMode::none), ExitCode::start_refused);
  EXPECT_NE(message.find("--fresh"), std::string::npos) << message;
  EXPECT_EQ(start(RestoreMode::automatic), ExitCode::finished) << "a refused start changes nothing";
  EXPECT_EQ(machine.job->start_epoch(), 3u);
}
TEST_F(Start, StateThereAndItsNewestPathResumesExactlyThere) {
  with_state();
  EXPECT_EQ(start(RestoreMode::path, false, folder_of(3)), ExitCode::finished);
  EXPECT_EQ(machine.job->start_epoch(), 3u);
  EXPECT_EQ(machine.run(), Outcome::finished);
  EXPECT_EQ(machine.output(), program.expected());
}
TEST_F(Start, StateThereAndAPathThatOutputHasPassedIsRefused) {
  with_state();
  EXPECT_EQ(start(RestoreMode::path, false, folder_of(2)), ExitCode::start_refused);
  EXPECT_EQ(epochs(machine), (std::vector<uint64_t>{3, 2})) << "a refused start changes nothing";
}
TEST_F(Start, StateThereAndAPathThatIsNotThereIsRefused) {
  with_state();
  EXPECT_EQ(start(RestoreMode::path, false, folder_of(77)), ExitCode::start_refused);
}
TEST_F(Start, StateThereAndFreshWritesBeside) {
  with_state();
  std::vector<std::string> before = machine.output();
  std::string manifest = read_text(machine, folder_of(3) + "/manifest");
  ASSERT_EQ(start(RestoreMode::automatic, true), ExitCode::finished) << message;
  EXPECT_EQ(machine.job->start_epoch(), 0u);
  EXPECT_EQ(machine.run(), Outcome::finished);
  EXPECT_EQ(read_text(machine, folder_of(3) + "/manifest"), manifest) << "the old state stays";
  std::vector<std::string> both = before, expected = program.expected();
  both.insert(both.end(), expected.begin(), expected.end());
  std::sort(both.begin(), both.end());
  EXPECT_EQ(machine.output(), both) << "the old output stays, the new is whole beside it";
}
TEST_F(Start, TheJobStartedFreshIsTheOneThatIsResumed) {
  with_state();
  ASSERT_EQ(start(RestoreMode::automatic, true), ExitCode::finished) << message;
  while (machine.job->coordinator().stats().completed.load() < 1) ASSERT_EQ(machine.run(1), Outcome::running);
  machine.restart();
  ASSERT_EQ(start(RestoreMode::automatic), ExitCode::finished) << message;
  EXPECT_EQ(machine.job->start_epoch(), 1u);
  EXPECT_EQ(machine.run(), Outcome::finished);
}
TEST_F(Start, AJobThatNeverCompletedAnEpochStartsEmptyAgain) {
  ASSERT_EQ(start(RestoreMode::automatic), ExitCode::finished);
  machine.run(3);
  machine.restart();
  ASSERT_EQ(start(RestoreMode::automatic), ExitCode::finished) << message;
  EXPECT_EQ(machine.job->start_epoch(), 0u);
  EXPECT_EQ(machine.run(), Outcome::finished);
  EXPECT_EQ(machine.output(), program.expected());
}

// ---- damage --------------------------------------------------------------------------------------------------------

TEST_F(Start, DamagedNewestManifestIsRefusedOnceItsOutputShows) {
  with_state();
  flip_byte(machine, folder_of(3) + "/manifest");
  EXPECT_EQ(start(RestoreMode::automatic), ExitCode::checkpoint_damaged);
  EXPECT_NE(message.find("epoch-3/manifest"), std::string::npos) << message;
  EXPECT_NE(message.find("--fresh"), std::string::npos) << message;
}

TEST_F(Start, DamagedStateFileIsRefusedOnceItsOutputShows) {
  with_state();
  auto entries = machine.process->read_folder(folder_of(3));
  ASSERT_TRUE(entries.is_ok());
  for (const FolderEntry& entry : *entries) {
    if (entry.name == "manifest") continue;
    std::string path = folder_of(3) + "/" + entry.name;
    std::string whole = read_text(machine, path);
    if (whole.empty()) continue;
    flip_byte(machine, path);
    EXPECT_EQ(start(RestoreMode::automatic), ExitCode::checkpoint_damaged) << path;
    EXPECT_NE(message.find(entry.name), std::string::npos) << message;
    write_text(machine, path, whole.substr(0, whole.size() - 1));
    EXPECT_EQ(start(RestoreMode::automatic), ExitCode::checkpoint_damaged) << path;
    write_text(machine, path, whole);
  }
  EXPECT_EQ(start(RestoreMode::automatic), ExitCode::finished) << message;
}

// The process dies between the decision and its commit; then the newest manifest is damaged: nothing of it shows, so
// the older checkpoint is as good a place to go on from.
TEST_F(Start, DamagedNewestFallsBackIfNothingOfItShows) {
  with_state();
  std::string marker = read_text(machine, "out/.flow/commit");
  ASSERT_EQ(start(RestoreMode::automatic), ExitCode::finished);
  machine.sim.faults().add({.operation = Operation::link, .times = Fault::for_ever});
  machine.sim.faults().add({.operation = Operation::rename, .path_part = "commit", .times = Fault::for_ever});
  EXPECT_EQ(machine.run(), Outcome::failed);
  machine.sim.faults().clear();
  machine.restart();
  ASSERT_EQ(read_text(machine, "out/.flow/commit"), marker);
  uint64_t newest = epochs(machine).front();
  ASSERT_GT(newest, 3u);
  flip_byte(machine, folder_of(newest) + "/manifest");
  ASSERT_EQ(start(RestoreMode::automatic), ExitCode::finished) << message;
  EXPECT_EQ(machine.job->start_epoch(), newest - 1);
  EXPECT_NE(machine.process->console_text(Console::error).find("falling back"), std::string::npos);
  EXPECT_EQ(machine.run(), Outcome::finished);
  EXPECT_EQ(machine.output(), program.expected());
}

// The process dies in the middle of the commit: files show, the marker does not say so yet.
TEST_F(Start, DamagedNewestIsRefusedOnceAPartOfItShows) {
  with_state();
  ASSERT_EQ(start(RestoreMode::automatic), ExitCode::finished);
  machine.sim.faults().add({.operation = Operation::remove_file, .path_part = ".staging", .times = Fault::for_ever});
  EXPECT_EQ(machine.run(), Outcome::failed);
  machine.sim.faults().clear();
  machine.restart();
  uint64_t newest = epochs(machine).front();
  ASSERT_GT(newest, 3u);
  flip_byte(machine, folder_of(newest) + "/manifest");
  EXPECT_EQ(start(RestoreMode::automatic), ExitCode::checkpoint_damaged);
  EXPECT_NE(message.find(fmt::format("shows the results of epoch {}", newest)), std::string::npos) << message;
  EXPECT_EQ(machine.process->console_text(Console::error).find("falling back"), std::string::npos);
}

// Decided results that do not show yet belong to a sink; without it they would be lost.
TEST_F(Start, ASinkWithResultsToShowMayNotGo) {
  with_state();
  ASSERT_EQ(start(RestoreMode::automatic), ExitCode::finished);
  machine.sim.faults().add({.operation = Operation::link, .times = Fault::for_ever});
  EXPECT_EQ(machine.run(), Outcome::failed);
  machine.sim.faults().clear();
  machine.restart();
  program.rename_sink("other");
  EXPECT_EQ(start(RestoreMode::automatic), ExitCode::checkpoint_foreign);
  EXPECT_NE(message.find("results of the sink 'sums'"), std::string::npos) << message;
  program.rename_sink("sums");
  ASSERT_EQ(start(RestoreMode::automatic), ExitCode::finished) << message;
  EXPECT_EQ(machine.run(), Outcome::finished);
  EXPECT_EQ(machine.output(), program.expected());
}

TEST_F(Start, FreshLeavesStateAloneWhoseRecordIsLost) {
  with_state();
  ASSERT_TRUE(machine.process->remove_file(std::string(checkpoints) + "/job").is_ok());
  std::vector<uint64_t> before = epochs(machine);
  ASSERT_EQ(start(RestoreMode::automatic, true), ExitCode::finished) << message;
  EXPECT_EQ(epochs(machine), before);
}

TEST_F(Start, LostStagedOutputIsRefused) {
  with_state();
  ASSERT_EQ(start(RestoreMode::automatic), ExitCode::finished);
  machine.sim.faults().add({.operation = Operation::link, .times = Fault::for_ever});
  EXPECT_EQ(machine.run(), Outcome::failed);
  machine.sim.faults().clear();
  machine.restart();
  auto entries = machine.process->read_folder("out/.staging");
  ASSERT_TRUE(entries.is_ok());
  for (const FolderEntry& entry : *entries)
    ASSERT_TRUE(machine.process->remove_file("out/.staging/" + entry.name).is_ok());
  EXPECT_EQ(start(RestoreMode::automatic), ExitCode::checkpoint_damaged);
  EXPECT_NE(message.find("lost"), std::string::npos) << message;
}

TEST_F(Start, AllCheckpointsGoneAndOutputThereIsRefused) {
  with_state();
  for (uint64_t epoch : epochs(machine)) ASSERT_TRUE(remove_tree(*machine.process, folder_of(epoch)).is_ok());
  EXPECT_EQ(start(RestoreMode::automatic), ExitCode::checkpoint_damaged) << "output shows more than the state knows";
}

// ---- what is refused -----------------------------------------------------------------------------------------------

TEST_F(Start, SecondInstanceIsRefused) {
  ASSERT_EQ(start(RestoreMode::automatic), ExitCode::finished);
  SimEnv other(machine.sim);
  Log log(other);
  auto second = Job::open(other, program.program, {program.param}, machine.options(1, checkpoints), log);
  ASSERT_FALSE(second.is_ok());
  EXPECT_EQ(second.status().code(), ExitCode::checkpoint_in_use);
  EXPECT_NE(second.status().message().find(checkpoints), std::string::npos) << second.status().message();
}

TEST_F(Start, CheckpointOfAnotherProgramIsRefused) {
  with_state();
  auto& state = const_cast<FlowState&>(program.program.states[0]);
  ++state.offset;
  EXPECT_EQ(start(RestoreMode::automatic), ExitCode::checkpoint_foreign);
  EXPECT_NE(message.find(fmt::format("incompatible  {}: its window is another", state.name)), std::string::npos)
      << message;
  --state.offset;
  EXPECT_EQ(start(RestoreMode::automatic), ExitCode::finished) << message;
}

TEST_F(Start, OutputOfAnEarlierRunIsRefused) {
  NumberProgram other;
  Machine& same = machine;
  finish(same, other, same.options(1));
  same.restart();
  EXPECT_EQ(start(RestoreMode::automatic), ExitCode::start_refused);
  EXPECT_NE(message.find("'out'"), std::string::npos) << message;
  Status again = same.open(program, same.options(1));
  EXPECT_EQ(again.code(), ExitCode::start_refused) << "also without checkpoints";
}

TEST_F(Start, MissingOutputFolderIsRefused) {
  with_state();
  ASSERT_TRUE(remove_tree(*machine.process, "out").is_ok());
  EXPECT_EQ(start(RestoreMode::automatic), ExitCode::start_refused);
}

TEST_F(Start, UnboundedInputWithFilesNeedsCheckpoints) {
  NumberProgram endless({.count = -1});
  Status opened = machine.open(endless, machine.options(1));
  EXPECT_EQ(opened.code(), ExitCode::start_refused);
  EXPECT_NE(opened.message().find("--checkpoint-dir"), std::string::npos) << opened.message();
  EXPECT_TRUE(machine.open(endless, machine.options(1, checkpoints)).is_ok());
}

TEST_F(Start, KeyGroupsAreFixedAtTheFirstStart) {
  JobOptions first = machine.options(2, checkpoints);
  first.start.group_count = 8;
  ASSERT_TRUE(machine.open(program, first).is_ok());
  machine.restart();
  JobOptions other = machine.options(2, checkpoints);
  other.start.group_count = 16;
  EXPECT_EQ(machine.open(program, other).code(), ExitCode::start_refused);
  EXPECT_FALSE(machine.open(program, machine.options(9, checkpoints)).is_ok()) << "more tasks than groups";
  finish(machine, program, machine.options(8, checkpoints));
  EXPECT_EQ(machine.output(), program.expected());
}

TEST_F(Start, FullDiskStopsTheJobAndNothingIsLost) {
  ASSERT_EQ(start(RestoreMode::automatic), ExitCode::finished);
  while (machine.job->coordinator().stats().completed.load() < 2) ASSERT_EQ(machine.run(1), Outcome::running);
  machine.sim.faults().fill_disk("out");
  ASSERT_EQ(machine.run(), Outcome::failed);
  EXPECT_EQ(machine.job->coordinator().failure().code(), ExitCode::output_failed);
  machine.sim.faults().clear();
  machine.restart();
  finish(machine, program, machine.options(2, checkpoints));
  EXPECT_EQ(machine.output(), program.expected());
}

TEST_F(Start, ReadOnlyOutputIsToldBeforeAnythingIsRead) {
  machine.sim.faults().make_read_only("out");
  EXPECT_EQ(start(RestoreMode::automatic), ExitCode::output_failed);
}

TEST_F(Start, FailedFsyncStopsTheJob) {
  ASSERT_EQ(start(RestoreMode::automatic), ExitCode::finished);
  machine.sim.faults().add({.operation = Operation::fsync, .path_part = ".staging"});
  EXPECT_EQ(machine.run(), Outcome::failed);
  machine.restart();
  finish(machine, program, machine.options(2, checkpoints));
  EXPECT_EQ(machine.output(), program.expected());
}

} // namespace
} // namespace flow::test
