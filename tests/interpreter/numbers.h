// Arithmetic and conversions of one kind of numbers, as docs/language.md tells them, in 128 bits.
#pragma once

#include "compiler/sema/types.h"
#include "tests/interpreter/value.h"

namespace flow::interpreter {

using Wide = __int128;

/// The integer as a number: a u64 is not negative.
Wide wide_of(const Value& value, sema::Kind kind);
/// Nothing if the kind does not hold it.
Evaluated fitting(Wide value, sema::Kind kind);
/// From a number, or a kind that is an integer of time, to another.
Evaluated converted(const Value& value, sema::Kind from, sema::Kind to);
/// The text taken as a value of the kind.
Evaluated parsed(std::string_view text, sema::Kind kind);
/// As `string(x)` and as a file shows it.
std::string text_of(const Value& value, sema::Type type);

} // namespace flow::interpreter
