#include "runtime/state/memory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <algorithm>
#include <utility>

#include "runtime/base/assert.h"

namespace flow::runtime {
namespace {

constexpr uint64_t small_page = 4096;
constexpr uint64_t huge_page = uint64_t{2} << 20;
// What is reserved for an array that has become large, or for blocks: the first of these that the system grants. Where
// addresses are limited that may be little, and the array moves once more when it is used up.
constexpr uint64_t reservations[] = {uint64_t{16} << 30, uint64_t{1} << 30, uint64_t{64} << 20};

// A copy of less than this lies in small pages: clearing a huge one is a stop that a small state does not have.
constexpr uint64_t huge_copy_min = uint64_t{64} << 20;
// Free pieces that so many copies had no use for are too small by now, or too many.
constexpr uint32_t passed_over_max = 8;

uint64_t round_up(uint64_t bytes, uint64_t unit) { return (bytes + unit - 1) / unit * unit; }

uint8_t* map_anonymous(uint64_t bytes) {
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return memory == MAP_FAILED ? nullptr : static_cast<uint8_t*>(memory);
}

struct Reserved {
  uint8_t* memory;
  uint64_t bytes;
};

// Addresses for twice `bytes` or more, if they are to be had; for `bytes` in any case.
Reserved reserve(uint64_t bytes) {
  for (uint64_t wanted : reservations) {
    if (wanted < bytes * 2) continue;
    if (uint8_t* memory = map_memory(wanted, true)) return {memory, wanted};
  }
  uint8_t* memory = map_memory(bytes, true);
  FLOW_ASSERT(memory != nullptr, "the memory for state is there");
  return {memory, bytes};
}

} // namespace

uint8_t* map_memory(uint64_t bytes, bool has_huge_pages) {
  bytes = round_up(bytes, huge_page);
  uint8_t* memory = map_anonymous(bytes + huge_page);
  if (memory == nullptr) return nullptr;
  // The kernel gives a huge page only where one fits: begin at such a place, return what lies around.
  uint64_t before = round_up(reinterpret_cast<uintptr_t>(memory), huge_page) - reinterpret_cast<uintptr_t>(memory);
  if (before > 0) munmap(memory, before);
  if (before < huge_page) munmap(memory + before + bytes, huge_page - before);
  memory += before;
  if (has_huge_pages) madvise(memory, bytes, MADV_HUGEPAGE); // a wish: without them it is only slower
  return memory;
}

void unmap_memory(uint8_t* memory, uint64_t bytes) {
  if (memory != nullptr) munmap(memory, round_up(bytes, huge_page));
}

void populate_memory(void* begin, uint64_t bytes) {
  auto first = round_up(reinterpret_cast<uintptr_t>(begin), small_page);
  auto end = (reinterpret_cast<uintptr_t>(begin) + bytes) / small_page * small_page;
  if (first < end) madvise(reinterpret_cast<void*>(first), end - first, MADV_POPULATE_WRITE);
}

GrowingMemory::~GrowingMemory() {
  free_piece(now_);
  for (const Piece& piece : kept_) free_piece(piece);
}

GrowingMemory::Piece GrowingMemory::make(uint64_t bytes) {
  if (bytes < mapped_min) {
    auto* data = static_cast<uint8_t*>(malloc(std::max<uint64_t>(bytes, 1)));
    FLOW_ASSERT(data != nullptr, "the memory for state is there");
    return {data, bytes, 0};
  }
  auto [data, reserved] = reserve(bytes);
  return {data, reserved, reserved};
}

void GrowingMemory::free_piece(const Piece& piece) {
  if (piece.reserved == 0) {
    free(piece.data);
  } else {
    unmap_memory(piece.data, piece.reserved);
  }
}

void GrowingMemory::give_up(const Piece& piece) {
  if (pins_ > 0) {
    kept_.push_back(piece);
  } else {
    free_piece(piece);
  }
}

bool GrowingMemory::grow(uint64_t bytes) {
  if (bytes <= now_.bytes) return false;
  Piece larger = make(bytes);
  if (now_.bytes > 0) memcpy(larger.data, now_.data, now_.bytes);
  give_up(now_);
  now_ = larger;
  return true;
}

void GrowingMemory::release() {
  give_up(now_);
  now_ = {};
}

void GrowingMemory::unpin() {
  if (--pins_ > 0) return;
  for (const Piece& piece : kept_) free_piece(piece);
  kept_.clear();
}

void PagesAhead::ask(const PageHook& hook, uint8_t* used, uint8_t* end) {
  uint8_t* begin = std::max(asked_, used);
  // Whole pages of the large kind, wherever the memory begins.
  uint64_t wanted = round_up(reinterpret_cast<uintptr_t>(used), huge_page) - reinterpret_cast<uintptr_t>(used) + lead;
  asked_ = used + std::min<uint64_t>(wanted, static_cast<uint64_t>(end - used));
  hook.expect(hook.context, begin, static_cast<uint64_t>(asked_ - begin));
}

BlockArena::~BlockArena() {
  for (auto [region, bytes] : regions_) unmap_memory(region, bytes);
}

uint8_t* BlockArena::take(uint64_t bytes) {
  std::vector<uint8_t*>& same = free_[bytes];
  if (!same.empty()) {
    uint8_t* block = same.back();
    same.pop_back();
    return block;
  }
  if (left_ < bytes) {
    auto [memory, reserved] = reserve(bytes);
    regions_.emplace_back(memory, reserved);
    next_ = memory;
    left_ = reserved;
    ahead_ = PagesAhead(memory);
  }
  uint8_t* block = next_;
  next_ += bytes;
  left_ -= bytes;
  ahead_.follow(hook_, next_, next_ + left_);
  return block;
}

uint64_t BlockArena::bytes() const {
  uint64_t sum = 0;
  for (auto [region, bytes] : regions_) sum += bytes;
  // What is reserved behind the last block takes no memory, but for what is warm.
  return sum - left_ + (ahead_.asked() > next_ ? static_cast<uint64_t>(ahead_.asked() - next_) : 0);
}

void BlockArena::give_back(uint8_t* block, uint64_t bytes) { free_[bytes].push_back(block); }

CopyPool::~CopyPool() {
  collect_returned();
  for (Node* piece : free_) unmap_all(piece);
  unmap_all(useless_.take_all());
}

void CopyPool::Handover::push(Node* node) {
  node->next = top_.load(std::memory_order_relaxed);
  while (!top_.compare_exchange_weak(node->next, node, std::memory_order_release, std::memory_order_relaxed)) continue;
}

void CopyPool::unmap_all(Node* nodes) {
  while (nodes != nullptr) {
    Node* next = nodes->next;
    unmap_memory(nodes->memory, nodes->reserved);
    delete nodes;
    nodes = next;
  }
}

void CopyPool::collect_returned() {
  for (Node* piece = returned_.take_all(); piece != nullptr;) {
    Node* next = std::exchange(piece->next, nullptr);
    free_.push_back(piece);
    piece = next;
  }
}

CopyPool::Piece CopyPool::take(uint64_t bytes) {
  if (bytes < GrowingMemory::mapped_min) {
    auto* memory = static_cast<uint8_t*>(malloc(std::max<uint64_t>(bytes, 1)));
    FLOW_ASSERT(memory != nullptr, "the memory for a copy of the state is there");
    return {memory, 0};
  }
  collect_returned();
  Node* best = nullptr;
  for (Node* piece : free_) {
    ++piece->passed_over;
    if (piece->reserved >= bytes && (best == nullptr || piece->reserved < best->reserved)) best = piece;
  }
  std::erase_if(free_, [this, best](Node* piece) {
    if (piece == best) return true;
    if (piece->passed_over < passed_over_max) return false;
    useless_.push(piece);
    return true;
  });
  if (best != nullptr) {
    Piece found = *best;
    delete best;
    return found;
  }
  // Addresses for as much again: the state is likely to have grown when the next copy is taken.
  uint64_t reserved = round_up(bytes * 2, huge_page);
  uint8_t* memory = map_memory(reserved, bytes >= huge_copy_min);
  FLOW_ASSERT(memory != nullptr, "the memory for a copy of the state is there");
  return {memory, reserved};
}

void CopyPool::give_back(const Piece& piece) {
  unmap_all(useless_.take_all());
  if (piece.reserved == 0) {
    free(piece.memory);
    return;
  }
  madvise(piece.memory, piece.reserved, MADV_FREE);
  returned_.push(new Node{piece, 0, nullptr});
}

} // namespace flow::runtime
