// Makes typed expressions, and folds what is constant at once: negated and computed literals are literals, so that
// `2 * 30min` may be the size of a window and `-1` fits every signed type.
#pragma once

#include <optional>

#include <initializer_list>
#include <string_view>
#include <vector>

#include "compiler/sema/expr.h"
#include "compiler/sema/numbers.h"
#include "compiler/sema/typed_program.h"
#include "lang/base/arena.h"

namespace flow::sema {

class ExprFactory {
public:
  explicit ExprFactory(lang::Arena& arena) : arena_(arena) {}

  using Range = lang::SourceRange;

  const Expr* error(Range range);
  const Expr* null(Type type, Range range);
  const Expr* boolean(bool value, Range range);
  /// Of every kind that is an integer underneath: numbers, enum values, times, days.
  const Expr* integer(Type type, int64_t value, Range range);
  const Expr* real(Type type, double value, Range range);
  const Expr* text(std::string_view value, Range range);

  const Expr* column(uint32_t index, Type type, Range range);
  const Expr* local(uint32_t index, Type type, Range range);
  const Expr* param(uint32_t index, Type type, Range range);
  /// What has an index and no operands: key, state, state_is_set and the kinds above.
  const Expr* place(ExprKind kind, uint32_t index, Type type, Range range);
  const Expr* number(Range range);
  /// One node of the kind `column` or `local` for each of these columns; an error for those that are one.
  std::vector<const Expr*> places(ExprKind kind, std::span<const Column> columns, uint32_t first, uint32_t count,
                                  Range range);

  const Expr* make(ExprKind kind, Type type, std::initializer_list<const Expr*> args, Range range);
  const Expr* make(ExprKind kind, Type type, const std::vector<const Expr*>& args, Range range);
  const Expr* call(ExprKind kind, uint32_t function, Type result, const std::vector<const Expr*>& args, Range range);
  const Expr* let(uint32_t local, const Expr* value, const Expr* body, Range range);
  const Expr* negate(const Expr* operand, Range range);
  const Expr* logical_not(const Expr* operand, Range range);
  /// add to remainder, of operands of the type `type`.
  const Expr* arithmetic(ExprKind kind, Type type, const Expr* left, const Expr* right, Range range);

  /// The same node over other operands.
  const Expr* rebuilt(const Expr& expr, const std::vector<const Expr*>& args);
  /// The same value, written somewhere else.
  const Expr* placed(const Expr& expr, Range range);

  /// The nodes that name a param, a function or an extern: they are numbered anew when it is known what is needed.
  const std::vector<Expr*>& references() const { return references_; }

private:
  Expr* copy(const Expr& expr);
  Expr* node(ExprKind kind, Type type, Range range);
  const Expr* folded(ExprKind kind, Type type, const Expr* left, const Expr* right, Range range);

  lang::Arena& arena_;
  std::vector<Expr*> references_;
};

/// A value that is known now and not null.
bool is_constant(const Expr& expr);
/// The value of a constant integer, unsigned ones as such.
Wide integer_of(const Expr& constant);
/// `a kind b` without regard to any kind's range (of negate: -a). Nothing: it divides by zero, or is too wide.
std::optional<Wide> whole_arithmetic(ExprKind kind, Wide a, Wide b);

} // namespace flow::sema
