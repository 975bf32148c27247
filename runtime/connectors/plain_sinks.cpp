#include "runtime/connectors/plain_sinks.h"

namespace flow::runtime {
namespace {

// A batch holds whole records, so records of several tasks do not mix within a line.
class ConsoleWriter final : public SinkWriter {
public:
  ConsoleWriter(Env& env, std::string header) : env_(env), header_(std::move(header)) {}

  Status write(std::string_view records) override {
    if (records.empty()) return Status();
    if (header_.empty()) return env_.console_write(Console::out, records);
    header_.append(records);
    return env_.console_write(Console::out, std::exchange(header_, {}));
  }
  Result<StagedOutput> close_epoch(uint64_t) override { return StagedOutput(); }
  void committed(uint64_t) override {}

private:
  Env& env_;
  std::string header_; // until it is written
};

class DiscardWriter final : public SinkWriter {
public:
  Status write(std::string_view) override { return Status(); }
  Result<StagedOutput> close_epoch(uint64_t) override { return StagedOutput(); }
  void committed(uint64_t) override {}
};

class PlainSink : public Sink {
public:
  Status prepare(Env&) override { return Status(); }
  Status lock(Env&) override { return Status(); }
  bool is_exactly_once() const override { return false; }
  Status commit(Env&, std::span<const StagedFile>, uint64_t) override { return Status(); }
  Status clean_up(Env&, std::span<const StagedFile>) override { return Status(); }
  Result<std::optional<CommitMarker>> marker(Env&) override { return std::optional<CommitMarker>(); }
  Result<uint64_t> newest_output(Env&) override { return uint64_t{0}; }
};

class ConsoleSink final : public PlainSink {
public:
  explicit ConsoleSink(std::string header) : header_(std::move(header)) {}

  // One of the tasks writes the header, once.
  Result<std::unique_ptr<SinkWriter>> open(Env& env, uint32_t task, uint64_t) override {
    return std::unique_ptr<SinkWriter>(new ConsoleWriter(env, task == 0 ? header_ : ""));
  }
  std::string place() const override { return "console"; }

private:
  std::string header_;
};

class DiscardSink final : public PlainSink {
public:
  Result<std::unique_ptr<SinkWriter>> open(Env&, uint32_t, uint64_t) override {
    return std::unique_ptr<SinkWriter>(new DiscardWriter());
  }
  std::string place() const override { return "discard"; }
};

} // namespace

Result<std::unique_ptr<Sink>> make_console_sink(std::string header) {
  return std::unique_ptr<Sink>(new ConsoleSink(std::move(header)));
}

Result<std::unique_ptr<Sink>> make_discard_sink() { return std::unique_ptr<Sink>(new DiscardSink()); }

} // namespace flow::runtime
