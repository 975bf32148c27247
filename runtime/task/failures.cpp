// Failed rows: the policy of the place where they failed, and the sentence for the user.
#include <fmt/format.h>

#include "runtime/formats/value.h"
#include "runtime/task/task.h"
#include "runtime/vocabulary/vocabulary.h"

namespace flow::runtime {
namespace {

const char* what_failed(uint32_t failure) {
  switch (failure) {
  case FLOW_FAIL_OVERFLOW: return "integer overflow";
  case FLOW_FAIL_DIVISION: return "integer division by zero";
  case FLOW_FAIL_CAST: return "the value does not fit the type";
  case FLOW_FAIL_ARGUMENT: return "an argument is outside what the function takes";
  case FLOW_FAIL_SIZE: return "the text or row is larger than 16 MiB";
  case FLOW_FAIL_DEPTH: return "the function calls itself too deeply";
  default: return "the row failed";
  }
}

} // namespace

// The first failure of a row counts.
void Task::fail(uint32_t site, uint32_t kind) {
  if (failure != 0) return;
  failure = kind;
  failure_site = site;
}

// A function of the library does not know its place: it fails with FLOW_NONE, and its caller tells the place.
void Task::fail_at(uint32_t site) {
  if (failure_site == FLOW_NONE) failure_site = site;
}

void Task::forgive() {
  failure = 0;
  failure_site = FLOW_NONE;
}

bool Task::apply_failure() {
  uint32_t kind = std::exchange(failure, 0);
  uint32_t number = std::exchange(failure_site, FLOW_NONE);
  const FlowSite* site = number < program.site_count ? &program.sites[number] : nullptr;
  if (site != nullptr && site->on_error == FLOW_ON_ERROR_SKIP) {
    ++counted.skipped;
    return false;
  }
  ExitCode code = kind == FLOW_FAIL_PARAM ? ExitCode::usage : ExitCode::bad_data;
  stop(Status(code, failure_text(number, kind)));
  return true;
}

std::string Task::failure_text(uint32_t number, uint32_t kind) const {
  if (number >= program.site_count) return fmt::format("a row failed: {}", what_failed(kind));
  if (kind == FLOW_FAIL_PARAM) return refused_param_text(number);
  const FlowSite& site = program.sites[number];
  std::string text =
      fmt::format("{}:{}:{}: {} in `{}`", site.file, site.line, site.column, what_failed(kind), site.text);
  if (chain != nullptr)
    text += "; such a row stops the job: `on error skip` after the step leaves it out; an operator tests for it";
  return text;
}

std::string Task::refused_param_text(uint32_t number) const {
  const FlowSite& site = program.sites[number];
  std::string given;
  for (uint32_t i = 0; i < program.param_count; ++i) {
    const FlowParam& param = program.params[i];
    if (param.site == number)
      given = fmt::format("--{} {}", param.name, value_text(field_of(program, param), params[i]));
  }
  return fmt::format("{} is refused: {}:{}:{} asks for `{}`", given, site.file, site.line, site.column, site.text);
}

void Task::stop(Status status) {
  if (error_.is_ok()) error_ = std::move(status);
}

void Task::stop_without_reason(const char* where) {
  const char* name = chain == nullptr ? "options" : chain->name;
  stop(Status(ExitCode::internal_error, fmt::format("the {} function of '{}' stopped without a reason", where, name)));
}

} // namespace flow::runtime

using flow::runtime::Task;

extern "C" {

void flow_fail(FlowTask* task, uint32_t site, uint32_t failure) { Task::from(task)->fail(site, failure); }

void flow_fail_at(FlowTask* task, uint32_t site) { Task::from(task)->fail_at(site); }

void flow_forgive(FlowTask* task) { Task::from(task)->forgive(); }

uint8_t flow_rt_row_failed(FlowTask* task) { return Task::from(task)->apply_failure() ? 1 : 0; }

void flow_rt_count_late(FlowTask* task, uint32_t) { ++Task::from(task)->counted.late; }

} // extern "C"
