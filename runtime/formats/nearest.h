// "Did you mean …": the name of a list that a mistyped one is closest to.
#pragma once

#include <span>
#include <string_view>

namespace flow::runtime {

// The candidate with the fewest inserted, removed, replaced or swapped letters, letter case aside, if that is at most
// a third of the name's length; else empty. The first of equals.
std::string_view nearest_name(std::string_view name, std::span<const std::string_view> candidates);

} // namespace flow::runtime
