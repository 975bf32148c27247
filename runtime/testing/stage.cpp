#include "runtime/testing/stage.h"

#include <algorithm>
#include <limits>
#include <optional>

namespace flow::runtime {
namespace {

constexpr int64_t first_instant_us = 946'684'800'000'000; // the clock begins at 2000-01-01T00:00:00Z

// Rows or a watermark, due when the step is open.
struct Item {
  size_t step;
  int64_t rows = 0;
  std::optional<int64_t> watermark_us = {};
};

// All that one source gives in a test. Its rows have successive numbers.
struct Part {
  int64_t first_row = 0;
  std::vector<Item> items;
  bool ends_at_once = true; // the test says nothing of it: it holds nobody back
};

Part part_of(const Stage& stage, std::string_view name) {
  using Kind = ScriptStep::Kind;
  Part part;
  bool is_expected = name.starts_with(expected_prefix);
  if (is_expected) name.remove_prefix(expected_prefix.size());
  Kind rows = is_expected ? Kind::expect : Kind::given;
  bool has_rows = false;
  const std::vector<ScriptStep>& steps = stage.test().steps;
  for (size_t i = 0; i < steps.size(); ++i) {
    const ScriptStep& step = steps[i];
    bool is_named = step.connector == name;
    if (step.kind == rows && is_named) {
      if (!has_rows) part.first_row = step.first_row;
      has_rows = true;
      part.items.push_back({.step = is_expected ? 0 : i, .rows = step.rows});
      part.ends_at_once = is_expected;
    } else if (step.kind == Kind::watermark && !is_expected && (is_named || step.connector.empty())) {
      part.items.push_back({.step = i, .watermark_us = step.micros});
      part.ends_at_once = part.ends_at_once && !is_named;
    }
  }
  if (is_expected && !stage.gives_expected()) part.items.clear();
  return part;
}

class ScriptReader final : public SplitReader {
public:
  ScriptReader(const Stage& stage, Part part, int64_t cursor) : stage_(stage), part_(std::move(part)) {
    consume_rows(cursor);
    if (part_.ends_at_once) std::erase_if(part_.items, [](const Item& item) { return item.watermark_us.has_value(); });
  }

  Result<FlowInput> fill() override {
    FlowInput input{};
    input.end = cursor() + rows_due();
    input.rows_max = std::numeric_limits<int64_t>::max();
    bool is_rest = item_ + (rows_due() > 0 ? 1 : 0) >= part_.items.size();
    input.is_last = is_rest && is_over() ? 1 : 0;
    return input;
  }

  void consume(int64_t n) override { consume_rows(n); }
  int64_t cursor() const override { return part_.first_row + taken_; }
  SplitFingerprint fingerprint() const override { return {}; }
  SplitProgress progress(int64_t taken) const override { return {static_cast<uint64_t>(taken_ + taken), 0}; }

  bool is_held_back() const override {
    if (item_ == part_.items.size()) return !is_over();
    return !is_open(part_.items[item_]);
  }

  std::optional<int64_t> take_watermark() override {
    bool is_due = item_ < part_.items.size() && part_.items[item_].watermark_us && is_open(part_.items[item_]);
    return is_due ? part_.items[item_++].watermark_us : std::nullopt;
  }

private:
  bool is_open(const Item& item) const { return part_.ends_at_once || item.step < stage_.position().open; }
  bool is_over() const { return part_.ends_at_once || stage_.position().is_input_over; }

  int64_t rows_due() const {
    if (item_ == part_.items.size() || !is_open(part_.items[item_])) return 0;
    return part_.items[item_].rows - of_item_;
  }

  // A watermark that lies at the cursor is told again after a restore, which changes nothing.
  void consume_rows(int64_t n) {
    taken_ += n;
    while (item_ < part_.items.size() && n > 0) {
      int64_t left = part_.items[item_].rows - of_item_;
      if (n < left) {
        of_item_ += n;
        return;
      }
      n -= left;
      of_item_ = 0;
      ++item_;
    }
    while (item_ < part_.items.size() && part_.items[item_].rows == 0 && !part_.items[item_].watermark_us) ++item_;
  }

  const Stage& stage_;
  Part part_;
  int64_t taken_ = 0;
  size_t item_ = 0;     // the next one,
  int64_t of_item_ = 0; // of which so many rows are taken
};

class ScriptSource final : public SourceConnector {
public:
  ScriptSource(const Stage& stage, std::string name) : stage_(stage), name_(std::move(name)) {}

  // One split: rows of one source keep their order.
  Result<std::vector<SplitSpec>> enumerate(Env&) override { return std::vector<SplitSpec>{{.id = "test"}}; }
  Result<std::unique_ptr<SplitReader>> open(Env&, const SplitSpec&, int64_t cursor, const SplitFingerprint*) override {
    return std::unique_ptr<SplitReader>(new ScriptReader(stage_, part_of(stage_, name_), cursor));
  }
  bool is_bounded() const override { return true; }

private:
  const Stage& stage_;
  std::string name_;
};

class CaptureWriter final : public SinkWriter {
public:
  CaptureWriter(Stage& stage, const std::string& sink, uint64_t epoch) : stage_(stage), sink_(sink), epoch_(epoch) {}

  Status write(std::string_view records) override {
    stage_.keep(sink_, epoch_, records);
    return Status();
  }
  Result<StagedOutput> close_epoch(uint64_t epoch) override {
    stage_.note_epoch(epoch);
    epoch_ = epoch + 1;
    return StagedOutput();
  }
  void committed(uint64_t) override {}

private:
  Stage& stage_;
  const std::string& sink_;
  uint64_t epoch_; // that of what is written next
};

// It commits nothing: what a crash takes back is taken back by the stage.
class CaptureSink final : public Sink {
public:
  CaptureSink(Stage& stage, std::string name) : stage_(stage), name_(std::move(name)) {}

  Status prepare(Env&) override { return Status(); }
  Status lock(Env&) override { return Status(); }
  Result<std::unique_ptr<SinkWriter>> open(Env&, uint32_t, uint64_t epoch) override {
    stage_.go_back(epoch - 1);
    return std::unique_ptr<SinkWriter>(new CaptureWriter(stage_, name_, epoch));
  }
  bool is_exactly_once() const override { return false; }
  Status commit(Env&, std::span<const StagedFile>, uint64_t) override { return Status(); }
  Status clean_up(Env&, std::span<const StagedFile>) override { return Status(); }
  Result<std::optional<CommitMarker>> marker(Env&) override { return std::optional<CommitMarker>(); }
  Result<uint64_t> newest_output(Env&) override { return uint64_t{0}; }
  std::string place() const override { return "test"; }

private:
  Stage& stage_;
  std::string name_;
};

} // namespace

void Stage::go_back(uint64_t epoch) {
  position_ = epoch == 0 ? Position{} : positions_[epoch];
  machine_.jump_wall_us(first_instant_us + position_.clock_us - machine_.wall_us());
  std::erase_if(records_, [&](const CapturedRecord& record) { return record.epoch > epoch; });
}

void Stage::keep(const std::string& sink, uint64_t epoch, std::string_view records) {
  while (!records.empty()) {
    size_t end = std::min(records.find('\n'), records.size());
    records_.push_back({sink, epoch, position_.open, std::string(records.substr(0, end))});
    records.remove_prefix(std::min(end + 1, records.size()));
  }
}

Result<std::unique_ptr<SourceConnector>> Stage::source(const FlowConnector& connector) {
  return std::unique_ptr<SourceConnector>(new ScriptSource(*this, connector.name));
}

Result<std::unique_ptr<Sink>> Stage::sink(const FlowConnector& connector) {
  return std::unique_ptr<Sink>(new CaptureSink(*this, connector.name));
}

} // namespace flow::runtime
