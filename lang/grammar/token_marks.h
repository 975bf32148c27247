// What can be told of tokens by looking at all of them: how deep each lies in brackets, and where declarations begin.
// The parser needs it only after an error, to find the place where it can go on and to say which bracket is open.
#pragma once

#include "lang/grammar/token.h"
#include "lang/source/source_file.h"

namespace flow::lang {

/// Fills in depth, starts_declaration and is_first_on_line. Before what looks like a declaration with a mistyped word
/// it puts a `;` of no length, so that the declaration before it ends there. REQUIRES: the last token is END_OF_TEXT.
void mark_tokens(std::vector<Token>& tokens, const SourceFile& file);

} // namespace flow::lang
