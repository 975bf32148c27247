// Tokens: what the scanner makes of the characters and the parser reads.
//
// The kinds are those of the grammar (flow.y), which holds the only list of them.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "lang/grammar/flow_parser.h"
#include "lang/source/source_file.h"

namespace flow::lang {

using TokenKind = GeneratedParser::token_kind_type;
using token = GeneratedParser::token;

struct Token {
  TokenKind kind;
  uint32_t begin;
  uint32_t end;
  /// How many brackets are open around it; an opening and a closing bracket count what is around the pair.
  uint16_t depth = 0;
  /// A declaration begins here as far as words and brackets tell: where to go on after an error.
  bool starts_declaration = false;
  bool is_first_on_line = false;
  /// Before it something was left out or cut off, and a diagnostic tells so: that it does not fit is no news.
  bool is_behind_problem = false;

  std::string_view text; // of STRING, STR_TEXT: with escapes resolved; of FLOAT: without `_`
  union {
    uint64_t integer = 0; // of INT
    int64_t micros;       // of DURATION, INSTANT
    double floating;      // of FLOAT
  };
  bool is_date = false; // of INSTANT
};

/// Consecutive `///` lines, without the slashes.
struct DocComment {
  SourceRange range;
  std::string_view text;
};

struct Tokens {
  std::vector<Token> tokens;    // the last one is END_OF_TEXT
  std::vector<DocComment> docs; // in order, without that of the program
  std::string_view program_doc;
};

/// The word or sign of a kind as it is written, `IDENT` and the like for those that have many texts.
std::string_view text_of(TokenKind kind);
bool is_word(TokenKind kind);          // a keyword, reserved or contextual
bool is_reserved_word(TokenKind kind); // never a name
inline bool is_name(TokenKind kind) { return kind == token::IDENT || (is_word(kind) && !is_reserved_word(kind)); }
bool is_opening(TokenKind kind);
bool is_closing(TokenKind kind);

} // namespace flow::lang
