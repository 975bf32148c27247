#include "lang/grammar/token.h"

namespace flow::lang {

// The grammar lists the reserved words first, then the contextual ones, then everything else.
static constexpr int first_word = token::AND;
static constexpr int last_reserved_word = token::DISTINCT;
static constexpr int last_word = token::FINAL;

std::string_view text_of(TokenKind kind) {
  return GeneratedParser::symbol_name(static_cast<GeneratedParser::symbol_kind_type>(kind));
}

bool is_word(TokenKind kind) { return kind >= first_word && kind <= last_word; }
bool is_reserved_word(TokenKind kind) { return kind >= first_word && kind <= last_reserved_word; }

bool is_opening(TokenKind kind) {
  return kind == token::LPAREN || kind == token::LBRACKET || kind == token::LBRACE || kind == token::HOLE_BEGIN;
}

bool is_closing(TokenKind kind) {
  return kind == token::RPAREN || kind == token::RBRACKET || kind == token::RBRACE || kind == token::HOLE_END;
}

} // namespace flow::lang
