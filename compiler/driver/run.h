// Starting other programs, without a shell.
#pragma once

#include <string>
#include <vector>

namespace flow::driver {

/// Replaces this process by the executable, whose file is removed first (the kernel keeps it as long as it runs).
/// Returns only when that failed, with what went wrong.
std::string become(const std::string& executable, const std::string& name, const std::vector<std::string>& arguments);

/// Runs graphviz's `dot` over the text. Returns what went wrong, or an empty text and the picture.
std::string draw_svg(const std::string& dot_text, std::string& svg);

} // namespace flow::driver
