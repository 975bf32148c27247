// ElementQueue: what lies in a channel, in order; one thread puts, another takes, without locks.
//
// Elements lie in blocks that are linked as the queue grows, so putting never fails: control elements need no credit,
// and a call that overdraws its credit is paid back later (channel.h bounds what is in flight). `written_` is the only
// word that hands elements over: the producer stores it after element and link are in place, the consumer loads it
// before it reads either. A block that was read is handed back through `spare_`.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "runtime/abi/flow_abi.h"

namespace flow::runtime {

enum class ElementKind : uint8_t {
  batch,     // `batch`
  watermark, // `value` in microseconds, `is_idle`
  barrier,   // `value` is the epoch
  end,       // nothing follows
};

struct Element {
  ElementKind kind = ElementKind::end;
  bool is_idle = false;
  FlowBatch* batch = nullptr;
  int64_t value = 0;
};

// What two threads write lies so far apart: a processor fetches lines of 64 bytes in pairs.
constexpr size_t apart_bytes = 128;

class ElementQueue {
public:
  ElementQueue();
  ~ElementQueue();
  ElementQueue(const ElementQueue&) = delete;
  ElementQueue& operator=(const ElementQueue&) = delete;

  void put(const Element& element); // producer
  // The oldest element, or null; stays until pop(). Consumer.
  const Element* front();
  void pop(); // REQUIRES: front() gave an element.

private:
  static constexpr uint32_t block_elements = 32;
  struct Block {
    std::array<Element, block_elements> elements;
    Block* next = nullptr; // set before an element behind it is handed over
  };
  Block* take_block();
  void return_block(Block* block);

  // the producer's
  alignas(apart_bytes) Block* last_;
  uint32_t last_used_ = 0;
  // the consumer's
  alignas(apart_bytes) Block* first_;
  uint32_t first_used_ = 0;
  uint64_t read_ = 0;
  uint64_t seen_ = 0; // of written_, so that it need not be loaded for every element
  // both
  alignas(apart_bytes) std::atomic<uint64_t> written_{0};
  std::atomic<Block*> spare_{nullptr};
};

} // namespace flow::runtime
