// Typed expressions become values in registers.
//
// The emitter works inside a FunctionEmitter: a failing operation goes to its `failed` block. Nothing is evaluated
// that the language says is not (`and`, `or`, `if`, `??` branch). An operand that sema proved not null is used as it
// is.
#pragma once

#include <map>
#include <span>

#include "codegen/function_emitter.h"
#include "compiler/sema/expr.h"

namespace flow::codegen {

/// What an operator's handlers read besides the row: the key and the state.
class HandlerValues {
public:
  virtual ~HandlerValues() = default;
  virtual Value key(uint32_t column) = 0;
  virtual Value state(uint32_t field) = 0;
  virtual llvm::Value* is_set(uint32_t cell) = 0;
};

class ExprEmitter {
public:
  /// `columns` are what ExprKind::column reads, `number` what ExprKind::number reads (or null), `handler` what an
  /// operator's handler does (or null).
  ExprEmitter(FunctionEmitter& function, std::span<const Value> columns, llvm::Value* number = nullptr,
              HandlerValues* handler = nullptr)
      : f_(function), columns_(columns), number_(number), handler_(handler) {}

  void set_local(uint32_t index, const Value& value) { locals_[index] = value; }
  Value emit(const sema::Expr& expr);

private:
  Value constant(const sema::Expr& expr);
  Value param(const sema::Expr& expr);
  Value negate(const sema::Expr& expr);
  Value arithmetic(const sema::Expr& expr);
  llvm::Value* integer_arithmetic(const sema::Expr& expr, llvm::Value* left, llvm::Value* right);
  llvm::Value* divide(const sema::Expr& expr, llvm::Value* left, llvm::Value* right, bool is_remainder);
  Value comparison(const sema::Expr& expr);
  llvm::Value* compare(sema::ExprKind kind, const Value& left, const Value& right);
  Value logical(const sema::Expr& expr);
  Value conditional(const sema::Expr& expr);
  Value coalesce(const sema::Expr& expr);
  Value convert(const sema::Expr& expr);
  llvm::Value* convert_number(const sema::Expr& expr, const Value& from);
  Value to_text(const sema::Expr& expr);
  Value text_of(const Value& from);
  Value concat(const sema::Expr& expr);
  Value call_extern(const sema::Expr& expr);
  Value call_function(const sema::Expr& expr);
  Value attempt(const sema::Expr& expr);
  /// Runs `body` where `is_null` is false, else gives a null of `type`.
  template <typename Body> Value unless_null(llvm::Value* is_null, sema::Type type, Body body);
  Value join(const Value& first, llvm::BasicBlock* from_first, const Value& second, llvm::BasicBlock* from_second);

  FunctionEmitter& f_;
  std::span<const Value> columns_;
  llvm::Value* number_;
  HandlerValues* handler_;
  std::map<uint32_t, Value> locals_;
};

/// Arguments and results of vocabulary functions: the C rules of runtime/vocabulary/vocabulary.h.
void push_argument(FunctionEmitter& f, std::vector<llvm::Value*>& arguments, const Value& value);
Value result_of(FunctionEmitter& f, llvm::Value* result, sema::Type type);

} // namespace flow::codegen
