#include "codegen/record_writer.h"

#include <algorithm>

#include "codegen/functions.h"
#include "runtime/abi/flow_abi.h"
#include "runtime/formats/json_outline.h"
#include "runtime/vocabulary/encoding.h"

namespace flow::codegen {

using sema::Kind;

namespace {

class RecordWriter {
public:
  RecordWriter(FunctionEmitter& function, const plan::Connector& connector, uint32_t output)
      : f_(function), connector_(connector), output_(output), is_json_(connector.format == "json") {
    std::vector<std::string> names;
    for (const sema::RecordField& field : connector.fields) names.emplace_back(field.from);
    if (is_json_) outline_ = flow::runtime::json_outline(names);
  }

  void emit(const Row& row) {
    to_ = f_.call("flow_sink_room", {f_.task, f_.i32(output_), bytes_max(row)}, "to");
    if (is_json_) piece_ = "{";
    put_columns(row, 0, static_cast<uint32_t>(row.columns.size()));
    piece_ += is_json_ ? "}\n" : "\n";
    put_piece();
    f_.call("flow_sink_wrote", {f_.task, f_.i32(output_), to_});
  }

private:
  void put_columns(const Row& row, uint32_t begin, uint32_t end) {
    for (uint32_t i = begin; i < end;) {
      piece_ += before(i);
      uint32_t record_end = is_json_ ? static_cast<uint32_t>(outline_[i].record_end) : 0;
      put_piece();
      if (record_end != 0) {
        put_record(row, i, record_end);
        i = record_end;
        continue;
      }
      put_column(i, row.columns[i]);
      if (is_json_) piece_ += outline_[i].after;
      i++;
    }
  }

  /// A record that may be null: the column `mark` says whether it is, its fields are those behind it.
  void put_record(const Row& row, uint32_t mark, uint32_t end) {
    either(
        mark, f_.builder.CreateNot(row.columns[mark].value, "is.null"), [&] { piece_ = outline_[mark].null; },
        [&] { put_columns(row, mark + 1, end); });
  }

  // ---- what stands between values

  std::string before(uint32_t column) const {
    if (!is_json_) return column == 0 ? "" : ",";
    return outline_[column].before;
  }

  /// What has gathered since the last value, in one piece.
  void put_piece() {
    put(piece_);
    piece_.clear();
  }

  void put(const std::string& piece) {
    if (piece.empty()) return;
    f_.builder.CreateMemCpy(to_, llvm::MaybeAlign(1), f_.text(piece), llvm::MaybeAlign(1), piece.size());
    to_ = f_.at_offset(to_, piece.size(), "to");
  }

  // ---- room

  llvm::Value* bytes_max(const Row& row) {
    uint64_t constant = sizeof("{}\n") + flow::runtime::put_room_bytes;
    llvm::Value* bytes = nullptr; // of texts
    for (uint32_t i = 0; i < row.columns.size(); i++) {
      const Value& column = row.columns[i];
      constant += before(i).size() + flow::runtime::put_value_bytes_max;
      if (is_json_) constant += outline_[i].after.size() + outline_[i].null.size();
      if (column.type.kind == Kind::ENUM) constant += enum_bytes_max(*column.type.enumeration);
      if (!column.type.is_text()) continue;
      llvm::Value* text = text_bytes(column);
      bytes = bytes == nullptr ? text : f_.builder.CreateAdd(bytes, text);
    }
    llvm::Value* rest = f_.i64(static_cast<int64_t>(constant));
    return bytes == nullptr ? rest : f_.builder.CreateAdd(bytes, rest, "bytes.max");
  }

  /// Twice the length is enough for base64 too; what is constant is counted with the others.
  llvm::Value* text_bytes(const Value& column) {
    if (is_json_ && column.type.kind == Kind::STRING)
      return f_.call("flow_json_text_bytes", {column.value, column.length}, "text.bytes");
    return f_.builder.CreateShl(column.length, f_.i64(1), "text.bytes");
  }

  static uint64_t enum_bytes_max(const sema::EnumType& type) {
    constexpr uint64_t escape_bytes_max = 6;
    size_t longest = 0;
    for (std::string_view text : type.texts) longest = std::max(longest, text.size());
    return escape_bytes_max * longest;
  }

  // ---- values

  void put_column(uint32_t number, const Value& column) {
    if (column.is_null == nullptr) return put_value(number, column);
    either(number, column.is_null, [&] { piece_ = is_json_ ? "null" : ""; }, [&] { put_value(number, column); });
  }

  template <typename Null, typename There>
  void either(uint32_t number, llvm::Value* is_null, Null put_null, There put_there) {
    auto& b = f_.builder;
    std::string label(connector_.fields[number].name);
    llvm::BasicBlock *null = f_.block(label + ".null"), *value = f_.block(label + ".value"),
                     *done = f_.block(label + ".written");
    b.CreateCondBr(is_null, null, value);
    llvm::Value* begin = to_;
    f_.begin(null);
    put_null();
    put_piece();
    llvm::Value* null_end = to_;
    f_.go_to(done);
    to_ = begin;
    f_.begin(value);
    put_there();
    put_piece();
    llvm::BasicBlock* value_block = b.GetInsertBlock();
    f_.go_to(done);
    f_.begin(done);
    llvm::PHINode* end = b.CreatePHI(b.getPtrTy(), 2, "to");
    end->addIncoming(null_end, null);
    end->addIncoming(to_, value_block);
    to_ = end;
  }

  void put_value(uint32_t number, const Value& column) {
    switch (column.type.kind) {
    case Kind::BOOL: return call("flow_put_bool", {widened(column, f_.builder.getInt8Ty())});
    case Kind::F64: return call(is_json_ ? "flow_put_json_f64" : "flow_put_f64", {column.value});
    case Kind::STRING: return put_text(number, column, column);
    case Kind::ENUM: return put_text(number, column, enum_text(f_, column));
    case Kind::TIMESTAMP: return put_time("flow_put_timestamp", column);
    case Kind::DATE: return put_time("flow_put_date", column);
    case Kind::F32:
    case Kind::BYTES:
    case Kind::DURATION: return put_rare(number, column);
    default:
      return call(column.type.is_signed() ? "flow_put_i64" : "flow_put_u64",
                  {widened(column, f_.builder.getInt64Ty())});
    }
  }

  void call(const char* name, llvm::ArrayRef<llvm::Value*> arguments) {
    llvm::SmallVector<llvm::Value*> all = {to_};
    all.append(arguments.begin(), arguments.end());
    to_ = f_.call(name, all, "to");
  }

  llvm::Value* widened(const Value& column, llvm::Type* type) {
    return column.type.is_signed() ? f_.builder.CreateSExt(column.value, type)
                                   : f_.builder.CreateZExt(column.value, type);
  }

  void put_text(uint32_t number, const Value& column, const Value& text) {
    if (is_json_) return call("flow_put_json_text", {text.value, text.length});
    call("flow_put_csv_text",
         {text.value, text.length, f_.i8(column.is_null != nullptr ? 1 : 0), f_.i8(number == 0 ? 1 : 0)});
  }

  void put_time(const char* name, const Value& column) {
    static_assert(sizeof(FlowWrittenDay) == 32);
    auto* type = llvm::ArrayType::get(f_.builder.getInt64Ty(), sizeof(FlowWrittenDay) / 8);
    llvm::Constant* no_day = f_.i64(static_cast<int64_t>(0x8080808080808080u));
    llvm::Value* last = f_.slot_with(llvm::ConstantArray::get(type, {no_day, no_day, no_day, no_day}), "last.day");
    if (is_json_) put("\"");
    call(name, {column.value, last});
    if (is_json_) put("\"");
  }

  void put_rare(uint32_t number, const Value& column) {
    llvm::Value* cell = f_.slot_bytes(sizeof(FlowCell), alignof(FlowCell), "cell.at");
    store_cell(f_, cell, column);
    to_ = f_.call("flow_rt_put_field", {f_.task, f_.i32(output_), f_.i32(number), cell, to_}, "to");
  }

  FunctionEmitter& f_;
  const plan::Connector& connector_;
  uint32_t output_;
  bool is_json_;
  std::vector<flow::runtime::JsonField> outline_; // by column, of JSON
  std::string piece_;                             // that is still to be written
  llvm::Value* to_ = nullptr;
};

} // namespace

void emit_record(FunctionEmitter& function, const plan::Connector& connector, uint32_t output, const Row& row) {
  RecordWriter(function, connector, output).emit(row);
}

} // namespace flow::codegen
