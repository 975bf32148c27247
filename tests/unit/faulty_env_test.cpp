// Faults on purpose: which call fails is chosen exactly, and nothing of a failed call gets through that was not meant
// to. Alone: build/bin/tests/env_test --gtest_filter='Fault*'
#include <errno.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/env_fixture.h"

namespace flow::runtime {
namespace {

class FaultyEnvTest : public testing::Test {
protected:
  std::string at(std::string_view name) const { return join_path(folder_.path(), name); }
  Status put(const std::string& name, std::string_view text) {
    return write_file_durably(env_, at(name), text, Access::own);
  }
  Result<std::string> get(const std::string& name) { return read_file(real_, at(name), Access::own, 1 << 20); }

  TemporaryFolder folder_;
  PosixEnv real_;
  FaultPlan faults_{1};
  FaultyEnv env_{real_, faults_};
};

TEST_F(FaultyEnvTest, the_kth_call_of_a_kind_fails_and_no_other) {
  faults_.add({.operation = Operation::fsync, .first = 2});
  EXPECT_TRUE(is_ok(put("a", "1")));
  Status status = put("b", "2");
  EXPECT_EQ(status.os_error(), EIO);
  EXPECT_EQ(status.message(), "cannot make durable '" + at(".b.new") + "': Input/output error");
  EXPECT_TRUE(is_ok(put("c", "3")));
  EXPECT_EQ(faults_.calls(Operation::fsync), 3u);
  EXPECT_EQ(faults_.hits(), 1u);
  EXPECT_FALSE(get("b").is_ok());
}

TEST_F(FaultyEnvTest, only_chosen_paths_fail) {
  faults_.add({.operation = Operation::write, .path_part = "/.out", .times = Fault::for_ever, .os_error = ENOSPC});
  EXPECT_TRUE(is_ok(put("state", "1")));
  EXPECT_EQ(put("out", "1").os_error(), ENOSPC);
  EXPECT_EQ(put("out", "1").code(), ExitCode::output_failed);
}

TEST_F(FaultyEnvTest, a_write_may_get_through_in_part) {
  faults_.add({.operation = Operation::write, .os_error = ENOSPC, .bytes = 3});
  EXPECT_EQ(put("a", "123456").os_error(), ENOSPC);
  EXPECT_EQ(get(".a.new").value(), "123");
}

TEST_F(FaultyEnvTest, short_reads_change_nothing_for_who_reads_on) {
  std::string text = "a text that is read a byte or two at a time";
  ASSERT_TRUE(is_ok(put("a", text)));
  faults_.add({.operation = Operation::read, .times = Fault::for_ever, .os_error = 0, .bytes = 2});
  EXPECT_EQ(read_file(env_, at("a"), Access::own, 1000).value(), text);
  auto file = env_.open(at("a"), OpenMode::read, Access::own);
  ASSERT_TRUE(is_ok(file));
  char part[10];
  EXPECT_EQ(read_fully(**file, part, 2).value(), 10u);
  EXPECT_EQ(std::string_view(part, 10), text.substr(2, 10));
  EXPECT_EQ(read_fully(**file, part, text.size() - 4).value(), 4u);
  EXPECT_EQ(faults_.hits(), faults_.calls(Operation::read));
  EXPECT_GT(faults_.hits(), text.size() / 2);
}

TEST_F(FaultyEnvTest, a_read_only_place_refuses_every_change) {
  ASSERT_TRUE(is_ok(put("a", "1")));
  faults_.make_read_only(folder_.path());
  EXPECT_EQ(put("a", "2").os_error(), EROFS);
  EXPECT_EQ(env_.make_folder(at("d"), Access::own).os_error(), EROFS);
  EXPECT_EQ(env_.rename(at("a"), at("b")).os_error(), EROFS);
  EXPECT_EQ(env_.link(at("a"), at("b")).os_error(), EROFS);
  EXPECT_EQ(env_.remove_file(at("a")).os_error(), EROFS);
  EXPECT_EQ(env_.remove_folder(at("d")).os_error(), EROFS);
  EXPECT_EQ(env_.lock(at("lock")).status().os_error(), EROFS);
  EXPECT_EQ(env_.open(at("a"), OpenMode::append, Access::own).status().os_error(), EROFS);
  EXPECT_EQ(read_file(env_, at("a"), Access::own, 10).value(), "1");
  EXPECT_EQ(real_.read_folder(folder_.path()).value().size(), 1u);
  faults_.clear();
  EXPECT_TRUE(is_ok(put("a", "2")));
}

TEST_F(FaultyEnvTest, a_full_disk_still_removes_and_reads) {
  ASSERT_TRUE(is_ok(put("a", "1")));
  faults_.fill_disk(folder_.path());
  EXPECT_EQ(put("a", "2").os_error(), ENOSPC);
  EXPECT_EQ(env_.make_folder(at("d"), Access::own).os_error(), ENOSPC);
  EXPECT_EQ(read_file(env_, at("a"), Access::own, 10).value(), "1");
  EXPECT_TRUE(is_ok(env_.remove_file(at("a"))));
}

TEST_F(FaultyEnvTest, reading_calls_fail_as_input) {
  ASSERT_TRUE(is_ok(put("a", "1")));
  for (Operation operation : {Operation::open_read, Operation::read, Operation::stat}) {
    faults_.add({.operation = operation});
    Status status = read_file(env_, at("a"), Access::own, 10).status();
    EXPECT_EQ(status.os_error(), EIO) << operation_name(operation);
    EXPECT_EQ(status.code(), ExitCode::input_missing) << operation_name(operation);
  }
  faults_.add({.operation = Operation::read_folder, .os_error = EMFILE});
  EXPECT_EQ(env_.read_folder(folder_.path()).status().os_error(), EMFILE);
  faults_.add({.operation = Operation::close, .os_error = EDQUOT});
  EXPECT_EQ(put("b", "1").os_error(), EDQUOT);
}

TEST(FaultPlan, every_rule_counts_every_call) {
  FaultPlan plan;
  plan.add({.operation = Operation::rename, .first = 2, .os_error = EIO});
  plan.add({.operation = Operation::rename, .first = 2, .times = 2, .os_error = EXDEV});
  EXPECT_FALSE(plan.on_call(Operation::rename, "a"));
  EXPECT_EQ(plan.on_call(Operation::rename, "a")->os_error, EIO);
  EXPECT_EQ(plan.on_call(Operation::rename, "a")->os_error, EXDEV);
  EXPECT_FALSE(plan.on_call(Operation::rename, "a"));
  EXPECT_EQ(plan.calls(Operation::rename), 4u);
  EXPECT_EQ(plan.calls(Operation::link), 0u);
}

TEST(FaultPlan, chance_belongs_to_the_seed) {
  auto hits = [](uint64_t seed) {
    FaultPlan plan(seed);
    plan.add({.operation = Operation::read, .times = Fault::for_ever, .one_in = 4});
    std::string text;
    for (int i = 0; i < 400; ++i) text += plan.on_call(Operation::read, "a") ? 'x' : '.';
    return text;
  };
  EXPECT_EQ(hits(1), hits(1));
  EXPECT_NE(hits(1), hits(2));
  std::string told = hits(1);
  auto count = std::count(told.begin(), told.end(), 'x');
  EXPECT_GT(count, 60);
  EXPECT_LT(count, 150);
}

TEST(FaultPlanDeathTest, a_fault_must_do_something) {
  FaultPlan plan;
  EXPECT_DEATH(plan.add({.operation = Operation::write, .os_error = 0}), "a fault without an error");
  EXPECT_DEATH(plan.add({.operation = Operation::read, .os_error = 0, .bytes = 0}), "a fault without an error");
}

} // namespace
} // namespace flow::runtime
