// A program built with `flowc build --shared`, driven by a host that is not ours, through runtime/abi/flow_host.h
// alone. Run alone: build/bin/shared_host_test PATH/host_test.so
#include <algorithm>
#include <cstdio>

#include <gtest/gtest.h>

#include "tests/host/small_host.h"

namespace flow::tests {

std::string program_path;

namespace {

FlowCell number(int64_t value) {
  FlowCell cell{};
  cell.value.i = value;
  return cell;
}

class SharedHost : public ::testing::Test {
protected:
  void SetUp() override {
    std::string problem;
    api_ = load_program(program_path, problem);
    ASSERT_NE(api_, nullptr) << problem;
    ASSERT_EQ(api_->program->chain_count, 2u);
  }

  std::vector<std::string> straight(int64_t events, int64_t keys, uint32_t tasks) {
    SmallHost host(*api_, {number(events), number(keys)}, tasks);
    host.read_until(events);
    host.finish();
    return host.lines();
  }

  std::unique_ptr<HostApi> api_;
};

TEST_F(SharedHost, the_result_is_that_of_the_program) {
  std::vector<std::string> lines = straight(60, 1, 1);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_NE(lines[0].find("\"n\":60"), std::string::npos) << lines[0];
  EXPECT_NE(lines[0].find("\"total\":1770"), std::string::npos) << lines[0];
}

TEST_F(SharedHost, tasks_share_the_keys_by_the_hosts_own_groups) {
  EXPECT_EQ(straight(2000, 17, 1), straight(2000, 17, 4));
}

TEST_F(SharedHost, two_instances_live_in_one_process) {
  SmallHost first(*api_, {number(500), number(3)}, 2), second(*api_, {number(900), number(5)}, 1);
  for (int64_t i = 100; i <= 900; i += 100) {
    if (i <= 500) first.read_until(i);
    second.read_until(i);
  }
  second.finish();
  first.finish();
  EXPECT_EQ(first.lines(), straight(500, 3, 1));
  EXPECT_EQ(second.lines(), straight(900, 5, 3));
}

TEST_F(SharedHost, a_snapshot_by_key_group_goes_into_three_tasks) {
  SmallHost before(*api_, {number(2000), number(17)}, 2);
  before.read_until(1010);
  before.settle();
  SnapshotBytes keyed = before.keyed_snapshot(), source = before.source_snapshot();
  EXPECT_FALSE(keyed.groups.empty());
  SmallHost after(*api_, {number(2000), number(17)}, 3);
  after.restore(keyed, source);
  after.read_until(2000);
  after.finish();
  std::vector<std::string> all = before.lines(), rest = after.lines();
  all.insert(all.end(), rest.begin(), rest.end());
  std::sort(all.begin(), all.end());
  EXPECT_EQ(all, straight(2000, 17, 1));
}

// The source adds up its rows by key before it sends them.
TEST_F(SharedHost, rows_are_combined_before_they_cross) {
  SmallHost host(*api_, {number(2000), number(17)}, 2);
  host.read_until(2000);
  host.finish();
  EXPECT_LE(host.rows_arrived(), 17 * 34) << "one per key and minute";
  EXPECT_GE(host.rows_arrived(), 17 * 33);
}

// Those behind do not wait for an idle task: what it holds would be late for them when it speaks again.
TEST_F(SharedHost, what_is_held_goes_out_before_the_word_that_the_source_is_idle) {
  SmallHost host(*api_, {number(2000), number(17)}, 2);
  host.read_until(30);
  EXPECT_EQ(host.rows_arrived(), 0);
  host.go_idle();
  EXPECT_EQ(host.rows_arrived(), 17);
  EXPECT_TRUE(host.heard_of_idle());
  host.read_until(2000);
  host.finish();
  EXPECT_EQ(host.lines(), straight(2000, 17, 1));
}

} // namespace
} // namespace flow::tests

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  if (argc != 2) {
    std::fprintf(stderr, "usage: shared_host_test PROGRAM.so\n");
    return 2;
  }
  flow::tests::program_path = argv[1];
  return RUN_ALL_TESTS();
}
