#include "runtime/state/memory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <algorithm>

#include "runtime/base/assert.h"

namespace flow::runtime {
namespace {

constexpr uint64_t huge_page = uint64_t{2} << 20;
constexpr uint64_t region_bytes = uint64_t{64} << 20;
// What is reserved for an array that has become large: the first of these that the system grants. Where addresses are
// limited that may be little, and the array moves once more when it is used up.
constexpr uint64_t reservations[] = {uint64_t{16} << 30, uint64_t{1} << 30, uint64_t{64} << 20};

uint64_t round_up(uint64_t bytes, uint64_t unit) { return (bytes + unit - 1) / unit * unit; }

uint8_t* map_anonymous(uint64_t bytes) {
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return memory == MAP_FAILED ? nullptr : static_cast<uint8_t*>(memory);
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
  for (uint64_t reserved : reservations) {
    if (reserved < bytes * 2) continue;
    if (uint8_t* data = map_memory(reserved, true)) return {data, reserved, reserved};
  }
  uint8_t* data = map_memory(bytes, true);
  FLOW_ASSERT(data != nullptr, "the memory for state is there");
  return {data, bytes, bytes};
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
    left_ = std::max(region_bytes, bytes);
    next_ = map_memory(left_, true);
    FLOW_ASSERT(next_ != nullptr, "the memory for state is there");
    regions_.emplace_back(next_, left_);
  }
  uint8_t* block = next_;
  next_ += bytes;
  left_ -= bytes;
  bytes_ += bytes;
  return block;
}

void BlockArena::give_back(uint8_t* block, uint64_t bytes) { free_[bytes].push_back(block); }

} // namespace flow::runtime
