// The unpacked bytes of a file, front to back: plain, gzip or zstd, told apart by the first bytes and not by the name.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "runtime/env/env.h"

namespace flow::runtime {

class ByteStream {
public:
  virtual ~ByteStream() = default;

  // Fills some of `into`; 0 means the end. Packed data that is damaged or cut off is a failure that says so.
  virtual Result<size_t> read(std::span<char> into) = 0;

  // How far the file has been read, in its own bytes.
  virtual uint64_t stored_position() const = 0;

  // Goes to an offset of the unpacked bytes, if that costs nothing: of plain files. False: it has to be read up to.
  virtual bool seek(uint64_t) { return false; }
};

Result<std::unique_ptr<ByteStream>> open_stream(std::unique_ptr<File> file);

} // namespace flow::runtime
