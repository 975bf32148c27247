// The three Envs that must behave alike, for tests that run on each: the real one in a folder of its own, the
// simulated one, and the faulty one without faults before the real one.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <memory>
#include <string>

#include "runtime/base/text.h"
#include "runtime/env/env.h"
#include "runtime/env/faulty_env.h"
#include "runtime/env/files.h"
#include "runtime/env/posix_env.h"
#include "runtime/env/sim_env.h"

namespace flow::runtime {

// A folder of the real machine that goes with the test.
class TemporaryFolder {
public:
  TemporaryFolder() {
    std::string pattern = testing::TempDir() + "flow_env_XXXXXX";
    FLOW_ASSERT(mkdtemp(pattern.data()) != nullptr, "the test may make a temporary folder");
    path_ = pattern;
  }
  ~TemporaryFolder() {
    PosixEnv env;
    (void)remove_tree(env, path_);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::string& path() const { return path_; }

private:
  std::string path_;
};

enum class EnvKind { posix, sim, faulty };

class EnvTest : public testing::TestWithParam<EnvKind> {
protected:
  EnvTest() {
    if (GetParam() == EnvKind::sim) {
      machine_ = std::make_unique<SimMachine>(1);
      owned_ = std::make_unique<SimEnv>(*machine_);
    } else {
      owned_ = std::make_unique<PosixEnv>(1);
    }
    if (GetParam() == EnvKind::faulty) faulty_ = std::make_unique<FaultyEnv>(*owned_, no_faults_);
    root_ = GetParam() == EnvKind::sim ? "/root" : folder_.path() + "/root";
    EXPECT_TRUE(env().make_folder(root_, Access::own).is_ok());
  }

  Env& env() { return faulty_ ? static_cast<Env&>(*faulty_) : *owned_; }
  std::string at(std::string_view name) const { return join_path(root_, name); }

  void put(const std::string& path, std::string_view bytes, OpenMode mode = OpenMode::create) {
    Result<std::unique_ptr<File>> file = env().open(path, mode, Access::own);
    ASSERT_TRUE(file.is_ok()) << file.status().message();
    ASSERT_TRUE((*file)->write(bytes).is_ok());
    ASSERT_TRUE((*file)->close().is_ok());
  }
  std::string get(const std::string& path) {
    Result<std::string> bytes = read_file(env(), path, Access::own, 1 << 20);
    return bytes.is_ok() ? *bytes : "<" + bytes.status().message() + ">";
  }

private:
  TemporaryFolder folder_;
  FaultPlan no_faults_;
  std::unique_ptr<SimMachine> machine_;
  std::unique_ptr<Env> owned_;
  std::unique_ptr<FaultyEnv> faulty_;
  std::string root_;
};

// How many seeds a property test tries: `usual`, or what the variable FLOW_TEST_SEEDS says.
inline uint64_t seed_count(uint64_t usual) {
  const char* wanted = getenv("FLOW_TEST_SEEDS");
  return wanted != nullptr ? parse_u64(wanted).value_or(usual) : usual;
}

// EXPECT_TRUE(is_ok(call)) shows the message when the call failed.
inline testing::AssertionResult is_ok(const Status& status) {
  return status.is_ok() ? testing::AssertionSuccess() : testing::AssertionFailure() << status.message();
}
template <typename T> testing::AssertionResult is_ok(const Result<T>& result) { return is_ok(result.status()); }

} // namespace flow::runtime
