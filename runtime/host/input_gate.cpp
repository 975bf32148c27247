#include "runtime/host/input_gate.h"

#include <algorithm>

#include "runtime/base/assert.h"

namespace flow::runtime {

void InputGate::add(Channel* channel, uint32_t port) {
  FLOW_ASSERT(port < ports_.size(), "a channel leads to a port of the task");
  inputs_.push_back({channel, port});
  ++ports_[port].open_channels;
  ++open_channels_;
  ++silent_;
}

std::optional<InputGate::Next> InputGate::next() {
  for (uint32_t tried = 0; tried < inputs_.size(); ++tried) {
    uint32_t index = (turn_ + tried) % inputs_.size();
    Input& input = inputs_[index];
    if (input.is_blocked || input.has_ended) continue;
    const Element* element = input.channel->front();
    if (element == nullptr) continue;
    if (silent_ != 0 && element->kind == ElementKind::batch) continue;
    turn_ = index; // until it is taken; then the next channel's turn comes
    return Next{index, input.port, element};
  }
  return std::nullopt;
}

void InputGate::take(const Next& next) {
  Input& input = inputs_[next.input];
  Element element = *next.element;
  input.channel->pop();
  turn_ = (next.input + 1) % static_cast<uint32_t>(inputs_.size());
  if (!input.has_spoken) {
    FLOW_ASSERT(element.kind != ElementKind::batch, "a sender speaks before it sends rows");
    input.has_spoken = true;
    --silent_;
  }
  switch (element.kind) {
  case ElementKind::batch: input.channel->give_back(element.batch); break;
  case ElementKind::watermark:
    FLOW_ASSERT(element.value >= input.time.watermark, "watermarks of a channel never fall");
    input.time = {element.value, element.is_idle};
    has_seen_idle_ = has_seen_idle_ || element.is_idle;
    break;
  case ElementKind::barrier: meet_barrier(input, static_cast<uint64_t>(element.value)); break;
  case ElementKind::end:
    input.has_ended = true;
    --ports_[input.port].open_channels;
    --open_channels_;
    break;
  }
}

void InputGate::meet_barrier(Input& input, uint64_t epoch) {
  if (epoch <= passed_) return; // of an epoch that was given up
  FLOW_ASSERT(epoch >= aligning_, "barriers of a channel come in the order of epochs");
  if (epoch > aligning_) {
    unblock();
    aligning_ = epoch;
  }
  input.is_blocked = true;
  ++blocked_;
}

std::optional<uint64_t> InputGate::aligned() const {
  // Without an open channel there is nothing to align: the coordinator's word alone counts then.
  bool is_aligned = aligning_ != 0 && blocked_ == open_channels_;
  return is_aligned ? std::optional(aligning_) : std::nullopt;
}

void InputGate::pass() {
  passed_ = std::max(passed_, aligning_);
  aligning_ = 0;
  unblock();
}

void InputGate::abandon(uint64_t epoch) {
  if (aligning_ != 0 && aligning_ <= epoch) pass();
  passed_ = std::max(passed_, epoch);
}

void InputGate::unblock() {
  for (Input& input : inputs_) input.is_blocked = false;
  blocked_ = 0;
}

PortTime InputGate::merged(uint32_t port) const {
  PortTime merged{.watermark = INT64_MAX, .is_idle = true};
  for (const Input& input : inputs_) {
    if (input.port != port || input.has_ended || input.time.is_idle) continue;
    merged.watermark = std::min(merged.watermark, input.time.watermark);
    merged.is_idle = false;
  }
  // All that are left are idle: time stands where it was.
  if (merged.is_idle) merged.watermark = ports_[port].told.watermark;
  // A channel that comes back from idleness may be behind what was told.
  merged.watermark = std::max(merged.watermark, ports_[port].told.watermark);
  return merged;
}

std::optional<PortTime> InputGate::changed_time(uint32_t port) {
  if (has_ended(port)) return std::nullopt;
  PortTime now = merged(port);
  if (now == ports_[port].told) return std::nullopt;
  ports_[port].told = now;
  return now;
}

} // namespace flow::runtime
