#include "runtime/task/outputs.h"

#include <string.h>

#include <algorithm>

#include "runtime/base/assert.h"
#include "runtime/batch/batch.h"

namespace flow::runtime {

Outputs::Outputs(const FlowProgram& program, const FlowChain& chain, const FlowPlace& place, const FlowHost& host,
                 uint8_t* is_full)
    : host_(host), is_full_(is_full), views_(chain.output_count), outputs_(chain.output_count) {
  for (uint32_t i = 0; i < chain.output_count; ++i) {
    const FlowOutput& declared = chain.outputs[i];
    Output& output = outputs_[i];
    FlowOutputView& view = views_[i];
    bool is_sink = declared.kind == FLOW_OUTPUT_SINK;
    view.channels = is_sink ? 1 : place.output_channels[i];
    FLOW_ASSERT(view.channels > 0, "an output has a destination");
    output.way = way_of(program, declared, view.channels);
    if (is_sink) {
      output.cells.resize(program.connectors[declared.target].field_count);
    } else {
      output.stride = program.layouts[declared.layout].stride;
    }
    output.batches.resize(output.way == Way::hash ? view.channels : 1);
    if (output.way == Way::hash && host.owners_of != nullptr) {
      view.owners = host.owners_of(host.context, i, &view.groups);
    }
    view.batches = output.batches.data();
    view.cells = output.cells.data();
    if (output.way == Way::rotate) view.channel = place.index % view.channels;
    if (output.way == Way::first || output.way == Way::copy || output.way == Way::sink) view.channel = 0;
  }
}

Outputs::~Outputs() {
  for (Output& output : outputs_) {
    for (FlowBatch* batch : output.batches) flow_batch_free(batch);
  }
}

Outputs::Way Outputs::way_of(const FlowProgram& program, const FlowOutput& output, uint32_t channels) {
  if (output.kind == FLOW_OUTPUT_SINK) return Way::sink;
  switch (program.edges[output.target].kind) {
  case FLOW_EDGE_HASH: return channels > 1 ? Way::hash : Way::first;
  case FLOW_EDGE_BROADCAST: return channels > 1 ? Way::copy : Way::first;
  case FLOW_EDGE_SINGLE: return Way::first;
  default: return channels > 1 ? Way::rotate : Way::first; // rebalance; forward between unequal numbers of tasks
  }
}

// The position in `batches` of the batch that the view's channel stands for.
uint32_t Outputs::index_of(uint32_t output) const {
  return outputs_[output].way == Way::hash ? views_[output].channel : 0;
}

bool Outputs::is_batch_full(uint32_t output, const FlowBatch* batch) const {
  if (outputs_[output].way == Way::sink) return batch->heap_used >= batch_heap_bytes_max;
  return batch->rows == batch->rows_max || batch->heap_used >= batch_heap_bytes_max;
}

FlowBatch* Outputs::make_room(uint32_t output, uint64_t heap_bytes) {
  FlowOutputView& view = views_[output];
  uint32_t index = index_of(output);
  FlowBatch*& batch = outputs_[output].batches[index];
  bool is_heap_large = batch != nullptr && batch->heap_used + heap_bytes > batch_heap_bytes_max && batch->rows > 0;
  if (batch != nullptr && (batch->rows == batch->rows_max || is_heap_large)) send(output, index);
  if (batch == nullptr) batch = host_.take_batch(host_.context, output, view.channel);
  batch = batch_reserve(batch, heap_bytes);
  view.current = batch;
  return batch;
}

uint32_t Outputs::channel_of(uint32_t output, uint64_t hash) {
  uint32_t channel = 0;
  host_.channel_of(host_.context, output, &hash, 1, &channel);
  return channel;
}

void Outputs::append_record(uint32_t output, std::string_view bytes) {
  FlowBatch*& batch = outputs_[output].batches[0];
  if (batch == nullptr) batch = host_.take_batch(host_.context, output, 0);
  batch = batch_reserve(batch, bytes.size());
  memcpy(batch_heap(batch) + batch->heap_used, bytes.data(), bytes.size());
  batch->heap_used += bytes.size();
  batch->rows++;
  views_[output].current = batch;
  if (is_batch_full(output, batch)) send(output, 0);
}

FlowBatch* Outputs::make_record_room(uint32_t output, uint64_t bytes) {
  FlowBatch*& batch = outputs_[output].batches[0];
  if (batch != nullptr && batch->rows > 0 && batch->heap_used + bytes > batch_heap_bytes_max) send(output, 0);
  if (batch == nullptr) batch = host_.take_batch(host_.context, output, 0);
  batch = batch_reserve(batch, std::max(bytes, batch_heap_bytes_max));
  views_[output].current = batch;
  return batch;
}

void Outputs::send(uint32_t output, uint32_t index) {
  Output& out = outputs_[output];
  FlowOutputView& view = views_[output];
  FlowBatch* batch = out.batches[index];
  out.batches[index] = nullptr;
  view.current = nullptr;
  (out.way == Way::sink ? rows_to_sinks_ : rows_to_edges_) += batch->rows;
  if (out.way == Way::copy) send_copies(output, batch);
  uint32_t channel = out.way == Way::hash ? index : view.channel;
  if (host_.send(host_.context, output, channel, batch) == 0) *is_full_ = 1;
  if (out.way == Way::rotate) view.channel = (view.channel + 1) % view.channels;
}

// To every channel but the first, which gets the batch itself.
void Outputs::send_copies(uint32_t output, const FlowBatch* batch) {
  for (uint32_t channel = 1; channel < views_[output].channels; ++channel) {
    FlowBatch* copy = batch_assign(host_.take_batch(host_.context, output, channel), batch);
    if (host_.send(host_.context, output, channel, copy) == 0) *is_full_ = 1;
  }
}

void Outputs::send_full() {
  for (uint32_t output = 0; output < outputs_.size(); ++output) {
    std::vector<FlowBatch*>& batches = outputs_[output].batches;
    for (uint32_t index = 0; index < batches.size(); ++index) {
      if (batches[index] != nullptr && is_batch_full(output, batches[index])) send(output, index);
    }
  }
}

void Outputs::send_open(bool with_sinks) {
  for (uint32_t output = 0; output < outputs_.size(); ++output) {
    if (!with_sinks && outputs_[output].way == Way::sink) continue;
    std::vector<FlowBatch*>& batches = outputs_[output].batches;
    for (uint32_t index = 0; index < batches.size(); ++index) {
      if (batches[index] != nullptr && batches[index]->rows > 0) send(output, index);
    }
  }
}

uint64_t Outputs::rows_sent() const { return rows_to_edges_ + rows_written(); }

uint64_t Outputs::rows_written() const {
  uint64_t rows = rows_to_sinks_;
  for (const FlowOutputView& view : views_) rows += view.discarded;
  return rows;
}

void Outputs::send_edges() { send_open(false); }
void Outputs::send_all() { send_open(true); }

} // namespace flow::runtime
