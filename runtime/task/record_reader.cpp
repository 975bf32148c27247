#include "runtime/task/record_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace flow::runtime {
namespace {

enum BadCell { bad_text, bad_file, bad_line, bad_column, bad_field, bad_reason, bad_cells };

} // namespace

Result<std::unique_ptr<RecordReader>> RecordReader::make(const FlowProgram& program, const FlowConnector& connector,
                                                         const FlowCell* options, std::string split_name) {
  FLOW_TRY_ASSIGN(std::unique_ptr<Decoder> decoder, make_decoder(program, connector, options, split_name));
  return std::unique_ptr<RecordReader>(new RecordReader(connector, std::move(decoder), std::move(split_name)));
}

RecordReader::RecordReader(const FlowConnector& connector, std::unique_ptr<Decoder> decoder, std::string split_name)
    : connector_(connector), decoder_(std::move(decoder)), split_name_(std::move(split_name)),
      cells_(connector.field_count + 1), bad_cells_(bad_cells) {}

int32_t RecordReader::next(const FlowInput& input, int64_t* position, const FlowCell** cells, RecordCounts* counts) {
  is_last_marked_ = false;
  while (rows_left_ > 0) {
    record_begin_ = *position;
    Decoded decoded = decoder_->next(input, position, cells_.data());
    pass_marks(*position);
    if (decoded == Decoded::end) return 0;
    if (decoded == Decoded::failed) return stop(decoder_->error());
    --rows_left_;
    ++counts->taken;
    if (decoded == Decoded::row) {
      *cells = cells_.data();
      return 1;
    }
    ++counts->bad;
    if (connector_.on_error == FLOW_ON_ERROR_STOP) {
      std::string text = describe_bad_record(split_name_, decoder_->bad());
      text +=
          fmt::format("; such a record stops the job: `on error skip` at source '{}' leaves it out", connector_.name);
      return stop(Status(ExitCode::bad_data, std::move(text)));
    }
    if (connector_.on_error == FLOW_ON_ERROR_TO) {
      describe_bad();
      *cells = bad_cells_.data();
      return 2;
    }
    ++counts->skipped;
  }
  return 0;
}

RecordMarks* RecordReader::mark(const FlowInput& input, int64_t position) {
  bool are_left = marks_.taken < marks_.count && mark_position(marks_, marks_.taken) == position;
  if (!are_left) {
    marks_ = new_marks(input, position);
    settled_ = 0;
  }
  return &marks_;
}

RecordMarks RecordReader::new_marks(const FlowInput& input, int64_t position) {
  constexpr int64_t wait_max = 63;
  if (rows_left_ <= 0) return {};
  if (wait_ > 0) {
    --wait_;
    return {};
  }
  RecordMarks marks = decoder_->mark(input, position, rows_left_);
  last_wait_ = marks.count > 0 ? 0 : std::min(2 * last_wait_ + 1, wait_max);
  wait_ = last_wait_;
  return marks;
}

void RecordReader::settle(RecordCounts* counts) {
  int64_t taken = marks_.taken - settled_;
  if (taken == 0) return;
  settled_ = marks_.taken;
  rows_left_ -= taken;
  counts->taken += static_cast<uint64_t>(taken);
  decoder_->pass_lines(taken);
  is_last_marked_ = true;
}

// The decoder has read marked records by itself; those behind them are still marked. JSON: where records are of another
// shape the others are elsewhere, and the decoder may have taken their shape.
void RecordReader::pass_marks(int64_t position) {
  if (marks_.shape != nullptr) return drop_marks();
  while (marks_.taken < marks_.count && mark_position(marks_, marks_.taken) < position) ++marks_.taken;
  settled_ = marks_.taken;
}

int32_t RecordReader::stop(Status status) {
  error_ = std::move(status);
  return -1;
}

// The texts stay in the decoder until its next record.
void RecordReader::describe_bad() {
  const BadRecord& bad = decoder_->bad();
  set_text(&bad_cells_[bad_text], bad.text);
  set_text(&bad_cells_[bad_file], split_name_);
  set_text(&bad_cells_[bad_field], bad.field);
  set_text(&bad_cells_[bad_reason], bad.reason);
  bad_cells_[bad_line] = {};
  bad_cells_[bad_line].value.i = bad.line;
  bad_cells_[bad_column] = {};
  bad_cells_[bad_column].value.i = bad.column;
}

int64_t RecordReader::undo_record() {
  if (is_last_marked_) {
    settled_ = --marks_.taken;
    ++rows_left_;
    decoder_->pass_lines(-1);
    return mark_position(marks_, marks_.taken);
  }
  decoder_->give_back();
  ++rows_left_;
  return record_begin_;
}

} // namespace flow::runtime
