// "Did you mean …?": the known word that is nearest to a mistyped one.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace flow::lang {

/// How many letters must be put in, left out, changed or swapped with their neighbour to make one word of the other,
/// a change of case counting nothing. Words longer than 64 bytes are as far apart as they are long.
size_t edit_distance(std::string_view a, std::string_view b);

/// The candidate that `word` was likely meant to be: within a third of its length, the first of the nearest ones;
/// empty when none is near.
std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);

} // namespace flow::lang
