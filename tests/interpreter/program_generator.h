// Random programs as a user might write them: the text of expressions of every type and of operators' bodies.
//
// What is made fits by type for the most part. Where it does not (a constant that overflows, a division by a literal
// zero), the compiler refuses it, and the caller asks for another: ExpressionMaker makes texts, it does not check them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "compiler/sema/types.h"
#include "runtime/base/random.h"

namespace flow::interpreter {

/// A name that an expression may use, and its type. Enums are all `Color`.
struct Named {
  std::string name;
  sema::Kind kind;
  bool is_nullable = false;
};

/// The fields of the rows: `id`, then two of each kind, one of which may be null.
std::vector<Named> row_fields();
/// `enum Color = …`, and `type Row = …` of row_fields().
std::string type_declarations();
/// A type as the program writes it.
std::string type_text(sema::Kind kind, bool is_nullable);

/// Kinds of which expressions are made.
std::span<const sema::Kind> all_kinds();

class ExpressionMaker {
public:
  /// `functions`: declared in the program; a parameter is one that is not nullable.
  struct Function {
    std::string name;
    std::vector<sema::Kind> params;
    sema::Kind result;
  };

  ExpressionMaker(runtime::Random& random, std::vector<Named> names, const std::vector<Function>& functions)
      : random_(random), names_(std::move(names)), functions_(functions) {}

  /// An expression whose value is of that kind and not null; `depth` bounds its nesting.
  std::string value(sema::Kind kind, int depth);
  /// One whose value may be null.
  std::string nullable(sema::Kind kind, int depth);

private:
  std::string leaf(sema::Kind kind);
  std::string literal(sema::Kind kind);
  std::string any_of_kind(sema::Kind kind, int depth);
  std::string integer(sema::Kind kind, int depth);
  std::string whole_function(int depth);
  std::string real(sema::Kind kind, int depth);
  std::string truth(int depth);
  std::string text(int depth);
  std::string time(int depth);
  std::string duration(int depth);
  std::string date(int depth);
  std::string of_functions(sema::Kind kind, int depth);
  std::string if_not_null(sema::Kind kind, int depth);
  std::string pattern_match(sema::Kind kind, int depth);
  sema::Kind any_kind();
  sema::Kind any_number();
  sema::Kind any_integer();
  size_t pick(size_t count) { return random_.below(count); }
  std::string one_of(std::initializer_list<const char*> words);

  runtime::Random& random_;
  std::vector<Named> names_;
  const std::vector<Function>& functions_;
};

/// An operator `Op` over rows keyed by `group`, with states of scalar types: it emits `id` and a value for each state.
/// What its statements compute never fails.
class OperatorMaker {
public:
  OperatorMaker(runtime::Random& random, const std::vector<ExpressionMaker::Function>& functions)
      : random_(random), functions_(functions) {}

  std::string operator_text(const std::string& name);

private:
  std::string block(int depth, std::vector<Named> names, const std::string& indent);
  std::string statement(int depth, std::vector<Named>& names, const std::string& indent);
  std::string safe_value(sema::Kind kind, const std::vector<Named>& names);

  runtime::Random& random_;
  const std::vector<ExpressionMaker::Function>& functions_;
  std::vector<Named> states_;
  int values_ = 0; // named by `let` so far
};

} // namespace flow::interpreter
