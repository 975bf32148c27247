#include "runtime/connectors/generate_source.h"

#include <fmt/format.h>

#include <limits>

namespace flow::runtime {
namespace {

constexpr int64_t splits_max = 65'536;
constexpr int64_t endless = FLOW_EVENT_NUMBERS;

class GenerateReader final : public SplitReader {
public:
  GenerateReader(int64_t end, int64_t cursor, bool is_bounded) : end_(end), cursor_(cursor), is_bounded_(is_bounded) {}

  Result<FlowInput> fill() override {
    FlowInput input{};
    input.end = end_;
    input.rows_max = std::numeric_limits<int64_t>::max();
    input.is_last = 1;
    return input;
  }
  void consume(int64_t n) override {
    FLOW_ASSERT(n >= 0 && n <= end_ - cursor_, "only events that there are can be consumed");
    cursor_ += n;
  }
  int64_t cursor() const override { return cursor_; }
  SplitFingerprint fingerprint() const override { return {}; }
  SplitProgress progress(int64_t taken) const override {
    return {static_cast<uint64_t>(cursor_ + taken), is_bounded_ ? static_cast<uint64_t>(end_) : 0};
  }

private:
  int64_t end_;
  int64_t cursor_;
  bool is_bounded_;
};

class GenerateSource final : public SourceConnector {
public:
  GenerateSource(int64_t splits, int64_t count) : splits_(splits), count_(count) {}

  Result<std::vector<SplitSpec>> enumerate(Env&) override {
    std::vector<SplitSpec> specs;
    auto count = static_cast<uint32_t>(splits_);
    for (uint32_t i = 0; i < count; ++i) specs.push_back({fmt::format("{}", i), i, count});
    return specs;
  }

  // The numbers of a split depend on how many splits there are: a restored one keeps the number it began with.
  Result<std::unique_ptr<SplitReader>> open(Env&, const SplitSpec& spec, int64_t cursor,
                                            const SplitFingerprint*) override {
    int64_t end = events_of(spec);
    if (cursor < 0 || cursor > end) {
      return Status(ExitCode::start_refused,
                    fmt::format("split {} of the generator is to go on at event {}, but its option count allows {} now",
                                spec.id, cursor, end));
    }
    return std::unique_ptr<SplitReader>(new GenerateReader(end, cursor, is_bounded()));
  }

  bool is_bounded() const override { return count_ != endless; }

private:
  int64_t events_of(const SplitSpec& spec) const {
    return count_ / spec.count + (spec.index < count_ % spec.count ? 1 : 0);
  }

  int64_t splits_;
  int64_t count_;
};

} // namespace

Result<std::unique_ptr<SourceConnector>> make_generate_source(const Options& options) {
  int64_t splits = options.integer("splits", 1);
  if (splits < 1 || splits > splits_max) {
    return Status(ExitCode::usage,
                  fmt::format("the option splits is {}: give a number from 1 to {}", splits, splits_max));
  }
  int64_t count = options.integer("count", endless);
  if (count < 0 || count > endless) {
    return Status(ExitCode::usage, fmt::format("the option count is {}: give a number from 0 to {}", count, endless));
  }
  return std::unique_ptr<SourceConnector>(new GenerateSource(splits, count));
}

} // namespace flow::runtime
