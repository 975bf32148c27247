// StringChunks: the memory that a table's long strings lie in. Chunks are filled one after the other and never move;
// compaction moves what is live out of the old ones, which then go away as a whole.
#pragma once

#include <cstdint>
#include <vector>

#include "runtime/state/memory.h"

namespace flow::runtime {

class StringChunks {
public:
  struct Extent {
    uint8_t *begin = nullptr, *end = nullptr;
  };

  StringChunks() = default;
  ~StringChunks();
  StringChunks(const StringChunks&) = delete;
  StringChunks& operator=(const StringChunks&) = delete;

  void set_page_hook(const PageHook& hook) { blocks_.set_page_hook(hook); }

  // A new chunk with room for `bytes` or more: small ones first, so that a small table takes little.
  Extent add(uint64_t bytes);
  uint64_t bytes() const { return bytes_; } // of all chunks, full or not, that are not on their way out

  // From here on all chunks of now are old: what is live in them is to be moved into new ones.
  void begin_moving();
  bool is_old(const uint8_t* cell) const;
  // Nothing lives in the old ones any more. `is_pinned`: somebody may still read them; they go with free_retired.
  void end_moving(bool is_pinned);
  // They are as good as new again.
  void abandon_moving();
  void free_retired();
  // REQUIRES: nobody reads.
  void clear();

  static constexpr uint64_t chunk_bytes = uint64_t{256} << 10;

private:
  struct Chunk {
    uint8_t* memory;
    uint64_t bytes;
    bool is_old;
  };
  void free_chunk(const Chunk& chunk);

  std::vector<Chunk> chunks_; // by address
  std::vector<Chunk> retired_;
  uint64_t bytes_ = 0;
  BlockArena blocks_; // of chunk_bytes; others are from malloc
};

} // namespace flow::runtime
