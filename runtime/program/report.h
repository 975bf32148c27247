// What a job tells people while it runs and at its end, on standard error: a line that is rewritten on a terminal, and
// one report.
#pragma once

#include <cstdint>
#include <string>

#include "runtime/env/env.h"
#include "runtime/host/job.h"

namespace flow::runtime {

struct JobTotals {
  uint64_t in = 0, out = 0, late = 0, bad = 0, skipped = 0;
  uint64_t done = 0, total = 0;     // of the input; total 0: unknown
  int64_t watermark_us = INT64_MAX; // the least of the sources'; INT64_MIN: none yet
};

// `is_over`: all threads of the job have ended, and the numbers are exact; else they are those of a moment ago.
JobTotals totals_of(const Job& job, bool is_over);

// "1,234 events, 567/s, watermark 2020-01-01T00:00:00Z, 12 %, 3s left, checkpoint 4".
class ProgressLine {
public:
  ProgressLine(Env& env, bool is_shown) : env_(env), is_shown_(is_shown), start_us_(env.monotonic_us()) {}

  // As often as one likes; writes a few times a second.
  void update(Job& job);
  void clear();

private:
  std::string text_of(Job& job, int64_t now_us);

  Env& env_;
  bool is_shown_;
  int64_t start_us_;
  int64_t due_us_ = 0;
  int64_t last_us_ = 0;
  uint64_t last_in_ = 0;
  double rate_ = 0;
  bool is_written_ = false;
};

// The end report; empty parts are left out.
std::string summary_text(const JobTotals& totals, int64_t elapsed_us);
// What must not go unnoticed: events that did not make it into the result. Empty if there are none.
std::string losses_text(const JobTotals& totals);

} // namespace flow::runtime
