#include "lang/grammar/token_marks.h"

#include <algorithm>
#include <utility>

namespace flow::lang {

namespace {

bool holds_newline(std::string_view text) { return text.find('\n') != std::string_view::npos; }

/// The few tokens by which a declaration is known. END_OF_TEXT stands in for what would lie behind the end.
class Lookahead {
public:
  Lookahead(const std::vector<Token>& tokens, size_t index) : tokens_(tokens), index_(index) {}
  TokenKind operator[](size_t ahead) const {
    return index_ + ahead < tokens_.size() ? tokens_[index_ + ahead].kind : token::END_OF_TEXT;
  }

private:
  const std::vector<Token>& tokens_;
  size_t index_;
};

bool is_named(TokenKind kind) { return kind == token::IDENT || is_word(kind); }

/// The first words of a declaration that is well-formed so far: `stream x =`.
bool is_head(const Lookahead& at) {
  if (at[0] == token::EXTERN) return at[1] == token::FN && is_named(at[2]);
  if (at[0] == token::TEST) return at[1] == token::STRING && at[2] == token::LBRACE;
  if (!is_named(at[1])) return false;
  TokenKind third = at[2];
  switch (at[0]) {
  case token::PARAM: return third == token::COLON;
  case token::LET:
  case token::TYPE:
  case token::ENUM:
  case token::UNION: return third == token::ASSIGN;
  case token::SOURCE: return third == token::ASSIGN || third == token::COLON || third == token::WAS;
  case token::STREAM:
  case token::TABLE: return third == token::ASSIGN || third == token::WAS;
  case token::SINK: return third == token::ARROW || third == token::BAR || third == token::DOT;
  case token::FN:
  case token::AGGREGATE: return third == token::LPAREN;
  case token::OPERATOR:
  case token::PATTERN: return third == token::LPAREN || third == token::WAS;
  default: return false;
  }
}

bool is_declaration_word(TokenKind kind) {
  return kind == token::LET || (kind >= token::IMPORT && kind <= token::TEST);
}

/// `streem x =`, `def f(`: what follows is that of a declaration, the word is none.
bool is_mistyped_head(const Lookahead& at) {
  TokenKind third = at[2];
  return is_named(at[1]) && (third == token::ASSIGN || third == token::LPAREN || third == token::COLON);
}

/// At the very beginning of a line a declaration's word and something like a name are enough, whatever follows.
bool is_head_on_margin(const Lookahead& at) {
  if (at[0] == token::IDENT) return is_mistyped_head(at);
  if (!is_declaration_word(at[0])) return false;
  return is_named(at[1]) || (at[0] == token::TEST && at[1] == token::STRING) ||
         (at[0] == token::SINK && at[1] == token::LPAREN);
}

bool is_mistyped(const Token& head) { return head.starts_declaration && head.kind == token::IDENT; }

void part_mistyped_heads(std::vector<Token>& tokens) {
  if (std::none_of(tokens.begin(), tokens.end(), is_mistyped)) return;
  std::vector<Token> parted;
  for (const Token& current : tokens) {
    if (is_mistyped(current))
      parted.push_back(Token{.kind = token::SEMICOLON, .begin = current.begin, .end = current.begin});
    parted.push_back(current);
  }
  tokens = std::move(parted);
}

} // namespace

void mark_tokens(std::vector<Token>& tokens, const SourceFile& file) {
  std::string_view text = file.text();
  uint16_t depth = 0;
  uint32_t end_before = 0;
  for (size_t i = 0; i < tokens.size(); ++i) {
    Token& current = tokens[i];
    std::string_view between = text.substr(end_before, current.begin - end_before);
    current.is_first_on_line = i == 0 || holds_newline(between);
    bool is_on_margin = current.begin == 0 || text[current.begin - 1] == '\n';
    bool is_step = i > 0 && tokens[i - 1].kind == token::BAR; // `| aggregate n (`
    Lookahead at(tokens, i);
    current.starts_declaration = !is_step && ((is_on_margin && is_head_on_margin(at)) || (depth == 0 && is_head(at)));
    if (current.starts_declaration) depth = 0;
    if (is_closing(current.kind) && depth > 0) --depth;
    current.depth = depth;
    if (is_opening(current.kind)) ++depth;
    end_before = current.end;
  }
  part_mistyped_heads(tokens);
}

} // namespace flow::lang
