#include "runtime/checkpoint/start.h"

#include <fmt/format.h>

#include <algorithm>

#include "runtime/base/group_limits.h"
#include "runtime/env/files.h"

namespace flow::runtime {
namespace {

// Greater than any before, and than those that a lost record or a copy of the state may have seen: what older attempts
// left behind is told from our own by this number.
uint64_t attempt_after(uint64_t last, const StartRequest& request) {
  uint64_t now_ms = request.wall_us > 0 ? static_cast<uint64_t>(request.wall_us) / 1000 : 0;
  return std::max(last + 1, now_ms);
}

Status refused(std::string text) { return Status(ExitCode::start_refused, std::move(text)); }

JobRecord new_job(const StartRequest& request) {
  JobRecord record;
  record.job_id = fmt::format("{:016x}", request.random);
  record.group_count = request.group_count.value_or(group_count_default);
  record.attempt = attempt_after(0, request);
  record.program = request.program;
  return record;
}

Status check_groups(uint32_t group_count, const StartRequest& request) {
  if (request.group_count && *request.group_count != group_count) {
    return refused(
        fmt::format("--max-parallelism is {} since this job's first start and cannot become {}: leave the flag "
                    "away",
                    group_count, *request.group_count));
  }
  if (request.is_parallelism_asked_for && request.parallelism > group_count) {
    return refused(
        fmt::format("--parallelism {} is more than the {} of --max-parallelism, which is fixed at a job's first "
                    "start",
                    request.parallelism, group_count));
  }
  return Status();
}

// The newest epoch that is whole. Damage in newer ones is kept in `damage`.
Result<std::optional<StoredEpoch>> newest_whole(Env& env, CheckpointStore& store, Status& damage) {
  FLOW_TRY_ASSIGN(std::vector<uint64_t> epochs, store.complete_epochs());
  for (uint64_t epoch : epochs) {
    std::string folder = store.epoch_folder(epoch);
    Result<StoredEpoch> stored = read_epoch(env, folder);
    if (stored.is_ok() && stored->manifest.epoch == epoch && stored->manifest.job_id == store.record()->job_id) {
      return std::optional(std::move(stored).value());
    }
    Status failure = stored.is_ok()
                         ? Status(ExitCode::checkpoint_damaged,
                                  fmt::format("the manifest in '{}' is that of another epoch or job", folder))
                         : stored.status();
    if (failure.code() != ExitCode::checkpoint_damaged) return failure;
    if (damage.is_ok()) damage = std::move(failure);
  }
  return std::optional<StoredEpoch>();
}

Result<StartPlan> plan_fresh(CheckpointStore& store, const StartRequest& request) {
  FLOW_TRY_ASSIGN(std::vector<uint64_t> epochs, store.complete_epochs());
  StartPlan plan;
  plan.is_new_job = true;
  plan.record = new_job(request);
  // The old state stays where it is, untouched, also if its record is lost: the new one lies beside it.
  if (store.record() || !epochs.empty()) plan.record.folder = plan.record.job_id;
  FLOW_TRY(check_groups(plan.record.group_count, request));
  return plan;
}

Result<StartPlan> plan_path(Env& env, CheckpointStore& store, const StartRequest& request) {
  StartPlan plan;
  plan.was_asked_for = true;
  FLOW_TRY_ASSIGN(bool is_there, exists(env, join_path(request.path, "manifest")).as(ExitCode::start_refused));
  if (!is_there) {
    return refused(fmt::format("there is no checkpoint in '{}': --restore takes the folder of one epoch, such as "
                               "DIR/epoch-7",
                               request.path));
  }
  FLOW_TRY_ASSIGN(plan.from, read_epoch(env, request.path));
  const Manifest& manifest = plan.from->manifest;
  if (store.record() && store.record()->job_id != manifest.job_id) {
    return refused(fmt::format("'{}' is of job {}, and '{}' holds the state of job {}: give another --checkpoint-dir",
                               request.path, manifest.job_id, store.folder(), store.record()->job_id));
  }
  if (store.record()) {
    plan.record = *store.record();
    plan.record.attempt = attempt_after(plan.record.attempt, request);
  } else {
    plan.record = {.job_id = manifest.job_id,
                   .suffix = manifest.suffix,
                   .folder = "",
                   .group_count = manifest.group_count,
                   .attempt = attempt_after(manifest.attempt, request),
                   .program = request.program};
  }
  if (plan.record.group_count != manifest.group_count) {
    return Status(ExitCode::checkpoint_damaged,
                  fmt::format("'{}' and its job differ in the number of key groups", request.path));
  }
  FLOW_TRY(check_groups(plan.record.group_count, request));
  return plan;
}

Status nothing_whole(const CheckpointStore& store, const Status& damage) {
  return Status(
      ExitCode::checkpoint_damaged,
      fmt::format("{}; no other checkpoint in '{}' is whole: restore the file from a copy, or start anew with "
                  "--fresh",
                  damage.message(), store.folder()));
}

// Without the record nobody knows whose the epochs in the folder are: they are not taken for nothing.
Status check_record_lost(CheckpointStore& store) {
  FLOW_TRY_ASSIGN(std::vector<uint64_t> epochs, store.complete_epochs());
  if (epochs.empty()) return Status();
  return Status(
      ExitCode::checkpoint_damaged,
      fmt::format("'{}' holds a checkpoint (epoch {}), but the job's record beside it, '{}', is missing: restore "
                  "the file from a copy, or go on from one epoch with --restore {}",
                  store.folder(), epochs.front(), join_path(store.folder(), "job"),
                  store.epoch_folder(epochs.front())));
}

Result<StartPlan> plan_latest(Env& env, CheckpointStore& store, const StartRequest& request) {
  StartPlan plan;
  if (!store.record()) {
    FLOW_TRY(check_record_lost(store));
    plan.is_new_job = true;
    plan.record = new_job(request);
    FLOW_TRY(check_groups(plan.record.group_count, request));
    return plan;
  }
  plan.record = *store.record();
  plan.record.attempt = attempt_after(plan.record.attempt, request);
  FLOW_TRY_ASSIGN(plan.from, newest_whole(env, store, plan.damage));
  if (!plan.from && !plan.damage.is_ok()) return nothing_whole(store, plan.damage);
  FLOW_TRY(check_groups(plan.record.group_count, request));
  return plan;
}

} // namespace

Result<StartPlan> plan_start(Env& env, CheckpointStore& store, const StartRequest& request) {
  if (request.is_fresh) return plan_fresh(store, request);
  if (request.restore == RestoreMode::path) return plan_path(env, store, request);
  if (request.restore == RestoreMode::none && store.record()) {
    FLOW_TRY_ASSIGN(std::vector<uint64_t> epochs, store.complete_epochs());
    if (!epochs.empty()) {
      return refused(
          fmt::format("'{}' holds a checkpoint (epoch {}), and --restore none asks for an empty start: leave the "
                      "flag away to resume, or give --fresh to start anew beside it",
                      store.folder(), epochs.front()));
    }
  }
  return plan_latest(env, store, request);
}

StartPlan plan_unsaved(const StartRequest& request) {
  StartPlan plan;
  plan.is_new_job = true;
  plan.record = new_job(request);
  return plan;
}

} // namespace flow::runtime
