// The standard library's modules, embedded: the text of `taxi.flow` under the name `taxi`.
#pragma once

#include <optional>
#include <string_view>

namespace flow::stdlib {

std::optional<std::string_view> module_text(std::string_view name);

} // namespace flow::stdlib
