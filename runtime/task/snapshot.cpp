#include "runtime/task/snapshot.h"

#include <algorithm>
#include <numeric>

#include "runtime/base/assert.h"
#include "runtime/task/task.h"

namespace flow::runtime {
namespace {

constexpr size_t write_bytes = 64 * 1024;

PaneCopy copy_pane(const Pane& pane, const FlowHost& host) {
  const StateTable& table = pane.table;
  PaneCopy copy;
  copy.start = pane.start;
  copy.entries.assign(table.entries, table.entries + uint64_t{table.count} * table.stride);
  copy.hashes.assign(table.hashes, table.hashes + table.count);
  if (table.codec().has_strings()) copy.heap.assign(table.heap, table.heap + table.heap_used);
  copy.groups.reserve(table.count);
  for (uint64_t hash : copy.hashes) copy.groups.push_back(host.group_of(host.context, hash));
  copy.by_group.resize(table.count);
  std::iota(copy.by_group.begin(), copy.by_group.end(), 0);
  std::sort(copy.by_group.begin(), copy.by_group.end(), [&](uint32_t a, uint32_t b) {
    return copy.groups[a] != copy.groups[b] ? copy.groups[a] < copy.groups[b] : a < b;
  });
  return copy;
}

std::vector<uint32_t> groups_of(const std::vector<StateCopy>& states) {
  std::vector<uint32_t> groups;
  for (const StateCopy& state : states) {
    for (const PaneCopy& pane : state.panes) {
      for (uint32_t entry : pane.by_group) {
        if (groups.empty() || groups.back() != pane.groups[entry]) groups.push_back(pane.groups[entry]);
      }
    }
  }
  std::sort(groups.begin(), groups.end());
  groups.erase(std::unique(groups.begin(), groups.end()), groups.end());
  return groups;
}

std::string split_item(const Split& split) {
  ByteWriter out;
  out.raw(item_magic);
  out.u8(static_cast<uint8_t>(ItemKind::split));
  out.text(split.name);
  out.u32(split.index);
  out.u32(split.splits);
  out.i64(split.cursor);
  out.i64(split.newest);
  out.i64(split.told);
  out.u8(split.is_idle);
  out.u8(split.is_finished);
  out.u8(split.reader != nullptr);
  ByteWriter decoder;
  if (split.reader != nullptr) split.reader->save(decoder);
  out.text(decoder.view());
  return out.take();
}

std::string task_item(uint32_t index, int64_t watermark, const std::vector<Port>& ports,
                      const FlowTaskCounters& counted) {
  ByteWriter out;
  out.raw(item_magic);
  out.u8(static_cast<uint8_t>(ItemKind::task));
  out.u32(index);
  out.i64(watermark);
  out.varint(ports.size());
  for (const Port& port : ports) out.i64(port.watermark);
  for (uint64_t counter :
       {counted.rows_in, counted.rows_out, counted.rows_written, counted.late, counted.bad, counted.skipped}) {
    out.varint(counter);
  }
  return out.take();
}

// Hands what has been written on, in pieces.
void pass_on(ByteWriter& out, const FlowWriter& writer, size_t at_least) {
  if (out.size() < at_least || out.size() == 0) return;
  writer.write(writer.context, out.view().data(), out.size());
  out.clear();
}

void write_pane(ByteWriter& out, const StateCopy& state, const PaneCopy& pane, uint32_t group,
                const FlowWriter& writer) {
  auto [first, last] = pane.entries_of(group);
  out.i64(pane.start);
  out.varint(static_cast<uint64_t>(last - first));
  for (const uint32_t* entry = first; entry != last; ++entry) {
    out.u64(pane.hashes[*entry]);
    state.codec.write(out, pane.entries.data() + uint64_t{*entry} * state.codec.stride(), pane.heap.data());
    pass_on(out, writer, write_bytes);
  }
}

uint64_t panes_in(const StateCopy& state, uint32_t group) {
  return static_cast<uint64_t>(std::count_if(state.panes.begin(), state.panes.end(), [group](const PaneCopy& pane) {
    auto [first, last] = pane.entries_of(group);
    return first != last;
  }));
}

} // namespace

std::pair<const uint32_t*, const uint32_t*> PaneCopy::entries_of(uint32_t group) const {
  auto is_before = [this](uint32_t entry, uint32_t wanted) { return groups[entry] < wanted; };
  auto first = std::lower_bound(by_group.begin(), by_group.end(), group, is_before);
  auto last = std::lower_bound(first, by_group.end(), group + 1, is_before);
  return {by_group.data() + (first - by_group.begin()), by_group.data() + (last - by_group.begin())};
}

FlowSnapshot* Task::capture(uint64_t epoch) {
  FLOW_ASSERT(!has_due(), "a snapshot is taken when nothing is due");
  auto snapshot = std::make_unique<FlowSnapshot>();
  snapshot->epoch = epoch;
  for (const auto& panes : states_) {
    StateCopy& copy = snapshot->states.emplace_back(panes->state(), panes->codec());
    for (const auto& pane : panes->panes()) {
      if (pane->table.count > 0) copy.panes.push_back(copy_pane(*pane, host));
    }
  }
  snapshot->groups = groups_of(snapshot->states);
  for (const auto& split : splits_) snapshot->items.push_back(split_item(*split));
  FlowTaskCounters now = counted;
  now.rows_out += outputs_of->rows_sent();
  now.rows_written += outputs_of->rows_written();
  snapshot->items.push_back(task_item(place.index, watermark, ports_, now));
  return snapshot.release();
}

} // namespace flow::runtime

using namespace flow::runtime;

extern "C" {

FlowSnapshot* flow_task_capture(FlowTask* task, uint64_t epoch) { return Task::from(task)->capture(epoch); }

uint32_t flow_snapshot_groups(const FlowSnapshot* snapshot, uint32_t* groups, uint32_t max) {
  uint32_t count = static_cast<uint32_t>(snapshot->groups.size());
  std::copy_n(snapshot->groups.begin(), std::min(count, max), groups);
  return count;
}

void flow_snapshot_write_group(const FlowSnapshot* snapshot, uint32_t group, const FlowWriter* writer) {
  ByteWriter out;
  out.raw(group_magic);
  out.varint(
      static_cast<uint64_t>(std::count_if(snapshot->states.begin(), snapshot->states.end(),
                                          [group](const StateCopy& state) { return panes_in(state, group) > 0; })));
  for (const StateCopy& state : snapshot->states) {
    uint64_t panes = panes_in(state, group);
    if (panes == 0) continue;
    out.text(state.state->name);
    out.u64(state.codec.fingerprint());
    out.varint(panes);
    for (const PaneCopy& pane : state.panes) {
      auto [first, last] = pane.entries_of(group);
      if (first != last) write_pane(out, state, pane, group, *writer);
    }
  }
  pass_on(out, *writer, 0);
}

uint32_t flow_snapshot_item_count(const FlowSnapshot* snapshot) {
  return static_cast<uint32_t>(snapshot->items.size());
}

void flow_snapshot_write_item(const FlowSnapshot* snapshot, uint32_t item, const FlowWriter* writer) {
  const std::string& bytes = snapshot->items[item];
  writer->write(writer->context, bytes.data(), bytes.size());
}

// Every snapshot is whole, so an aborted one has nothing to give back.
void flow_snapshot_release(FlowSnapshot* snapshot, uint8_t) { delete snapshot; }

} // extern "C"
