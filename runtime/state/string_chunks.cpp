#include "runtime/state/string_chunks.h"

#include <stdlib.h>

#include <algorithm>

#include "runtime/base/assert.h"

namespace flow::runtime {
namespace {

constexpr uint64_t first_chunk_bytes = 1024;

} // namespace

StringChunks::~StringChunks() {
  clear();
  free_retired();
}

StringChunks::Extent StringChunks::add(uint64_t bytes) {
  uint64_t usual = std::clamp(bytes_, first_chunk_bytes, chunk_bytes);
  Chunk made{nullptr, std::max(bytes, usual), false};
  made.memory = made.bytes == chunk_bytes ? blocks_.take(made.bytes) : static_cast<uint8_t*>(malloc(made.bytes));
  FLOW_ASSERT(made.memory != nullptr, "the memory for strings is there");
  bytes_ += made.bytes;
  auto behind = [](const Chunk& chunk, const uint8_t* memory) { return chunk.memory < memory; };
  chunks_.insert(std::lower_bound(chunks_.begin(), chunks_.end(), made.memory, behind), made);
  return {made.memory, made.memory + made.bytes};
}

void StringChunks::begin_moving() {
  for (Chunk& chunk : chunks_) chunk.is_old = true;
}

bool StringChunks::is_old(const uint8_t* cell) const {
  auto before = [](const uint8_t* at, const Chunk& chunk) { return at < chunk.memory; };
  auto next = std::upper_bound(chunks_.begin(), chunks_.end(), cell, before);
  FLOW_ASSERT(next != chunks_.begin(), "a cell lies in a chunk");
  return std::prev(next)->is_old;
}

void StringChunks::end_moving(bool is_pinned) {
  for (const Chunk& chunk : chunks_) {
    if (!chunk.is_old) continue;
    bytes_ -= chunk.bytes;
    if (is_pinned) {
      retired_.push_back(chunk);
    } else {
      free_chunk(chunk);
    }
  }
  std::erase_if(chunks_, [](const Chunk& chunk) { return chunk.is_old; });
}

void StringChunks::abandon_moving() {
  for (Chunk& chunk : chunks_) chunk.is_old = false;
}

void StringChunks::free_retired() {
  for (const Chunk& chunk : retired_) free_chunk(chunk);
  retired_.clear();
}

void StringChunks::clear() {
  begin_moving();
  end_moving(false);
}

void StringChunks::free_chunk(const Chunk& chunk) {
  if (chunk.bytes == chunk_bytes) {
    blocks_.give_back(chunk.memory, chunk.bytes);
  } else {
    free(chunk.memory);
  }
}

} // namespace flow::runtime
