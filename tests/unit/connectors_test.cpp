// Sinks: what a file sink stages, commits and cleans up, that it survives any crash, and what it refuses.
//   build/bin/tests/connectors_test --gtest_filter='FileSink.*'
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "runtime/base/crc32c.h"
#include "runtime/connectors/file_names.h"
#include "runtime/connectors/sink.h"
#include "runtime/env/files.h"
#include "runtime/env/sim_env.h"
#include "tests/unit/connector_fixture.h"

namespace flow::runtime {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

std::unique_ptr<Sink> file_sink(uint64_t attempt = 1, std::string suffix = "", std::string header = "id\n") {
  TestConnector connector("csv");
  connector.option("path", "out/best");
  return make_sink(connector.connector(), connector.cells(), std::move(header), {"job-7", std::move(suffix), attempt})
      .value();
}

std::vector<std::string> names_in(Env& env, const std::string& folder) {
  std::vector<std::string> names;
  for (const FolderEntry& entry : env.read_folder(folder).value()) names.push_back(entry.name);
  return names;
}

std::string content(Env& env, const std::string& path) { return read_file(env, path, Access::shared, 1 << 20).value(); }

struct World {
  explicit World(uint64_t seed = 1) : machine(seed), env(std::make_unique<SimEnv>(machine)) {}
  SimMachine machine;
  std::unique_ptr<SimEnv> env;
};

// One epoch of a writer, synced.
std::vector<StagedFile> close_and_sync(SinkWriter& writer, uint64_t epoch) {
  StagedOutput output = writer.close_epoch(epoch).value();
  EXPECT_TRUE(output.sync().is_ok());
  return output.files;
}

TEST(FileSink, shows_an_epoch_only_after_its_commit) {
  World world;
  Env& env = *world.env;
  auto sink = file_sink();
  ASSERT_TRUE(sink->prepare(env).is_ok());
  auto writer = sink->open(env, 2, 5).value();
  ASSERT_TRUE(writer->write("1\n2\n").is_ok());
  ASSERT_TRUE(writer->write("3\n").is_ok());
  auto files = close_and_sync(*writer, 5);
  ASSERT_EQ(files.size(), 1u);
  EXPECT_EQ(files[0].staged_name, "job-7-1-5-2-0.csv");
  EXPECT_EQ(files[0].final_name, "part-000005-002.csv");
  EXPECT_EQ(files[0].length, 9u);
  EXPECT_EQ(files[0].crc, crc32c("id\n1\n2\n3\n"));
  EXPECT_THAT(names_in(env, "out/best"), ElementsAre(".flow", ".staging"));
  EXPECT_EQ(sink->newest_output(env).value(), 0u);
  EXPECT_EQ(sink->marker(env).value(), std::nullopt);

  ASSERT_TRUE(sink->commit(env, files, 5).is_ok());
  EXPECT_THAT(names_in(env, "out/best"), ElementsAre(".flow", ".staging", "part-000005-002.csv"));
  EXPECT_EQ(content(env, "out/best/part-000005-002.csv"), "id\n1\n2\n3\n");
  EXPECT_THAT(names_in(env, "out/best/.staging"), IsEmpty());
  EXPECT_EQ(sink->newest_output(env).value(), 5u);
  EXPECT_EQ(sink->marker(env).value(), (CommitMarker{"job-7", 5}));
}

TEST(FileSink, an_epoch_without_records_makes_no_file) {
  World world;
  auto sink = file_sink();
  ASSERT_TRUE(sink->prepare(*world.env).is_ok());
  auto writer = sink->open(*world.env, 0, 1).value();
  ASSERT_TRUE(writer->write("").is_ok());
  EXPECT_THAT(close_and_sync(*writer, 1), IsEmpty());
  ASSERT_TRUE(sink->commit(*world.env, {}, 1).is_ok());
  EXPECT_EQ(sink->newest_output(*world.env).value(), 0u);
  EXPECT_EQ(sink->marker(*world.env).value()->epoch, 1u);
}

TEST(FileSink, lists_what_is_not_known_to_be_committed) {
  World world;
  auto sink = file_sink();
  ASSERT_TRUE(sink->prepare(*world.env).is_ok());
  auto writer = sink->open(*world.env, 0, 1).value();
  auto epochs_of = [](const std::vector<StagedFile>& files) {
    std::vector<uint64_t> epochs;
    for (const StagedFile& file : files) epochs.push_back(file.epoch);
    return epochs;
  };
  ASSERT_TRUE(writer->write("1\n").is_ok());
  EXPECT_THAT(epochs_of(close_and_sync(*writer, 1)), ElementsAre(1));
  ASSERT_TRUE(writer->write("2\n").is_ok());
  EXPECT_THAT(epochs_of(close_and_sync(*writer, 2)), ElementsAre(1, 2)); // epoch 1 was given up
  writer->committed(1);
  EXPECT_THAT(epochs_of(close_and_sync(*writer, 3)), ElementsAre(2));
  writer->committed(3);
  EXPECT_THAT(epochs_of(close_and_sync(*writer, 4)), IsEmpty());
}

TEST(FileSink, large_output_is_written_in_portions_with_the_right_checksum) {
  World world;
  auto sink = file_sink(1, "", "");
  ASSERT_TRUE(sink->prepare(*world.env).is_ok());
  auto writer = sink->open(*world.env, 0, 1).value();
  std::string all;
  for (int i = 0; i < 200; ++i) {
    std::string records(static_cast<size_t>(i * 37), static_cast<char>('a' + i % 26));
    ASSERT_TRUE(writer->write(records).is_ok());
    all += records;
  }
  auto files = close_and_sync(*writer, 1);
  EXPECT_EQ(files[0].length, all.size());
  EXPECT_EQ(files[0].crc, crc32c(all));
  ASSERT_TRUE(sink->commit(*world.env, files, 1).is_ok());
  EXPECT_TRUE(content(*world.env, "out/best/part-000001-000.csv") == all);
}

TEST(FileSink, a_commit_may_be_repeated_and_changes_nothing) {
  World world;
  auto sink = file_sink();
  ASSERT_TRUE(sink->prepare(*world.env).is_ok());
  auto writer = sink->open(*world.env, 0, 1).value();
  ASSERT_TRUE(writer->write("1\n").is_ok());
  auto files = close_and_sync(*writer, 1);
  ASSERT_TRUE(sink->commit(*world.env, files, 1).is_ok());
  ASSERT_TRUE(sink->commit(*world.env, files, 1).is_ok());
  ASSERT_TRUE(file_sink(2)->commit(*world.env, files, 1).is_ok());
  EXPECT_EQ(content(*world.env, "out/best/part-000001-000.csv"), "id\n1\n");
}

// The states in which a recovery may find a listed file.
TEST(FileSink, refuses_what_is_not_the_listed_file) {
  struct Case {
    const char* name;
    std::optional<std::string> staged;
    std::optional<std::string> committed;
    const char* expected; // null: fine
  };
  std::string good = "id\n1\n", damaged = "id\n2\n", shorter = "id\n";
  for (const Case& c : {Case{"staged", good, {}, nullptr}, Case{"committed", {}, good, nullptr},
                        Case{"both", good, good, nullptr}, Case{"neither", {}, {}, "is lost: the checkpoint lists it"},
                        Case{"staged and damaged", damaged, {}, "is not the one that the checkpoint lists"},
                        Case{"staged and cut", shorter, {}, "it has 3 bytes"},
                        Case{"committed and damaged", {}, damaged, "is not the one that the checkpoint lists"},
                        Case{"another file of that name", good, shorter, "is not the one that the checkpoint lists"}}) {
    World world;
    auto sink = file_sink(2);
    ASSERT_TRUE(sink->prepare(*world.env).is_ok());
    StagedFile file{1, "job-7-1-1-0-0.csv", "part-000001-000.csv", good.size(), crc32c(good)};
    if (c.staged) world.machine.preload_text("out/best/.staging/job-7-1-1-0-0.csv", *c.staged);
    if (c.committed) world.machine.preload_text("out/best/part-000001-000.csv", *c.committed);
    Status status = sink->commit(*world.env, std::vector{file}, 1);
    if (c.expected == nullptr) {
      EXPECT_TRUE(status.is_ok()) << c.name << ": " << status.message();
      EXPECT_EQ(content(*world.env, "out/best/part-000001-000.csv"), good) << c.name;
      EXPECT_THAT(names_in(*world.env, "out/best/.staging"), IsEmpty()) << c.name;
      continue;
    }
    EXPECT_EQ(status.code(), ExitCode::checkpoint_damaged) << c.name;
    EXPECT_THAT(status.message(), HasSubstr(c.expected)) << c.name;
    EXPECT_EQ(sink->marker(*world.env).value(), std::nullopt) << c.name;
    if (c.committed) EXPECT_EQ(content(*world.env, "out/best/part-000001-000.csv"), *c.committed) << c.name;
  }
}

TEST(FileSink, cleans_up_what_older_attempts_of_the_same_job_left) {
  World world;
  Env& env = *world.env;
  auto sink = file_sink(5);
  ASSERT_TRUE(sink->prepare(env).is_ok());
  for (const char* name : {"job-7-1-1-0-0.csv", "job-7-4-9-1-3.csv", "job-7-4-9-2-3.csv", "job-7-5-9-1-0.csv",
                           "job-7-6-1-1-1.csv", "job-7-4-9-1-3-fresh1.csv", "job-7-4-9-1-3.json", "notes.csv",
                           "job-7-4-9-1.csv", "job-7-4-9-1-3-1.csv", "job-8-1-1-0-0.csv"}) {
    world.machine.preload_text(std::string("out/best/.staging/") + name, "x");
  }
  StagedFile kept{9, "job-7-4-9-2-3.csv", "part-000009-002.csv", 1, 0};
  ASSERT_TRUE(sink->clean_up(env, std::vector{kept}).is_ok());
  EXPECT_THAT(names_in(env, "out/best/.staging"),
              UnorderedElementsAre("job-7-4-9-2-3.csv", "job-7-5-9-1-0.csv", "job-7-6-1-1-1.csv",
                                   "job-7-4-9-1-3-fresh1.csv", "job-7-4-9-1-3.json", "notes.csv", "job-7-4-9-1.csv",
                                   "job-7-4-9-1-3-1.csv", "job-8-1-1-0-0.csv"));
  EXPECT_TRUE(file_sink(9)->clean_up(*std::make_unique<World>()->env, {}).is_ok()) << "nothing is there";
}

TEST(FileSink, one_running_job_at_a_time_writes_to_a_place) {
  World world;
  auto first = file_sink(1), second = file_sink(2);
  ASSERT_TRUE(first->prepare(*world.env).is_ok());
  ASSERT_TRUE(first->lock(*world.env).is_ok());
  Status refused = second->lock(*world.env);
  EXPECT_EQ(refused.code(), ExitCode::checkpoint_in_use);
  EXPECT_THAT(refused.message(), HasSubstr("another running job writes to 'out/best'"));
  first.reset();
  EXPECT_TRUE(second->lock(*world.env).is_ok());
}

TEST(FileSink, a_fresh_job_writes_beside_another) {
  World world;
  Env& env = *world.env;
  auto write_one = [&](Sink& sink, std::string_view text) {
    EXPECT_TRUE(sink.prepare(env).is_ok());
    auto writer = sink.open(env, 0, 1).value();
    EXPECT_TRUE(writer->write(text).is_ok());
    EXPECT_TRUE(sink.commit(env, close_and_sync(*writer, 1), 1).is_ok());
  };
  auto old_sink = file_sink(), new_sink = file_sink(1, "k3x");
  write_one(*old_sink, "1\n");
  EXPECT_EQ(new_sink->newest_output(env).value(), 0u);
  write_one(*new_sink, "2\n");
  EXPECT_THAT(names_in(env, "out/best"),
              ElementsAre(".flow", ".staging", "part-000001-000-k3x.csv", "part-000001-000.csv"));
  EXPECT_EQ(content(env, "out/best/part-000001-000.csv"), "id\n1\n");
  EXPECT_THAT(names_in(env, "out/best/.flow"), ElementsAre("commit", "commit-k3x"));
}

TEST(FileSink, a_damaged_marker_is_refused) {
  World world;
  auto sink = file_sink();
  ASSERT_TRUE(sink->prepare(*world.env).is_ok());
  ASSERT_TRUE(sink->commit(*world.env, {}, 12).is_ok());
  std::string good = content(*world.env, "out/best/.flow/commit");
  for (size_t at = 0; at < good.size(); ++at) {
    std::string damaged = good;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    world.machine.preload_text("out/best/.flow/commit", damaged);
    auto marker = sink->marker(*world.env);
    ASSERT_FALSE(marker.is_ok()) << at;
    EXPECT_EQ(marker.status().code(), ExitCode::checkpoint_damaged);
    world.machine.preload_text("out/best/.flow/commit", good.substr(0, at));
    ASSERT_FALSE(sink->marker(*world.env).is_ok()) << at;
  }
}

TEST(FileSink, a_full_or_read_only_disk_is_told_with_the_exit_code_for_output) {
  for (bool is_full : {true, false}) {
    World world;
    auto sink = file_sink();
    ASSERT_TRUE(sink->prepare(*world.env).is_ok());
    auto writer = sink->open(*world.env, 0, 1).value();
    if (is_full)
      world.machine.faults().fill_disk("out");
    else
      world.machine.faults().make_read_only("out");
    Status status = writer->write("1\n");
    if (status.is_ok()) status = writer->close_epoch(1).status();
    ASSERT_FALSE(status.is_ok());
    EXPECT_EQ(status.code(), ExitCode::output_failed);
    EXPECT_THAT(status.message(), HasSubstr("out/best/.staging/job-7-1-1-0-0.csv"));
  }
  World world;
  world.machine.faults().make_read_only("out");
  EXPECT_EQ(file_sink()->prepare(*world.env).code(), ExitCode::output_failed);
}

TEST(FileSink, a_failed_fsync_is_told) {
  World world;
  auto sink = file_sink();
  ASSERT_TRUE(sink->prepare(*world.env).is_ok());
  auto writer = sink->open(*world.env, 0, 1).value();
  ASSERT_TRUE(writer->write("1\n").is_ok());
  world.machine.faults().add({.operation = Operation::fsync});
  StagedOutput output = writer->close_epoch(1).value();
  EXPECT_EQ(output.sync().code(), ExitCode::output_failed);
}

TEST(FileSink, the_path_is_needed) {
  TestConnector connector("csv");
  EXPECT_EQ(make_sink(connector.connector(), connector.cells(), "", {}).status().code(), ExitCode::usage);
  TestConnector unknown("csv", "kafka");
  EXPECT_THAT(make_sink(unknown.connector(), unknown.cells(), "", {}).status().message(),
              HasSubstr("no connector 'kafka'"));
}

TEST(StagedFile, is_read_back_and_its_names_are_checked) {
  StagedFile file{7, "1-7-0-0.csv", "part-000007-000.csv", 1234, 0xdeadbeef};
  ByteWriter out;
  file.write(out);
  ByteReader in(out.view());
  EXPECT_EQ(StagedFile::read(in), file);
  EXPECT_TRUE(in.is_at_end());
  for (std::string name : {"../x", "", ".", "a/b"}) {
    ByteWriter bad;
    StagedFile{7, name, "part", 1, 2}.write(bad);
    ByteReader reader(bad.view());
    StagedFile::read(reader);
    EXPECT_TRUE(reader.has_failed()) << name;
  }
}

TEST(FileNames, tell_committed_files_of_a_job) {
  FileNames plain{"", "csv", "job-7"}, fresh{"k3x", "csv", "job-7"};
  EXPECT_EQ(plain.epoch_of("part-000001-000.csv"), 1u);
  EXPECT_EQ(plain.epoch_of("part-1234567-1000.csv"), 1234567u);
  EXPECT_EQ(plain.epoch_of("part-000001-000-k3x.csv"), std::nullopt);
  EXPECT_EQ(plain.epoch_of("part-000001-000.json"), std::nullopt);
  EXPECT_EQ(plain.epoch_of("part-.csv"), std::nullopt);
  EXPECT_EQ(plain.epoch_of("x-000001-000.csv"), std::nullopt);
  EXPECT_EQ(fresh.epoch_of("part-000001-000-k3x.csv"), 1u);
  EXPECT_EQ(fresh.epoch_of("part-000001-000.csv"), std::nullopt);
}

// ---- crashes ----

// A whole life in small: two tasks write three epochs, a manifest per epoch says what is committed. Dies at every
// changing operation, perhaps with the power, starts again and finishes; what was once committed must be there.
class LifeOfASink {
public:
  static constexpr uint64_t epochs = 3;
  static constexpr uint32_t tasks = 2;

  // Runs an attempt until its end or death. True: finished.
  bool run(SimEnv& env) {
    Status status = attempt(env);
    EXPECT_TRUE(status.is_ok() || env.is_dead()) << status.message();
    return status.is_ok();
  }

private:
  struct Manifest {
    uint64_t attempt = 0; // the newest that began
    uint64_t epoch = 0;   // the newest that is complete
    std::vector<StagedFile> files;
  };

  Status attempt(SimEnv& env) {
    FLOW_TRY(make_folders(env, "ckpt", Access::own));
    FLOW_TRY_ASSIGN(Manifest manifest, load(env));
    uint64_t attempt = ++manifest.attempt;
    FLOW_TRY(store(env, manifest));
    auto sink = file_sink(attempt);
    FLOW_TRY(sink->prepare(env));
    if (manifest.epoch > 0) FLOW_TRY(sink->commit(env, manifest.files, manifest.epoch));
    FLOW_TRY(sink->clean_up(env, {}));
    std::vector<std::unique_ptr<SinkWriter>> writers;
    for (uint32_t task = 0; task < tasks; ++task) {
      FLOW_TRY_ASSIGN(auto writer, sink->open(env, task, manifest.epoch + 1));
      writers.push_back(std::move(writer));
    }
    for (uint64_t epoch = manifest.epoch + 1; epoch <= epochs; ++epoch) {
      manifest.files.clear();
      for (uint32_t task = 0; task < tasks; ++task) {
        for (int record = 0; record < 3; ++record)
          FLOW_TRY(writers[task]->write(LifeOfASink::record(epoch, task, record)));
        FLOW_TRY_ASSIGN(StagedOutput output, writers[task]->close_epoch(epoch));
        FLOW_TRY(output.sync());
        manifest.files.insert(manifest.files.end(), output.files.begin(), output.files.end());
      }
      manifest.epoch = epoch;
      FLOW_TRY(store(env, manifest));
      FLOW_TRY(sink->commit(env, manifest.files, epoch));
      for (auto& writer : writers) writer->committed(epoch);
    }
    return Status();
  }

  static Result<Manifest> load(Env& env) {
    FLOW_TRY_ASSIGN(bool is_there, exists(env, "ckpt/manifest"));
    if (!is_there) return Manifest();
    FLOW_TRY_ASSIGN(std::string bytes, read_file(env, "ckpt/manifest", Access::own, 1 << 20));
    ByteReader in(bytes);
    Manifest manifest;
    manifest.attempt = in.u64();
    manifest.epoch = in.u64();
    for (uint64_t n = in.u64(); n > 0 && !in.has_failed(); --n) manifest.files.push_back(StagedFile::read(in));
    FLOW_TRY(in.finish("the manifest"));
    return manifest;
  }

  static Status store(Env& env, const Manifest& manifest) {
    ByteWriter out;
    out.u64(manifest.attempt);
    out.u64(manifest.epoch);
    out.u64(manifest.files.size());
    for (const StagedFile& file : manifest.files) file.write(out);
    return write_file_durably(env, "ckpt/manifest", out.view(), Access::own);
  }

public:
  static std::string record(uint64_t epoch, uint32_t task, int record) {
    return std::to_string(epoch) + "-" + std::to_string(task) + "-" + std::to_string(record) + "\n";
  }
};

std::map<std::string, std::string> committed_files(Env& env) {
  std::map<std::string, std::string> files;
  if (!exists(env, "out/best").value()) return files;
  for (const FolderEntry& entry : env.read_folder("out/best").value()) {
    if (!entry.name.starts_with('.')) files[entry.name] = content(env, "out/best/" + entry.name);
  }
  return files;
}

std::map<std::string, std::string> expected_files() {
  std::map<std::string, std::string> files;
  for (uint64_t epoch = 1; epoch <= LifeOfASink::epochs; ++epoch) {
    for (uint32_t task = 0; task < LifeOfASink::tasks; ++task) {
      std::string& text = files["part-00000" + std::to_string(epoch) + "-00" + std::to_string(task) + ".csv"];
      text = "id\n";
      for (int i = 0; i < 3; ++i) text += LifeOfASink::record(epoch, task, i);
    }
  }
  return files;
}

void expect_kept(const std::map<std::string, std::string>& before, const std::map<std::string, std::string>& after) {
  for (const auto& [name, text] : before) {
    auto found = after.find(name);
    ASSERT_NE(found, after.end()) << name << " was committed and is gone";
    ASSERT_EQ(found->second, text) << name << " was committed and has changed";
  }
}

TEST(FileSinkCrash, survives_a_kill_at_every_operation_and_shows_nothing_twice) {
  for (uint64_t at = 1;; ++at) {
    SCOPED_TRACE("killed at changing operation " + std::to_string(at));
    SimMachine machine(at);
    LifeOfASink life;
    auto env = std::make_unique<SimEnv>(machine);
    env->die_before(at);
    if (life.run(*env)) {
      EXPECT_GT(at, 50u);
      break;
    }
    ASSERT_TRUE(env->is_dead());
    env = std::make_unique<SimEnv>(machine);
    auto before = committed_files(*env);
    ASSERT_TRUE(life.run(*env));
    expect_kept(before, committed_files(*env));
    ASSERT_EQ(committed_files(*env), expected_files());
    EXPECT_THAT(names_in(*env, "out/best/.staging"), IsEmpty());
  }
}

TEST(FileSinkCrash, survives_a_power_loss_at_every_operation) {
  for (size_t kind = 0; kind < power_loss_count; ++kind) {
    bool is_finished = false;
    for (uint64_t at = 1; !is_finished; ++at) {
      for (uint64_t seed = 1; seed <= 4; ++seed) {
        SCOPED_TRACE(std::string(power_loss_name(static_cast<PowerLoss>(kind))) + " at changing operation " +
                     std::to_string(at) + ", seed " + std::to_string(seed));
        SimMachine machine(seed * 1000 + at);
        LifeOfASink life;
        auto env = std::make_unique<SimEnv>(machine);
        env->die_before(at);
        is_finished = life.run(*env);
        machine.lose_power(static_cast<PowerLoss>(kind));
        env = std::make_unique<SimEnv>(machine);
        auto before = committed_files(*env);
        if (is_finished) ASSERT_EQ(before, expected_files());
        ASSERT_TRUE(life.run(*env));
        ASSERT_EQ(committed_files(*env), expected_files());
      }
    }
  }
}

TEST(FileSinkCrash, survives_many_crashes_in_a_row) {
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    SimMachine machine(seed);
    Random random(seed);
    LifeOfASink life;
    bool is_finished = false;
    std::map<std::string, std::string> durable;
    for (int start = 0; !is_finished && start < 100; ++start) {
      auto env = std::make_unique<SimEnv>(machine);
      env->die_before(start == 99 ? 0 : 1 + random.below(40));
      is_finished = life.run(*env);
      if (random.one_in(2)) machine.lose_power(static_cast<PowerLoss>(random.below(power_loss_count)));
      env = std::make_unique<SimEnv>(machine);
      auto files = committed_files(*env);
      // What the marker says is committed stays, whatever happens.
      auto marker = file_sink()->marker(*env).value();
      ASSERT_NO_FATAL_FAILURE(expect_kept(durable, files));
      for (const auto& [name, text] : files) {
        if (marker && std::stoull(name.substr(5, 6)) <= marker->epoch) durable[name] = text;
      }
    }
    ASSERT_TRUE(is_finished);
    auto env = std::make_unique<SimEnv>(machine);
    ASSERT_EQ(committed_files(*env), expected_files());
  }
}

// ---- console, discard ----

TEST(ConsoleSink, writes_at_once_with_the_header_of_one_task) {
  World world;
  TestConnector connector("csv", "console");
  auto sink = make_sink(connector.connector(), connector.cells(), "id\n", {}).value();
  EXPECT_FALSE(sink->is_exactly_once());
  auto first = sink->open(*world.env, 0, 1).value(), second = sink->open(*world.env, 1, 1).value();
  ASSERT_TRUE(second->write("2\n").is_ok());
  ASSERT_TRUE(first->write("").is_ok());
  ASSERT_TRUE(first->write("1\n").is_ok());
  ASSERT_TRUE(first->write("3\n").is_ok());
  EXPECT_EQ(world.env->console_text(Console::out), "2\nid\n1\n3\n");
  EXPECT_THAT(first->close_epoch(1).value().files, IsEmpty());
}

TEST(DiscardSink, takes_everything) {
  World world;
  TestConnector connector("", "discard");
  auto sink = make_sink(connector.connector(), connector.cells(), "", {}).value();
  auto writer = sink->open(*world.env, 0, 1).value();
  EXPECT_TRUE(writer->write("x").is_ok());
  EXPECT_TRUE(writer->close_epoch(1).value().sync().is_ok());
  EXPECT_TRUE(sink->commit(*world.env, {}, 1).is_ok());
}

} // namespace
} // namespace flow::runtime
