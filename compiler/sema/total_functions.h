// Functions of the standard library that give a result for every argument, so that no failure has to be looked for
// behind a call of them, and passes may move them.
#pragma once

#include <span>
#include <string_view>

namespace flow::sema {

/// By symbol: `flow_fn_length`.
bool is_total(std::string_view symbol);
std::span<const std::string_view> total_functions();

} // namespace flow::sema
