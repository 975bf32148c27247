#include "compiler/plan/fingerprint.h"

#include <algorithm>

namespace flow::plan {

namespace {

uint64_t of_state(const PhysicalPlan& plan, const State& state) {
  Fingerprint made;
  made.add(state.name).add(static_cast<uint64_t>(state.window.kind));
  for (int64_t span : {state.window.size_us, state.window.slide_us, state.window.offset_us, state.pane_us}) {
    made.add(static_cast<uint64_t>(span));
  }
  made.add(state.key.is_bytes ? 1u : 0u).add(state.key.size);
  for (const sema::Column& column : state.key.columns) made.add(column.name).add(column.type);
  if (state.keyed) {
    for (const KeyedState::Timer& timer : state.keyed->timers) made.add(timer.is_processing_time ? 1u : 0u);
  }
  return made.add(plan.layouts[state.layout].fingerprint).value();
}

uint64_t of_source(const Connector& source) {
  return Fingerprint().add(source.name).add(source.type).add(source.format).value();
}

} // namespace

Fingerprint& Fingerprint::add(std::string_view text) {
  for (char c : text) hash_ = (hash_ ^ static_cast<uint8_t>(c)) * 0x100000001b3u;
  return add(static_cast<uint64_t>(text.size()));
}

Fingerprint& Fingerprint::add(uint64_t value) {
  for (int i = 0; i < 8; i++) hash_ = (hash_ ^ ((value >> (8 * i)) & 0xff)) * 0x100000001b3u;
  return *this;
}

Fingerprint& Fingerprint::add(sema::Type type) {
  add(static_cast<uint64_t>(type.kind)).add(type.nullable ? 1u : 0u);
  if (type.enumeration == nullptr) return *this;
  for (std::string_view text : type.enumeration->texts) add(text);
  return *this;
}

uint64_t checkpoint_fingerprint(const PhysicalPlan& plan) {
  std::vector<uint64_t> parts;
  for (const State& state : plan.states) {
    if (!state.is_partial) parts.push_back(of_state(plan, state));
  }
  for (const Connector& connector : plan.connectors) {
    if (connector.is_source) parts.push_back(of_source(connector));
  }
  std::sort(parts.begin(), parts.end());
  Fingerprint whole;
  for (uint64_t part : parts) whole.add(part);
  return whole.value();
}

} // namespace flow::plan
