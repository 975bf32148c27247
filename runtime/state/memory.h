// Memory for state that grows without a pause. Large pieces come from the system in huge pages, and take real memory
// only where they have been written.
#pragma once

#include <atomic>
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

// Told of memory that will be written soon, for the first time (FlowHost::expect_pages). May be null.
struct PageHook {
  void (*expect)(void* context, void* begin, uint64_t bytes) = nullptr;
  void* context = nullptr;
};

// Memory that is used from its front to its end, with the next page of the large kind always asked for: a task that is
// the first to write into one waits until the system has found and cleared it, which is milliseconds where a virtual
// machine must get the memory first.
class PagesAhead {
public:
  explicit PagesAhead(uint8_t* begin = nullptr) : asked_(begin) {}

  // It ends at `end`, and is used up to `used`.
  void follow(const PageHook& hook, uint8_t* used, uint8_t* end) {
    if (asked_ < used + lead && asked_ < end && hook.expect != nullptr) ask(hook, used, end);
  }
  uint8_t* asked() const { return asked_; } // up to here

  static constexpr uint64_t lead = uint64_t{2} << 20;

private:
  void ask(const PageHook& hook, uint8_t* used, uint8_t* end);
  uint8_t* asked_;
};

// Blocks out of large regions, by size: a block that is given back serves the next request of the same size.
class BlockArena {
public:
  BlockArena() = default;
  ~BlockArena();
  BlockArena(const BlockArena&) = delete;
  BlockArena& operator=(const BlockArena&) = delete;

  void set_page_hook(const PageHook& hook) { hook_ = hook; }

  uint8_t* take(uint64_t bytes); // its contents are undefined
  void give_back(uint8_t* block, uint64_t bytes);
  uint64_t bytes() const; // ever taken, or ready to be: what it holds of the system's memory

private:
  std::vector<std::pair<uint8_t*, uint64_t>> regions_;
  std::map<uint64_t, std::vector<uint8_t*>> free_; // by size
  uint8_t* next_ = nullptr;
  uint64_t left_ = 0;
  PagesAhead ahead_; // in the last region
  PageHook hook_;
};

// Memory for copies, handed round: what one copy has given back serves the next, which then waits for no page of the
// system. In between the system may take it away, if it is short of memory, and it counts as free. One thread takes,
// any gives back.
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
  struct Node : Piece {
    uint32_t passed_over = 0; // by so many that took another or a new one
    Node* next = nullptr;
  };
  // Pieces on their way from one thread to another: any may push, who takes takes all.
  class Handover {
  public:
    void push(Node* node);
    Node* take_all() { return top_.exchange(nullptr, std::memory_order_acquire); }

  private:
    std::atomic<Node*> top_{nullptr};
  };
  void collect_returned();
  static void unmap_all(Node* nodes);

  std::vector<Node*> free_; // of the thread that takes
  Handover returned_;       // to it
  Handover useless_;        // from it to whoever gives back next, since unmapping takes a while
};

// Zeroed addresses in whole huge pages, or null; memory comes with the first write.
uint8_t* map_memory(uint64_t bytes, bool has_huge_pages);
void unmap_memory(uint8_t* memory, uint64_t bytes);
// Has pages there. Any thread: changes nothing that anybody has written, and nothing at all where the memory is gone.
// Old systems refuse, and pages come when they are written.
void populate_memory(void* begin, uint64_t bytes);

} // namespace flow::runtime
