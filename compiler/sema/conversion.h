// Values where a type is due: what converts by itself, what is an error, and the mend that the error names.
#pragma once

#include "compiler/sema/checking.h"

namespace flow::sema {

/// The expression as a value of `to` when it becomes one without loss: the same type, T to T?, a wider number, a
/// constant that fits. Else null. Errors fit everything.
const Expr* try_coerce(Checking& check, const Expr* expr, Type to);

/// The same, or an error that says that `what` ("the condition of `where`") must be such a value.
const Expr* coerce(Checking& check, const Expr* expr, Type to, std::string_view what);

/// Both of one type, or false. A constant takes the type of the other; of two numbers the wider type is taken.
bool unify(Checking& check, const Expr*& left, const Expr*& right);

/// The type that all these values can have, or nothing. Constants adapt to the others; an error type if all are errors.
std::optional<Type> common_type(std::span<const Expr* const> values);

/// A value of a type that a row can hold: not always null, and not too much of it. Else reported, and an error.
const Expr* require_typed(Checking& check, const Expr* value, std::string_view what);
/// One scalar, not a record; `what` ("`match`") takes it.
bool require_scalar(Checking& check, const Expr& expr, std::string_view what);

/// Reports a value that may be null. `what` needs it ("`+`").
void report_null(Checking& check, const Expr& expr, std::string_view what);
/// False, and reported, when the value may be null.
bool require_value(Checking& check, const Expr& expr, std::string_view what);

/// Adds "convert it: `f64(x)`" when there is such a cast.
void suggest_cast(Checking& check, lang::DiagnosticBuilder& report, const Expr& expr, Type to);

} // namespace flow::sema
