// What the kinds of numbers hold, and which of them hold all of another.
#pragma once

#include <cstdint>
#include <string>

#include "compiler/sema/types.h"

namespace flow::sema {

/// Wide enough for every value of every integer kind.
__extension__ typedef __int128 Wide;

/// REQUIRES: an integer kind.
Wide least_of(Kind kind);
Wide greatest_of(Kind kind);
bool holds(Kind kind, Wide value);

/// Does every value of `from` have an equal one in `to`? Between numbers, and between kinds that are the same integer
/// underneath (timestamp, duration and i64 are all microseconds).
bool is_lossless(Kind from, Kind to);

/// Does a value of `from` become one of `to` without being asked for? Lossless conversions between numbers only.
bool widens(Kind from, Kind to);

/// Is `i64(x)`, `timestamp(x)`, `string(x)` … of such an `x` a conversion that the language has?
bool is_cast(Kind from, Kind to);

/// `90min`: a whole number of the largest unit that fits.
std::string duration_text(int64_t micros);

} // namespace flow::sema
