// The inside of expressions.h: one checker per expression, in several files by what it checks.
#pragma once

#include "compiler/sema/conversion.h"
#include "compiler/sema/expressions.h"

namespace flow::sema {

class ExprChecker {
public:
  ExprChecker(Checking& check, const Scope& scope)
      : check_(check), scope_(scope), own_locals_(static_cast<uint32_t>(scope.locals.size())),
        next_local_(scope.next_local != nullptr ? *scope.next_local : own_locals_),
        facts_(scope.known.begin(), scope.known.end()) {}

  const Expr* check(const lang::Expr& expr, Type expected = {});
  RecordMembers members(const lang::RecordExpr& record, Type expected);

private:
  using Range = lang::SourceRange;

  // names.cpp
  const Expr* name(const lang::Expr& expr, const lang::NameExpr& name, Type expected);
  const Expr* row_name(std::string_view name, Range range);
  const Expr* symbol_value(Symbol& symbol, Range range);
  const Expr* enum_value(Symbol& first, std::string_view name, Range range, Type expected);
  const Expr* unknown_name(std::string_view name, Range range);
  const Expr* member(const lang::Expr& expr, const lang::Member& member);
  const Expr* qualified(const lang::Expr& expr, const lang::Member& node, std::string_view owner);
  const Expr* enum_member(Symbol& enumeration, const lang::Name& name, Range range);
  const Expr* module_member(const Module& module, const lang::Name& name, Range range);
  const Expr* field_of_row(const lang::Name& name);
  const Expr* whole_row(Range range);
  const Expr* named_field(std::span<const Column> columns, ExprKind kind, std::string_view name, Range range);
  void warn_of_hidden_param(std::string_view name, Range range, std::string_view what);
  bool suggest_field(lang::DiagnosticBuilder& report, std::string_view name) const;
  const Expr* not_null_if_known(const Expr* value);
  bool is_known(const Expr& value) const;

  // record_values.cpp
  const Expr* record(const lang::Expr& expr, const lang::RecordExpr& record, Type expected);
  const Expr* field(const lang::Expr& expr, const lang::Member& member, const Expr& object);
  const Expr* safe_field(const lang::Expr& expr, const Expr& object, const Expr& field);
  const Expr* null_test(const Expr* operand, Range range);

  // operators.cpp
  const Expr* unary(const lang::Expr& expr, const lang::Unary& unary, Type expected);
  const Expr* binary(const lang::Expr& expr, const lang::Binary& binary, Type expected);
  const Expr* logical(const lang::Expr& expr, const lang::Binary& binary);
  const Expr* equality(const lang::Expr& expr, const lang::Binary& binary);
  const Expr* equality_of(ExprKind kind, const Expr* left, const Expr* right, Range range, Range op_range);
  const Expr* order(const lang::Expr& expr, const lang::Binary& binary);
  const Expr* order_of(ExprKind kind, const Expr* left, const Expr* right, Range range, std::string_view op);
  const Expr* in(const lang::Expr& expr, const lang::Binary& binary);
  const Expr* in_range(const Expr* value, const lang::Binary& range_expr, Range range);
  const Expr* any_of(std::vector<const Expr*> conditions, Range range);
  const Expr* in_list(const Expr* value, const lang::ListExpr& list, Range range);
  const Expr* coalesce(const lang::Expr& expr, const lang::Binary& binary, Type expected);
  const Expr* coalesce_records(const Expr& left, const Expr& right, Range range);
  const Expr* arithmetic(const lang::Expr& expr, const lang::Binary& binary, Type expected);
  const Expr* time_arithmetic(ExprKind kind, const Expr* left, const Expr* right, Range range);
  const Expr* cannot_compare(const Expr& left, const Expr& right, Range range);
  std::string as_hole(const Expr& value) const;
  const Expr* cannot_compute(const lang::Binary& binary, const Expr& left, const Expr& right);
  const Expr* bool_operand(const lang::Expr& expr, std::string_view op);

  // choices.cpp
  const Expr* is_null(const lang::Expr& expr, const lang::IsNull& test);
  const Expr* conditional(const lang::Expr& expr, const lang::If& choice, Type expected);
  const Expr* either(const Expr* condition, const Expr* then_value, const Expr* else_value, Range range);
  const Expr* match(const lang::Expr& expr, const lang::Match& match, Type expected);
  bool match_conditions(const lang::Match& match, const Expr* subject, std::vector<const Expr*>& conditions);
  bool is_exhaustive(const lang::Match& match, const Expr& subject, const std::vector<const Expr*>& patterns);
  bool same_type(std::vector<const Expr*>& values, Range range, std::string_view what);
  const Expr* with_local(const Expr* value, const Expr*& local);

  // calls.cpp
  const Expr* call(const lang::Expr& expr, const lang::Call& call);
  const Expr* named_call(const lang::Expr& expr, const lang::Call& call, std::string_view name);
  bool takes(Symbol* first, const Expr* value);
  const Expr* cast(const lang::Expr& expr, const Expr* value, Kind to);
  const Expr* attempt(const lang::Expr& expr, const lang::Call& call);
  const Expr* function_call(const lang::Expr& expr, const lang::Call& call, Symbol& first);
  const Expr* user_call(const lang::Expr& expr, const lang::Call& call, Symbol& symbol);
  const Expr* extern_call(const lang::Expr& expr, const lang::Call& call, Symbol& first, std::vector<const Expr*> args);
  const Expr* outside_of_aggregate(Range range, std::string_view name);
  const Expr* unknown_function(const lang::Call& call, std::string_view name);
  const Expr* wrong_arguments(const lang::Expr& expr, const Symbol& first, const std::vector<const Expr*>& args);
  void refuse_aggregate_clauses(const lang::Call& call, std::string_view name);

  // expressions.cpp
  const Expr* literal_template(const lang::Expr& expr, const lang::Template& text);
  const Expr* instant(const lang::InstantLiteral& literal, Range range, Type expected);

  Checking& check_;
  const Scope& scope_;
  uint32_t own_locals_;
  uint32_t& next_local_;
  std::vector<Fact> facts_;
};

} // namespace flow::sema
