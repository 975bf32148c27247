// Outputs: the open batches of a task, by output and channel; when they go out and to whom.
//
// A batch goes out when it has no room for the next row, before a watermark that follows its rows, at the end of a
// call if it is full, and at flush. A row is written after the batch has been chosen, so that "full" may be found
// only when the next row comes: then the batch is sent, another taken, and the task told (is_full) if credit is gone.
//
//   hash        one batch per channel; the host says which channel a hash goes to
//   forward, single  channel 0
//   rebalance   one batch at a time, channels in turn
//   broadcast   one batch, copied to every channel when it goes out
//   sink        encoded bytes on channel 0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "runtime/abi/flow_host.h"
#include "runtime/task/task_view.h"

namespace flow::runtime {

class Outputs {
public:
  Outputs(const FlowProgram& program, const FlowChain& chain, const FlowPlace& place, const FlowHost& host,
          uint8_t* is_full);
  ~Outputs();
  Outputs(const Outputs&) = delete;
  Outputs& operator=(const Outputs&) = delete;

  FlowBatch* make_room(uint32_t output, uint64_t heap_bytes);
  uint32_t channel_of(uint32_t output, uint64_t hash);
  // One encoded record of a sink.
  void append_record(uint32_t output, std::string_view bytes);
  // Room for `bytes` of a record that is written in place, in the batch that is the output's current one.
  FlowBatch* make_record_room(uint32_t output, uint64_t bytes);
  void send_records(uint32_t output) { send(output, 0); }

  void send_full();  // batches that cannot take another row
  void send_edges(); // all open batches of edges: a watermark follows
  void send_all();

  FlowOutputView* views() { return views_.data(); }
  uint64_t rows_sent() const;    // to edges and sinks
  uint64_t rows_written() const; // to sinks

private:
  enum class Way { first, hash, rotate, copy, sink };
  struct Output {
    Way way = Way::first;
    uint32_t stride = 0;
    std::vector<FlowBatch*> batches; // of a hash output, by channel; of all others only [0]
    std::vector<FlowCell> cells;
  };

  static Way way_of(const FlowProgram& program, const FlowOutput& output, uint32_t channels);
  FlowBatch*& open_batch(uint32_t output) { return outputs_[output].batches[index_of(output)]; }
  uint32_t index_of(uint32_t output) const;
  void send(uint32_t output, uint32_t index);
  void send_copies(uint32_t output, const FlowBatch* batch);
  void send_open(bool with_sinks);
  bool is_batch_full(uint32_t output, const FlowBatch* batch) const;

  const FlowHost& host_;
  uint8_t* is_full_;
  std::vector<FlowOutputView> views_;
  std::vector<Output> outputs_;
  uint64_t rows_to_edges_ = 0;
  uint64_t rows_to_sinks_ = 0;
};

} // namespace flow::runtime
