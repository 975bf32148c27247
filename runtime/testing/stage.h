// Stage: what a test puts at both ends of a program. Its sources give the rows and watermarks of the test's steps, as
// far as these are open; its sinks keep what comes out, with the step that was the last open one by then. It lives as
// long as the test, over all starts of the job: after a crash it goes back to the epoch that the job goes on from.
//
// What is expected comes out of the program, too, of sinks "expected NAME", in the order of the text.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "runtime/connectors/connector_factory.h"
#include "runtime/env/sim_env.h"
#include "runtime/testing/script.h"

namespace flow::runtime {

inline constexpr std::string_view expected_prefix = "expected ";

struct CapturedRecord {
  std::string sink;
  uint64_t epoch;
  size_t open; // how many steps were open
  std::string text;
};

class Stage final : public ConnectorFactory {
public:
  // Test and machine outlive the stage. `gives_expected`: whether the rows come, too, that are expected.
  Stage(const TestScript& test, SimMachine& machine, bool gives_expected)
      : test_(test), machine_(machine), gives_expected_(gives_expected) {}

  // ---- how far the test has come
  struct Position {
    size_t open = 0;            // steps before it are open
    bool is_input_over = false; // behind what is open
    int64_t clock_us = 0;       // processing time, since the test began
  };
  Position& position() { return position_; }
  const Position& position() const { return position_; }
  // To where it was when this epoch was taken; 0: to the beginning. What came out since is forgotten, and the wall
  // clock shows what it showed then. A job that opens calls it, before its tasks hear of time.
  void go_back(uint64_t epoch);

  const std::vector<CapturedRecord>& records() const { return records_; }

  Result<std::unique_ptr<SourceConnector>> source(const FlowConnector& connector) override;
  Result<std::unique_ptr<Sink>> sink(const FlowConnector& connector) override;

  // ---- of its connectors
  const TestScript& test() const { return test_; }
  bool gives_expected() const { return gives_expected_; }
  void keep(const std::string& sink, uint64_t epoch, std::string_view records);
  void note_epoch(uint64_t epoch) { positions_[epoch] = position_; }

private:
  const TestScript& test_;
  SimMachine& machine_;
  bool gives_expected_;
  Position position_;
  std::map<uint64_t, Position> positions_; // by epoch
  std::vector<CapturedRecord> records_;
};

} // namespace flow::runtime
