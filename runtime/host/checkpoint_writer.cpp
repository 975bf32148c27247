#include "runtime/host/checkpoint_writer.h"

#include <fmt/format.h>

#include "runtime/checkpoint/state_file.h"

namespace flow::runtime {
namespace {

FlowWriter appending_to(StateFileWriter& file) {
  return {&file, [](void* context, const void* data, uint64_t bytes) {
            static_cast<StateFileWriter*>(context)->append({static_cast<const char*>(data), bytes});
          }};
}

void write_sections(StateFileWriter& file, FlowSnapshot* snapshot) {
  FlowWriter writer = appending_to(file);
  std::vector<uint32_t> groups(flow_snapshot_groups(snapshot, nullptr, 0));
  flow_snapshot_groups(snapshot, groups.data(), static_cast<uint32_t>(groups.size()));
  for (uint32_t group : groups) {
    file.begin_section(group);
    flow_snapshot_write_group(snapshot, group, &writer);
    file.end_section();
  }
  for (uint32_t item = 0; item < flow_snapshot_item_count(snapshot); ++item) {
    file.begin_section(section_is_item);
    flow_snapshot_write_item(snapshot, item, &writer);
    file.end_section();
  }
  flow_snapshot_written(snapshot);
}

} // namespace

Progress CheckpointWriter::step(int64_t) {
  for (StateWrite* state : inbox_.take_all()) waiting_.push_back(state);
  if (waiting_.empty()) return Progress::waiting;
  StateWrite* state = waiting_.front();
  waiting_.pop_front();
  if (!control_.is_abandoned(state->epoch)) write(*state);
  state->is_done.store(true, std::memory_order_release); // from here on it may be gone
  return Progress::worked;
}

void CheckpointWriter::write(StateWrite& state) {
  Status sync_failure;
  Result<StateFile> file = write_file(state, sync_failure);
  if (!sync_failure.is_ok()) {
    // Nobody knows what of it is on the disk, now or after a second try.
    events_.post(PartFailed{std::move(sync_failure).as(ExitCode::output_failed)});
  } else if (!file.is_ok()) {
    events_.post(EpochFailed{state.epoch, file.status().as(ExitCode::output_failed)});
  } else {
    events_.post(StateStored{.epoch = state.epoch,
                             .runner = state.runner,
                             .file = std::move(file).value(),
                             .splits = std::move(state.splits),
                             .watermark = state.watermark,
                             .may_differ = state.may_differ});
  }
}

Result<StateFile> CheckpointWriter::write_file(const StateWrite& state, Status& sync_failure) {
  std::string place = section_place(store_.record()->job_id, state.epoch, state.file_name);
  FLOW_TRY_ASSIGN(StateFileWriter file,
                  StateFileWriter::create(env_, store_.epoch_folder(state.epoch), state.file_name, std::move(place)));
  write_sections(file, state.snapshot);
  FLOW_TRY_ASSIGN(StateFile written, file.finish());
  sync_failure = file.sync();
  return written;
}

} // namespace flow::runtime
