#include "codegen/marked_source.h"

#include <limits>

#include "codegen/functions.h"
#include "runtime/abi/flow_abi.h"
#include "llvm/IR/MDBuilder.h"

namespace flow::codegen {

using sema::Kind;

namespace {

constexpr size_t enum_texts_max = 16; // compared one by one; longer lists are left to the decoder
constexpr uint64_t day_bytes = 24;    // a FlowDay

uint64_t highest(Kind kind) {
  switch (kind) {
  case Kind::I8: return std::numeric_limits<int8_t>::max();
  case Kind::I16: return std::numeric_limits<int16_t>::max();
  case Kind::I32: return std::numeric_limits<int32_t>::max();
  case Kind::U8: return std::numeric_limits<uint8_t>::max();
  case Kind::U16: return std::numeric_limits<uint16_t>::max();
  case Kind::U32: return std::numeric_limits<uint32_t>::max();
  case Kind::U64: return std::numeric_limits<uint64_t>::max();
  default: return std::numeric_limits<int64_t>::max();
  }
}

} // namespace

MarkedSource::MarkedSource(FunctionEmitter& function, const plan::Connector& connector)
    : f_(function), is_json_(connector.format == "json") {
  make_slots(connector);
  scan_ = f_.block("scan");
  marked_ = f_.block("marked");
  unread_ = f_.block("unread");
  plain_ = f_.block("plain");
  record_ = f_.block("record");
  next_ = f_.block("next");
  bad_ = f_.block("bad.record");
  end_ = f_.block("end");
}

void MarkedSource::make_slots(const plan::Connector& connector) {
  auto& b = f_.builder;
  for (uint32_t i = 0; i < connector.fields.size(); i++) {
    if (!connector.is_needed[i]) continue;
    const sema::RecordField& from = connector.fields[i];
    Field field{.number = i, .type = from.type, .name = from.name};
    llvm::StringRef name(from.name.data(), from.name.size());
    field.value = f_.slot(f_.type_of(from.type.kind), name + ".at");
    if (from.type.is_text()) field.length = f_.slot(b.getInt64Ty(), name + ".length.at");
    if (from.type.nullable) field.is_null = f_.slot(b.getInt1Ty(), name + ".is.null.at");
    if (from.type.kind == Kind::TIMESTAMP || from.type.kind == Kind::DATE) {
      field.last_day = f_.slot_bytes(day_bytes, 8, name + ".last.day");
      b.CreateMemSet(field.last_day, f_.i8(0xff), day_bytes, llvm::MaybeAlign(8));
    }
    fields_.push_back(field);
  }
  begin_at_ = f_.slot(b.getInt64Ty(), "begin.at");
  following_at_ = f_.slot(b.getInt64Ty(), "following.at");
  due_at_ = f_.slot(b.getInt64Ty(), "due.at");
  plain_position_at_ = f_.slot(b.getInt64Ty(), "plain.position.at");
  cells_at_ = f_.slot(b.getPtrTy(), "cells.at");
  cell_at_ = f_.slot_bytes(sizeof(FlowCell), alignof(FlowCell), "cell.at");
  number_at_ = f_.slot(b.getInt64Ty(), "number.at");
  flag_at_ = f_.slot(b.getInt8Ty(), "flag.at");
}

void MarkedSource::emit_reading(llvm::BasicBlock* stop) {
  f_.builder.CreateStore(f_.function->getArg(3), following_at_);
  f_.at_end.push_back([this] { f_.call("flow_marks_reach", {marks_, load(due_at_, "due")}); });
  f_.go_to(scan_);
  emit_scan();
  emit_marked();
  emit_plain(stop);
  emit_next();
  f_.begin(record_);
}

void MarkedSource::emit_scan() {
  auto& b = f_.builder;
  f_.begin(scan_);
  llvm::Value* position = load(following_at_, "position");
  b.CreateStore(position, begin_at_);
  marks_ = f_.call("flow_rt_mark", {f_.task, f_.function->getArg(1), f_.function->getArg(2), position}, "marks");
  llvm::Value* due = f_.call("flow_marks_next", {marks_}, "due");
  count_ = f_.call("flow_marks_count", {marks_}, "count");
  data_ = f_.call("flow_marks_data", {marks_}, "data");
  marked_fields_ = f_.call("flow_marks_fields", {marks_}, "fields");
  has_valid_texts_ = f_.asks("flow_marks_has_valid_texts", {marks_}, "has.valid.texts");
  if (is_json_) shape_ = f_.call("flow_marks_shape", {marks_}, "shape");
  b.CreateStore(due, due_at_);
  b.CreateCondBr(b.CreateICmpSLT(due, count_), marked_, plain_);
}

void MarkedSource::emit_marked() {
  auto& b = f_.builder;
  f_.begin(marked_);
  f_.begin_row();
  llvm::Value* due = load(due_at_, "record");
  llvm::Value* starts = f_.call("flow_marks_starts", {marks_, due}, "starts");
  if (is_json_)
    f_.branch_unlikely(b.CreateNot(f_.asks("flow_json_fits", {shape_, data_, starts}, "fits")), unread_, "fitting");
  for (const Field& field : fields_) read_field(field, starts);
  b.CreateStore(f_.call("flow_marks_position", {marks_, due}, "begin"), begin_at_);
  llvm::Value* following = b.CreateAdd(due, f_.i64(1), "following.record");
  b.CreateStore(following, due_at_);
  f_.go_to(record_);
  f_.begin(unread_);
  f_.call("flow_marks_reach", {marks_, due});
  b.CreateStore(f_.call("flow_marks_position", {marks_, due}, "begin"), begin_at_);
  f_.go_to(plain_);
}

void MarkedSource::emit_plain(llvm::BasicBlock* stop) {
  auto& b = f_.builder;
  f_.begin(plain_);
  f_.begin_row();
  b.CreateStore(load(begin_at_, "begin"), plain_position_at_);
  llvm::Value* what =
      f_.call("flow_rt_decode",
              {f_.task, f_.function->getArg(1), f_.function->getArg(2), plain_position_at_, cells_at_}, "decoded");
  b.CreateStore(load(plain_position_at_, "reached"), following_at_);
  b.CreateStore(f_.i64(std::numeric_limits<int64_t>::max()), due_at_); // the marks have to be asked for again
  llvm::BasicBlock* row = f_.block("plain.row");
  llvm::SwitchInst* choice = b.CreateSwitch(what, stop, 3);
  choice->addCase(f_.i32(0), end_);
  choice->addCase(f_.i32(1), row);
  choice->addCase(f_.i32(2), bad_);
  f_.begin(row);
  llvm::Value* cells = b.CreateLoad(b.getPtrTy(), cells_at_, "cells");
  for (const Field& field : fields_) store(field, load_cell(f_, cell_at(f_, cells, field.number), field.type));
  f_.go_to(record_);
  f_.begin(end_);
  f_.leave(load(following_at_, "reached"));
}

void MarkedSource::emit_next() {
  auto& b = f_.builder;
  llvm::BasicBlock* behind = f_.block("behind.marks");
  f_.begin(next_);
  b.CreateCondBr(b.CreateICmpSLT(load(due_at_, "due"), count_), marked_, behind);
  f_.begin(behind);
  b.CreateStore(following(), following_at_);
  f_.call("flow_marks_reach", {marks_, load(due_at_, "due")});
  f_.go_to(scan_);
}

/// Leaves the field in its slots, or goes to `plain`.
void MarkedSource::read_field(const Field& field, llvm::Value* starts) {
  auto& b = f_.builder;
  std::string label(field.name);
  llvm::Value* text =
      f_.call(of_format("field"), {data_, marked_fields_, starts, f_.i32(field.number)}, label + ".field");
  llvm::Value* data = b.CreateExtractValue(text, 0, label + ".data");
  llvm::Value* length = b.CreateExtractValue(text, 1, label + ".length");
  llvm::BasicBlock *unusual = f_.block(label + ".unusual"), *done = f_.block(label + ".read");
  if (field.type.nullable) {
    bool is_text = field.type.is_text() || field.type.kind == Kind::ENUM;
    llvm::BasicBlock *null = f_.block(label + ".null"), *value = f_.block(label + ".value");
    llvm::Value* is_null =
        f_.asks(of_format("is_null"),
                {marks_, marked_fields_, f_.i32(field.number), data, length, f_.i8(is_text ? 1 : 0)}, "is.null");
    b.CreateCondBr(is_null, null, value);
    f_.begin(null);
    Value nothing = f_.zero(field.type);
    nothing.is_null = f_.i1(true);
    store(field, nothing);
    f_.go_to(done);
    f_.begin(value);
    b.CreateStore(f_.i1(false), field.is_null);
  }
  llvm::Value* is_usual = read_usual(field, data, length);
  b.CreateCondBr(is_usual, done, unusual, llvm::MDBuilder(f_.module.context()).createLikelyBranchWeights());
  f_.begin(unusual);
  read_cell(field, data, length);
  f_.go_to(done);
  f_.begin(done);
}

/// By the decoder: the exact answer for what is not in the usual form.
void MarkedSource::read_cell(const Field& field, llvm::Value* data, llvm::Value* length) {
  f_.call("flow_marks_reach", {marks_, load(due_at_, "due")});
  llvm::Value* is_good =
      f_.asks("flow_rt_marked_cell", {f_.function->getArg(1), f_.i32(field.number), data, length, cell_at_}, "is.good");
  f_.branch_unlikely(f_.builder.CreateNot(is_good), unread_, "good");
  store(field, load_cell(f_, cell_at_, field.type));
}

/// Stores the value of a text in the usual form; whether it was in that form.
llvm::Value* MarkedSource::read_usual(const Field& field, llvm::Value* data, llvm::Value* length) {
  switch (field.type.kind) {
  case Kind::F64: return f_.asks(of_format("f64"), {data, length, field.value}, "is.usual");
  case Kind::F32: return f_.asks(of_format("f32"), {data, length, field.value}, "is.usual");
  case Kind::BOOL: return read_bool(field, data, length);
  case Kind::STRING: return read_text(field, data, length);
  case Kind::TIMESTAMP:
  case Kind::DATE: return read_time(field, data, length);
  case Kind::ENUM: return read_enum(field, data, length);
  case Kind::BYTES:
  case Kind::DURATION: return f_.i1(false);
  default: return read_integer(field, data, length);
  }
}

llvm::Value* MarkedSource::read_integer(const Field& field, llvm::Value* data, llvm::Value* length) {
  auto& b = f_.builder;
  llvm::Value* is_usual = f_.asks(of_format("integer"),
                                  {data, length, f_.i8(field.type.is_signed() ? 1 : 0),
                                   f_.i64(static_cast<int64_t>(highest(field.type.kind))), number_at_},
                                  "is.usual");
  b.CreateStore(b.CreateTrunc(load(number_at_, "number"), f_.type_of(field.type.kind)), field.value);
  return is_usual;
}

llvm::Value* MarkedSource::read_time(const Field& field, llvm::Value* data, llvm::Value* length) {
  auto& b = f_.builder;
  llvm::Value* is_usual =
      field.type.kind == Kind::DATE
          ? f_.asks("flow_text_date", {data, length, field.last_day, number_at_}, "is.usual")
          : f_.asks(of_format("timestamp"),
                    {marks_, marked_fields_, f_.i32(field.number), data, length, field.last_day, number_at_},
                    "is.usual");
  b.CreateStore(b.CreateTrunc(load(number_at_, "number"), f_.type_of(field.type.kind)), field.value);
  return is_usual;
}

llvm::Value* MarkedSource::read_bool(const Field& field, llvm::Value* data, llvm::Value* length) {
  auto& b = f_.builder;
  llvm::Value* is_usual = f_.asks(of_format("bool"), {data, length, flag_at_}, "is.usual");
  llvm::Value* flag = b.CreateLoad(b.getInt8Ty(), flag_at_, "flag");
  b.CreateStore(b.CreateICmpNE(flag, f_.i8(0)), field.value);
  return is_usual;
}

llvm::Value* MarkedSource::read_text(const Field& field, llvm::Value* data, llvm::Value* length) {
  f_.builder.CreateStore(data, field.value);
  f_.builder.CreateStore(length, field.length);
  return has_valid_texts_;
}

llvm::Value* MarkedSource::read_enum(const Field& field, llvm::Value* data, llvm::Value* length) {
  auto& b = f_.builder;
  const sema::EnumType& type = *field.type.enumeration;
  if (type.texts.size() > enum_texts_max) return f_.i1(false);
  llvm::Value* index = f_.i32(0);
  llvm::Value* is_known = f_.i1(false);
  for (size_t i = type.texts.size(); i-- > 0;) { // from behind, as the first of equal texts counts
    llvm::Value* length_of_text = f_.i64(static_cast<int64_t>(type.texts[i].size()));
    llvm::Value* is_it = f_.asks("flow_equal", {data, length, f_.text(type.texts[i]), length_of_text}, "is.it");
    index = b.CreateSelect(is_it, f_.i32(static_cast<uint32_t>(i)), index);
    is_known = b.CreateOr(is_known, is_it);
  }
  b.CreateStore(index, field.value);
  return is_known;
}

std::vector<Value> MarkedSource::columns() {
  auto& b = f_.builder;
  std::vector<Value> columns;
  for (const Field& field : fields_) {
    std::string name(field.name);
    Value column{.type = field.type};
    column.value = b.CreateLoad(f_.type_of(field.type.kind), field.value, name);
    if (field.length != nullptr) column.length = load(field.length, name + ".length");
    if (field.is_null != nullptr) column.is_null = b.CreateLoad(b.getInt1Ty(), field.is_null, name + ".is.null");
    columns.push_back(column);
  }
  return columns;
}

llvm::Value* MarkedSource::begin() { return load(begin_at_, "begin"); }

/// Of a marked record only said where it is asked for: at the end of the marks, or of the function.
llvm::Value* MarkedSource::following() {
  return f_.call("flow_marks_following", {marks_, load(due_at_, "due"), load(following_at_, "reached")}, "following");
}

llvm::Value* MarkedSource::load(llvm::Value* slot, const llvm::Twine& name) {
  return f_.builder.CreateLoad(f_.builder.getInt64Ty(), slot, name);
}

void MarkedSource::store(const Field& field, const Value& value) {
  f_.builder.CreateStore(value.value, field.value);
  if (field.length != nullptr) f_.builder.CreateStore(value.length, field.length);
  if (field.is_null != nullptr) f_.builder.CreateStore(value.is_null, field.is_null);
}

} // namespace flow::codegen
