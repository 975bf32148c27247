#include "runtime/host/coordinator.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "runtime/base/assert.h"
#include "runtime/base/text.h"
#include "runtime/checkpoint/savepoint.h"

namespace flow::runtime {

Coordinator::Coordinator(Env& env, CheckpointStore* store, JobShape shape, EpochPlan plan, Control& control,
                         EventBox& events, Log& log, Canaries canaries)
    : env_(env), store_(store), shape_(std::move(shape)), plan_(plan), control_(control), events_(events), log_(log),
      canaries_(canaries), next_epoch_(shape_.last_epoch + 1), committed_(shape_.last_epoch) {}

Progress Coordinator::step(int64_t now_us) {
  if (outcome_ != Outcome::running) return Progress::waiting;
  if (next_start_us_ == no_deadline) next_start_us_ = now_us + plan_.interval_us;
  if (take_events()) return Progress::worked;
  if (!flight_) return begin_due_epoch(now_us) ? Progress::worked : Progress::waiting;
  if (flight_->missing == 0) {
    complete(now_us);
    return Progress::worked;
  }
  if (now_us - flight_->start_us < plan_.timeout_us) return Progress::waiting;
  if (is_taken_over()) return Progress::worked;
  give_up(fmt::format("it took longer than {}", format_duration(plan_.timeout_us)));
  next_start_us_ = now_us + plan_.interval_us;
  return Progress::worked;
}

int64_t Coordinator::deadline_us() const {
  if (outcome_ != Outcome::running) return no_deadline;
  if (flight_) return flight_->start_us + plan_.timeout_us;
  return store_ != nullptr ? next_start_us_ : no_deadline;
}

bool Coordinator::take_events() {
  std::vector<Event> events = events_.take_all();
  for (Event& event : events) {
    if (outcome_ != Outcome::running) break;
    std::visit([this](auto& one) { take(std::move(one)); }, event);
  }
  return !events.empty();
}

void Coordinator::take(StateStored event) {
  if (!flight_ || event.epoch != flight_->epoch) return; // of an epoch that was given up
  auto& slot = flight_->states[event.runner];
  FLOW_ASSERT(!slot.has_value(), "a task acknowledges an epoch once");
  slot = std::move(event);
  --flight_->missing;
}

void Coordinator::take(OutputStaged event) {
  if (!flight_ || event.epoch != flight_->epoch) return;
  auto& slot = flight_->outputs[event.sink_part];
  FLOW_ASSERT(!slot.has_value(), "a sink acknowledges an epoch once");
  slot = std::move(event);
  --flight_->missing;
}

void Coordinator::take(TaskFinished) { ++finished_tasks_; }

void Coordinator::take(EpochFailed event) {
  if (flight_ && event.epoch == flight_->epoch) give_up_failed(event.status);
}

void Coordinator::take(PartFailed event) { fail(std::move(event.status)); }

void Coordinator::take(SavepointAsked event) {
  auto refuse = [&](std::string why) { event.answer(Status(ExitCode::request_refused, std::move(why))); };
  if (store_ == nullptr) return refuse("the job keeps no checkpoints");
  if (savepoint_) return refuse(fmt::format("a savepoint in '{}' is being taken: wait for it", savepoint_->folder));
  bool is_ending = is_stop_requested() || have_all_finished() || (flight_ && flight_->kind != EpochKind::periodic);
  if (is_ending) return refuse("the job is at its end: its last checkpoint holds its state");
  if (Status prepared = prepare_savepoint(env_, event.folder, store_->folder()); !prepared.is_ok())
    return event.answer(prepared);
  savepoint_ = std::move(event);
}

void Coordinator::answer_savepoint(const Result<uint64_t>& epoch) {
  if (!savepoint_) return;
  savepoint_->answer(epoch);
  savepoint_.reset();
}

void Coordinator::fail(Status status) {
  answer_savepoint(Status(status.code(), fmt::format("the job failed: {}", status.message())));
  outcome_ = Outcome::failed;
  failure_ = std::move(status);
}

bool Coordinator::begin_due_epoch(int64_t now_us) {
  if (have_all_finished()) {
    begin_epoch(now_us, EpochKind::end);
    return true;
  }
  if (savepoint_ && savepoint_->end == SavepointEnd::drain) return drain(now_us);
  if (is_stop_requested()) {
    if (store_ == nullptr) {
      outcome_ = Outcome::stopped; // nothing is kept, nothing is shown
    } else {
      begin_epoch(now_us, EpochKind::stop);
    }
    return true;
  }
  if (is_savepoint_due()) {
    begin_epoch(now_us, savepoint_->end == SavepointEnd::stop ? EpochKind::stop : EpochKind::periodic);
    return true;
  }
  if (store_ == nullptr || now_us < next_start_us_) return false;
  begin_epoch(now_us, EpochKind::periodic);
  return true;
}

// Sources end only between two epochs, and none is begun until all tasks have finished: a crash on the way leaves a
// checkpoint in which the input goes on.
bool Coordinator::drain(int64_t now_us) {
  next_start_us_ = now_us + plan_.interval_us;
  return !control_.is_draining.exchange(true, std::memory_order_acq_rel);
}

// One that drains the job is its last epoch.
bool Coordinator::is_savepoint_due() const { return savepoint_ && savepoint_->end != SavepointEnd::drain; }

void Coordinator::begin_epoch(int64_t now_us, EpochKind kind) {
  flight_.emplace();
  flight_->epoch = next_epoch_++;
  flight_->start_us = now_us;
  flight_->kind = kind;
  flight_->is_for_savepoint = is_savepoint_due() || (savepoint_ && kind == EpochKind::end);
  flight_->states.resize(shape_.runners.size());
  flight_->outputs.resize(shape_.sink_of_part.size());
  flight_->missing = flight_->states.size() + flight_->outputs.size();
  next_start_us_ = now_us + plan_.interval_us;
  if (store_ != nullptr) {
    Status begun = store_->begin(flight_->epoch);
    if (!begun.is_ok()) {
      give_up_failed(begun);
      return;
    }
  }
  if (kind == EpochKind::stop) control_.last_epoch.store(flight_->epoch, std::memory_order_release);
  control_.requested_epoch.store(flight_->epoch, std::memory_order_release);
}

void Coordinator::give_up(std::string_view why) {
  uint64_t epoch = flight_->epoch;
  // One that stops the job is tried again: its sources read nothing any more.
  if (flight_->is_for_savepoint && flight_->kind == EpochKind::periodic) {
    answer_savepoint(Status(ExitCode::output_failed, fmt::format("checkpoint {} was given up: {}", epoch, why)));
  }
  flight_.reset();
  control_.abandoned_epoch.store(epoch, std::memory_order_release);
  if (store_ != nullptr) store_->abandon(epoch);
  log_.warning("checkpoint {} was given up, the next one will hold its output too: {}", epoch, why);
}

// What fails because another instance works on the same folders is told as that. The job has failed then.
bool Coordinator::is_taken_over() {
  Status owner = store_ == nullptr ? Status() : store_->check_owner();
  if (owner.code() != ExitCode::checkpoint_in_use) return false;
  fail(std::move(owner));
  return true;
}

void Coordinator::give_up_failed(const Status& why) {
  if (is_taken_over()) return;
  give_up(why.message());
  if (++failures_ < plan_.failures_max) return;
  fail(Status(why.code(),
              fmt::format("{} checkpoints in a row failed: {}; the last whole one is epoch {}, and a restart "
                          "goes on from it",
                          failures_, why.message(), committed_)));
}

void Coordinator::complete(int64_t now_us) {
  Status status = decide_and_commit();
  if (!status.is_ok()) {
    if (!is_taken_over()) fail(std::move(status));
    return;
  }
  EpochKind kind = flight_->kind;
  committed_ = flight_->epoch;
  failures_ = 0;
  flight_.reset();
  control_.committed_epoch.store(committed_, std::memory_order_release);
  stats_.completed.fetch_add(1, std::memory_order_relaxed);
  stats_.last_epoch.store(committed_, std::memory_order_relaxed);
  stats_.last_us.store(now_us, std::memory_order_relaxed);
  if (kind == EpochKind::end) outcome_ = Outcome::finished;
  if (kind == EpochKind::stop) outcome_ = Outcome::stopped;
}

Status Coordinator::decide_and_commit() {
  FLOW_TRY(check_watermarks());
  if (canaries_.commits_before_manifest) FLOW_TRY(commit());
  // A failure here stops the job: whether the decision is on the disk is not known, the next start will see.
  Manifest manifest = manifest_of_flight();
  if (store_ != nullptr) FLOW_TRY(store_->complete(manifest));
  FLOW_TRY(commit());
  if (store_ == nullptr) return Status();
  if (flight_->is_for_savepoint) keep_savepoint(manifest);
  if (Status retired = store_->retire(flight_->epoch); !retired.is_ok()) {
    log_.warning("an old checkpoint could not be removed: {}", retired.message());
  }
  return Status();
}

// Behind the commit, so that the output up to a savepoint shows when the savepoint is there.
void Coordinator::keep_savepoint(const Manifest& manifest) {
  Status written = write_savepoint(env_, {manifest, store_->epoch_folder(manifest.epoch)}, savepoint_->folder);
  if (written.is_ok()) return answer_savepoint(manifest.epoch);
  std::string_view end = flight_->kind == EpochKind::periodic ? "the job goes on" : "the job has ended all the same";
  answer_savepoint(Status(written.code(), fmt::format("{}; checkpoint {} in '{}' holds the same, and {}",
                                                      written.message(), manifest.epoch, store_->folder(), end)));
}

Status Coordinator::commit() {
  for (uint32_t sink = 0; sink < shape_.sinks.size(); ++sink) {
    std::vector<StagedFile> files = staged_files(sink);
    FLOW_TRY(shape_.sinks[sink].sink->commit(env_, files, flight_->epoch));
  }
  return Status();
}

std::vector<StagedFile> Coordinator::staged_files(uint32_t sink) const {
  std::vector<StagedFile> files;
  for (const auto& output : flight_->outputs) {
    if (shape_.sink_of_part[output->sink_part] != sink) continue;
    files.insert(files.end(), output->files.begin(), output->files.end());
  }
  return files;
}

// Aligned behind an exchange from all to all, the tasks of a chain have seen the same watermarks. If not, a barrier
// was not where it had to be, and nothing of this epoch can be trusted.
Status Coordinator::check_watermarks() const {
  for (uint32_t chain = 0; chain < shape_.chains.size(); ++chain) {
    if (!shape_.chains[chain].shares_watermark) continue;
    const StateStored* first = nullptr;
    for (const auto& state : flight_->states) {
      if (shape_.runners[state->runner].chain != chain || state->may_differ) continue;
      if (first == nullptr) first = &*state;
      if (state->watermark == first->watermark) continue;
      return Status(
          ExitCode::internal_error,
          fmt::format("in checkpoint {} the tasks of '{}' hold different watermarks, {} and {}: a barrier and a "
                      "watermark have changed places",
                      flight_->epoch, shape_.chains[chain].uid, first->watermark, state->watermark));
    }
  }
  return Status();
}

Manifest Coordinator::manifest_of_flight() const {
  Manifest manifest = shape_.header;
  manifest.epoch = flight_->epoch;
  manifest.committed_epoch = committed_;
  manifest.is_finished = flight_->kind == EpochKind::end;
  manifest.wall_us = env_.wall_us();
  for (const JobShape::ChainInfo& chain : shape_.chains) {
    manifest.chains.push_back({.uid = chain.uid, .parallelism = chain.parallelism});
  }
  for (const auto& state : flight_->states) {
    const JobShape::RunnerInfo& runner = shape_.runners[state->runner];
    ChainRecord& chain = manifest.chains[runner.chain];
    StateFile file = state->file;
    file.task = runner.index;
    chain.files.push_back(std::move(file));
    chain.splits.insert(chain.splits.end(), state->splits.begin(), state->splits.end());
  }
  for (uint32_t sink = 0; sink < shape_.sinks.size(); ++sink) {
    SinkRecord& record = manifest.sinks.emplace_back();
    record.name = shape_.sinks[sink].name;
    record.place = shape_.sinks[sink].sink->place();
    for (const StagedFile& file : staged_files(sink)) {
      ByteWriter out;
      file.write(out);
      record.files.push_back(out.take());
    }
  }
  return manifest;
}

} // namespace flow::runtime
