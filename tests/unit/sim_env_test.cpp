// The simulated machine: time, processes and their deaths, locks, faults, a disk of limited size, several devices.
// Alone: build/bin/tests/sim_env_test --gtest_filter='Sim*'
#include <errno.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/unit/env_fixture.h"

namespace flow::runtime {
namespace {

class SimEnvTest : public testing::Test {
protected:
  SimMachine machine_{1};
  SimEnv env_{machine_};

  Status put(Env& env, const std::string& path, std::string_view text) {
    FLOW_TRY_ASSIGN(std::unique_ptr<File> file, env.open(path, OpenMode::append, Access::own));
    return file->write(text);
  }
  std::string get(Env& env, const std::string& path) {
    Result<std::string> text = read_file(env, path, Access::own, 1 << 20);
    return text.is_ok() ? *text : "<" + text.status().message() + ">";
  }
};

TEST_F(SimEnvTest, time_moves_only_when_told) {
  int64_t monotonic = env_.monotonic_us();
  int64_t wall = env_.wall_us();
  EXPECT_EQ(env_.monotonic_us(), monotonic);
  machine_.advance_us(1500);
  EXPECT_EQ(env_.monotonic_us(), monotonic + 1500);
  EXPECT_EQ(env_.wall_us(), wall + 1500);
  machine_.jump_wall_us(-3'600'000'000);
  EXPECT_EQ(env_.wall_us(), wall + 1500 - 3'600'000'000);
  EXPECT_EQ(env_.monotonic_us(), monotonic + 1500); // the wall clock jumps alone
}

TEST_F(SimEnvTest, everything_belongs_to_the_seed) {
  auto first_numbers = [](uint64_t seed) {
    SimMachine machine(seed);
    SimEnv one(machine), two(machine);
    return std::vector<uint64_t>{one.random(), two.random(), static_cast<uint64_t>(two.monotonic_us())};
  };
  EXPECT_EQ(first_numbers(7), first_numbers(7));
  EXPECT_NE(first_numbers(7), first_numbers(8));
}

TEST_F(SimEnvTest, a_killed_process_leaves_its_files_but_neither_locks_nor_handles) {
  SimEnv second(machine_);
  auto file = env_.open("/a", OpenMode::create, Access::own);
  ASSERT_TRUE(is_ok((*file)->write("unsynced")));
  auto lock = env_.lock("/lock");
  ASSERT_TRUE(is_ok(lock));
  EXPECT_FALSE(second.lock("/lock").is_ok());
  env_.kill();
  EXPECT_TRUE(env_.is_dead());
  EXPECT_EQ((*file)->write("more").os_error(), EIO);
  EXPECT_EQ(env_.remove_file("/a").os_error(), EIO);
  EXPECT_EQ(get(second, "/a"), "unsynced");
  auto successor = second.lock("/lock");
  EXPECT_TRUE(is_ok(successor));
  lock = Status(ExitCode::stopped, "dropped late"); // the dead one's handle must not take the successor's lock
  EXPECT_FALSE(second.lock("/lock").is_ok());
}

TEST_F(SimEnvTest, power_loss_kills_every_process) {
  SimEnv second(machine_);
  machine_.lose_power(PowerLoss::drop_unsynced);
  EXPECT_TRUE(env_.is_dead());
  EXPECT_TRUE(second.is_dead());
  SimEnv third(machine_);
  EXPECT_TRUE(is_ok(third.make_folder("/d", Access::own)));
}

TEST_F(SimEnvTest, crash_points_count_changing_operations_only) {
  ASSERT_TRUE(is_ok(put(env_, "/a", "1")));  // open, write
  EXPECT_EQ(get(env_, "/a"), "1");           // none
  ASSERT_TRUE(is_ok(env_.sync_folder("/"))); // one
  EXPECT_EQ(env_.changing_operations(), 3u);
  env_.die_before(5);
  EXPECT_TRUE(is_ok(env_.rename("/a", "/b")));
  EXPECT_FALSE(env_.rename("/b", "/c").is_ok());
  EXPECT_TRUE(env_.is_dead());
  SimEnv next(machine_);
  EXPECT_EQ(get(next, "/b"), "1");
}

TEST_F(SimEnvTest, a_process_may_die_in_the_middle_of_a_write) {
  std::set<size_t> sizes;
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    SimMachine machine(seed);
    SimEnv dying(machine);
    dying.die_before(2);
    EXPECT_FALSE(put(dying, "/a", "123").is_ok());
    SimEnv next(machine);
    std::string left = get(next, "/a");
    EXPECT_EQ(left, std::string("123").substr(0, left.size()));
    sizes.insert(left.size());
  }
  EXPECT_EQ(sizes, (std::set<size_t>{0, 1, 2, 3}));
}

TEST_F(SimEnvTest, faults_hit_the_chosen_call) {
  machine_.faults().add({.operation = Operation::write, .first = 2, .os_error = ENOSPC, .bytes = 2});
  EXPECT_TRUE(is_ok(put(env_, "/a", "123")));
  EXPECT_EQ(put(env_, "/a", "456").os_error(), ENOSPC);
  EXPECT_EQ(get(env_, "/a"), "12345");
  machine_.faults().add({.operation = Operation::read, .times = Fault::for_ever, .os_error = 0, .bytes = 1});
  EXPECT_EQ(get(env_, "/a"), "12345");
  machine_.faults().clear();
  machine_.faults().make_read_only("/");
  EXPECT_EQ(env_.make_folder("/d", Access::own).os_error(), EROFS);
  EXPECT_EQ(machine_.faults().calls(Operation::write), 2u);
}

TEST_F(SimEnvTest, an_fsync_that_failed_has_lost_the_bytes_although_the_next_succeeds) {
  ASSERT_TRUE(is_ok(env_.sync_folder("/")));
  auto file = env_.open("/a", OpenMode::create, Access::own);
  ASSERT_TRUE(is_ok((*file)->write("first ")));
  machine_.faults().add({.operation = Operation::fsync});
  EXPECT_EQ((*file)->fsync().os_error(), EIO);
  EXPECT_EQ(get(env_, "/a"), "first "); // still to be seen
  ASSERT_TRUE(is_ok((*file)->write("second")));
  ASSERT_TRUE(is_ok((*file)->fsync()));
  ASSERT_TRUE(is_ok(env_.sync_folder("/")));
  machine_.lose_power(PowerLoss::tear_last_write);
  SimEnv next(machine_);
  EXPECT_EQ(get(next, "/a"), std::string(6, '\0') + "second");
}

TEST_F(SimEnvTest, a_full_disk_takes_what_fits_and_room_can_be_made) {
  machine_.disk().set_capacity(5);
  EXPECT_TRUE(is_ok(put(env_, "/a", "123")));
  EXPECT_EQ(put(env_, "/b", "4567").os_error(), ENOSPC);
  EXPECT_EQ(get(env_, "/b"), "45");
  EXPECT_TRUE(is_ok(env_.remove_file("/a")));
  EXPECT_TRUE(is_ok(put(env_, "/b", "678")));
  EXPECT_EQ(machine_.disk().used_bytes(), 5u);
}

TEST_F(SimEnvTest, devices_do_not_rename_or_link_into_each_other) {
  ASSERT_TRUE(is_ok(env_.make_folder("/out", Access::own)));
  ASSERT_TRUE(is_ok(env_.make_folder("/state", Access::own)));
  machine_.disk().mount("/out");
  ASSERT_TRUE(is_ok(put(env_, "/state/a", "1")));
  ASSERT_TRUE(is_ok(put(env_, "/out/b", "1")));
  EXPECT_EQ(env_.rename("/state/a", "/out/a").os_error(), EXDEV);
  EXPECT_EQ(env_.link("/state/a", "/out/a").os_error(), EXDEV);
  EXPECT_TRUE(is_ok(env_.rename("/out/b", "/out/c")));
  EXPECT_NE(env_.stat("/out/c")->device, env_.stat("/state/a")->device);
}

TEST_F(SimEnvTest, preloads_real_files) {
  TemporaryFolder folder;
  PosixEnv real;
  ASSERT_TRUE(is_ok(real.make_folder(folder.path() + "/sub", Access::own)));
  ASSERT_TRUE(is_ok(write_file_durably(real, folder.path() + "/a", "1", Access::own)));
  ASSERT_TRUE(is_ok(write_file_durably(real, folder.path() + "/sub/b", "2", Access::own)));
  ASSERT_TRUE(is_ok(machine_.preload(real, folder.path(), "/data/in")));
  EXPECT_FALSE(machine_.preload(real, folder.path() + "/none", "/x").is_ok());
  machine_.lose_power(PowerLoss::drop_unsynced); // they were there before the test began
  SimEnv next(machine_);
  EXPECT_EQ(get(next, "/data/in/a"), "1");
  EXPECT_EQ(get(next, "data/in/../in/sub//b"), "2");
}

TEST_F(SimEnvTest, what_is_gone_for_good_takes_no_memory) {
  for (int i = 0; i < 2000; ++i) {
    std::string name = "/f" + std::to_string(i);
    ASSERT_TRUE(is_ok(write_file_durably(env_, name, "x", Access::own)));
    ASSERT_TRUE(is_ok(env_.remove_file(name)));
    ASSERT_TRUE(is_ok(env_.sync_folder("/")));
  }
  EXPECT_LT(machine_.disk().inode_count(), 300u);
  EXPECT_EQ(machine_.disk().pending_operations(), 0u);
}

TEST_F(SimEnvTest, console_text_is_kept) {
  ASSERT_TRUE(is_ok(env_.console_write(Console::out, "1\n")));
  ASSERT_TRUE(is_ok(env_.console_write(Console::out, "2\n")));
  EXPECT_EQ(env_.console_text(Console::out), "1\n2\n");
  EXPECT_EQ(env_.console_text(Console::error), "");
  EXPECT_FALSE(env_.is_terminal(Console::out));
}

} // namespace
} // namespace flow::runtime
