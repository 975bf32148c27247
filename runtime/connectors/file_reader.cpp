#include "runtime/connectors/file_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <limits>

#include "runtime/base/crc32c.h"
#include "runtime/base/text.h"
#include "runtime/connectors/unpack.h"
#include "runtime/env/files.h"
#include "runtime/formats/decoder.h"

namespace flow::runtime {
namespace {

constexpr size_t window_bytes = 256 * 1024;
constexpr size_t window_bytes_max = record_bytes_max + window_bytes;
constexpr int64_t skip_bytes_a_call = 4 * 1024 * 1024;
constexpr size_t head_bytes_max = 4096;
constexpr size_t tail_bytes_max = 256;

// Bytes from which a window is filled and consumed. Only its first growth moves what it holds.
class Window {
public:
  Window() : memory_(std::make_unique_for_overwrite<char[]>(window_bytes)), capacity_(window_bytes) {}

  const char* data() const { return memory_.get() + begin_; }
  size_t size() const { return end_ - begin_; }
  bool is_at_least_half_full() const { return size() >= capacity_ / 2; }

  void drop(size_t bytes) { begin_ += bytes; }
  void clear() { begin_ = end_ = 0; }
  void grow_if_full() {
    if (size() < capacity_ || capacity_ >= window_bytes_max) return;
    size_t capacity = std::min(capacity_ * 2, window_bytes_max);
    auto memory = std::make_unique_for_overwrite<char[]>(capacity);
    std::memcpy(memory.get(), data(), size());
    end_ = size();
    begin_ = 0;
    memory_ = std::move(memory);
    capacity_ = capacity;
  }
  // Free memory behind what is there, all that there is.
  std::span<char> room() {
    if (begin_ > 0) {
      std::memmove(memory_.get(), data(), size());
      end_ = size();
      begin_ = 0;
    }
    return {memory_.get() + end_, capacity_ - end_};
  }
  void added(size_t bytes) { end_ += bytes; }

private:
  std::unique_ptr<char[]> memory_;
  size_t capacity_;
  size_t begin_ = 0;
  size_t end_ = 0;
};

class FileReader final : public SplitReader {
public:
  FileReader(std::string path, std::unique_ptr<ByteStream> stream, SplitFingerprint print, int64_t cursor)
      : path_(std::move(path)), stream_(std::move(stream)), print_(print), wanted_cursor_(cursor) {}

  // Where a seek is possible, begins a little before the cursor, so that the tail can be compared.
  void start(const SplitFingerprint* expected) {
    if (expected != nullptr) expected_ = *expected;
    is_restored_ = expected != nullptr;
    int64_t start = std::max<int64_t>(0, wanted_cursor_ - static_cast<int64_t>(tail_bytes_max));
    if (start > 0 && stream_->seek(static_cast<uint64_t>(start))) cursor_ = start;
  }

  Result<FlowInput> fill() override {
    if (cursor_ < wanted_cursor_) FLOW_TRY(skip_towards_cursor());
    if (cursor_ < wanted_cursor_) return input();
    if (is_restored_) FLOW_TRY(check_tail());
    if (!is_at_end_ && (!has_progress_ || !window_.is_at_least_half_full())) FLOW_TRY(read_more());
    has_progress_ = false;
    return input();
  }

  void consume(int64_t n) override {
    FLOW_ASSERT(n >= 0 && static_cast<size_t>(n) <= window_.size(), "only bytes of the window can be consumed");
    if (n == 0) return;
    remember_tail({window_.data(), static_cast<size_t>(n)});
    window_.drop(static_cast<size_t>(n));
    cursor_ += n;
    has_progress_ = true;
  }

  int64_t cursor() const override { return std::max(cursor_, wanted_cursor_); }

  SplitFingerprint fingerprint() const override {
    if (cursor_ < wanted_cursor_ || is_restored_) return expected_; // nothing was read since
    SplitFingerprint print = print_;
    print.tail_bytes = static_cast<uint32_t>(tail_.size());
    print.tail_crc = crc32c(tail_);
    return print;
  }

  SplitProgress progress(int64_t taken) const override {
    uint64_t read = stream_->stored_position();
    // Of what was read some waits in the window; packed bytes are not worth the precision.
    uint64_t left = window_.size() - static_cast<uint64_t>(taken);
    uint64_t waiting = std::min<uint64_t>(read, left);
    return {is_at_end_ && left == 0 ? print_.stored_bytes : read - waiting, print_.stored_bytes};
  }

  bool is_catching_up() const override { return cursor_ < wanted_cursor_; }

private:
  FlowInput input() const {
    FlowInput input{};
    bool is_ready = cursor_ >= wanted_cursor_;
    input.data = window_.data();
    input.end = is_ready ? static_cast<int64_t>(window_.size()) : 0;
    input.rows_max = std::numeric_limits<int64_t>::max();
    input.is_last = is_ready && is_at_end_ ? 1 : 0;
    return input;
  }

  // Fills the window: a bounded amount, as its size is.
  Status read_more() {
    window_.grow_if_full();
    for (std::span<char> room = window_.room(); !room.empty() && !is_at_end_; room = window_.room()) {
      FLOW_TRY_ASSIGN(size_t got, stream_->read(room));
      window_.added(got);
      if (got == 0) FLOW_TRY(reach_end());
    }
    return Status();
  }

  Status reach_end() {
    is_at_end_ = true;
    if (stream_->stored_position() >= print_.stored_bytes) return Status();
    return Status(ExitCode::input_missing, fmt::format("'{}' became shorter while it was read", path_));
  }

  Status skip_towards_cursor() {
    for (int64_t skipped = 0; cursor_ < wanted_cursor_ && skipped < skip_bytes_a_call && !is_at_end_;) {
      FLOW_TRY(read_more());
      auto step = std::min<int64_t>(wanted_cursor_ - cursor_, static_cast<int64_t>(window_.size()));
      consume(step);
      skipped += step;
    }
    if (cursor_ < wanted_cursor_ && is_at_end_) {
      return Status(ExitCode::start_refused,
                    fmt::format("'{}' ends at byte {}, and reading is to go on at byte {}: it is not the file that was "
                                "read before",
                                path_, cursor_, wanted_cursor_));
    }
    return Status();
  }

  Status check_tail() {
    is_restored_ = false;
    std::string_view tail = tail_;
    if (tail.size() >= expected_.tail_bytes) tail.remove_prefix(tail.size() - expected_.tail_bytes);
    if (tail.size() == expected_.tail_bytes && crc32c(tail) == expected_.tail_crc) return Status();
    return Status(ExitCode::start_refused,
                  fmt::format("'{}' has changed before byte {}, where reading is to go on: it is not the file that was "
                              "read before",
                              path_, wanted_cursor_));
  }

  void remember_tail(std::string_view bytes) {
    if (bytes.size() > tail_bytes_max) bytes.remove_prefix(bytes.size() - tail_bytes_max);
    tail_.append(bytes);
    if (tail_.size() > tail_bytes_max) tail_.erase(0, tail_.size() - tail_bytes_max);
  }

  std::string path_;
  std::unique_ptr<ByteStream> stream_;
  Window window_;
  std::string tail_;          // the bytes before the cursor
  SplitFingerprint print_;    // as the file was when it was opened; its tail is empty
  SplitFingerprint expected_; // what it was when the cursor was stored
  bool is_restored_ = false;  // `expected_` still has to be compared
  int64_t cursor_ = 0;        // of the window's first byte
  int64_t wanted_cursor_ = 0; // where reading begins
  bool is_at_end_ = false;
  bool has_progress_ = false; // something was consumed since the last fill
};

Result<uint32_t> crc_of_head(File& file, size_t bytes) {
  std::string head(bytes, '\0');
  FLOW_TRY_ASSIGN(size_t got, read_fully(file, head, 0));
  return crc32c(std::string_view(head).substr(0, got));
}

Status check_head(File& file, uint64_t size, const SplitFingerprint& expected) {
  if (size < expected.stored_bytes) {
    return Status(ExitCode::start_refused,
                  fmt::format("'{}' has {} bytes and had {} when the checkpoint was taken: it is not the file that was "
                              "read before",
                              file.path(), size, expected.stored_bytes));
  }
  FLOW_TRY_ASSIGN(uint32_t crc, crc_of_head(file, expected.head_bytes));
  if (crc == expected.head_crc) return Status();
  return Status(ExitCode::start_refused,
                fmt::format("'{}' begins differently than when the checkpoint was taken: it is not the file that was "
                            "read before",
                            file.path()));
}

} // namespace

Result<std::unique_ptr<SplitReader>> open_file_reader(Env& env, const std::string& path, int64_t cursor,
                                                      const SplitFingerprint* expected) {
  FLOW_TRY_ASSIGN(std::unique_ptr<File> file,
                  env.open(path, OpenMode::read, Access::shared).as(ExitCode::input_missing));
  FLOW_TRY_ASSIGN(FileStat stat, file->stat().as(ExitCode::input_missing));
  if (expected != nullptr) FLOW_TRY(check_head(*file, stat.size, *expected));
  SplitFingerprint print;
  print.stored_bytes = stat.size;
  print.head_bytes = static_cast<uint32_t>(std::min<uint64_t>(stat.size, head_bytes_max));
  FLOW_TRY_ASSIGN(print.head_crc, crc_of_head(*file, print.head_bytes));
  FLOW_TRY_ASSIGN(std::unique_ptr<ByteStream> stream, open_stream(std::move(file)));
  auto reader = std::make_unique<FileReader>(path, std::move(stream), print, cursor);
  reader->start(expected);
  return std::unique_ptr<SplitReader>(std::move(reader));
}

} // namespace flow::runtime
