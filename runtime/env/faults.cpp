#include "runtime/env/faults.h"

#include <errno.h>

namespace flow::runtime {

void FaultPlan::add(Fault fault) {
  FLOW_ASSERT(fault.first >= 1 && fault.one_in >= 1, "calls are counted from 1");
  bool is_short_read = fault.operation == Operation::read && fault.bytes > 0;
  FLOW_ASSERT(fault.os_error != 0 || is_short_read, "a fault without an error is a short read of at least one byte");
  std::lock_guard guard(mutex_);
  rules_.push_back({std::move(fault)});
}

void FaultPlan::make_read_only(const std::string& path_part) {
  for (size_t i = 0; i < operation_count; ++i) {
    auto operation = static_cast<Operation>(i);
    // What is not written cannot fail to be made durable.
    bool is_sync = operation == Operation::fsync || operation == Operation::sync_folder;
    if (!is_changing(operation) || is_sync) continue;
    add({.operation = operation, .path_part = path_part, .times = Fault::for_ever, .os_error = EROFS});
  }
}

void FaultPlan::fill_disk(const std::string& path_part) {
  for (Operation operation : {Operation::open_write, Operation::write, Operation::make_folder}) {
    add({.operation = operation, .path_part = path_part, .times = Fault::for_ever, .os_error = ENOSPC});
  }
}

void FaultPlan::clear() {
  std::lock_guard guard(mutex_);
  rules_.clear();
}

std::optional<FaultHit> FaultPlan::on_call(Operation operation, std::string_view path) {
  std::lock_guard guard(mutex_);
  ++calls_[static_cast<size_t>(operation)];
  std::optional<FaultHit> hit;
  // Every rule counts every call that matches it, also those that another rule has claimed.
  for (Rule& rule : rules_) {
    const Fault& fault = rule.fault;
    if (fault.operation != operation || path.find(fault.path_part) == std::string_view::npos) continue;
    uint64_t index = ++rule.seen;
    bool is_due = index >= fault.first && index - fault.first < fault.times;
    if (!is_due || hit || !random_.one_in(fault.one_in)) continue;
    hit = FaultHit{fault.os_error, fault.bytes};
  }
  if (hit) ++hits_;
  return hit;
}

uint64_t FaultPlan::calls(Operation operation) const {
  std::lock_guard guard(mutex_);
  return calls_[static_cast<size_t>(operation)];
}

uint64_t FaultPlan::hits() const {
  std::lock_guard guard(mutex_);
  return hits_;
}

} // namespace flow::runtime
