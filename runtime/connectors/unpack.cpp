#include "runtime/connectors/unpack.h"

#include <fmt/format.h>
#include <zlib.h>
#include <zstd.h>

#include <array>
#include <string_view>
#include <vector>

#include "runtime/env/files.h"

namespace flow::runtime {
namespace {

constexpr size_t packed_bytes = 128 * 1024;

Status damaged(const File& file, std::string_view what) {
  return Status(ExitCode::input_missing, fmt::format("'{}' {}", file.path(), what));
}

Status cut_off(const File& file) { return damaged(file, "ends in the middle of its compressed data: it is cut off"); }

class PlainStream final : public ByteStream {
public:
  explicit PlainStream(std::unique_ptr<File> file) : file_(std::move(file)) {}

  Result<size_t> read(std::span<char> into) override {
    FLOW_TRY_ASSIGN(size_t got, file_->pread(into, position_));
    position_ += got;
    return got;
  }
  uint64_t stored_position() const override { return position_; }
  bool seek(uint64_t position) override {
    position_ = position;
    return true;
  }

private:
  std::unique_ptr<File> file_;
  uint64_t position_ = 0;
};

// Packed bytes of a file, in portions.
class PackedInput {
public:
  explicit PackedInput(std::unique_ptr<File> file) : file_(std::move(file)), buffer_(packed_bytes) {}

  // Makes sure there are unread bytes; false at the end of the file.
  Result<bool> more() {
    if (begin_ < end_) return true;
    FLOW_TRY_ASSIGN(size_t got, file_->pread(buffer_, position_));
    begin_ = 0;
    end_ = got;
    position_ += got;
    return got > 0;
  }
  std::span<const char> unread() const { return {buffer_.data() + begin_, end_ - begin_}; }
  void take(size_t bytes) { begin_ += bytes; }
  uint64_t position() const { return position_ - (end_ - begin_); }
  const File& file() const { return *file_; }

private:
  std::unique_ptr<File> file_;
  std::vector<char> buffer_;
  size_t begin_ = 0;
  size_t end_ = 0;
  uint64_t position_ = 0; // in the file, behind the buffer
};

// gzip: members one after the other, perhaps zeros behind the last (tapes and some tools pad).
class GzipStream final : public ByteStream {
public:
  explicit GzipStream(std::unique_ptr<File> file) : input_(std::move(file)) {
    constexpr int window_bits_gzip_only = 15 + 16;
    FLOW_ASSERT(inflateInit2(&z_, window_bits_gzip_only) == Z_OK, "zlib starts with the version it was built with");
  }
  ~GzipStream() override { inflateEnd(&z_); }

  Result<size_t> read(std::span<char> into) override {
    z_.next_out = reinterpret_cast<Bytef*>(into.data());
    z_.avail_out = static_cast<uInt>(into.size());
    while (z_.avail_out > 0) {
      FLOW_TRY_ASSIGN(bool has_more, input_.more());
      if (!has_more) {
        if (is_in_member_ && z_.avail_out == into.size()) return cut_off(input_.file());
        break;
      }
      if (!is_in_member_ && !start_member()) continue;
      FLOW_TRY(inflate_some());
    }
    return into.size() - z_.avail_out;
  }
  uint64_t stored_position() const override { return input_.position(); }

private:
  // False: the next byte was padding.
  bool start_member() {
    bool is_padding = has_member_ && input_.unread()[0] == '\0';
    if (is_padding) {
      input_.take(1);
      return false;
    }
    inflateReset(&z_);
    is_in_member_ = has_member_ = true;
    return true;
  }

  Status inflate_some() {
    std::span<const char> unread = input_.unread();
    z_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(unread.data()));
    z_.avail_in = static_cast<uInt>(unread.size());
    int result = inflate(&z_, Z_NO_FLUSH);
    input_.take(unread.size() - z_.avail_in);
    if (result == Z_STREAM_END) {
      is_in_member_ = false;
      return Status();
    }
    if (result == Z_OK || result == Z_BUF_ERROR) return Status();
    return damaged(input_.file(), fmt::format("is damaged: its gzip data cannot be unpacked after byte {} ({})",
                                              input_.position(), z_.msg != nullptr ? z_.msg : "wrong data"));
  }

  PackedInput input_;
  z_stream z_{};
  bool is_in_member_ = false;
  bool has_member_ = false;
};

class ZstdStream final : public ByteStream {
public:
  explicit ZstdStream(std::unique_ptr<File> file) : input_(std::move(file)), context_(ZSTD_createDStream()) {
    FLOW_ASSERT(context_ != nullptr, "there is memory for a zstd stream");
  }
  ~ZstdStream() override { ZSTD_freeDStream(context_); }

  Result<size_t> read(std::span<char> into) override {
    ZSTD_outBuffer out{into.data(), into.size(), 0};
    while (out.pos < out.size) {
      FLOW_TRY_ASSIGN(bool has_more, input_.more());
      // What is still inside the context comes out without input.
      std::span<const char> unread = has_more ? input_.unread() : std::span<const char>();
      ZSTD_inBuffer in{unread.data(), unread.size(), 0};
      size_t before = out.pos;
      size_t result = is_in_frame_ || has_more ? ZSTD_decompressStream(context_, &out, &in) : 0;
      if (ZSTD_isError(result)) {
        return damaged(input_.file(), fmt::format("is damaged: its zstd data cannot be unpacked after byte {} ({})",
                                                  input_.position(), ZSTD_getErrorName(result)));
      }
      input_.take(in.pos);
      is_in_frame_ = result != 0;
      if (has_more || out.pos > before) continue;
      if (is_in_frame_ && out.pos == 0) return cut_off(input_.file());
      break;
    }
    return out.pos;
  }
  uint64_t stored_position() const override { return input_.position(); }

private:
  PackedInput input_;
  ZSTD_DStream* context_;
  bool is_in_frame_ = false;
};

struct Magic {
  std::string_view bytes;
  std::string_view name;
};
constexpr std::string_view gzip_magic = "\x1f\x8b";
constexpr std::string_view zstd_magic = "\x28\xb5\x2f\xfd";
constexpr std::array<Magic, 4> magics_not_read = {{{"\xfd"
                                                    "7zXZ",
                                                    "xz"},
                                                   {"BZh91AY&SY", "bzip2"},
                                                   {"PK\x03\x04", "zip"},
                                                   {"\x04\x22\x4d\x18", "lz4"}}};

// A skippable frame may come first: 0x184D2A5? in little endian.
bool is_zstd(std::string_view start) {
  bool is_skippable = start.size() >= 4 && (start[0] & 0xf0) == 0x50 && start.substr(1, 3) == "\x2a\x4d\x18";
  return start.starts_with(zstd_magic) || is_skippable;
}

} // namespace

Result<std::unique_ptr<ByteStream>> open_stream(std::unique_ptr<File> file) {
  std::array<char, 16> buffer;
  FLOW_TRY_ASSIGN(size_t got, read_fully(*file, buffer, 0));
  std::string_view start(buffer.data(), got);
  if (start.starts_with(gzip_magic)) return std::unique_ptr<ByteStream>(new GzipStream(std::move(file)));
  if (is_zstd(start)) return std::unique_ptr<ByteStream>(new ZstdStream(std::move(file)));
  for (const Magic& magic : magics_not_read) {
    if (!start.starts_with(magic.bytes)) continue;
    return damaged(*file, fmt::format("is packed with {}, which is not read: gzip and zstd are", magic.name));
  }
  return std::unique_ptr<ByteStream>(new PlainStream(std::move(file)));
}

} // namespace flow::runtime
