#include "runtime/task/snapshot.h"

#include <algorithm>
#include <set>

#include "runtime/base/assert.h"
#include "runtime/task/task.h"

namespace flow::runtime {
namespace {

constexpr size_t write_bytes = 64 * 1024;
constexpr size_t entries_ahead = 16;

// Up to so many bytes of entries a task copies them itself, and no event after it pays for a block. The limit is a
// guess from the speed of plain copies; it has not been measured here.
constexpr uint64_t copied_at_once_max = uint64_t{4} << 20;

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
  for (const Port& port : ports) {
    out.text(port.from);
    out.i64(port.watermark);
  }
  for (uint64_t counter :
       {counted.rows_in, counted.rows_out, counted.rows_written, counted.late, counted.bad, counted.skipped}) {
    out.varint(counter);
  }
  return out.take();
}

void copy_now(FlowSnapshot& snapshot) {
  for (StateCopy& state : snapshot.states) {
    for (PaneCopy& pane : state.panes) {
      pane.entries->finish();
      pane.entries->stop_watching();
    }
  }
}

// Hands what has been written on, in pieces.
void pass_on(ByteWriter& out, const FlowWriter& writer, size_t at_least) {
  if (out.size() < at_least || out.size() == 0) return;
  writer.write(writer.context, out.view().data(), out.size());
  out.clear();
}

void write_pane(ByteWriter& out, const StateCopy& state, const PaneCopy& pane, uint32_t group,
                const FlowWriter& writer) {
  std::span<const uint32_t> entries = pane.entries_of(group);
  out.i64(pane.start);
  out.varint(entries.size());
  for (size_t i = 0; i < entries.size(); ++i) {
    // Those of a group lie far apart: waiting for each alone took as long as all the rest.
    __builtin_prefetch(pane.entries->entry(entries[std::min(i + entries_ahead, entries.size() - 1)]));
    out.u64(pane.entries->hash(entries[i]));
    const uint8_t* entry = pane.entries->entry(entries[i]);
    state.codec.write(out, entry, pane.entries->heap());
    state.codec.write_lists(out, entry, pane.entries->heap(), [&] { pass_on(out, writer, write_bytes); });
    pass_on(out, writer, write_bytes);
  }
}

uint64_t panes_in(const StateCopy& state, uint32_t group) {
  return static_cast<uint64_t>(std::count_if(state.panes.begin(), state.panes.end(), [group](const PaneCopy& pane) {
    return !pane.entries_of(group).empty();
  }));
}

} // namespace

void PaneCopy::sort_by_group(const FlowHost& host, const SetFlags* flags) {
  std::vector<uint64_t> counts; // by group; then where its next entry goes
  auto group_of = [&](uint32_t entry) { return host.group_of(host.context, entries->hash(entry)); };
  auto is_left_out = [&](uint32_t entry) { return flags != nullptr && !flags->is_any_set(entries->entry(entry)); };
  entries->for_each_entry([&](uint32_t entry) {
    if (is_left_out(entry)) return;
    uint32_t group = group_of(entry);
    if (group >= counts.size()) counts.resize(group + uint64_t{1});
    ++counts[group];
  });
  uint64_t end = 0;
  for (uint32_t group = 0; group < counts.size(); ++group) {
    uint64_t first = end;
    end += counts[group];
    if (end > first) groups.push_back({group, first, end});
    counts[group] = first;
  }
  by_group.resize(end);
  entries->for_each_entry([&](uint32_t entry) {
    if (!is_left_out(entry)) by_group[counts[group_of(entry)]++] = entry;
  });
}

std::span<const uint32_t> PaneCopy::entries_of(uint32_t group) const {
  auto at = std::lower_bound(groups.begin(), groups.end(), group,
                             [](const Group& known, uint32_t wanted) { return known.group < wanted; });
  if (at == groups.end() || at->group != group) return {};
  return std::span(by_group).subspan(at->first, at->end - at->first);
}

FlowSnapshot* Task::capture(uint64_t epoch) {
  FLOW_ASSERT(!has_due(), "a snapshot is taken when nothing is due");
  FLOW_ASSERT(!holds_partials(), "partial results are sent before a snapshot");
  auto snapshot = std::make_unique<FlowSnapshot>();
  snapshot->epoch = epoch;
  snapshot->pool = copy_pool_;
  snapshot->host = host;
  uint64_t bytes = 0;
  if (keyed_ != nullptr && keyed_->table().count > 0) {
    bytes += keyed_->table().entry_bytes();
    snapshot->states.emplace_back(keyed_->state(), keyed_->codec())
        .panes.emplace_back(0, keyed_->shared_table(), *copy_pool_);
  }
  for (const auto& panes : states_) {
    if (panes->is_partial()) continue;
    StateCopy& copy = snapshot->states.emplace_back(panes->state(), panes->codec());
    for (const auto& pane : panes->panes()) {
      if (pane->table.count == 0) continue;
      bytes += pane->table.entry_bytes();
      // The table lives as long as its pane.
      copy.panes.emplace_back(pane->start, std::shared_ptr<StateTable>(pane, &pane->table), *copy_pool_);
    }
  }
  if (bytes <= copied_at_once_max) copy_now(*snapshot);
  for (const auto& split : splits_) snapshot->items.push_back(split_item(*split));
  FlowTaskCounters so_far = counted;
  so_far.rows_out += outputs_of->rows_sent();
  so_far.rows_written += outputs_of->rows_written();
  snapshot->items.push_back(task_item(place.index, watermark, ports_, so_far));
  return snapshot.release();
}

} // namespace flow::runtime

using namespace flow::runtime;

void FlowSnapshot::prepare() const {
  if (is_prepared) return;
  is_prepared = true;
  // Copying first: the less of it is left, the fewer blocks the task has to save.
  for (StateCopy& state : states) {
    for (PaneCopy& pane : state.panes) pane.entries->finish();
  }
  std::set<uint32_t> found;
  for (StateCopy& state : states) {
    for (PaneCopy& pane : state.panes) {
      pane.sort_by_group(host, state.is_keyed() ? &state.flags : nullptr);
      for (const PaneCopy::Group& group : pane.groups) found.insert(group.group);
    }
  }
  groups.assign(found.begin(), found.end());
}

extern "C" {

FlowSnapshot* flow_task_capture(FlowTask* task, uint64_t epoch) { return Task::from(task)->capture(epoch); }

uint32_t flow_snapshot_groups(const FlowSnapshot* snapshot, uint32_t* groups, uint32_t max) {
  snapshot->prepare();
  uint32_t count = static_cast<uint32_t>(snapshot->groups.size());
  std::copy_n(snapshot->groups.begin(), std::min(count, max), groups);
  return count;
}

void flow_snapshot_write_group(const FlowSnapshot* snapshot, uint32_t group, const FlowWriter* writer) {
  snapshot->prepare();
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
      if (!pane.entries_of(group).empty()) write_pane(out, state, pane, group, *writer);
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

void flow_snapshot_written(FlowSnapshot* snapshot) {
  snapshot->prepare();
  for (StateCopy& state : snapshot->states) {
    for (PaneCopy& pane : state.panes) {
      pane.entries->free_entries();
      pane.by_group = {};
    }
  }
}

// Every snapshot is whole, so an aborted one has nothing to give back.
void flow_snapshot_release(FlowSnapshot* snapshot, uint8_t) { delete snapshot; }

} // extern "C"
