#include "codegen/rows.h"

#include "llvm/IR/MDBuilder.h"

namespace flow::codegen {

using sema::Kind;

namespace {

/// Says of a load or store that it touches the bytes of a row or entry: not what the runtime keeps beside them (tables,
/// outputs, batch headers), which so need not be read again after every store into a row. To the vocabulary's C++ these
/// bytes are a type of their own: it reads and writes them by memcpy, or through pointers that may alias.
template <typename Access> Access* in_row(FunctionEmitter& f, Access* access) {
  llvm::MDBuilder metadata(f.module.context());
  llvm::MDNode* any = metadata.createTBAAScalarTypeNode("omnipotent char", metadata.createTBAARoot("Simple C++ TBAA"));
  llvm::MDNode* row = metadata.createTBAAScalarTypeNode("flow row", any);
  access->setMetadata(llvm::LLVMContext::MD_tbaa, metadata.createTBAAStructTagNode(row, row, 0));
  return access;
}

/// Bool is a byte in memory and a bit in registers; all other kinds are the same in both.
llvm::Value* load_scalar(FunctionEmitter& f, Kind kind, llvm::Value* place, const llvm::Twine& name) {
  auto& b = f.builder;
  if (kind == Kind::BOOL) return b.CreateICmpNE(in_row(f, b.CreateLoad(b.getInt8Ty(), place)), f.i8(0), name);
  return in_row(f, b.CreateAlignedLoad(f.type_of(kind), place, llvm::Align(sema::align_of(kind)), name));
}

void store_scalar(FunctionEmitter& f, Kind kind, llvm::Value* place, llvm::Value* value) {
  if (kind == Kind::BOOL) value = f.builder.CreateZExt(value, f.builder.getInt8Ty());
  in_row(f, f.builder.CreateAlignedStore(value, place, llvm::Align(sema::align_of(kind))));
}

llvm::Value* null_byte_at(FunctionEmitter& f, const plan::Field& field, llvm::Value* row) {
  return f.at_offset(row, field.null_bit / 8, "nulls.at");
}

void store_null_bit(FunctionEmitter& f, const plan::Field& field, llvm::Value* row, llvm::Value* is_null) {
  auto& b = f.builder;
  llvm::Value* place = null_byte_at(f, field, row);
  auto mask = static_cast<uint8_t>(1u << (field.null_bit % 8));
  llvm::Value* cleared = b.CreateAnd(in_row(f, b.CreateLoad(b.getInt8Ty(), place)), f.i8(static_cast<uint8_t>(~mask)));
  llvm::Value* bit = b.CreateSelect(is_null, f.i8(mask), f.i8(0));
  in_row(f, b.CreateStore(b.CreateOr(cleared, bit), place));
}

} // namespace

bool has_time(const plan::Layout& layout) { return !layout.fields.empty() && layout.fields.back().name == "@time"; }

llvm::Value* field_at(FunctionEmitter& f, const plan::Field& field, llvm::Value* row) {
  return f.at_offset(row, field.offset, field.name + ".at");
}

Value load_field(FunctionEmitter& f, const plan::Field& field, llvm::Value* row, llvm::Value* heap) {
  auto& b = f.builder;
  Value value{.type = field.type};
  llvm::Value* place = field_at(f, field, row);
  if (field.type.is_text()) {
    llvm::Value* view = f.call("flow_view", {place, heap}, field.name + ".view");
    value.value = b.CreateExtractValue(view, 0, field.name);
    value.length = b.CreateExtractValue(view, 1, field.name + ".length");
  } else {
    value.value = load_scalar(f, field.type.kind, place, field.name);
  }
  if (field.null_bit != plan::none) {
    llvm::Value* byte = in_row(f, b.CreateLoad(b.getInt8Ty(), null_byte_at(f, field, row)));
    llvm::Value* bit = b.CreateAnd(byte, f.i8(static_cast<uint8_t>(1u << (field.null_bit % 8))));
    value.is_null = b.CreateICmpNE(bit, f.i8(0), field.name + ".is.null");
  }
  return value;
}

Row load_row(FunctionEmitter& f, const plan::Layout& layout, llvm::Value* row, llvm::Value* heap) {
  Row loaded;
  for (const plan::Field& field : layout.fields) {
    Value value = load_field(f, field, row, heap);
    if (field.name == "@time")
      loaded.time = value.value;
    else
      loaded.columns.push_back(value);
  }
  return loaded;
}

Value copied_text(FunctionEmitter& f, Value value) {
  if (!value.type.is_text()) return value;
  llvm::Value* copy = f.call("flow_scratch", {f.task, value.length}, "copy");
  f.builder.CreateMemCpy(copy, llvm::Align(1), value.value, llvm::Align(1), value.length);
  value.value = copy;
  return value;
}

void store_field(FunctionEmitter& f, const plan::Field& field, llvm::Value* row, const Value& value,
                 const StoreText& store_text) {
  llvm::Value* place = field_at(f, field, row);
  if (field.type.is_text())
    store_text(place, value); // a null text is empty, which is zero bytes
  else
    store_scalar(f, field.type.kind, place, value.value);
  if (field.null_bit != plan::none && value.is_null != nullptr) store_null_bit(f, field, row, value.is_null);
}

void replace_field(FunctionEmitter& f, const plan::Field& field, llvm::Value* row, const Value& value,
                   const StoreText& store_text) {
  store_field(f, field, row, value, store_text);
  if (field.null_bit != plan::none && value.is_null == nullptr) store_null_bit(f, field, row, f.i1(false));
}

llvm::Value* heap_bytes_of(FunctionEmitter& f, const std::vector<Value>& values) {
  llvm::Value* total = f.i64(0);
  for (const Value& value : values) {
    if (!value.type.is_text()) continue;
    total = f.builder.CreateAdd(total, f.call("flow_heap_bytes", {value.length}), "heap.bytes");
  }
  return total;
}

} // namespace flow::codegen
