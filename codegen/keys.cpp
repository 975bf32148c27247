#include "codegen/keys.h"

#include "codegen/rows.h"

namespace flow::codegen {

using sema::Kind;

namespace {

/// -0.0 and 0.0 are one key, and so are all NaNs.
Value canonical(FunctionEmitter& f, const Value& value) {
  if (!value.type.is_float()) return value;
  Value made = value;
  llvm::Value* wide = f.builder.CreateFPCast(value.value, f.builder.getDoubleTy());
  made.value = f.builder.CreateFPCast(f.call("flow_canonical_f64", {wide}, "canonical"), value.value->getType());
  return made;
}

/// The value as 64 bits, when the whole key is one number that is never null.
llvm::Value* as_i64(FunctionEmitter& f, const Value& value) {
  auto& b = f.builder;
  llvm::Value* bits = value.value;
  if (value.type.is_float())
    bits = b.CreateBitCast(bits, value.type.kind == Kind::F64 ? b.getInt64Ty() : b.getInt32Ty());
  bool is_plain =
      value.type.kind == Kind::BOOL || value.type.is_float() || (value.type.is_integer() && !value.type.is_signed());
  return is_plain ? b.CreateZExt(bits, b.getInt64Ty(), "key") : b.CreateSExt(bits, b.getInt64Ty(), "key");
}

bool is_one_number(const plan::KeySpec& spec) {
  return !spec.is_bytes && spec.columns.size() == 1 && !spec.columns[0].type.nullable;
}
bool is_one_text(const plan::KeySpec& spec) { return spec.columns.size() == 1 && !spec.columns[0].type.nullable; }

Key fixed_key(FunctionEmitter& f, const plan::KeySpec& spec, const plan::Layout& entry,
              const std::vector<Value>& values) {
  Key key;
  key.bytes = f.slot_bytes(spec.size, 8, "key");
  f.builder.CreateMemSet(key.bytes, f.i8(0), spec.size, llvm::MaybeAlign(8));
  for (size_t i = 0; i < values.size(); i++) store_field(f, entry.fields[i], key.bytes, values[i], {});
  key.hash = is_one_number(spec) ? f.call("flow_hash_i64", {as_i64(f, values[0])}, "hash")
                                 : f.call("flow_hash_bytes", {key.bytes, f.i64(spec.size)}, "hash");
  return key;
}

/// How many canonical bytes a column takes: its null byte, then, unless it is null, its value.
llvm::Value* canonical_size(FunctionEmitter& f, const Value& value) {
  auto& b = f.builder;
  llvm::Value* size =
      value.type.is_text() ? b.CreateAdd(value.length, f.i64(4)) : f.i64(sema::size_of(value.type.kind));
  if (value.is_null == nullptr) return size;
  return b.CreateAdd(b.CreateSelect(value.is_null, f.i64(0), size), f.i64(1));
}

/// Writes the column at `place`. A null text is empty, but its length is not written either.
void write_canonical(FunctionEmitter& f, const Value& value, llvm::Value* place) {
  auto& b = f.builder;
  llvm::BasicBlock* done = nullptr;
  if (value.is_null != nullptr) {
    b.CreateStore(b.CreateZExt(value.is_null, b.getInt8Ty()), place);
    place = f.at_offset(place, 1, "value.at");
    llvm::BasicBlock* some = f.block("key.value");
    done = f.block("key.next");
    b.CreateCondBr(value.is_null, done, some);
    f.begin(some);
  }
  if (value.type.is_text()) {
    b.CreateAlignedStore(b.CreateTrunc(value.length, b.getInt32Ty()), place, llvm::Align(1));
    b.CreateMemCpy(f.at_offset(place, 4, "text.at"), llvm::Align(1), value.value, llvm::Align(1), value.length);
  } else {
    llvm::Value* stored = value.type.kind == Kind::BOOL ? b.CreateZExt(value.value, b.getInt8Ty()) : value.value;
    b.CreateAlignedStore(stored, place, llvm::Align(1));
  }
  if (done != nullptr) {
    f.go_to(done);
    f.begin(done);
  }
}

Key bytes_key(FunctionEmitter& f, const plan::KeySpec& spec, const std::vector<Value>& values) {
  auto& b = f.builder;
  Key key;
  if (is_one_text(spec)) {
    key.bytes = values[0].value;
    key.length = values[0].length;
  } else {
    std::vector<llvm::Value*> sizes;
    key.length = f.i64(0);
    for (const Value& value : values) {
      sizes.push_back(canonical_size(f, value));
      key.length = b.CreateAdd(key.length, sizes.back(), "key.length");
    }
    key.bytes = f.call("flow_scratch", {f.task, key.length}, "key");
    llvm::Value* place = key.bytes;
    for (size_t i = 0; i < values.size(); i++) {
      write_canonical(f, values[i], place);
      place = b.CreateGEP(b.getInt8Ty(), place, sizes[i], "key.next.at");
    }
  }
  key.hash = f.call("flow_hash_bytes", {key.bytes, key.length}, "hash");
  return key;
}

/// Reads a column at `place` and moves `place` behind it.
Value read_canonical(FunctionEmitter& f, sema::Type type, llvm::Value*& place) {
  auto& b = f.builder;
  Value value{.type = type};
  if (type.is_text()) {
    llvm::Value* length = b.CreateAlignedLoad(b.getInt32Ty(), place, llvm::Align(1));
    value.length = b.CreateZExt(length, b.getInt64Ty(), "length");
    value.value = f.at_offset(place, 4, "text");
    place = b.CreateGEP(b.getInt8Ty(), value.value, value.length, "key.next.at");
    return value;
  }
  bool is_bool = type.kind == Kind::BOOL;
  llvm::Value* loaded =
      b.CreateAlignedLoad(is_bool ? b.getInt8Ty() : f.type_of(type.kind), place, llvm::Align(1), "key");
  value.value = is_bool ? b.CreateICmpNE(loaded, f.i8(0)) : loaded;
  place = f.at_offset(place, sema::size_of(type.kind), "key.next.at");
  return value;
}

Value read_nullable(FunctionEmitter& f, sema::Type type, llvm::Value*& place) {
  auto& b = f.builder;
  llvm::Value* is_null = b.CreateICmpNE(b.CreateLoad(b.getInt8Ty(), place), f.i8(0), "is.null");
  llvm::Value* behind_null = f.at_offset(place, 1, "value.at");
  llvm::BasicBlock *before = b.GetInsertBlock(), *some = f.block("key.value"), *done = f.block("key.next");
  Value null = f.zero(type);
  b.CreateCondBr(is_null, done, some);
  f.begin(some);
  llvm::Value* behind_value = behind_null;
  Value value = read_canonical(f, type, behind_value);
  f.go_to(done);
  f.begin(done);
  auto merge = [&](llvm::Value* when_null, llvm::Value* otherwise) {
    llvm::PHINode* phi = b.CreatePHI(otherwise->getType(), 2);
    phi->addIncoming(when_null, before);
    phi->addIncoming(otherwise, some);
    return phi;
  };
  Value read{.type = type, .value = merge(null.value, value.value), .is_null = is_null};
  if (type.is_text()) read.length = merge(null.length, value.length);
  place = merge(behind_null, behind_value);
  return read;
}

} // namespace

Key make_key(FunctionEmitter& f, const plan::KeySpec& spec, const plan::Layout& entry, std::span<const Value> columns) {
  std::vector<Value> values;
  for (uint32_t from : spec.from) values.push_back(canonical(f, columns[from]));
  return spec.is_bytes ? bytes_key(f, spec, values) : fixed_key(f, spec, entry, values);
}

std::vector<Value> load_key(FunctionEmitter& f, const plan::KeySpec& spec, const plan::Layout& entry,
                            llvm::Value* entry_at, llvm::Value* heap) {
  std::vector<Value> columns;
  if (!spec.is_bytes) {
    for (size_t i = 0; i < spec.columns.size(); i++) columns.push_back(load_field(f, entry.fields[i], entry_at, heap));
    return columns;
  }
  llvm::Value* view = f.call("flow_view", {entry_at, heap}, "key");
  llvm::Value* place = f.builder.CreateExtractValue(view, 0, "key.bytes");
  if (is_one_text(spec)) {
    llvm::Value* length = f.builder.CreateExtractValue(view, 1, "length");
    if (spec.has_session) length = f.builder.CreateSub(length, f.i64(8), "length");
    return {{.type = spec.columns[0].type, .value = place, .length = length}};
  }
  for (const sema::Column& column : spec.columns) {
    columns.push_back(column.type.nullable ? read_nullable(f, column.type, place)
                                           : read_canonical(f, column.type, place));
  }
  return columns;
}

} // namespace flow::codegen
