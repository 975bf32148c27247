// Memory for state that grows without a pause. Large pieces come from the system in huge pages, and take real memory
// only where they have been written.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include <pthread.h>

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

// Has pages there before they are written, so that the task does not wait for the system to find and clear one: that is
// milliseconds where a virtual machine must get the memory first. Asks on a thread that ends when nothing is left to
// ask for. The owner's thread calls; it outlives none of the memory.
class PageWarmer {
public:
  // Memory that is used from its front to its end.
  struct Stream {
    uint8_t* asked = nullptr; // its pages up to here are there or on their way
  };
  PageWarmer() = default;
  ~PageWarmer();
  PageWarmer(const PageWarmer&) = delete;
  PageWarmer& operator=(const PageWarmer&) = delete;

  // The stream, which ends at `end`, is used up to `used`.
  void follow(Stream& stream, uint8_t* used, uint8_t* end) {
    if (stream.asked < used + lead && stream.asked < end) ask(stream, used, end);
  }

  // One page of the large kind.
  static constexpr uint64_t lead = uint64_t{2} << 20;

private:
  struct Range {
    uint8_t *begin, *end;
  };
  void ask(Stream& stream, uint8_t* used, uint8_t* end);
  void start();
  void populate();

  std::mutex mutex_;
  std::vector<Range> ranges_; // guarded by mutex_
  bool is_running_ = false;   // guarded by mutex_
  std::optional<pthread_t> thread_;
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
  uint64_t bytes() const; // ever taken, or ready to be: what it holds of the system's memory

private:
  std::vector<std::pair<uint8_t*, uint64_t>> regions_;
  std::map<uint64_t, std::vector<uint8_t*>> free_; // by size
  uint8_t* next_ = nullptr;
  uint64_t left_ = 0;
  PageWarmer::Stream ahead_; // in the last region
  PageWarmer warmer_;
};

// Memory for copies, handed round: what one copy has given back serves the next, which then waits for no page of the
// system. In between the system may take it away, if it is short of memory, and it counts as free. Any thread.
class CopyPool {
public:
  struct Piece {
    uint8_t* memory = nullptr;
    uint64_t reserved = 0; // of addresses; 0: from malloc
  };
  CopyPool() = default;
  ~CopyPool();
  CopyPool(const CopyPool&) = delete;
  CopyPool& operator=(const CopyPool&) = delete;

  Piece take(uint64_t bytes); // its contents are undefined
  void give_back(const Piece& piece);

private:
  struct Free : Piece {
    uint32_t passed_over = 0; // by so many that took another or a new one
  };
  std::mutex mutex_;
  std::vector<Free> free_; // guarded by mutex_
};

// Zeroed addresses in whole huge pages, or null; memory comes with the first write.
uint8_t* map_memory(uint64_t bytes, bool has_huge_pages);
void unmap_memory(uint8_t* memory, uint64_t bytes);

} // namespace flow::runtime
