// Memory for state that grows without a pause. Large pieces come from the system in huge pages, and take real memory
// only where they have been written.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

namespace flow::runtime {

// One array that grows at its end. Small: from malloc. From `mapped_min` on: a stretch of addresses reserved far beyond
// what is used, so that growing copies nothing and moves nothing.
//
// Pinned memory does not go away: what is given up while a pin is held is kept as it was until the last pin is taken
// off. Whoever reads on another thread pins.
class GrowingMemory {
public:
  GrowingMemory() = default;
  ~GrowingMemory();
  GrowingMemory(const GrowingMemory&) = delete;
  GrowingMemory& operator=(const GrowingMemory&) = delete;

  // Room for `bytes`, with what was there in front; the rest is undefined. True: it moved.
  bool grow(uint64_t bytes);
  void release();

  void pin() { ++pins_; }
  void unpin();

  uint8_t* data() const { return now_.data; }

  static constexpr uint64_t mapped_min = uint64_t{1} << 20;

private:
  struct Piece {
    uint8_t* data = nullptr;
    uint64_t bytes = 0;    // that may be used
    uint64_t reserved = 0; // of addresses; 0: from malloc
  };
  static Piece make(uint64_t bytes);
  static void free_piece(const Piece& piece);
  void give_up(const Piece& piece);

  Piece now_;
  std::vector<Piece> kept_;
  uint32_t pins_ = 0;
};

// Blocks out of large regions, by size: a block that is given back serves the next request of the same size.
class BlockArena {
public:
  BlockArena() = default;
  ~BlockArena();
  BlockArena(const BlockArena&) = delete;
  BlockArena& operator=(const BlockArena&) = delete;

  uint8_t* take(uint64_t bytes); // its contents are undefined
  void give_back(uint8_t* block, uint64_t bytes);
  uint64_t bytes() const { return bytes_; } // ever taken, so what it holds of the system's memory

private:
  std::vector<std::pair<uint8_t*, uint64_t>> regions_;
  std::map<uint64_t, std::vector<uint8_t*>> free_; // by size
  uint8_t* next_ = nullptr;
  uint64_t left_ = 0;
  uint64_t bytes_ = 0;
};

// Zeroed addresses in whole huge pages, or null; memory comes with the first write.
uint8_t* map_memory(uint64_t bytes, bool has_huge_pages);
void unmap_memory(uint8_t* memory, uint64_t bytes);

} // namespace flow::runtime
