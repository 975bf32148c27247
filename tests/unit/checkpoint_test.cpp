// What lies in a checkpoint folder. Shows: records, manifests and state files come back as they were written; any
// change of a byte, any cut, any stray file is noticed and named; the order of an epoch's steps is durable at every
// point where the power may go. Run alone: bin/tests/checkpoint_test
#include <gtest/gtest.h>

#include "runtime/base/random.h"
#include "runtime/checkpoint/state_file.h"
#include "runtime/checkpoint/store.h"
#include "runtime/env/files.h"
#include "runtime/env/sim_env.h"

namespace flow::runtime {
namespace {

constexpr std::string_view job_id = "0123456789abcdef";

JobRecord some_record() {
  return {.job_id = std::string(job_id),
          .suffix = "abcd",
          .folder = "",
          .group_count = 128,
          .attempt = 3,
          .program = "tips"};
}

Manifest some_manifest(uint64_t epoch) {
  Manifest manifest;
  manifest.job_id = job_id;
  manifest.attempt = 3;
  manifest.epoch = epoch;
  manifest.committed_epoch = epoch - 1;
  manifest.group_count = 128;
  manifest.parallelism = 2;
  manifest.program = "tips";
  manifest.program_fingerprint = 0xfeedface12345678u;
  manifest.states = {{"tips.aggregate", 17}};
  manifest.schema = "what the states consist of";
  ChainRecord chain{
      .uid = "rides", .parallelism = 2, .files = {}, .splits = {{"spec", "print", 123}, {"other", "", 0}}};
  manifest.chains = {chain, {.uid = "tips", .parallelism = 2, .files = {}, .splits = {}}};
  manifest.sinks = {{"out", "a/b", {"file 1", std::string("\0\1", 2)}}, {"empty", "", {}}};
  return manifest;
}

// ---- record and manifest -------------------------------------------------------------------------------------------

TEST(JobRecord, ComesBackAsItWas) {
  auto read = decode_job_record(encode_job_record(some_record()), "state/job");
  ASSERT_TRUE(read.is_ok()) << read.status().message();
  EXPECT_EQ(*read, some_record());
}

TEST(JobRecord, AnyChangeIsNoticed) {
  std::string bytes = encode_job_record(some_record());
  for (size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_FALSE(decode_job_record(bytes.substr(0, length), "state/job").is_ok()) << "cut to " << length;
  }
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string changed = bytes;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
    auto read = decode_job_record(changed, "state/job");
    ASSERT_FALSE(read.is_ok()) << "bit " << bit;
    EXPECT_NE(read.status().message().find("state/job"), std::string::npos) << read.status().message();
  }
}

TEST(Manifest, ComesBackAsItWas) {
  Manifest manifest = some_manifest(7);
  manifest.is_finished = true;
  manifest.chains[1].files = {{"task-1-0", 0, {{.group = 5, .length = 12, .crc = 99}}}};
  auto read = decode_manifest(encode_manifest(manifest), "state/epoch-7/manifest");
  ASSERT_TRUE(read.is_ok()) << read.status().message();
  EXPECT_EQ(*read, manifest);
}

TEST(Manifest, AnyChangeIsNoticed) {
  std::string bytes = encode_manifest(some_manifest(7));
  for (size_t length = 0; length < bytes.size(); ++length) {
    auto read = decode_manifest(bytes.substr(0, length), "m");
    ASSERT_FALSE(read.is_ok()) << "cut to " << length;
    EXPECT_EQ(read.status().code(), ExitCode::checkpoint_damaged);
  }
  EXPECT_FALSE(decode_manifest(bytes + '\0', "m").is_ok()) << "something follows";
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string changed = bytes;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(decode_manifest(changed, "m").is_ok()) << "bit " << bit;
  }
}

// Behind a right checksum stands what a hand might have written: it is refused, not believed.
TEST(Manifest, NamesThatLeaveTheFolderAreRefused) {
  for (const char* name : {"../x", "a/b", "/etc/passwd", "..", ""}) {
    Manifest manifest = some_manifest(7);
    manifest.chains[0].files = {{name, 0, {}}};
    EXPECT_FALSE(decode_manifest(encode_manifest(manifest), "m").is_ok()) << name;
  }
}

TEST(Manifest, RandomBytesNeverHarm) {
  Random random(5);
  std::string valid = encode_manifest(some_manifest(7));
  for (int i = 0; i < 2000; ++i) {
    std::string bytes(random.below(300), '\0');
    for (char& c : bytes) c = static_cast<char>(random.next());
    if (i % 2 == 0) bytes = valid.substr(0, 12) + bytes;
    EXPECT_FALSE(decode_manifest(bytes, "m").is_ok());
  }
}

// ---- state files ---------------------------------------------------------------------------------------------------

class StateFiles : public testing::Test {
protected:
  StateFiles() : machine(1), env(machine) { EXPECT_TRUE(env.make_folder("epoch-1", Access::own).is_ok()); }

  StateFile write(const std::string& name, const std::vector<std::pair<uint32_t, std::string>>& sections) {
    auto writer = StateFileWriter::create(env, "epoch-1", name, section_place("job", 1, name));
    EXPECT_TRUE(writer.is_ok());
    for (const auto& [group, text] : sections) {
      writer->begin_section(group);
      for (char c : text) writer->append({&c, 1});
      writer->end_section();
    }
    auto file = writer->finish();
    EXPECT_TRUE(file.is_ok());
    EXPECT_TRUE(writer->sync().is_ok());
    return *file;
  }
  void overwrite(const std::string& name, const std::string& bytes) {
    auto file = env.open("epoch-1/" + name, OpenMode::overwrite, Access::own);
    ASSERT_TRUE(file.is_ok() && (*file)->write(bytes).is_ok());
  }
  std::string bytes_of(const std::string& name) { return *read_file(env, "epoch-1/" + name, Access::own, 1 << 20); }
  Status verify(const StateFile& file) {
    return verify_state_file(env, "epoch-1", section_place("job", 1, file.name), file);
  }

  SimMachine machine;
  SimEnv env;
};

TEST_F(StateFiles, SectionsComeBack) {
  StateFile file = write("task-0-0", {{3, "three"}, {4, ""}, {section_is_item, "an item"}});
  ASSERT_TRUE(verify(file).is_ok());
  for (auto [section, text] : {std::pair<size_t, const char*>{0, "three"}, {1, ""}, {2, "an item"}}) {
    auto read = read_section(env, "epoch-1", section_place("job", 1, "task-0-0"), file, section);
    ASSERT_TRUE(read.is_ok()) << read.status().message();
    EXPECT_EQ(*read, text);
  }
}

TEST_F(StateFiles, AnyChangedByteIsNoticedAndTheFileNamed) {
  StateFile file = write("task-0-0", {{3, "three"}, {4, "four"}, {section_is_item, "an item"}});
  std::string bytes = bytes_of("task-0-0");
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::string changed = bytes;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    overwrite("task-0-0", changed);
    Status status = verify(file);
    ASSERT_EQ(status.code(), ExitCode::checkpoint_damaged) << "byte " << i;
    EXPECT_NE(status.message().find("epoch-1/task-0-0"), std::string::npos) << status.message();
    overwrite("task-0-0", bytes.substr(0, i));
    EXPECT_EQ(verify(file).code(), ExitCode::checkpoint_damaged) << "cut to " << i;
  }
  overwrite("task-0-0", bytes + "x");
  EXPECT_EQ(verify(file).code(), ExitCode::checkpoint_damaged) << "longer";
  ASSERT_TRUE(env.remove_file("epoch-1/task-0-0").is_ok());
  EXPECT_EQ(verify(file).code(), ExitCode::checkpoint_damaged) << "gone";
}

TEST_F(StateFiles, AFileThatStrayedOrSectionsThatChangedPlacesAreNoticed) {
  StateFile one = write("task-0-0", {{3, "same"}, {4, "size"}});
  StateFile other = write("task-0-1", {{3, "same"}, {4, "size"}});
  EXPECT_NE(one.sections[0].crc, other.sections[0].crc) << "the name is part of the sum";
  overwrite("task-0-0", "sizesame");
  EXPECT_EQ(verify(one).code(), ExitCode::checkpoint_damaged);
  EXPECT_FALSE(verify_state_file(env, "epoch-1", section_place("job", 2, "task-0-1"), other).is_ok())
      << "another epoch's";
}

// ---- the store -----------------------------------------------------------------------------------------------------

std::unique_ptr<CheckpointStore> open_store(Env& env) {
  auto store = CheckpointStore::open(env, "state");
  EXPECT_TRUE(store.is_ok()) << store.status().message();
  return std::move(store).value();
}

Manifest write_epoch(Env& env, CheckpointStore& store, uint64_t epoch) {
  EXPECT_TRUE(store.begin(epoch).is_ok());
  Manifest manifest = some_manifest(epoch);
  std::string name = "task-0-0";
  auto writer =
      StateFileWriter::create(env, store.epoch_folder(epoch), name, section_place(manifest.job_id, epoch, name));
  EXPECT_TRUE(writer.is_ok());
  writer->begin_section(1);
  writer->append("state of " + std::to_string(epoch));
  writer->end_section();
  manifest.chains[0].files = {*writer->finish()};
  EXPECT_TRUE(writer->sync().is_ok());
  EXPECT_TRUE(store.complete(manifest).is_ok());
  return manifest;
}

TEST(Store, EpochsComeBackNewestFirstAndTwoAreKept) {
  SimMachine machine(1);
  SimEnv env(machine);
  auto store = open_store(env);
  EXPECT_FALSE(store->record().has_value());
  ASSERT_TRUE(store->write_record(some_record()).is_ok());
  for (uint64_t epoch = 1; epoch <= 12; ++epoch) {
    Manifest manifest = write_epoch(env, *store, epoch);
    ASSERT_TRUE(store->retire(epoch).is_ok());
    auto read = read_epoch(env, store->epoch_folder(epoch));
    ASSERT_TRUE(read.is_ok()) << read.status().message();
    EXPECT_EQ(read->manifest, manifest);
  }
  EXPECT_EQ(*store->complete_epochs(), (std::vector<uint64_t>{12, 11})) << "by number, not by name";
  store.reset();
  store = open_store(env);
  EXPECT_EQ(store->record(), some_record());
  ASSERT_TRUE(store->discard_after(11).is_ok());
  EXPECT_EQ(*store->complete_epochs(), (std::vector<uint64_t>{11}));
}

TEST(Store, AnEpochWithoutAManifestNeverHappened) {
  SimMachine machine(1);
  SimEnv env(machine);
  auto store = open_store(env);
  ASSERT_TRUE(store->write_record(some_record()).is_ok());
  write_epoch(env, *store, 1);
  ASSERT_TRUE(store->begin(2).is_ok());
  EXPECT_EQ(*store->complete_epochs(), (std::vector<uint64_t>{1}));
  ASSERT_TRUE(store->discard_after(1).is_ok());
  EXPECT_FALSE(*exists(env, store->epoch_folder(2)));
  ASSERT_TRUE(store->begin(2).is_ok()) << "its number is free again";
}

TEST(Store, OneInstanceAtATime) {
  SimMachine machine(1);
  SimEnv env(machine), other(machine);
  auto store = open_store(env);
  auto second = CheckpointStore::open(other, "state");
  ASSERT_FALSE(second.is_ok());
  EXPECT_EQ(second.status().code(), ExitCode::checkpoint_in_use);
  env.kill();
  EXPECT_TRUE(CheckpointStore::open(other, "state").is_ok()) << "a dead instance holds nothing";
}

TEST(Store, DamagedRecordIsToldWithItsName) {
  SimMachine machine(1);
  machine.preload_text("state/job", "FLOWJOB\nnonsense");
  SimEnv env(machine);
  auto store = CheckpointStore::open(env, "state");
  ASSERT_FALSE(store.is_ok());
  EXPECT_EQ(store.status().code(), ExitCode::checkpoint_damaged);
  EXPECT_NE(store.status().message().find("state/job"), std::string::npos) << store.status().message();
}

// The power goes before every changing operation of three epochs in turn, in every way that it can go: what is there
// afterwards is whole, and all that was decided is there.
TEST(Store, WhateverIsDecidedSurvivesEveryPowerLoss) {
  for (size_t kind = 0; kind < power_loss_count; ++kind) {
    for (uint64_t die = 1;; ++die) {
      SimMachine machine(die);
      auto env = std::make_unique<SimEnv>(machine);
      env->die_before(die);
      uint64_t decided = 0;
      bool is_alive = [&] {
        auto store = CheckpointStore::open(*env, "state");
        if (!store.is_ok() || !(*store)->write_record(some_record()).is_ok()) return false;
        for (uint64_t epoch = 1; epoch <= 3; ++epoch) {
          if (!(*store)->begin(epoch).is_ok()) return false;
          Manifest manifest = some_manifest(epoch);
          auto writer = StateFileWriter::create(*env, (*store)->epoch_folder(epoch), "task-0-0",
                                                section_place(manifest.job_id, epoch, "task-0-0"));
          if (!writer.is_ok()) return false;
          writer->begin_section(1);
          writer->append("state");
          writer->end_section();
          auto file = writer->finish();
          if (!file.is_ok() || !writer->sync().is_ok()) return false;
          manifest.chains[0].files = {*file};
          if (!(*store)->complete(manifest).is_ok()) return false;
          decided = epoch;
          if (!(*store)->retire(epoch).is_ok()) return false;
        }
        return true;
      }();
      env.reset();
      machine.lose_power(static_cast<PowerLoss>(kind));
      SimEnv after(machine);
      auto store = CheckpointStore::open(after, "state");
      ASSERT_TRUE(store.is_ok()) << store.status().message();
      uint64_t newest = 0;
      if ((*store)->record()) {
        std::vector<uint64_t> complete = *(*store)->complete_epochs();
        for (uint64_t epoch : complete) {
          auto read = read_epoch(after, (*store)->epoch_folder(epoch));
          ASSERT_TRUE(read.is_ok()) << read.status().message();
          newest = std::max(newest, epoch);
        }
      }
      ASSERT_GE(newest, decided) << power_loss_name(static_cast<PowerLoss>(kind)) << " before operation " << die;
      if (is_alive) break;
    }
  }
}

} // namespace
} // namespace flow::runtime
