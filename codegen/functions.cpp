#include "codegen/functions.h"

#include <algorithm>
#include <cstddef>
#include <set>

#include "codegen/expr_emitter.h"
#include "runtime/abi/flow_abi.h"
#include "runtime/vocabulary/vocabulary.h"

namespace flow::codegen {

using sema::Kind;

namespace {

llvm::Type* register_type(llvm::LLVMContext& context, Kind kind) {
  switch (kind) {
  case Kind::BOOL: return llvm::Type::getInt1Ty(context);
  case Kind::I8:
  case Kind::U8: return llvm::Type::getInt8Ty(context);
  case Kind::I16:
  case Kind::U16: return llvm::Type::getInt16Ty(context);
  case Kind::I32:
  case Kind::U32:
  case Kind::DATE:
  case Kind::ENUM: return llvm::Type::getInt32Ty(context);
  case Kind::F32: return llvm::Type::getFloatTy(context);
  case Kind::F64: return llvm::Type::getDoubleTy(context);
  case Kind::STRING:
  case Kind::BYTES: return llvm::PointerType::getUnqual(context);
  default: return llvm::Type::getInt64Ty(context);
  }
}

/// The registers that a value of `type` takes.
void append_registers(llvm::LLVMContext& context, sema::Type type, std::vector<llvm::Type*>& types) {
  types.push_back(register_type(context, type.kind));
  if (type.is_text()) types.push_back(llvm::Type::getInt64Ty(context));
  if (type.nullable) types.push_back(llvm::Type::getInt1Ty(context));
}

llvm::Type* result_type(llvm::LLVMContext& context, sema::Type type) {
  std::vector<llvm::Type*> parts;
  append_registers(context, type, parts);
  return parts.size() == 1 ? parts[0] : llvm::StructType::get(context, parts);
}

llvm::FunctionType* function_type(ModuleContext& module, const sema::Function& function) {
  std::vector<llvm::Type*> params = {llvm::PointerType::getUnqual(module.context())};
  for (const sema::Column& param : function.params) append_registers(module.context(), param.type, params);
  return llvm::FunctionType::get(result_type(module.context(), function.result), params, false);
}

void return_value(FunctionEmitter& f, const Value& value) {
  std::vector<llvm::Value*> parts = {value.value};
  if (value.length != nullptr) parts.push_back(value.length);
  if (value.type.nullable) parts.push_back(value.is_null != nullptr ? value.is_null : f.i1(false));
  if (parts.size() == 1) {
    f.builder.CreateRet(parts[0]);
    return;
  }
  llvm::Value* result = llvm::PoisonValue::get(f.function->getReturnType());
  for (unsigned i = 0; i < parts.size(); i++) result = f.builder.CreateInsertValue(result, parts[i], i);
  f.builder.CreateRet(result);
}

bool calls(const sema::TypedProgram& program, const sema::Expr& expr, uint32_t wanted, std::set<uint32_t>& seen) {
  if (expr.kind == sema::ExprKind::call) {
    if (expr.function == wanted) return true;
    if (seen.insert(expr.function).second && calls(program, *program.functions[expr.function].body, wanted, seen)) {
      return true;
    }
  }
  return std::any_of(expr.args.begin(), expr.args.end(),
                     [&](const sema::Expr* arg) { return arg != nullptr && calls(program, *arg, wanted, seen); });
}

void emit_body(ModuleContext& module, uint32_t number, llvm::Function* made, sema::OnError on_error) {
  const sema::Function& source = module.plan.program->functions[number];
  FunctionEmitter f(module, made, source.range);
  f.on_error = on_error;
  f.failed = f.block("failed");
  std::set<uint32_t> seen;
  if (calls(*module.plan.program, *source.body, number, seen)) {
    f.fail_if(f.asks("flow_is_deep", {f.task}, "is.deep"), source.range, FLOW_FAIL_DEPTH);
  }
  ExprEmitter expressions(f, {});
  unsigned next = 1;
  for (uint32_t i = 0; i < source.params.size(); i++) {
    Value value{.type = source.params[i].type, .value = made->getArg(next++)};
    value.value->setName(llvm::StringRef(source.params[i].name));
    if (value.type.is_text()) value.length = made->getArg(next++);
    if (value.type.nullable) value.is_null = made->getArg(next++);
    expressions.set_local(i, value);
  }
  Value result = expressions.emit(*source.body);
  result.type = source.result;
  return_value(f, result);
  f.begin(f.failed);
  return_value(f, f.zero(source.result));
}

} // namespace

llvm::Function* user_function(ModuleContext& module, uint32_t number, sema::OnError on_error) {
  llvm::Function*& made = module.functions[{number, on_error}];
  if (made != nullptr) return made;
  const sema::Function& source = module.plan.program->functions[number];
  std::string name = "fn." + std::string(source.name) + (on_error == sema::OnError::skip ? ".skip" : "");
  made = llvm::Function::Create(function_type(module, source), llvm::GlobalValue::InternalLinkage, name, module.module);
  llvm::Function* function = made; // the map may move while the body asks for other functions
  emit_body(module, number, function, on_error);
  return function;
}

Value unpack_result(FunctionEmitter& f, llvm::Value* result, sema::Type type) {
  if (!type.is_text() && !type.nullable) return {.type = type, .value = result};
  unsigned next = 0;
  Value value{.type = type, .value = f.builder.CreateExtractValue(result, next++, "value")};
  if (type.is_text()) value.length = f.builder.CreateExtractValue(result, next++, "length");
  if (type.nullable) value.is_null = f.builder.CreateExtractValue(result, next++, "is.null");
  return value;
}

llvm::Value* cell_at(FunctionEmitter& f, llvm::Value* cells, uint64_t index) {
  return f.at_offset(cells, index * sizeof(FlowCell), "cell");
}

Value load_cell(FunctionEmitter& f, llvm::Value* cell, sema::Type type) {
  auto& b = f.builder;
  Value made{.type = type};
  llvm::Type* to = f.type_of(type.kind);
  if (type.is_text()) {
    made.value = b.CreateLoad(b.getPtrTy(), cell, "text");
    llvm::Value* length = b.CreateLoad(b.getInt32Ty(), f.at_offset(cell, offsetof(FlowCell, length), "length.at"));
    made.length = b.CreateZExt(length, b.getInt64Ty(), "length");
  } else if (type.is_float()) {
    made.value = b.CreateFPCast(b.CreateLoad(b.getDoubleTy(), cell), to, "value");
  } else {
    made.value = b.CreateTrunc(b.CreateLoad(b.getInt64Ty(), cell), to, "value");
  }
  if (type.nullable) {
    llvm::Value* flag = b.CreateLoad(b.getInt8Ty(), f.at_offset(cell, offsetof(FlowCell, is_null), "is.null.at"));
    made.is_null = b.CreateICmpNE(flag, f.i8(0), "is.null");
  }
  return made;
}

void store_cell(FunctionEmitter& f, llvm::Value* cell, const Value& value) {
  auto& b = f.builder;
  sema::Type type = value.type;
  llvm::Value* wide = value.value;
  if (type.is_float()) {
    wide = b.CreateFPCast(wide, b.getDoubleTy());
  } else if (!type.is_text()) {
    bool is_plain = type.kind == Kind::BOOL || (type.is_integer() && !type.is_signed());
    wide = is_plain ? b.CreateZExt(wide, b.getInt64Ty()) : b.CreateSExt(wide, b.getInt64Ty());
  }
  b.CreateStore(wide, cell);
  llvm::Value* length = value.length != nullptr ? b.CreateTrunc(value.length, b.getInt32Ty()) : f.i32(0);
  b.CreateStore(length, f.at_offset(cell, offsetof(FlowCell, length), "length.at"));
  llvm::Value* is_null = value.is_null != nullptr ? b.CreateZExt(value.is_null, b.getInt8Ty()) : f.i8(0);
  b.CreateStore(is_null, f.at_offset(cell, offsetof(FlowCell, is_null), "is.null.at"));
}

Value enum_text(FunctionEmitter& f, const Value& value) {
  auto& b = f.builder;
  const sema::EnumType& type = *value.type.enumeration;
  std::string name = "enum." + std::string(type.name) + ".texts";
  llvm::StructType* view = llvm::StructType::get(b.getPtrTy(), b.getInt64Ty());
  auto* table_type = llvm::ArrayType::get(view, type.texts.size());
  llvm::GlobalVariable* table = f.module.module.getNamedGlobal(name);
  if (table == nullptr) {
    std::vector<llvm::Constant*> rows;
    for (std::string_view text : type.texts) {
      rows.push_back(llvm::ConstantStruct::get(view, {f.text(text), f.i64(static_cast<int64_t>(text.size()))}));
    }
    table = new llvm::GlobalVariable(f.module.module, table_type, true, llvm::GlobalValue::PrivateLinkage,
                                     llvm::ConstantArray::get(table_type, rows), name);
  }
  llvm::Value* index = b.CreateSExt(value.value, b.getInt64Ty());
  llvm::Value* row = b.CreateInBoundsGEP(table_type, table, {f.i64(0), index}, "text.at");
  return {.type = sema::scalar(Kind::STRING),
          .value = b.CreateLoad(b.getPtrTy(), row, "text"),
          .length = b.CreateLoad(b.getInt64Ty(), f.at_offset(row, 8, "length.at"), "length")};
}

} // namespace flow::codegen
