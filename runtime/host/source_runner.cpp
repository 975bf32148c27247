#include "runtime/host/source_runner.h"

#include <algorithm>

namespace flow::runtime {
namespace {

constexpr int64_t read_gap_us = 20; // between reads of a source with a rate that keeps up with it

std::string written(const SplitFingerprint& fingerprint) {
  ByteWriter out;
  fingerprint.write(out);
  return out.take();
}

std::string written(const SplitSpec& spec) {
  ByteWriter out;
  spec.write(out);
  return out.take();
}

// Positions of a window of bytes count from its start, those of a generator from the split's.
int64_t first_position(const FlowInput& window, const SplitReader& reader) {
  return window.data == nullptr ? reader.cursor() : 0;
}

} // namespace

SourceRunner::SourceRunner(FlowTask* task, SourcePace pace, int64_t now_us)
    : task_(task), pace_(pace), limiter_(pace.rate, now_us) {}

void SourceRunner::add(SplitSpec spec, std::unique_ptr<SplitReader> reader, FlowSplit* split, std::string fingerprint) {
  splits_.push_back(
      {.spec = std::move(spec), .reader = std::move(reader), .split = split, .fingerprint = std::move(fingerprint)});
}

SourceRunner::Split* SourceRunner::next_open() {
  for (uint32_t tried = 0; tried < splits_.size(); ++tried) {
    Split& split = splits_[turn_];
    turn_ = (turn_ + 1) % static_cast<uint32_t>(splits_.size());
    if (split.reader != nullptr && (split.has_window || !split.reader->is_held_back())) return &split;
  }
  return nullptr;
}

Result<Progress> SourceRunner::step(int64_t now_us) {
  deadline_us_ = no_deadline;
  Split* split = next_open();
  if (split == nullptr) return Progress::waiting;
  int64_t rows_max = rows_due(now_us);
  if (rows_max <= 0) {
    deadline_us_ = limiter_.next_us() + pace_.latency_us;
    bool has_news = false; // of a split fallen idle, which those behind must hear
    for (Split& waiting : splits_) has_news = rest(waiting, now_us) || has_news;
    return has_news ? Progress::worked : Progress::waiting;
  }
  FLOW_TRY_ASSIGN(bool has_read, read(*split, rows_max, now_us));
  if (!has_read) rest(*split, now_us);
  return Progress::worked;
}

bool SourceRunner::end_input() {
  bool was_open = false;
  for (Split& split : splits_) {
    if (split.reader == nullptr) continue;
    finish(split);
    was_open = true;
  }
  return was_open;
}

int64_t SourceRunner::rows_due(int64_t now_us) {
  int64_t due = limiter_.allowed(now_us);
  return now_us < next_read_us_ ? 0 : std::min(due, pace_.rows_max);
}

// At high rates events become due while others are read. Without a gap behind a read that took all that was due the
// thread would never be done, and each read would be of an event or two.
void SourceRunner::spend(int64_t rows, int64_t now_us) {
  limiter_.spend(rows);
  if (limiter_.allowed(now_us) == 0) next_read_us_ = now_us + std::min(read_gap_us, pace_.latency_us);
}

// Whether the split gave anything.
Result<bool> SourceRunner::read(Split& split, int64_t rows_max, int64_t now_us) {
  if (!split.has_window) {
    if (std::optional<int64_t> time_us = split.reader->take_watermark()) {
      flow_split_watermark(task_, split.split, *time_us);
      return true;
    }
    FLOW_TRY(fill(split));
  }
  FlowInput input = split.window;
  input.rows_max = rows_max;
  if (split.from == input.end && input.is_last == 0) {
    release_window(split);
    return false;
  }
  uint64_t rows_before = limiter_.is_unlimited() ? 0 : flow_task_counters(task_).rows_in;
  int64_t reached = flow_task_pull(task_, split.split, &input, split.from);
  if (reached < 0) return true; // the error is in the task
  if (!limiter_.is_unlimited()) {
    spend(static_cast<int64_t>(flow_task_counters(task_).rows_in - rows_before), now_us);
  }
  bool has_moved = reached > split.from;
  split.from = reached;
  if (has_moved) {
    split.last_row_us = now_us;
    split.is_idle = false;
  }
  bool is_at_end = reached == input.end;
  if (is_at_end && input.is_last != 0) {
    finish(split);
  } else if (is_at_end || !has_moved) {
    release_window(split); // the next one holds more
  }
  return has_moved;
}

Status SourceRunner::fill(Split& split) {
  FLOW_TRY_ASSIGN(split.window, split.reader->fill());
  split.has_window = true;
  split.from = first_position(split.window, *split.reader);
  return Status();
}

void SourceRunner::release_window(Split& split) {
  if (!split.has_window) return;
  split.reader->consume(split.from - first_position(split.window, *split.reader));
  split.has_window = false;
}

void SourceRunner::finish(Split& split) {
  release_window(split);
  split.fingerprint = written(split.reader->fingerprint());
  SplitProgress progress = split.reader->progress(0);
  split.size = std::max(progress.done, progress.total);
  split.reader.reset();
  flow_split_end(task_, split.split);
}

// Nothing came from the split: is it time to call it idle? Whether it was.
bool SourceRunner::rest(Split& split, int64_t now_us) {
  if (split.reader == nullptr || pace_.idle_us <= 0 || split.is_idle) return false;
  if (split.last_row_us == 0 || split.reader->is_catching_up()) split.last_row_us = now_us;
  int64_t due_us = split.last_row_us + pace_.idle_us;
  if (now_us < due_us) {
    deadline_us_ = std::min(deadline_us_, due_us);
    return false;
  }
  split.is_idle = true;
  flow_split_idle(task_, split.split, 1);
  return true;
}

std::vector<SplitRecord> SourceRunner::records() {
  std::vector<SplitRecord> records;
  for (Split& split : splits_) {
    release_window(split);
    std::string fingerprint = split.reader == nullptr ? split.fingerprint : written(split.reader->fingerprint());
    records.push_back({written(split.spec), std::move(fingerprint), flow_split_cursor(split.split)});
  }
  return records;
}

SplitProgress SourceRunner::progress_of(const Split& split) {
  if (split.reader == nullptr) return {split.size, split.size};
  int64_t taken = split.has_window ? split.from - first_position(split.window, *split.reader) : 0;
  return split.reader->progress(taken);
}

SplitProgress SourceRunner::progress() const {
  SplitProgress sum;
  bool is_known = true;
  for (const Split& split : splits_) {
    SplitProgress one = progress_of(split);
    sum.done += one.done;
    sum.total += one.total;
    is_known = is_known && (one.total > 0 || split.reader == nullptr);
  }
  if (!is_known) sum.total = 0;
  return sum;
}

} // namespace flow::runtime
