#include "runtime/host/sink_part.h"

#include "runtime/abi/flow_host.h"
#include "runtime/base/assert.h"

namespace flow::runtime {

Progress SinkPart::step(int64_t) {
  if (has_failed_) return Progress::waiting;
  if (uint64_t committed = control_.committed_epoch.load(std::memory_order_acquire); committed != committed_) {
    committed_ = committed;
    writer_->committed(committed);
  }
  const Element* front = input_.front();
  if (front == nullptr) return Progress::waiting;
  Element element = *front;
  input_.pop();
  if (Status status = take(element); !status.is_ok()) {
    has_failed_ = true;
    events_.post(PartFailed{std::move(status).as(ExitCode::output_failed)});
  }
  return Progress::worked;
}

Status SinkPart::take(const Element& element) {
  if (element.kind == ElementKind::barrier) return close(static_cast<uint64_t>(element.value));
  FLOW_ASSERT(element.kind == ElementKind::batch, "a sink gets records and barriers");
  uint64_t bytes = 0;
  const uint8_t* data = flow_batch_data(element.batch, &bytes);
  Status status = writer_->write({reinterpret_cast<const char*>(data), bytes});
  input_.give_back(element.batch);
  return status;
}

Status SinkPart::close(uint64_t epoch) {
  FLOW_TRY_ASSIGN(StagedOutput output, writer_->close_epoch(epoch));
  if (!canaries_.skips_fsync_of_output) FLOW_TRY(output.sync());
  events_.post(OutputStaged{epoch, index_, std::move(output.files)});
  return Status();
}

} // namespace flow::runtime
