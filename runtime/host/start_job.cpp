// How a job is opened, up to the point where its parts can be built: what is there, what was asked for, what follows.
#include <fmt/format.h>

#include <algorithm>

#include "runtime/base/text.h"
#include "runtime/formats/encoder.h"
#include "runtime/host/job.h"

namespace flow::runtime {
namespace {

Status refused(std::string text) { return Status(ExitCode::start_refused, std::move(text)); }

bool is_discard(const FlowConnector& connector) { return std::string_view(connector.type) == "discard"; }

constexpr size_t suffix_digits = 8;

} // namespace

Result<std::unique_ptr<Job>> Job::open(Env& env, const FlowProgram& program, std::vector<FlowCell> params,
                                       JobOptions options, Log& log) {
  auto job = std::unique_ptr<Job>(new Job(env, program, std::move(params), std::move(options), log));
  FLOW_TRY(job->configure());
  FLOW_TRY(job->make_sources());
  FLOW_TRY(job->plan());
  FLOW_TRY(job->find_splits());
  FLOW_TRY(job->make_sinks());
  FLOW_TRY(job->compare_with_sinks());
  FLOW_TRY(job->claim());
  FLOW_TRY(job->commit_listed());
  if (job->was_finished_) return job;
  FLOW_TRY(job->build());
  FLOW_TRY(job->restore());
  FLOW_TRY(job->open_splits());
  job->end_unconnected_ports();
  return job;
}

Status Job::configure() {
  FlowTaskError error{};
  configured_ = flow_configure(&program_, params_.data(), &error);
  if (error.code != 0) return Status(static_cast<ExitCode>(error.code), error.text);
  option_cells_ = flow_configured_options(configured_);
  return Status();
}

Status Job::make_sources() {
  for (uint32_t chain = 0; chain < program_.chain_count; ++chain) {
    uint32_t connector = program_.chains[chain].source;
    if (connector == FLOW_NONE) continue;
    FLOW_TRY_ASSIGN(std::unique_ptr<SourceConnector> source, new_source(connector));
    is_bounded_ = is_bounded_ && source->is_bounded();
    sources_.push_back({.chain = chain, .connector = std::move(source)});
  }
  return Status();
}

Status Job::plan() {
  StartRequest& start = options_.start;
  start.program = program_.name;
  start.random = env_.random();
  start.wall_us = env_.wall_us();
  if (options_.checkpoint_dir.empty()) {
    plan_ = plan_unsaved(start);
    FLOW_TRY(unpublishable());
  } else {
    FLOW_TRY_ASSIGN(store_, CheckpointStore::open(env_, options_.checkpoint_dir));
    FLOW_TRY_ASSIGN(plan_, plan_start(env_, *store_, start));
    FLOW_TRY(judge_state());
  }
  start.parallelism = std::min(start.parallelism, plan_.record.group_count);
  return Status();
}

Status Job::judge_state() {
  if (!plan_.from) return Status();
  FLOW_TRY_ASSIGN(restored_, RestoredState::judge(*plan_.from, program_, options_.start.allows_lossy));
  std::vector<std::string> changes = comparison_lines(restored_->comparison(), Fit::migratable);
  if (!changes.empty()) log_.warning("the state of checkpoint '{}' is made that of the program", plan_.from->folder);
  for (const std::string& change : changes) log_.warning("  {}", change);
  return Status();
}

// An input that never ends has no end at which its output could be published.
Status Job::unpublishable() const {
  if (is_bounded_) return Status();
  for (uint32_t i = 0; i < program_.connector_count; ++i) {
    const FlowConnector& connector = program_.connectors[i];
    if (connector.is_source != 0 || std::string_view(connector.type) != "file") continue;
    return refused(fmt::format("the input never ends, and the files of sink '{}' are published with a checkpoint: give "
                               "--checkpoint-dir DIR",
                               connector.name));
  }
  return Status();
}

// Splits are found once, at the first start of the source; from then on they are those of the checkpoint.
Status Job::find_splits() {
  for (SourceUse& use : sources_) {
    if (!plan_.from) {
      FLOW_TRY_ASSIGN(use.specs, use.connector->enumerate(env_));
      continue;
    }
    std::string_view uid = program_.chains[use.chain].uid;
    const std::vector<ChainRecord>& chains = plan_.from->manifest.chains;
    auto record =
        std::find_if(chains.begin(), chains.end(), [&](const ChainRecord& chain) { return chain.uid == uid; });
    use.is_new = record == chains.end();
    if (use.is_new) {
      FLOW_TRY_ASSIGN(use.specs, use.connector->enumerate(env_));
      continue;
    }
    use.records = record->splits;
    for (const SplitRecord& split : use.records) {
      ByteReader in(split.spec);
      use.specs.push_back(SplitSpec::read(in));
      FLOW_TRY(in.finish("a split of the manifest"));
    }
    warn_of_other_input(use);
  }
  return Status();
}

// The input that would be found now and is not the job's: it is not read, and that should not be a surprise.
void Job::warn_of_other_input(const SourceUse& use) {
  Result<std::vector<SplitSpec>> found = use.connector->enumerate(env_);
  if (!found.is_ok()) return;
  auto is_new = [&](const SplitSpec& spec) {
    return std::none_of(use.specs.begin(), use.specs.end(),
                        [&](const SplitSpec& known) { return known.id == spec.id; });
  };
  auto first = std::find_if(found->begin(), found->end(), is_new);
  if (first == found->end()) return;
  auto count = std::count_if(found->begin(), found->end(), is_new);
  log_.warning(
      "source '{}': {}{} is not read: the job goes on with the input that it found at its first start; --fresh "
      "begins a new job",
      program_.connectors[program_.chains[use.chain].source].name, quoted(first->id),
      count == 1 ? "" : fmt::format(" (and {} more)", count - 1));
}

Result<std::unique_ptr<SourceConnector>> Job::new_source(uint32_t connector) const {
  const FlowConnector& declared = program_.connectors[connector];
  if (options_.connectors != nullptr) return options_.connectors->source(declared);
  return make_source(declared, option_cells_[connector]);
}

Result<std::unique_ptr<Sink>> Job::new_sink(uint32_t connector, const SinkJob& job) const {
  const FlowConnector& declared = program_.connectors[connector];
  if (options_.connectors != nullptr) return options_.connectors->sink(declared);
  FLOW_TRY_ASSIGN(std::unique_ptr<Encoder> encoder, make_encoder(program_, declared, option_cells_[connector]));
  return make_sink(declared, option_cells_[connector], encoder->header(), job);
}

Result<std::vector<Job::SinkUse>> Job::new_sinks(const std::string& suffix) {
  std::vector<SinkUse> uses;
  SinkJob job{.job_id = plan_.record.job_id, .suffix = suffix, .attempt = plan_.record.attempt};
  for (uint32_t i = 0; i < program_.connector_count; ++i) {
    const FlowConnector& connector = program_.connectors[i];
    if (connector.is_source != 0 || is_discard(connector)) continue;
    FLOW_TRY_ASSIGN(std::unique_ptr<Sink> sink, new_sink(i, job));
    uses.push_back({.connector = i, .sink = std::move(sink)});
  }
  return uses;
}

Status Job::make_sinks() {
  if (plan_.is_new_job) FLOW_TRY(choose_suffix());
  FLOW_TRY_ASSIGN(sinks_, new_sinks(plan_.record.suffix));
  return Status();
}

// A new job in a place that holds another's output: refused, or with --fresh beside it, under other names.
Status Job::choose_suffix() {
  FLOW_TRY_ASSIGN(std::vector<SinkUse> plain, new_sinks(""));
  for (SinkUse& use : plain) {
    FLOW_TRY_ASSIGN(std::optional<CommitMarker> marker, use.sink->marker(env_));
    FLOW_TRY_ASSIGN(uint64_t newest, use.sink->newest_output(env_));
    if (!marker && newest == 0) continue;
    if (!options_.start.is_fresh) {
      return refused(
          fmt::format("'{}' already holds the results of an earlier run{}: give --fresh to write beside them, or "
                      "another folder{}",
                      use.sink->place(), marker ? fmt::format(" (job {})", marker->job_id) : "",
                      store_ != nullptr ? ", or the --checkpoint-dir of that run to go on with it" : ""));
    }
    plan_.record.suffix = plan_.record.job_id.substr(0, suffix_digits);
  }
  return Status();
}

Status Job::compare_with_sinks() {
  for (SinkUse& use : sinks_) FLOW_TRY(compare_with_sink(use));
  if (!plan_.from) return Status();
  for (const SinkRecord& record : plan_.from->manifest.sinks) FLOW_TRY(compare_with_record(record));
  return Status();
}

// Output that was decided and not shown yet would be lost with its sink.
Status Job::compare_with_record(const SinkRecord& record) const {
  bool is_known = std::any_of(sinks_.begin(), sinks_.end(), [&](const SinkUse& use) {
    return record.name == program_.connectors[use.connector].name;
  });
  if (is_known) return Status();
  FLOW_TRY_ASSIGN(std::vector<StagedFile> files, listed_files(record));
  for (const StagedFile& file : files) {
    FLOW_TRY_ASSIGN(bool is_visible, is_shown(env_, record.place, file));
    if (is_visible) continue;
    return Status(ExitCode::checkpoint_foreign,
                  fmt::format("the checkpoint '{}' holds results of the sink '{}' that '{}' does not show yet, and the "
                              "program has no such sink: run the program that wrote it once more, it may be stopped at "
                              "once",
                              plan_.from->folder, record.name, record.place));
  }
  return Status();
}

// What the sink has committed must fit the epoch that the job goes on from.
Status Job::compare_with_sink(SinkUse& use) {
  if (!use.sink->is_exactly_once()) return Status();
  FLOW_TRY_ASSIGN(std::optional<CommitMarker> marker, use.sink->marker(env_));
  if (plan_.is_new_job) return Status();
  std::string place = use.sink->place();
  if (marker && marker->job_id != plan_.record.job_id) {
    return refused(
        fmt::format("'{}' holds the results of job {}, and the checkpoint is of job {}: give the folder that "
                    "this job wrote to before",
                    place, marker->job_id, plan_.record.job_id));
  }
  FLOW_TRY_ASSIGN(uint64_t newest, use.sink->newest_output(env_));
  uint64_t shown = marker ? marker->epoch : 0;
  uint64_t from = plan_.from ? plan_.from->manifest.epoch : 0;
  if (std::max(shown, newest) > from) {
    std::string text =
        fmt::format("'{}' already shows the results of epoch {}, which going on from epoch {} would write a "
                    "second time",
                    place, std::max(shown, newest), from);
    if (plan_.was_asked_for)
      return refused(text + ": restore the newest checkpoint, or give --fresh to start anew beside them");
    std::string reason =
        plan_.damage.is_ok() ? fmt::format("its checkpoint is not in '{}'", store_->folder()) : plan_.damage.message();
    return Status(
        ExitCode::checkpoint_damaged,
        fmt::format("{}; {}: restore it from a copy, or give --fresh to start anew beside them", text, reason));
  }
  use.shown_epoch = shown;
  if (record_of(use) != nullptr && shown < plan_.from->manifest.committed_epoch) {
    return refused(
        fmt::format("'{}' shows the results up to epoch {}, but those up to epoch {} were committed by this job: "
                    "give the folder that it wrote to before",
                    place, shown, plan_.from->manifest.committed_epoch));
  }
  return Status();
}

// From here on the start is ours: no other attempt will have its number.
Status Job::claim() {
  if (!plan_.damage.is_ok() && plan_.from) {
    log_.warning("{}; falling back to the checkpoint before it, epoch {}", plan_.damage.message(),
                 plan_.from->manifest.epoch);
  }
  // Before the record: without it nobody takes the copy for a start without --restore.
  if (plan_.was_asked_for) {
    FLOW_TRY_ASSIGN(plan_.from, store_->adopt(*std::move(plan_.from)));
  }
  if (store_ != nullptr) FLOW_TRY(store_->write_record(plan_.record));
  for (SinkUse& use : sinks_) FLOW_TRY(use.sink->prepare(env_));
  FLOW_TRY(compare_places());
  for (SinkUse& use : sinks_) FLOW_TRY(use.sink->lock(env_));
  return Status();
}

// One folder by two names is still one.
Status Job::compare_places() const {
  std::vector<std::pair<FileStat, std::string>> places;
  for (const SinkUse& use : sinks_) {
    if (!use.sink->is_exactly_once()) continue;
    FLOW_TRY_ASSIGN(FileStat place, env_.stat(use.sink->place()).as(ExitCode::output_failed));
    for (const auto& [other, name] : places) {
      if (!place.is_same_file(other)) continue;
      return Status(ExitCode::usage,
                    fmt::format("two sinks write to one folder, '{}' and '{}': give each a folder of its own", name,
                                use.sink->place()));
    }
    places.emplace_back(place, use.sink->place());
  }
  return Status();
}

const SinkRecord* Job::record_of(const SinkUse& use) const {
  if (!plan_.from) return nullptr;
  for (const SinkRecord& record : plan_.from->manifest.sinks) {
    if (record.name == program_.connectors[use.connector].name) return &record;
  }
  return nullptr;
}

Result<std::vector<StagedFile>> Job::listed_files(const SinkRecord& record) {
  std::vector<StagedFile> files;
  for (const std::string& bytes : record.files) {
    ByteReader in(bytes);
    files.push_back(StagedFile::read(in));
    FLOW_TRY(in.finish("a staged file of the manifest"));
  }
  return files;
}

// What the manifest lists and the sink does not show yet.
Result<std::vector<StagedFile>> Job::unshown_files(const SinkUse& use) const {
  const SinkRecord* record = record_of(use);
  if (record == nullptr) return std::vector<StagedFile>();
  FLOW_TRY_ASSIGN(std::vector<StagedFile> files, listed_files(*record));
  std::erase_if(files, [&](const StagedFile& file) { return file.epoch <= use.shown_epoch; });
  return files;
}

// Output that was decided but perhaps not shown: by us, before any task starts, so that no task need know of it. Then
// what older attempts left, and nobody lists, goes.
Status Job::commit_listed() {
  if (plan_.from) FLOW_TRY(make_durable(env_, *plan_.from));
  for (SinkUse& use : sinks_) {
    FLOW_TRY_ASSIGN(std::vector<StagedFile> files, unshown_files(use));
    if (plan_.from && !options_.canaries.forgets_staging) {
      FLOW_TRY(use.sink->commit(env_, files, plan_.from->manifest.epoch));
    }
    FLOW_TRY(use.sink->clean_up(env_, {}));
  }
  if (store_ != nullptr) {
    FLOW_TRY(store_->discard_after(start_epoch()));
    FLOW_TRY(store_->retire(start_epoch()));
  }
  was_finished_ = plan_.from && plan_.from->manifest.is_finished;
  return Status();
}

} // namespace flow::runtime
