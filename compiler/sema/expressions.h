// Expressions: from the tree to typed ones.
//
// A name means, in this order: a parameter or a field of the row, a param, a `let`, an enum value. What a condition has
// shown not to be null is of type T where that condition holds: behind `and`, in the branches of `if`, and in the
// steps after a `where` (see not_null_columns).
#pragma once

#include "compiler/sema/checking.h"

namespace flow::sema {

/// Takes the calls of aggregate functions out of the expressions of an `aggregate` step.
class AggregateCollector {
public:
  virtual ~AggregateCollector() = default;
  /// The value that stands for the call in the row of results; or null when `call` is no aggregate function.
  virtual const Expr* take(const lang::Expr& expr, const lang::Call& call, std::string_view name) = 0;
};

/// A column, local, param or state that is known not to be null; of a record what marks it.
struct Fact {
  ExprKind kind;
  uint32_t index;
  bool operator==(const Fact&) const = default;
};

/// Reads something that may be known not to be null.
bool is_place(const Expr& expr);
/// What is known of places where the condition holds, or where it does not.
void facts_when(bool holds, const Expr& condition, std::vector<Fact>& facts);

/// A name that stands for a value: in the handlers of an operator, and of the fields that make its keys.
struct NamedValue {
  std::string_view name;
  const Expr* value;
  std::string_view what; // "state"
};

/// What the bare names of an expression mean.
struct Scope {
  const Module* module;
  const Schema* row = nullptr;
  bool row_is_unknown = false;
  std::span<const Column> locals = {};           // parameters of the function
  std::span<const NamedValue> named = {};        // the last one of a name counts
  std::span<const Fact> known = {};              // of these
  std::span<const std::string_view> absent = {}; // in a handler: inputs of which there is no row now
  uint32_t* next_local = nullptr;                // in a handler: the number of its next local
  bool has_number = false;                       // `number`, in the fields of a generate source
  const Expr* seed = nullptr;                    // `seed` there
  AggregateCollector* aggregates = nullptr;      // in an `aggregate` step
  const Schema* aggregated = nullptr;            // there: the rows that its functions take
};

/// `expected` is the type that is due if that is known: it decides between enum values of one name.
const Expr* check_expr(Checking& check, const Scope& scope, const lang::Expr& expr, Type expected = {});

/// The members of `{ … }`, those of what it spreads among them. A written one replaces a spread one of its name.
struct RecordMembers {
  std::vector<RecordField> fields;
  std::vector<const Expr*> values;
  bool is_unknown = false; // it spreads what is not known: there may be others
};
RecordMembers check_members(Checking& check, const Scope& scope, const lang::RecordExpr& record, Type expected = {});

/// `it`, the whole row.
bool is_it(const lang::Expr& expr);

/// A bool that is not null; `what` names it in messages.
const Expr* check_condition(Checking& check, const Scope& scope, const lang::Expr& expr, std::string_view what);

/// A value of that type that is known now, or nothing: then it was reported.
std::optional<int64_t> check_constant(Checking& check, const Scope& scope, const lang::Expr& expr, Type type,
                                      std::string_view what);

/// The same for a count of at least 1 and at most `max`.
std::optional<int64_t> check_count(Checking& check, const Scope& scope, const lang::Expr& expr, std::string_view what,
                                   int64_t max);
inline constexpr int64_t parallelism_max = 1 << 15;

/// The columns that are not null in the rows for which the condition holds.
std::vector<uint32_t> not_null_columns(const Expr& condition);

/// What `name(…)` may be besides a function: `count`, `sum` … ; nothing for other names.
std::optional<AggregateKind> aggregate_named(std::string_view name);

} // namespace flow::sema
