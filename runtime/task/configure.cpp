// flow_configure: the params' conditions and the options of all connectors, evaluated once per job by the program
// itself, with strings that outlive the evaluation.
#include <memory>
#include <string>
#include <vector>

#include "runtime/abi/flow_host.h"
#include "runtime/task/task.h"

using flow::runtime::ExitCode;
using flow::runtime::Status;
using flow::runtime::Task;

struct FlowConfigured {
  std::vector<std::vector<FlowCell>> cells; // by connector
  std::vector<const FlowCell*> rows;
  std::vector<std::unique_ptr<std::string>> texts;
  std::string error;
};

namespace {

bool is_text(uint32_t kind) { return kind == FLOW_STRING || kind == FLOW_BYTES; }

// Strings lie in the evaluating task's scratch memory or in the program: the result keeps its own copies.
void keep_texts(FlowConfigured& made, const FlowConnector& connector, std::vector<FlowCell>& cells) {
  for (uint32_t i = 0; i < connector.option_count; ++i) {
    if (!is_text(connector.options[i].kind) || cells[i].is_null) continue;
    made.texts.push_back(std::make_unique<std::string>(cells[i].value.s, cells[i].length));
    cells[i].value.s = made.texts.back()->c_str();
  }
}

Status evaluate(const FlowProgram& program, Task& task, uint32_t index, FlowCell* out) {
  flow::runtime::Status status;
  if (program.configure == nullptr) return status;
  task.scratch.reset();
  task.measure_stack();
  if (program.configure(&task, index, out) < 0) {
    if (task.failure != 0) task.apply_failure();
    if (task.error().is_ok()) task.stop(Status(ExitCode::internal_error, "the options could not be evaluated"));
    return task.error();
  }
  return status;
}

Status configure(const FlowProgram& program, Task& task, FlowConfigured& made) {
  FLOW_TRY(evaluate(program, task, UINT32_MAX, nullptr));
  for (uint32_t i = 0; i < program.connector_count; ++i) {
    const FlowConnector& connector = program.connectors[i];
    std::vector<FlowCell> cells(connector.option_count + 1); // one more, so that data() is never null
    FLOW_TRY(evaluate(program, task, i, cells.data()));
    keep_texts(made, connector, cells);
    made.cells.push_back(std::move(cells));
  }
  for (const std::vector<FlowCell>& cells : made.cells) made.rows.push_back(cells.data());
  return Status();
}

} // namespace

extern "C" {

FlowConfigured* flow_configure(const FlowProgram* program, const FlowCell* params, FlowTaskError* error) {
  auto* made = new FlowConfigured;
  Task task(*program, params);
  Status status = configure(*program, task, *made);
  if (!status.is_ok()) made->rows.clear();
  made->error = status.message();
  *error = {static_cast<int32_t>(status.code()), made->error.c_str()};
  return made;
}

const FlowCell* const* flow_configured_options(const FlowConfigured* configured) { return configured->rows.data(); }

void flow_configured_free(FlowConfigured* configured) { delete configured; }

} // extern "C"
