// What every Env promises, run against the real, the simulated and the faulty one; then what only the real one does.
// Alone: build/bin/tests/env_test
#include <errno.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

#include "runtime/base/random.h"
#include "runtime/env/log.h"
#include "runtime/env/operation.h"
#include "tests/unit/env_fixture.h"

namespace flow::runtime {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;

INSTANTIATE_TEST_SUITE_P(All, EnvTest, testing::Values(EnvKind::posix, EnvKind::sim, EnvKind::faulty),
                         [](const auto& info) {
                           return info.param == EnvKind::posix ? "posix"
                                  : info.param == EnvKind::sim ? "sim"
                                                               : "faulty";
                         });

TEST_P(EnvTest, clocks_go_forward) {
  int64_t before = env().monotonic_us();
  EXPECT_GE(env().monotonic_us(), before);
  EXPECT_GT(env().wall_us(), 1'500'000'000'000'000); // after 2017
}

TEST_P(EnvTest, random_numbers_differ) { EXPECT_NE(env().random(), env().random()); }

TEST_P(EnvTest, writes_and_reads) {
  put(at("a"), "hello ");
  put(at("a"), "world", OpenMode::append);
  EXPECT_EQ(get(at("a")), "hello world");
  auto file = env().open(at("a"), OpenMode::read, Access::own);
  ASSERT_TRUE(is_ok(file));
  char text[5];
  EXPECT_EQ((*file)->read(text).value(), 5u);
  EXPECT_EQ(std::string_view(text, 5), "hello");
  EXPECT_EQ((*file)->pread(text, 6).value(), 5u);
  EXPECT_EQ(std::string_view(text, 5), "world");
  EXPECT_EQ((*file)->read(text).value(), 5u); // pread left the position alone
  EXPECT_EQ(std::string_view(text, 5), " worl");
  EXPECT_EQ((*file)->read(text).value(), 1u);
  EXPECT_EQ((*file)->read(text).value(), 0u);
  EXPECT_EQ((*file)->pread(text, 100).value(), 0u);
  EXPECT_EQ((*file)->path(), at("a"));
}

TEST_P(EnvTest, overwriting_empties_and_creating_refuses_what_exists) {
  put(at("a"), "long text");
  put(at("a"), "new", OpenMode::overwrite);
  EXPECT_EQ(get(at("a")), "new");
  auto again = env().open(at("a"), OpenMode::create, Access::own);
  ASSERT_FALSE(again.is_ok());
  EXPECT_EQ(again.status().os_error(), EEXIST);
  EXPECT_EQ(again.status().code(), ExitCode::output_failed);
}

TEST_P(EnvTest, failures_name_the_path_and_the_reason) {
  Status status = env().open(at("none"), OpenMode::read, Access::shared).status();
  EXPECT_EQ(status.message(), "cannot open '" + at("none") + "': No such file or directory");
  EXPECT_EQ(status.code(), ExitCode::input_missing);
  EXPECT_TRUE(is_not_found(status));
  EXPECT_EQ(env().rename(at("x"), at("y")).message(),
            "cannot rename '" + at("x") + "' to '" + at("y") + "': No such file or directory");
  EXPECT_EQ(env().stat("").status().os_error(), ENOENT);
}

TEST_P(EnvTest, a_file_is_not_a_folder_and_the_other_way_round) {
  put(at("a"), "x");
  ASSERT_TRUE(is_ok(env().make_folder(at("d"), Access::own)));
  EXPECT_EQ(env().read_folder(at("a")).status().os_error(), ENOTDIR);
  EXPECT_EQ(env().stat(at("a/b")).status().os_error(), ENOTDIR);
  EXPECT_EQ(env().remove_folder(at("a")).os_error(), ENOTDIR);
  EXPECT_EQ(env().remove_file(at("d")).os_error(), EISDIR);
  EXPECT_EQ(env().rename(at("a"), at("d")).os_error(), EISDIR);
  EXPECT_EQ(env().rename(at("d"), at("a")).os_error(), ENOTDIR);
  EXPECT_EQ(env().open(at("d"), OpenMode::overwrite, Access::shared).status().os_error(), EISDIR);
  EXPECT_FALSE(env().open(at("d"), OpenMode::read, Access::own).is_ok());
}

TEST_P(EnvTest, an_open_file_outlives_its_name) {
  put(at("a"), "still here");
  auto file = env().open(at("a"), OpenMode::read, Access::own);
  ASSERT_TRUE(is_ok(file));
  ASSERT_TRUE(is_ok(env().remove_file(at("a"))));
  char text[16];
  EXPECT_EQ((*file)->read(text).value(), 10u);
  EXPECT_FALSE(exists(env(), at("a")).value());
}

TEST_P(EnvTest, stat_tells_identity_size_and_time) {
  put(at("a"), "12345");
  put(at("b"), "12345");
  FileStat a = env().stat(at("a")).value();
  EXPECT_EQ(a.kind, FileKind::file);
  EXPECT_EQ(a.size, 5u);
  EXPECT_TRUE(a.is_ours);
  EXPECT_FALSE(a.is_open_to_others);
  EXPECT_LT(std::abs(a.modified_us - env().wall_us()), 3'600'000'000);
  EXPECT_FALSE(a.is_same_file(env().stat(at("b")).value()));
  ASSERT_TRUE(is_ok(env().rename(at("a"), at("c"))));
  EXPECT_TRUE(a.is_same_file(env().stat(at("c")).value())); // a rename keeps what a file is
  ASSERT_TRUE(is_ok(env().link(at("c"), at("d"))));
  EXPECT_TRUE(a.is_same_file(env().stat(at("d")).value()));
  EXPECT_EQ(env().link(at("c"), at("d")).os_error(), EEXIST);
}

TEST_P(EnvTest, renaming_replaces) {
  put(at("old"), "old");
  put(at("new"), "new");
  ASSERT_TRUE(is_ok(env().rename(at("new"), at("old"))));
  EXPECT_EQ(get(at("old")), "new");
  EXPECT_FALSE(exists(env(), at("new")).value());
}

TEST_P(EnvTest, folders_list_sorted) {
  for (auto name : {"b", "a", "c.d", ".hidden"}) put(at(name), "");
  ASSERT_TRUE(is_ok(env().make_folder(at("sub"), Access::own)));
  EXPECT_THAT(env().read_folder(at("")).value(),
              ElementsAre(FolderEntry{".hidden", FileKind::file}, FolderEntry{"a", FileKind::file},
                          FolderEntry{"b", FileKind::file}, FolderEntry{"c.d", FileKind::file},
                          FolderEntry{"sub", FileKind::folder}));
  EXPECT_EQ(env().make_folder(at("sub"), Access::own).os_error(), EEXIST);
  put(at("sub/x"), "");
  EXPECT_EQ(env().remove_folder(at("sub")).os_error(), ENOTEMPTY);
  ASSERT_TRUE(is_ok(env().remove_file(at("sub/x"))));
  EXPECT_TRUE(is_ok(env().remove_folder(at("sub"))));
}

TEST_P(EnvTest, syncs_files_and_folders) {
  auto file = env().open(at("a"), OpenMode::create, Access::own);
  ASSERT_TRUE(is_ok(file));
  EXPECT_TRUE(is_ok((*file)->write("x")));
  EXPECT_TRUE(is_ok((*file)->fsync()));
  EXPECT_TRUE(is_ok((*file)->close()));
  EXPECT_TRUE(is_ok(env().sync_folder(at(""))));
  EXPECT_EQ(env().sync_folder(at("none")).os_error(), ENOENT);
  EXPECT_EQ(env().sync_folder(at("a")).os_error(), ENOTDIR);
}

TEST_P(EnvTest, a_lock_has_one_owner) {
  auto first = env().lock(at("lock"));
  ASSERT_TRUE(is_ok(first));
  auto second = env().lock(at("lock"));
  ASSERT_FALSE(second.is_ok());
  EXPECT_EQ(second.status().code(), ExitCode::checkpoint_in_use);
  EXPECT_THAT(second.status().message(), HasSubstr("is held by"));
  first = env().lock(at("other")); // lets go of the first
  EXPECT_TRUE(is_ok(env().lock(at("lock"))));
  EXPECT_EQ(env().lock(at("no/lock")).status().code(), ExitCode::output_failed);
}

// --- Helpers of files.h ---

TEST_P(EnvTest, durable_files_replace_older_ones_and_leave_nothing_beside) {
  ASSERT_TRUE(is_ok(write_file_durably(env(), at("manifest"), "one", Access::own)));
  put(at(".manifest.new"), "leftover of a crash");
  ASSERT_TRUE(is_ok(write_file_durably(env(), at("manifest"), "two", Access::own)));
  EXPECT_EQ(get(at("manifest")), "two");
  EXPECT_EQ(env().read_folder(at("")).value().size(), 1u);
  EXPECT_EQ(write_file_durably(env(), at("no/manifest"), "x", Access::own).os_error(), ENOENT);
}

TEST_P(EnvTest, reads_whole_files_up_to_a_limit) {
  std::string text(100'000, 'x');
  put(at("a"), text);
  EXPECT_EQ(read_file(env(), at("a"), Access::own, text.size()).value(), text);
  Status status = read_file(env(), at("a"), Access::own, text.size() - 1).status();
  EXPECT_EQ(status.os_error(), EFBIG);
  EXPECT_THAT(status.message(), EndsWith("is larger than 99999 bytes"));
  put(at("empty"), "");
  EXPECT_EQ(read_file(env(), at("empty"), Access::own, 0).value(), "");
}

TEST_P(EnvTest, makes_folders_on_the_way_and_removes_trees) {
  ASSERT_TRUE(is_ok(make_folders(env(), at("x/y/z"), Access::own)));
  ASSERT_TRUE(is_ok(make_folders(env(), at("x/y/z"), Access::own)));
  put(at("x/y/z/f"), "1");
  put(at("x/g"), "2");
  EXPECT_EQ(make_folders(env(), at("x/g"), Access::own).os_error(), ENOTDIR);
  EXPECT_FALSE(make_folders(env(), at("x/g/h"), Access::own).is_ok());
  ASSERT_TRUE(is_ok(remove_tree(env(), at("x"))));
  EXPECT_FALSE(exists(env(), at("x")).value());
  EXPECT_TRUE(is_ok(remove_tree(env(), at("x"))));
}

TEST(Paths, take_apart_and_put_together) {
  EXPECT_EQ(join_path("a", "b"), "a/b");
  EXPECT_EQ(join_path("a/", "b"), "a/b");
  EXPECT_EQ(join_path(".", "b"), "b");
  EXPECT_EQ(join_path("/", "b"), "/b");
  EXPECT_EQ(parent_of("a/b//"), "a");
  EXPECT_EQ(parent_of("/a"), "/");
  EXPECT_EQ(parent_of("a"), ".");
  EXPECT_EQ(parent_of("/"), "/");
  EXPECT_EQ(base_name("a/b/"), "b");
  EXPECT_EQ(base_name("b"), "b");
  EXPECT_EQ(base_name("/"), "/");
  EXPECT_TRUE(is_plain_name("part-0..csv"));
  for (std::string_view bad : {std::string_view(""), std::string_view("."), std::string_view(".."),
                               std::string_view("a/b"), std::string_view("/a"), std::string_view("a\0b", 3)}) {
    EXPECT_FALSE(is_plain_name(bad)) << bad;
  }
}

// --- Random calls: the simulated Env does what the real one does ---

// One random call on `env` below `root`, told as text.
std::string random_call(Env& env, const std::string& root, Random& random) {
  auto any_path = [&] {
    const char* names[] = {"a", "b", "c"};
    std::string path = join_path(root, names[random.below(3)]);
    while (random.one_in(3)) path = join_path(path, names[random.below(3)]);
    return path;
  };
  std::string first = any_path();
  std::string second = any_path();
  auto told = [](std::string_view what, const Status& status) { return fmt::format("{} {}", what, status.os_error()); };
  switch (random.below(9)) {
  case 0: return told("make_folder", env.make_folder(first, Access::own));
  case 1: return told("rename", env.rename(first, second));
  case 2: return told("link", env.link(first, second));
  case 3: return told("remove_file", env.remove_file(first));
  case 4: return told("remove_folder", env.remove_folder(first));
  case 5: return told("sync_folder", env.sync_folder(first));
  case 6: {
    Result<FileStat> found = env.stat(first);
    bool is_file = found.is_ok() && found->kind == FileKind::file;
    return told("stat", found.status()) + fmt::format(" {} bytes", is_file ? found->size : 0);
  }
  case 7: {
    OpenMode mode = random.one_in(2) ? OpenMode::append : random.one_in(2) ? OpenMode::create : OpenMode::overwrite;
    Result<std::unique_ptr<File>> file = env.open(first, mode, Access::shared);
    if (file.is_ok()) (void)(*file)->write(std::string(random.below(20), static_cast<char>('a' + random.below(26))));
    return told("write", file.status());
  }
  default: {
    Result<std::string> text = read_file(env, first, Access::shared, 1000);
    return told("read", text.status()) + " " + (text.is_ok() ? *text : "");
  }
  }
}

TEST(EnvsAlike, random_calls_end_alike) {
  for (uint64_t seed = 1; seed <= seed_count(15); ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    TemporaryFolder folder;
    PosixEnv real;
    SimMachine machine(seed);
    SimEnv simulated(machine);
    ASSERT_TRUE(is_ok(simulated.make_folder("/root", Access::own)));
    Random for_real(seed), for_simulated(seed);
    for (int i = 0; i < 400; ++i) {
      std::string wanted = random_call(real, folder.path(), for_real);
      ASSERT_EQ(random_call(simulated, "/root", for_simulated), wanted) << "call " << i;
    }
  }
}

// --- What only the real one does ---

TEST(PosixEnv, state_is_private_whatever_the_umask) {
  TemporaryFolder folder;
  PosixEnv env;
  mode_t before = umask(0);
  ASSERT_TRUE(is_ok(env.make_folder(folder.path() + "/state", Access::own)));
  ASSERT_TRUE(is_ok(env.open(folder.path() + "/state/a", OpenMode::create, Access::own)));
  ASSERT_TRUE(is_ok(env.open(folder.path() + "/open", OpenMode::create, Access::shared)));
  ASSERT_TRUE(is_ok(env.lock(folder.path() + "/lock")));
  umask(before);
  auto mode_of = [&](const char* name) {
    struct stat found{};
    EXPECT_EQ(::stat((folder.path() + name).c_str(), &found), 0);
    return found.st_mode & 0777;
  };
  EXPECT_EQ(mode_of("/state"), 0700u);
  EXPECT_EQ(mode_of("/state/a"), 0600u);
  EXPECT_EQ(mode_of("/lock"), 0600u);
  EXPECT_EQ(mode_of("/open"), 0666u);
  EXPECT_TRUE(env.stat(folder.path() + "/open").value().is_open_to_others);
}

TEST(PosixEnv, planted_links_and_pipes_are_neither_followed_nor_waited_for) {
  TemporaryFolder folder;
  PosixEnv env;
  std::string target = folder.path() + "/target", link = folder.path() + "/link", pipe = folder.path() + "/pipe";
  ASSERT_TRUE(is_ok(write_file_durably(env, target, "precious", Access::own)));
  ASSERT_EQ(symlink("target", link.c_str()), 0);
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  for (OpenMode mode : {OpenMode::read, OpenMode::create, OpenMode::overwrite, OpenMode::append}) {
    EXPECT_FALSE(env.open(link, mode, Access::own).is_ok());
    EXPECT_FALSE(env.open(pipe, mode, Access::own).is_ok());
  }
  EXPECT_FALSE(env.lock(link).is_ok());
  EXPECT_EQ(read_file(env, link, Access::shared, 100).value(), "precious"); // the user's own links are fine
  EXPECT_EQ(env.read_folder(folder.path()).value()[0], (FolderEntry{"link", FileKind::link}));
  ASSERT_TRUE(is_ok(remove_tree(env, link)));
  EXPECT_EQ(read_file(env, target, Access::own, 100).value(), "precious");
}

TEST(PosixEnv, a_full_device_is_told) {
  PosixEnv env;
  auto full = env.open("/dev/full", OpenMode::append, Access::shared);
  if (!full.is_ok()) GTEST_SKIP() << "there is no /dev/full here";
  Status status = (*full)->write("x");
  EXPECT_EQ(status.message(), "cannot write '/dev/full': No space left on device");
  EXPECT_EQ(status.code(), ExitCode::output_failed);
}

TEST(PosixEnv, a_lock_goes_with_its_process) {
  TemporaryFolder folder;
  PosixEnv env;
  std::string path = folder.path() + "/lock";
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    auto lock = env.lock(path);
    char answer = lock.is_ok() ? '1' : '0';
    if (write(ready[1], &answer, 1) != 1) _exit(1);
    while (true) pause();
  }
  char answer = 0;
  ASSERT_EQ(read(ready[0], &answer, 1), 1);
  EXPECT_EQ(answer, '1');
  auto refused = env.lock(path);
  EXPECT_EQ(refused.status().message(), fmt::format("'{}' is held by process {}", path, child));
  ::kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  EXPECT_TRUE(is_ok(env.lock(path)));
  close(ready[0]);
  close(ready[1]);
}

TEST(PosixEnv, randomness_belongs_to_the_seed_if_there_is_one) {
  EXPECT_EQ(PosixEnv(5).random(), Random(5).next());
  EXPECT_NE(PosixEnv().random(), PosixEnv().random());
}

TEST(Log, writes_one_line_with_time_and_level) {
  SimMachine machine(1);
  SimEnv env(machine);
  Log log(env, LogLevel::info);
  machine.advance_us(1'234'567);
  log.warning("checkpoint {} took\n{}", 7, "long");
  log.debug("not this");
  EXPECT_EQ(env.console_text(Console::error), "2020-01-01T12:00:01.234Z warning: checkpoint 7 took long\n");
  machine.faults().add({.operation = Operation::console_write, .times = Fault::for_ever, .os_error = EPIPE});
  log.error("nobody listens");
}

} // namespace
} // namespace flow::runtime
