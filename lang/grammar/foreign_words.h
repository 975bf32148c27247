// Words by which other languages call what Flow has under another name.
#pragma once

#include <string_view>

namespace flow::lang {

/// What a user of another language wants who begins a step with this word: a sentence, or empty.
std::string_view help_for_foreign_step(std::string_view word);
/// The same of a declaration.
std::string_view help_for_foreign_declaration(std::string_view word);

} // namespace flow::lang
