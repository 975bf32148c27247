#include "codegen/expr_emitter.h"

#include <cmath>

#include "codegen/functions.h"
#include "runtime/vocabulary/vocabulary.h"
#include "llvm/IR/Intrinsics.h"

namespace flow::codegen {

using sema::ExprKind;
using sema::Kind;

namespace {

bool is_unsigned(sema::Type type) { return type.is_integer() && !type.is_signed(); }
/// Signed where the question arises: also times, dates, enum indices.
bool is_signed_order(sema::Type type) { return !is_unsigned(type) && type.kind != Kind::BOOL; }

} // namespace

Value ExprEmitter::emit(const sema::Expr& expr) {
  switch (expr.kind) {
  case ExprKind::constant: return constant(expr);
  case ExprKind::column: return columns_[expr.index];
  case ExprKind::local: return locals_.at(expr.index);
  case ExprKind::param: return param(expr);
  case ExprKind::number: return {.type = expr.type, .value = number_};
  case ExprKind::key: return handler_->key(expr.index);
  case ExprKind::state: return handler_->state(expr.index);
  case ExprKind::state_is_set: return {.type = expr.type, .value = handler_->is_set(expr.index)};
  case ExprKind::negate: return negate(expr);
  case ExprKind::logical_not:
    return {.type = expr.type, .value = f_.builder.CreateNot(emit(*expr.args[0]).value, "not")};
  case ExprKind::add:
  case ExprKind::subtract:
  case ExprKind::multiply:
  case ExprKind::divide:
  case ExprKind::remainder:
  case ExprKind::shift_time: return arithmetic(expr);
  case ExprKind::equal:
  case ExprKind::not_equal:
  case ExprKind::less:
  case ExprKind::less_equal:
  case ExprKind::greater:
  case ExprKind::greater_equal: return comparison(expr);
  case ExprKind::logical_and:
  case ExprKind::logical_or: return logical(expr);
  case ExprKind::conditional: return conditional(expr);
  case ExprKind::coalesce: return coalesce(expr);
  case ExprKind::is_null: {
    Value operand = emit(*expr.args[0]);
    return {.type = expr.type, .value = operand.is_null != nullptr ? operand.is_null : f_.i1(false)};
  }
  case ExprKind::convert: return convert(expr);
  case ExprKind::to_nullable: {
    Value inner = emit(*expr.args[0]);
    inner.type = expr.type;
    if (inner.is_null == nullptr) inner.is_null = f_.i1(false);
    return inner;
  }
  case ExprKind::assume_value: {
    Value inner = emit(*expr.args[0]);
    inner.type = expr.type;
    inner.is_null = nullptr;
    return inner;
  }
  case ExprKind::to_text: return to_text(expr);
  case ExprKind::concat: return concat(expr);
  case ExprKind::call_extern: return call_extern(expr);
  case ExprKind::call: return call_function(expr);
  case ExprKind::let: {
    locals_[expr.index] = emit(*expr.args[0]);
    return emit(*expr.args[1]);
  }
  case ExprKind::attempt: return attempt(expr);
  case ExprKind::record: break; // sema has taken it apart
  }
  llvm_unreachable("all kinds are listed");
}

Value ExprEmitter::constant(const sema::Expr& expr) {
  if (expr.is_null) return f_.zero(expr.type.with_null());
  Value made{.type = expr.type};
  llvm::Type* type = f_.type_of(expr.type.kind);
  if (expr.type.is_text()) {
    made.value = f_.text(expr.text);
    made.length = f_.i64(static_cast<int64_t>(expr.text.size()));
  } else if (expr.type.is_float()) {
    made.value = llvm::ConstantFP::get(type, expr.float_value);
  } else {
    made.value = llvm::ConstantInt::get(type, static_cast<uint64_t>(expr.int_value), true);
  }
  if (expr.type.nullable) made.is_null = f_.i1(false);
  return made;
}

Value ExprEmitter::param(const sema::Expr& expr) {
  return load_cell(f_, f_.call("flow_param", {f_.task, f_.i32(expr.index)}, "param"), expr.type);
}

Value ExprEmitter::negate(const sema::Expr& expr) {
  Value operand = emit(*expr.args[0]);
  if (operand.type.is_float()) return {.type = expr.type, .value = f_.builder.CreateFNeg(operand.value, "negated")};
  llvm::Value* zero = llvm::Constant::getNullValue(operand.value->getType());
  auto* pair = f_.builder.CreateBinaryIntrinsic(llvm::Intrinsic::ssub_with_overflow, zero, operand.value);
  f_.fail_if(f_.builder.CreateExtractValue(pair, 1), expr.range, FLOW_FAIL_OVERFLOW);
  return {.type = expr.type, .value = f_.builder.CreateExtractValue(pair, 0, "negated")};
}

Value ExprEmitter::arithmetic(const sema::Expr& expr) {
  Value left = emit(*expr.args[0]);
  Value right = emit(*expr.args[1]);
  if (!expr.type.is_float()) return {.type = expr.type, .value = integer_arithmetic(expr, left.value, right.value)};
  auto& b = f_.builder;
  switch (expr.kind) {
  case ExprKind::add: return {.type = expr.type, .value = b.CreateFAdd(left.value, right.value, "sum")};
  case ExprKind::subtract: return {.type = expr.type, .value = b.CreateFSub(left.value, right.value, "difference")};
  case ExprKind::multiply: return {.type = expr.type, .value = b.CreateFMul(left.value, right.value, "product")};
  case ExprKind::divide: return {.type = expr.type, .value = b.CreateFDiv(left.value, right.value, "quotient")};
  default: return {.type = expr.type, .value = b.CreateFRem(left.value, right.value, "remainder")};
  }
}

llvm::Value* ExprEmitter::integer_arithmetic(const sema::Expr& expr, llvm::Value* left, llvm::Value* right) {
  bool is_plain = is_unsigned(expr.type);
  llvm::Intrinsic::ID operation;
  switch (expr.kind) {
  case ExprKind::divide: return divide(expr, left, right, false);
  case ExprKind::remainder: return divide(expr, left, right, true);
  case ExprKind::subtract:
    operation = is_plain ? llvm::Intrinsic::usub_with_overflow : llvm::Intrinsic::ssub_with_overflow;
    break;
  case ExprKind::multiply:
    operation = is_plain ? llvm::Intrinsic::umul_with_overflow : llvm::Intrinsic::smul_with_overflow;
    break;
  default: operation = is_plain ? llvm::Intrinsic::uadd_with_overflow : llvm::Intrinsic::sadd_with_overflow; break;
  }
  auto* pair = f_.builder.CreateBinaryIntrinsic(operation, left, right);
  f_.fail_if(f_.builder.CreateExtractValue(pair, 1), expr.range, FLOW_FAIL_OVERFLOW);
  return f_.builder.CreateExtractValue(pair, 0, "result");
}

/// Towards zero. The least integer by -1 overflows; its remainder is 0.
llvm::Value* ExprEmitter::divide(const sema::Expr& expr, llvm::Value* left, llvm::Value* right, bool is_remainder) {
  auto& b = f_.builder;
  llvm::Type* type = left->getType();
  f_.fail_if(b.CreateICmpEQ(right, llvm::Constant::getNullValue(type)), expr.range, FLOW_FAIL_DIVISION);
  if (is_unsigned(expr.type)) {
    return is_remainder ? b.CreateURem(left, right, "remainder") : b.CreateUDiv(left, right, "quotient");
  }
  llvm::Value* is_minus_one = b.CreateICmpEQ(right, llvm::Constant::getAllOnesValue(type));
  if (is_remainder) {
    llvm::Value* safe = b.CreateSelect(is_minus_one, llvm::ConstantInt::get(type, 1), right);
    return b.CreateSRem(left, safe, "remainder");
  }
  auto least = llvm::APInt::getSignedMinValue(type->getIntegerBitWidth());
  llvm::Value* is_least = b.CreateICmpEQ(left, llvm::ConstantInt::get(type, least));
  f_.fail_if(b.CreateAnd(is_minus_one, is_least), expr.range, FLOW_FAIL_OVERFLOW);
  return b.CreateSDiv(left, right, "quotient");
}

Value ExprEmitter::comparison(const sema::Expr& expr) {
  Value left = emit(*expr.args[0]);
  Value right = emit(*expr.args[1]);
  auto& b = f_.builder;
  llvm::Value* answer = compare(expr.kind, left, right);
  bool is_equality = expr.kind == ExprKind::equal || expr.kind == ExprKind::not_equal;
  if (is_equality && (left.is_null != nullptr || right.is_null != nullptr)) {
    // Null equals null and nothing else; the values of nulls are zero and do not matter.
    llvm::Value* l = left.is_null != nullptr ? left.is_null : f_.i1(false);
    llvm::Value* r = right.is_null != nullptr ? right.is_null : f_.i1(false);
    llvm::Value* same_nullness = b.CreateICmpEQ(l, r);
    llvm::Value* any_null = b.CreateOr(l, r);
    llvm::Value* equal = expr.kind == ExprKind::equal ? answer : b.CreateNot(answer);
    equal = b.CreateAnd(same_nullness, b.CreateOr(any_null, equal), "equal");
    answer = expr.kind == ExprKind::equal ? equal : b.CreateNot(equal);
  }
  return {.type = expr.type, .value = answer};
}

llvm::Value* ExprEmitter::compare(ExprKind kind, const Value& left, const Value& right) {
  auto& b = f_.builder;
  if (left.type.is_text()) {
    if (kind == ExprKind::equal || kind == ExprKind::not_equal) {
      llvm::Value* equal = f_.asks("flow_equal", {left.value, left.length, right.value, right.length}, "equal");
      return kind == ExprKind::equal ? equal : b.CreateNot(equal);
    }
    llvm::Value* order = f_.call("flow_compare", {left.value, left.length, right.value, right.length}, "order");
    switch (kind) {
    case ExprKind::less: return b.CreateICmpSLT(order, f_.i32(0));
    case ExprKind::less_equal: return b.CreateICmpSLE(order, f_.i32(0));
    case ExprKind::greater: return b.CreateICmpSGT(order, f_.i32(0));
    default: return b.CreateICmpSGE(order, f_.i32(0));
    }
  }
  if (left.type.is_float()) {
    switch (kind) {
    case ExprKind::equal: return b.CreateFCmpOEQ(left.value, right.value);
    case ExprKind::not_equal: return b.CreateFCmpUNE(left.value, right.value);
    case ExprKind::less: return b.CreateFCmpOLT(left.value, right.value);
    case ExprKind::less_equal: return b.CreateFCmpOLE(left.value, right.value);
    case ExprKind::greater: return b.CreateFCmpOGT(left.value, right.value);
    default: return b.CreateFCmpOGE(left.value, right.value);
    }
  }
  bool s = is_signed_order(left.type);
  switch (kind) {
  case ExprKind::equal: return b.CreateICmpEQ(left.value, right.value);
  case ExprKind::not_equal: return b.CreateICmpNE(left.value, right.value);
  case ExprKind::less: return s ? b.CreateICmpSLT(left.value, right.value) : b.CreateICmpULT(left.value, right.value);
  case ExprKind::less_equal:
    return s ? b.CreateICmpSLE(left.value, right.value) : b.CreateICmpULE(left.value, right.value);
  case ExprKind::greater:
    return s ? b.CreateICmpSGT(left.value, right.value) : b.CreateICmpUGT(left.value, right.value);
  default: return s ? b.CreateICmpSGE(left.value, right.value) : b.CreateICmpUGE(left.value, right.value);
  }
}

/// The right side is evaluated only if the left does not decide.
Value ExprEmitter::logical(const sema::Expr& expr) {
  bool is_and = expr.kind == ExprKind::logical_and;
  Value left = emit(*expr.args[0]);
  llvm::BasicBlock* from_left = f_.builder.GetInsertBlock();
  llvm::BasicBlock* right_block = f_.block(is_and ? "and.right" : "or.right");
  llvm::BasicBlock* done = f_.block(is_and ? "and.done" : "or.done");
  f_.builder.CreateCondBr(left.value, is_and ? right_block : done, is_and ? done : right_block);
  f_.begin(right_block);
  Value right = emit(*expr.args[1]);
  llvm::BasicBlock* from_right = f_.builder.GetInsertBlock();
  f_.go_to(done);
  f_.begin(done);
  llvm::PHINode* phi = f_.builder.CreatePHI(f_.builder.getInt1Ty(), 2, is_and ? "and" : "or");
  phi->addIncoming(f_.i1(!is_and), from_left);
  phi->addIncoming(right.value, from_right);
  return {.type = expr.type, .value = phi};
}

Value ExprEmitter::join(const Value& first, llvm::BasicBlock* from_first, const Value& second,
                        llvm::BasicBlock* from_second) {
  auto merge = [&](llvm::Value* a, llvm::Value* b, const char* name) -> llvm::Value* {
    if (a == b) return a;
    llvm::PHINode* phi = f_.builder.CreatePHI(a->getType(), 2, name);
    phi->addIncoming(a, from_first);
    phi->addIncoming(b, from_second);
    return phi;
  };
  Value joined{.type = first.type, .value = merge(first.value, second.value, "value")};
  if (first.length != nullptr) joined.length = merge(first.length, second.length, "length");
  if (first.is_null != nullptr || second.is_null != nullptr) {
    llvm::Value* a = first.is_null != nullptr ? first.is_null : f_.i1(false);
    llvm::Value* b = second.is_null != nullptr ? second.is_null : f_.i1(false);
    joined.is_null = merge(a, b, "is.null");
  }
  return joined;
}

Value ExprEmitter::conditional(const sema::Expr& expr) {
  llvm::BasicBlock *then_block = f_.block("then"), *else_block = f_.block("else"), *done = f_.block("if.done");
  f_.builder.CreateCondBr(emit(*expr.args[0]).value, then_block, else_block);
  f_.begin(then_block);
  Value first = emit(*expr.args[1]);
  llvm::BasicBlock* from_first = f_.builder.GetInsertBlock();
  f_.go_to(done);
  f_.begin(else_block);
  Value second = emit(*expr.args[2]);
  llvm::BasicBlock* from_second = f_.builder.GetInsertBlock();
  f_.go_to(done);
  f_.begin(done);
  Value joined = join(first, from_first, second, from_second);
  joined.type = expr.type;
  return joined;
}

Value ExprEmitter::coalesce(const sema::Expr& expr) {
  Value first = emit(*expr.args[0]);
  if (first.is_null == nullptr) return first;
  llvm::BasicBlock* from_first = f_.builder.GetInsertBlock();
  llvm::BasicBlock *otherwise = f_.block("when.null"), *done = f_.block("coalesced");
  f_.builder.CreateCondBr(first.is_null, otherwise, done);
  f_.begin(otherwise);
  Value second = emit(*expr.args[1]);
  llvm::BasicBlock* from_second = f_.builder.GetInsertBlock();
  f_.go_to(done);
  f_.begin(done);
  Value not_null = first;
  not_null.is_null = second.is_null != nullptr ? f_.i1(false) : nullptr;
  Value joined = join(not_null, from_first, second, from_second);
  joined.type = expr.type;
  return joined;
}

template <typename Body> Value ExprEmitter::unless_null(llvm::Value* is_null, sema::Type type, Body body) {
  if (is_null == nullptr) return body();
  llvm::BasicBlock* before = f_.builder.GetInsertBlock();
  llvm::BasicBlock *some = f_.block("not.null"), *done = f_.block("null.done");
  Value null = f_.zero(type);
  f_.builder.CreateCondBr(is_null, done, some);
  f_.begin(some);
  Value value = body();
  llvm::BasicBlock* from_some = f_.builder.GetInsertBlock();
  f_.go_to(done);
  f_.begin(done);
  Value joined = join(null, before, value, from_some);
  joined.type = type;
  return joined;
}

Value ExprEmitter::convert(const sema::Expr& expr) {
  Value from = emit(*expr.args[0]);
  return unless_null(from.is_null, expr.type, [&]() -> Value {
    if (!from.type.is_text()) return {.type = expr.type.without_null(), .value = convert_number(expr, from)};
    std::vector<llvm::Value*> arguments = {f_.task, from.value, from.length};
    std::string name = "flow_fn_parse_" + sema::text_of(sema::scalar(expr.type.kind));
    Value parsed = result_of(f_, f_.call(name, arguments, "parsed"), expr.type.without_null());
    f_.fail_if_called_failed(expr.range);
    return parsed;
  });
}

/// Between numbers; also between kinds that are the same integer (timestamp, duration, i64).
llvm::Value* ExprEmitter::convert_number(const sema::Expr& expr, const Value& from) {
  auto& b = f_.builder;
  sema::Type to = expr.type;
  llvm::Type* type = f_.type_of(to.kind);
  bool to_signed = is_signed_order(to), from_signed = is_signed_order(from.type);
  if (from.type.is_float() && to.is_float()) return b.CreateFPCast(from.value, type, "converted");
  if (to.is_float()) {
    return from_signed ? b.CreateSIToFP(from.value, type, "converted") : b.CreateUIToFP(from.value, type, "converted");
  }
  unsigned bits = type->getIntegerBitWidth();
  if (from.type.is_float()) {
    // Inside (least - 1, greatest + 1), which a double holds exactly or rounds outwards; false for NaN.
    llvm::Value* wide = b.CreateFPCast(from.value, b.getDoubleTy());
    double above = std::ldexp(1.0, static_cast<int>(to_signed ? bits - 1 : bits));
    double below = to_signed ? -above : 0.0;
    llvm::Value* fits_below = to_signed && bits == 64
                                  ? b.CreateFCmpOGE(wide, llvm::ConstantFP::get(b.getDoubleTy(), below))
                                  : b.CreateFCmpOGT(wide, llvm::ConstantFP::get(b.getDoubleTy(), below - 1));
    llvm::Value* fits = b.CreateAnd(fits_below, b.CreateFCmpOLT(wide, llvm::ConstantFP::get(b.getDoubleTy(), above)));
    f_.fail_if(b.CreateNot(fits), expr.range, FLOW_FAIL_CAST);
    return to_signed ? b.CreateFPToSI(wide, type, "converted") : b.CreateFPToUI(wide, type, "converted");
  }
  unsigned from_bits = from.value->getType()->getIntegerBitWidth();
  if (bits < from_bits) {
    llvm::Value* cut = b.CreateTrunc(from.value, type, "cut");
    llvm::Value* back = to_signed ? b.CreateSExt(cut, from.value->getType()) : b.CreateZExt(cut, from.value->getType());
    llvm::Value* is_lost = b.CreateICmpNE(back, from.value);
    // Unsigned to a narrower signed: the bits may agree while the sign does not.
    if (!from_signed && to_signed)
      is_lost = b.CreateOr(is_lost, b.CreateICmpSLT(cut, llvm::Constant::getNullValue(type)));
    f_.fail_if(is_lost, expr.range, FLOW_FAIL_CAST);
    return cut;
  }
  llvm::Value* wide =
      from_signed ? b.CreateSExt(from.value, type, "converted") : b.CreateZExt(from.value, type, "converted");
  bool sign_matters = from_signed != to_signed && (from_signed || bits == from_bits);
  if (sign_matters) f_.fail_if(b.CreateICmpSLT(wide, llvm::Constant::getNullValue(type)), expr.range, FLOW_FAIL_CAST);
  return wide;
}

Value ExprEmitter::to_text(const sema::Expr& expr) {
  Value from = emit(*expr.args[0]);
  return unless_null(from.is_null, expr.type, [&] { return text_of(from); });
}

Value ExprEmitter::text_of(const Value& from) {
  auto& b = f_.builder;
  sema::Type string = sema::scalar(Kind::STRING);
  if (from.type.is_text()) return {.type = string, .value = from.value, .length = from.length};
  if (from.type.kind == Kind::ENUM) return enum_text(f_, from);
  std::vector<llvm::Value*> arguments = {f_.task};
  std::string suffix = sema::text_of(sema::scalar(from.type.kind));
  if (from.type.is_integer()) {
    bool s = from.type.is_signed();
    arguments.push_back(s ? b.CreateSExt(from.value, b.getInt64Ty()) : b.CreateZExt(from.value, b.getInt64Ty()));
    suffix = s ? "i64" : "u64";
  } else {
    push_argument(f_, arguments, {.type = from.type.without_null(), .value = from.value});
  }
  return result_of(f_, f_.call("flow_fn_text_" + suffix, arguments, "text"), string);
}

Value ExprEmitter::concat(const sema::Expr& expr) {
  auto& b = f_.builder;
  std::vector<Value> parts;
  llvm::Value* total = f_.i64(0);
  for (const sema::Expr* arg : expr.args) {
    parts.push_back(emit(*arg));
    total = b.CreateAdd(total, parts.back().length, "length");
  }
  f_.fail_if(b.CreateICmpUGT(total, f_.i64(FLOW_TEXT_BYTES_MAX)), expr.range, FLOW_FAIL_SIZE);
  llvm::Value* place = f_.call("flow_scratch", {f_.task, total}, "joined");
  llvm::Value* next = place;
  for (const Value& part : parts) {
    b.CreateMemCpy(next, llvm::Align(1), part.value, llvm::Align(1), part.length);
    next = b.CreateGEP(b.getInt8Ty(), next, part.length);
  }
  return {.type = expr.type, .value = place, .length = total};
}

Value ExprEmitter::call_extern(const sema::Expr& expr) {
  const sema::Extern& callee = f_.module.plan.program->externs[expr.function];
  std::vector<llvm::Value*> arguments = {f_.task};
  for (const sema::Expr* arg : expr.args) push_argument(f_, arguments, emit(*arg));
  Value result =
      result_of(f_, f_.call(llvm::StringRef(callee.symbol), arguments, llvm::StringRef(callee.name)), expr.type);
  if (callee.may_fail) f_.fail_if_called_failed(expr.range);
  return result;
}

Value ExprEmitter::call_function(const sema::Expr& expr) {
  llvm::Function* callee = user_function(f_.module, expr.function, f_.on_error);
  std::vector<llvm::Value*> arguments = {f_.task};
  for (const sema::Expr* arg : expr.args) {
    Value value = emit(*arg);
    arguments.push_back(value.value);
    if (value.length != nullptr) arguments.push_back(value.length);
    if (value.type.nullable) arguments.push_back(value.is_null);
  }
  llvm::Value* result = f_.builder.CreateCall(callee, arguments, "result");
  if (sema::may_fail(expr)) f_.test_failed();
  return unpack_result(f_, result, expr.type);
}

/// A failure inside gives null; it is taken back from the task.
Value ExprEmitter::attempt(const sema::Expr& expr) {
  llvm::BasicBlock* outer = f_.failed;
  llvm::BasicBlock *caught = f_.block("try.failed"), *done = f_.block("try.done");
  f_.failed = caught;
  Value value = emit(*expr.args[0]);
  f_.failed = outer;
  if (value.is_null == nullptr) value.is_null = f_.i1(false);
  llvm::BasicBlock* from_value = f_.builder.GetInsertBlock();
  f_.go_to(done);
  f_.begin(caught);
  f_.call("flow_forgive", {f_.task});
  Value null = f_.zero(expr.type);
  f_.go_to(done);
  f_.begin(done);
  Value joined = join(value, from_value, null, caught);
  joined.type = expr.type;
  return joined;
}

void push_argument(FunctionEmitter& f, std::vector<llvm::Value*>& arguments, const Value& value) {
  if (value.type.is_text()) {
    arguments.push_back(value.value);
    arguments.push_back(value.length);
  } else if (value.type.kind == Kind::BOOL) {
    arguments.push_back(f.builder.CreateZExt(value.value, f.builder.getInt8Ty()));
  } else {
    arguments.push_back(value.value);
  }
}

Value result_of(FunctionEmitter& f, llvm::Value* result, sema::Type type) {
  auto& b = f.builder;
  Value made{.type = type};
  if (type.is_text()) {
    made.value = b.CreateExtractValue(result, 0, "text");
    made.length = b.CreateExtractValue(result, 1, "length");
    if (type.nullable) made.is_null = b.CreateICmpEQ(made.value, llvm::Constant::getNullValue(b.getPtrTy()), "is.null");
    return made;
  }
  if (type.nullable) {
    llvm::Value* bits = b.CreateExtractValue(result, 0, "bits");
    made.is_null = b.CreateICmpNE(b.CreateExtractValue(result, 1), f.i64(0), "is.null");
    llvm::Type* to = f.type_of(type.kind);
    if (type.kind == Kind::F64)
      made.value = b.CreateBitCast(bits, to, "value");
    else if (type.kind == Kind::F32)
      made.value = b.CreateFPTrunc(b.CreateBitCast(bits, b.getDoubleTy()), to, "value");
    else
      made.value = b.CreateTrunc(bits, to, "value");
    return made;
  }
  made.value = type.kind == Kind::BOOL ? b.CreateICmpNE(result, f.i8(0), "answer") : result;
  return made;
}

} // namespace flow::codegen
