// State and splits to the tasks of a job that is being opened: key groups to the tasks that own them now, splits by
// their number, the watermark of every old task to every new one. What fits no task is an error, never left out.
#include <fmt/format.h>

#include <algorithm>

#include "runtime/checkpoint/state_file.h"
#include "runtime/host/job.h"

namespace flow::runtime {
namespace {

constexpr size_t split_name_bytes_max = 64 * 1024;
constexpr int64_t idle_us_max = int64_t{36'500} * 24 * 3600 * 1'000'000; // a hundred years: never

std::optional<std::string> split_name_of(const std::string& item) {
  std::string name(split_name_bytes_max, '\0');
  if (flow_item_split_name(item.data(), item.size(), name.data(), name.size()) == 0) return std::nullopt;
  name.resize(name.find('\0'));
  return name;
}

} // namespace

Status Job::restore() {
  if (!plan_.from) return Status();
  for (const ChainRecord& record : plan_.from->manifest.chains) {
    uint32_t chain = 0;
    while (chain < program_.chain_count && program_.chains[chain].uid != record.uid) ++chain;
    // What a chain held that is not there any more was judged before, and may be dropped.
    if (chain < program_.chain_count) FLOW_TRY(restore_chain(record, chain));
  }
  return Status();
}

Status Job::restore_chain(const ChainRecord& record, uint32_t chain) {
  for (const StateFile& file : record.files) FLOW_TRY(restore_file(file, record, chain));
  note_different_times(chain);
  return Status();
}

// Idle inputs had led the tasks to different times; they may still differ at the next checkpoint.
void Job::note_different_times(uint32_t chain) {
  auto time_of = [&](uint32_t index) { return flow_task_current_watermark(runners_[runner_of(chain, index)]->task()); };
  uint32_t tasks = parallelism_of(chain), index = 0;
  while (index < tasks && time_of(index) == time_of(0)) ++index;
  if (index == tasks) return;
  for (index = 0; index < tasks; ++index) runners_[runner_of(chain, index)]->note_idle();
}

// The watermark of the task that wrote the file, or, before it had one, when the checkpoint was taken.
Result<int64_t> Job::time_of(const StateFile& file) const {
  for (size_t i = 0; i < file.sections.size(); ++i) {
    if (file.sections[i].group != section_is_item) continue;
    FLOW_TRY_ASSIGN(std::string item, read_section(env_, plan_.from->folder, plan_.from->place_of(file), file, i));
    if (std::optional<int64_t> watermark = watermark_of_item(item)) return *watermark;
  }
  return plan_.from->manifest.wall_us;
}

Status Job::restore_file(const StateFile& file, const ChainRecord& record, uint32_t chain) {
  KeyGroups groups(plan_.record.group_count);
  uint32_t parallelism = parallelism_of(chain);
  FLOW_TRY_ASSIGN(int64_t time_us, time_of(file));
  for (size_t i = 0; i < file.sections.size(); ++i) {
    const StateSection& section = file.sections[i];
    FLOW_TRY_ASSIGN(std::string bytes, read_section(env_, plan_.from->folder, plan_.from->place_of(file), file, i));
    if (section.group == section_is_item) {
      FLOW_TRY(restore_item(file, record, chain, bytes));
      continue;
    }
    if (section.group >= groups.count()) {
      return Status(ExitCode::checkpoint_damaged, fmt::format("'{}' has a key group that there is not", file.name));
    }
    FLOW_TRY_ASSIGN(bytes, restored_->group(std::move(bytes), time_us));
    FlowTask* task = runners_[runner_of(chain, groups.task_of(section.group, parallelism))]->task();
    if (flow_task_restore_group(task, section.group, bytes.data(), bytes.size()) != 0) return told_by(task);
  }
  return Status();
}

Status Job::restore_item(const StateFile& file, const ChainRecord& record, uint32_t chain, const std::string& bytes) {
  if (options_.canaries.forgets_watermarks) return Status();
  uint32_t parallelism = parallelism_of(chain);
  std::optional<std::string> split = split_name_of(bytes);
  for (uint32_t index = 0; index < parallelism; ++index) {
    bool is_for_task = true;
    if (split) {
      auto use =
          std::find_if(sources_.begin(), sources_.end(), [&](const SourceUse& one) { return one.chain == chain; });
      if (use == sources_.end()) break;
      auto spec =
          std::find_if(use->specs.begin(), use->specs.end(), [&](const SplitSpec& one) { return one.id == *split; });
      is_for_task = spec != use->specs.end() && spec->index % parallelism == index;
    } else if (record.parallelism == parallelism) {
      is_for_task = file.task == index; // the same tasks as before: each gets its own watermark
    }
    if (!is_for_task) continue;
    FlowTask* task = runners_[runner_of(chain, index)]->task();
    if (flow_task_restore_item(task, bytes.data(), bytes.size()) != 0) return told_by(task);
  }
  return Status();
}

// A port that no channel leads to (of a second task behind an edge to one) has ended before it began.
void Job::end_unconnected_ports() {
  for (const auto& runner : runners_) {
    for (uint32_t port = 0; port < program_.chains[runner->place().chain].port_count; ++port) {
      if (runner->gate().has_ended(port)) flow_task_end(runner->task(), port);
    }
  }
}

// Every split to the task that its number says, at the cursor that its state says, or at its start.
Status Job::open_splits() {
  int64_t now_us = env_.monotonic_us();
  for (SourceUse& use : sources_) {
    const FlowConnector& connector = program_.connectors[program_.chains[use.chain].source];
    const FlowCell* cells = option_cells_[program_.chains[use.chain].source];
    auto option = [&](uint32_t position) {
      return position == FLOW_NONE || cells[position].is_null ? FlowCell{} : cells[position];
    };
    uint32_t parallelism = parallelism_of(use.chain);
    for (uint32_t index = 0; index < parallelism; ++index) {
      TaskRunner& runner = *runners_[runner_of(use.chain, index)];
      auto is_ours = [&](const SplitSpec& spec) { return spec.index % parallelism == index; };
      auto ours = std::count_if(use.specs.begin(), use.specs.end(), is_ours);
      double share = use.specs.empty() ? 0 : static_cast<double>(ours) / static_cast<double>(use.specs.size());
      SourcePace pace{.rate = option(connector.rate_option).value.f * share,
                      .idle_us = std::min(option(connector.idle_option).value.i, idle_us_max),
                      .latency_us = options_.latency_us,
                      .rows_max = options_.rows_per_action};
      auto source = std::make_unique<SourceRunner>(runner.task(), pace, now_us);
      for (size_t split = 0; split < use.specs.size(); ++split) {
        if (is_ours(use.specs[split])) FLOW_TRY(open_split(use, split, *source, runner.task()));
      }
      runner.set_source(std::move(source));
      flow_task_end(runner.task(), 0); // no split will follow
    }
  }
  return Status();
}

Status Job::open_split(SourceUse& use, size_t split, SourceRunner& source, FlowTask* task) {
  const SplitSpec& spec = use.specs[split];
  FlowSplit* opened = flow_split_find(task, spec.id.c_str());
  SplitFingerprint fingerprint;
  std::string stored;
  bool is_restored = plan_.from && !use.is_new;
  if (is_restored) {
    stored = use.records[split].fingerprint;
    ByteReader in(stored);
    fingerprint = SplitFingerprint::read(in);
    FLOW_TRY(in.finish("the fingerprint of a split"));
    if (opened == nullptr && !options_.canaries.forgets_watermarks) {
      return Status(
          ExitCode::checkpoint_damaged,
          fmt::format("the state of split '{}' is missing in the checkpoint '{}'", spec.id, plan_.from->folder));
    }
  }
  if (opened == nullptr) {
    opened =
        flow_split_open(task, spec.id.c_str(), spec.index, spec.count, is_restored ? use.records[split].cursor : 0);
  }
  FLOW_TRY(told_by(task));
  std::unique_ptr<SplitReader> reader;
  if (flow_split_is_finished(opened) == 0) {
    FLOW_TRY_ASSIGN(reader,
                    use.connector->open(env_, spec, flow_split_cursor(opened), is_restored ? &fingerprint : nullptr));
  }
  source.add(spec, std::move(reader), opened, std::move(stored));
  return Status();
}

} // namespace flow::runtime
