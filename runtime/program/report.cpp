#include "runtime/program/report.h"

#include <fmt/format.h>

#include <algorithm>

#include "runtime/base/text.h"

namespace flow::runtime {
namespace {

constexpr int64_t line_every_us = 250'000;

// 1234567 → "1,234,567".
std::string grouped(uint64_t number) {
  std::string text = fmt::format("{}", number);
  for (size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, ",");
  return text;
}

std::string plural(uint64_t number, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", grouped(number), number == 1 ? one : many);
}

// Seconds with one digit below a minute, whole seconds above.
std::string elapsed_text(int64_t us) {
  if (us < 60'000'000) return fmt::format("{}.{} s", us / 1'000'000, us / 100'000 % 10);
  return format_duration(us / 1'000'000 * 1'000'000);
}

FlowTaskCounters counters_of(const TaskStats& stats) {
  FlowTaskCounters counters{};
  counters.rows_in = stats.rows_in.load(std::memory_order_relaxed);
  counters.rows_written = stats.rows_written.load(std::memory_order_relaxed);
  counters.late = stats.late.load(std::memory_order_relaxed);
  counters.bad = stats.bad.load(std::memory_order_relaxed);
  counters.skipped = stats.skipped.load(std::memory_order_relaxed);
  return counters;
}

} // namespace

JobTotals totals_of(const Job& job, bool is_over) {
  JobTotals totals;
  bool has_unknown = false;
  for (const auto& runner : job.runners()) {
    const FlowChain& chain = job.program().chains[runner->place().chain];
    const TaskStats& stats = runner->stats();
    FlowTaskCounters counters = is_over ? flow_task_counters(runner->task()) : counters_of(stats);
    totals.late += counters.late;
    totals.bad += counters.bad;
    totals.skipped += counters.skipped;
    totals.out += counters.rows_written;
    if (chain.source == FLOW_NONE) continue;
    totals.in += counters.rows_in;
    totals.watermark_us = std::min(totals.watermark_us, stats.watermark.load(std::memory_order_relaxed));
    uint64_t total = stats.input_total.load(std::memory_order_relaxed);
    totals.done += stats.input_done.load(std::memory_order_relaxed);
    totals.total += total;
    if (total == 0 && counters.rows_in > 0) has_unknown = true;
  }
  if (has_unknown) totals.total = 0;
  return totals;
}

void ProgressLine::update(Job& job) {
  if (!is_shown_) return;
  int64_t now_us = env_.monotonic_us();
  if (now_us < due_us_) return;
  due_us_ = now_us + line_every_us;
  (void)env_.console_write(Console::error, "\r\x1b[K" + text_of(job, now_us));
  is_written_ = true;
}

void ProgressLine::clear() {
  if (is_written_) (void)env_.console_write(Console::error, "\r\x1b[K");
  is_written_ = false;
}

std::string ProgressLine::text_of(Job& job, int64_t now_us) {
  JobTotals totals = totals_of(job, false);
  if (last_us_ != 0 && now_us > last_us_) {
    uint64_t events = totals.in - std::min(totals.in, last_in_);
    double now_rate = static_cast<double>(events) * 1e6 / static_cast<double>(now_us - last_us_);
    rate_ = rate_ == 0 ? now_rate : rate_ * 0.7 + now_rate * 0.3;
  }
  last_us_ = now_us;
  last_in_ = totals.in;
  std::string text =
      fmt::format("{}, {}/s", plural(totals.in, "event", "events"), grouped(static_cast<uint64_t>(rate_)));
  if (totals.watermark_us != INT64_MIN && totals.watermark_us != INT64_MAX) {
    text += fmt::format(", watermark {}", format_timestamp(totals.watermark_us / 1'000'000 * 1'000'000));
    int64_t lag_us = env_.wall_us() - totals.watermark_us;
    constexpr int64_t live_us = 86'400'000'000; // an older watermark is of recorded data: its lag says nothing
    if (lag_us > 0 && lag_us < live_us) text += fmt::format(", lag {}", elapsed_text(lag_us));
  }
  if (totals.total > 0) {
    double part = std::min(1.0, static_cast<double>(totals.done) / static_cast<double>(totals.total));
    text += fmt::format(", {} %", static_cast<int>(part * 100));
    if (part > 0.01) {
      auto left_us = static_cast<int64_t>(static_cast<double>(now_us - start_us_) * (1 - part) / part);
      text += fmt::format(", {} left", elapsed_text(left_us));
    }
  }
  uint64_t epoch = job.coordinator().stats().last_epoch.load(std::memory_order_relaxed);
  if (job.has_checkpoints() && epoch > 0) {
    int64_t ago_us = now_us - job.coordinator().stats().last_us.load(std::memory_order_relaxed);
    text += fmt::format(", checkpoint {} {} ago", epoch, elapsed_text(std::max<int64_t>(ago_us, 0)));
  }
  return text;
}

std::string summary_text(const JobTotals& totals, int64_t elapsed_us) {
  return fmt::format("{} in, {} out, {} late, {} bad, {} skipped, in {}", plural(totals.in, "event", "events"),
                     grouped(totals.out), grouped(totals.late), grouped(totals.bad), grouped(totals.skipped),
                     elapsed_text(elapsed_us));
}

std::string losses_text(const JobTotals& totals) {
  std::string text;
  if (totals.late > 0) {
    // Where a window says `late to`, they are in that stream; else they are gone.
    text += fmt::format("{} came too late for {} window; a larger watermark lag takes such events in\n",
                        plural(totals.late, "event", "events"), totals.late == 1 ? "its" : "their");
  }
  if (totals.bad > 0) {
    text += fmt::format("{} could not be read", plural(totals.bad, "record", "records"));
    text += totals.skipped > 0 ? fmt::format(", {} of them skipped\n", grouped(totals.skipped)) : "\n";
  } else if (totals.skipped > 0) {
    text += fmt::format("{} with an error and {} skipped\n", plural(totals.skipped, "row ended", "rows ended"),
                        totals.skipped == 1 ? "was" : "were");
  }
  return text;
}

} // namespace flow::runtime
