// SourceRunner: the splits of one task of a source chain, read in turn. It owns the readers; the task keeps watermark
// and cursor of each split.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "runtime/abi/flow_host.h"
#include "runtime/checkpoint/manifest.h"
#include "runtime/connectors/rate_limiter.h"
#include "runtime/connectors/source.h"
#include "runtime/env/env.h"
#include "runtime/host/part.h"

namespace flow::runtime {

struct SourcePace {
  double rate = 0;         // events a second of this task; 0: no limit
  int64_t idle_us = 0;     // a split without an event for so long is idle; 0: never
  int64_t latency_us = 0;  // how late an event that has become due may be read, so that a sleeping thread wakes for
                           // several at once
  int64_t rows_max = 1024; // of one action
};

class SourceRunner {
public:
  SourceRunner(FlowTask* task, SourcePace pace, int64_t now_us);

  // Takes a split that the task does not know yet, or knows from its state. `reader` is null if it is finished.
  void add(SplitSpec spec, std::unique_ptr<SplitReader> reader, FlowSplit* split, std::string fingerprint);

  // Reads some rows of one split. A failure stops the job; what the task itself refused is in the task.
  Result<Progress> step(int64_t now_us);
  // Ends every split where it stands, as if its input did. Whether any was open.
  bool end_input();
  // With a rate: the latest time at which to read on. Asked earlier, it reads what is due by then.
  int64_t deadline_us() const { return deadline_us_; }

  // Where each split stands, for a manifest. Between two actions.
  std::vector<SplitRecord> records();
  SplitProgress progress() const;

private:
  struct Split {
    SplitSpec spec;
    std::unique_ptr<SplitReader> reader;
    FlowSplit* split = nullptr;
    std::string fingerprint = {}; // of a finished split, as it was at its end
    FlowInput window = {};
    bool has_window = false;
    int64_t from = 0; // in the window: what the task has taken
    int64_t last_row_us = 0;
    bool is_idle = false;
    uint64_t size = 0; // of a finished split, for the progress
  };
  int64_t rows_due(int64_t now_us);
  void spend(int64_t rows, int64_t now_us);
  Result<bool> read(Split& split, int64_t rows_max, int64_t now_us);
  static SplitProgress progress_of(const Split& split);
  Status fill(Split& split);
  void release_window(Split& split);
  void finish(Split& split);
  bool rest(Split& split, int64_t now_us);
  Split* next_open();

  FlowTask* task_;
  SourcePace pace_;
  RateLimiter limiter_;
  std::vector<Split> splits_;
  uint32_t turn_ = 0;
  int64_t next_read_us_ = 0; // with a rate: not before that
  int64_t deadline_us_ = no_deadline;
};

} // namespace flow::runtime
