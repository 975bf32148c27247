// fold_constants: what does not depend on the row is worked out now. An operation that would fail stays as it is: it
// fails when the job runs, and only for a row that reaches it. Sema has folded literals; here are the larger forms, and
// what other passes uncover.
#include <cmath>

#include <fmt/core.h>

#include "compiler/graph/rewrite.h"
#include "compiler/optimize/failures.h"
#include "compiler/optimize/passes.h"
#include "compiler/sema/expr_factory.h"

namespace flow::optimize {

using graph::DataflowGraph;
using graph::Expr;
using sema::ExprKind;
using sema::Kind;
using sema::Type;
using sema::Wide;

namespace {

bool is_true(const Expr& expr) { return sema::is_constant(expr) && expr.int_value != 0; }
bool is_false(const Expr& expr) { return sema::is_constant(expr) && expr.int_value == 0; }
bool is_null_constant(const Expr& expr) { return expr.kind == ExprKind::constant && expr.is_null; }

/// Of a kind whose values are integers underneath: the integer kind that holds them.
Kind holder_of(Type type) {
  if (type.is_integer()) return type.kind;
  return type.kind == Kind::DATE || type.kind == Kind::ENUM ? Kind::I32 : Kind::I64;
}

/// Three-way; unordered (2) for NaN.
int compare(const Expr& a, const Expr& b) {
  auto sign = [](auto x, auto y) { return x < y ? -1 : x > y ? 1 : 0; };
  if (a.type.is_text()) {
    int order = a.text.compare(b.text);
    return order < 0 ? -1 : order > 0 ? 1 : 0;
  }
  if (a.type.is_float()) {
    if (std::isnan(a.float_value) || std::isnan(b.float_value)) return 2;
    return sign(a.float_value, b.float_value);
  }
  return sign(sema::integer_of(a), sema::integer_of(b));
}

bool holds(ExprKind kind, int order) {
  switch (kind) {
  case ExprKind::equal: return order == 0;
  case ExprKind::not_equal: return order != 0;
  case ExprKind::less: return order == -1;
  case ExprKind::less_equal: return order == -1 || order == 0;
  case ExprKind::greater: return order == 1;
  default: return order == 1 || order == 0;
  }
}

class Folder {
public:
  Folder(const sema::TypedProgram& program, lang::Arena& arena) : program_(program), arena_(arena), make_(arena) {}

  const Expr* fold(const Expr& expr) {
    if (expr.args.empty()) return &expr;
    std::vector<const Expr*> args;
    bool has_changed = false;
    for (const Expr* arg : expr.args) {
      args.push_back(fold(*arg));
      has_changed |= args.back() != arg;
    }
    if (!has_changed) return simplified(expr);
    Expr made = expr;
    made.args = arena_.copy(args);
    return simplified(*arena_.make<Expr>(made));
  }

private:
  /// `expr` has folded operands. What takes its place must have its type.
  const Expr* simplified(const Expr& expr) {
    const Expr* made = attempt(expr);
    return made != nullptr && made->type == expr.type ? made : &expr;
  }

  const Expr* attempt(const Expr& expr) {
    const Expr& first = *expr.args[0];
    switch (expr.kind) {
    case ExprKind::logical_not: return negation(expr, first);
    case ExprKind::negate:
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
    case ExprKind::logical_and: return logical(expr, true);
    case ExprKind::logical_or: return logical(expr, false);
    case ExprKind::conditional: return is_true(first) ? expr.args[1] : is_false(first) ? expr.args[2] : nullptr;
    case ExprKind::coalesce: return coalesce(expr);
    case ExprKind::is_null: return null_test(expr, first);
    case ExprKind::convert: return convert(expr, first);
    case ExprKind::assume_value: return first.kind == ExprKind::to_nullable ? first.args[0] : nullptr;
    case ExprKind::to_text: return text_of(expr, first);
    case ExprKind::concat: return concat(expr);
    case ExprKind::let: return without_let(expr);
    case ExprKind::attempt: return without_attempt(expr, first);
    default: return nullptr;
    }
  }

  const Expr* negation(const Expr& expr, const Expr& operand) {
    if (operand.kind == ExprKind::logical_not) return operand.args[0];
    return sema::is_constant(operand) ? make_.boolean(operand.int_value == 0, expr.range) : nullptr;
  }

  const Expr* arithmetic(const Expr& expr) {
    for (const Expr* arg : expr.args) {
      if (!sema::is_constant(*arg)) return nullptr;
    }
    const Expr &a = *expr.args[0], &b = *expr.args.back(); // the same one of negate
    return expr.type.is_float() ? float_arithmetic(expr, a, b) : integer_arithmetic(expr, a, b);
  }

  const Expr* integer_arithmetic(const Expr& expr, const Expr& left, const Expr& right) {
    std::optional<Wide> result = sema::whole_arithmetic(expr.kind, sema::integer_of(left), sema::integer_of(right));
    if (!result || !sema::holds(holder_of(expr.type), *result)) return nullptr;
    return make_.integer(expr.type, static_cast<int64_t>(*result), expr.range);
  }

  const Expr* float_arithmetic(const Expr& expr, const Expr& left, const Expr& right) {
    double a = left.float_value, b = right.float_value, result = 0;
    switch (expr.kind) {
    case ExprKind::negate: result = -a; break;
    case ExprKind::add: result = a + b; break;
    case ExprKind::subtract: result = a - b; break;
    case ExprKind::multiply: result = a * b; break;
    case ExprKind::divide: result = a / b; break;
    default: return nullptr;
    }
    // Of two f32 the double result is exact enough that rounding it once more gives the f32 result.
    if (expr.type.kind == Kind::F32) result = static_cast<float>(result);
    return make_.real(expr.type, result, expr.range);
  }

  const Expr* comparison(const Expr& expr) {
    const Expr &a = *expr.args[0], &b = *expr.args[1];
    bool is_equality = expr.kind == ExprKind::equal || expr.kind == ExprKind::not_equal;
    if (a.kind != ExprKind::constant || b.kind != ExprKind::constant) return nullptr;
    if (a.is_null || b.is_null) {
      if (!is_equality) return nullptr;
      bool are_equal = a.is_null && b.is_null;
      return make_.boolean(are_equal == (expr.kind == ExprKind::equal), expr.range);
    }
    return make_.boolean(holds(expr.kind, compare(a, b)), expr.range);
  }

  /// The left side decides, or is neutral; a right side that decides still needs the left evaluated if that may fail.
  const Expr* logical(const Expr& expr, bool is_and) {
    const Expr &left = *expr.args[0], &right = *expr.args[1];
    auto decides = [&](const Expr& e) { return is_and ? is_false(e) : is_true(e); };
    auto is_neutral = [&](const Expr& e) { return is_and ? is_true(e) : is_false(e); };
    if (decides(left)) return &left;
    if (is_neutral(left)) return &right;
    if (is_neutral(right)) return &left;
    if (decides(right) && !can_fail(left, program_)) return &right;
    return nullptr;
  }

  const Expr* coalesce(const Expr& expr) {
    const Expr& first = *expr.args[0];
    if (is_null_constant(first)) return expr.args[1];
    if (first.kind == ExprKind::to_nullable) return first.args[0];
    return nullptr;
  }

  const Expr* null_test(const Expr& expr, const Expr& operand) {
    if (operand.kind == ExprKind::constant) return make_.boolean(operand.is_null, expr.range);
    bool is_value = operand.kind == ExprKind::to_nullable && !can_fail(operand, program_);
    return is_value ? make_.boolean(false, expr.range) : nullptr;
  }

  /// Between numbers. What does not fit stays, and fails when it is reached.
  const Expr* convert(const Expr& expr, const Expr& operand) {
    if (operand.type == expr.type) return &operand;
    if (!sema::is_constant(operand) || operand.type.nullable) return nullptr;
    Type from = operand.type, to = expr.type;
    auto is_micros = [](Type t) { return t.kind == Kind::TIMESTAMP || t.kind == Kind::DURATION; };
    if (from.is_float() && to.is_float()) {
      double value = to.kind == Kind::F32 ? static_cast<float>(operand.float_value) : operand.float_value;
      return make_.real(to, value, expr.range);
    }
    if (!from.is_integer() && !is_micros(from)) return nullptr;
    Wide value = sema::integer_of(operand);
    if (to.kind == Kind::F64) return make_.real(to, static_cast<double>(value), expr.range);
    if (to.kind == Kind::F32) return make_.real(to, static_cast<float>(value), expr.range);
    if ((!to.is_integer() && !is_micros(to)) || !sema::holds(holder_of(to), value)) return nullptr;
    return make_.integer(to, static_cast<int64_t>(value), expr.range);
  }

  const Expr* text_of(const Expr& expr, const Expr& operand) {
    if (operand.type == expr.type) return &operand;
    if (!sema::is_constant(operand) || !operand.type.is_integer() || operand.type.nullable) return nullptr;
    std::string text = operand.type.is_signed() ? fmt::format("{}", operand.int_value)
                                                : fmt::format("{}", static_cast<uint64_t>(operand.int_value));
    return make_.text(arena_.copy(std::string_view(text)), expr.range);
  }

  /// Joins neighbouring texts, and texts of inner joins.
  const Expr* concat(const Expr& expr) {
    std::vector<const Expr*> parts;
    for (const Expr* arg : expr.args) {
      if (arg->kind == ExprKind::concat) {
        for (const Expr* inner : arg->args) add_part(parts, inner);
      } else {
        add_part(parts, arg);
      }
    }
    if (parts.empty()) return make_.text("", expr.range);
    if (parts.size() == 1) return parts[0];
    if (parts.size() == expr.args.size()) return nullptr;
    return make_.make(ExprKind::concat, expr.type, parts, expr.range);
  }

  void add_part(std::vector<const Expr*>& parts, const Expr* part) {
    if (sema::is_constant(*part) && part->text.empty()) return;
    bool joins = !parts.empty() && sema::is_constant(*parts.back()) && sema::is_constant(*part);
    if (!joins) return parts.push_back(part);
    std::string text = std::string(parts.back()->text) + std::string(part->text);
    parts.back() = make_.text(arena_.copy(std::string_view(text)), part->range);
  }

  /// A `let` of a constant, column or param is no longer needed. (Of another local: an inner `let` could hide it.)
  const Expr* without_let(const Expr& expr) {
    const Expr& value = *expr.args[0];
    bool is_leaf = value.args.empty() && value.kind != ExprKind::local && value.kind != ExprKind::call &&
                   value.kind != ExprKind::call_extern;
    return is_leaf ? fold(*replace_local(*expr.args[1], expr.index, value)) : nullptr;
  }

  /// `expr` with the local replaced, except where an inner `let` hides it.
  const Expr* replace_local(const Expr& expr, uint32_t local, const Expr& value) {
    if (expr.kind == ExprKind::local) return expr.index == local ? &value : &expr;
    if (expr.args.empty()) return &expr;
    std::vector<const Expr*> args;
    for (size_t i = 0; i < expr.args.size(); i++) {
      bool is_hidden = expr.kind == ExprKind::let && i == 1 && expr.index == local;
      args.push_back(is_hidden ? expr.args[i] : replace_local(*expr.args[i], local, value));
    }
    Expr made = expr;
    made.args = arena_.copy(args);
    return arena_.make<Expr>(made);
  }

  const Expr* without_attempt(const Expr& expr, const Expr& operand) {
    if (can_fail(operand, program_)) return nullptr;
    if (operand.type.nullable) return &operand;
    return make_.make(ExprKind::to_nullable, expr.type, {&operand}, expr.range);
  }

  const sema::TypedProgram& program_;
  lang::Arena& arena_;
  sema::ExprFactory make_;
};

} // namespace

void fold_constants(DataflowGraph& graph, lang::Arena& arena) {
  Folder folder(*graph.program, arena);
  for (graph::Node& node : graph.nodes) {
    graph::change_expressions(node, [&](const Expr& expr) { return folder.fold(expr); });
  }
}

} // namespace flow::optimize
