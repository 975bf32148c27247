#include "lang/grammar/token_feed.h"

#include <algorithm>

namespace flow::lang {

GeneratedParser::symbol_type TokenFeed::next() {
  using Symbol = GeneratedParser::symbol_type;
  has_given_resync_ = resyncs_due_ > 0;
  if (resyncs_due_ > 0) {
    --resyncs_due_;
    uint32_t at = tokens_[cursor_].begin;
    return Symbol(token::RESYNC, SourceRange{at, at, file_.id()});
  }
  if (cursor_ == tokens_.size()) {
    uint32_t end = tokens_.back().end;
    return Symbol(token::YYEOF, SourceRange{end, end, file_.id()});
  }
  const Token& current = tokens_[cursor_];
  SourceRange range = range_of(cursor_);
  ++cursor_;
  switch (current.kind) {
  case token::INT: return Symbol(token::INT, current.integer, range);
  case token::FLOAT: return Symbol(token::FLOAT, FloatLiteral{current.floating, current.text}, range);
  case token::DURATION: return Symbol(token::DURATION, current.micros, range);
  case token::INSTANT: return Symbol(token::INSTANT, InstantLiteral{current.micros, current.is_date}, range);
  case token::STRING:
  case token::STR_TEXT: return Symbol(current.kind, current.text, range);
  default: return Symbol(current.kind, range);
  }
}

size_t TokenFeed::index_behind(SourceRange range) const {
  auto found = std::lower_bound(tokens_.begin(), tokens_.end(), range.end,
                                [](const Token& token, uint32_t end) { return token.begin < end; });
  return static_cast<size_t>(found - tokens_.begin());
}

size_t TokenFeed::next_declaration(size_t from) const {
  size_t index = from;
  while (index + 1 < tokens_.size() && !tokens_[index].starts_declaration) ++index;
  return index;
}

/// A step ends at the next `|` on its own level, at `->`, at the parenthesis that closes its pipeline, or with its
/// declaration. A `|` that begins a line is taken on any level: a bracket before it may have been forgotten.
size_t TokenFeed::next_step(size_t from, uint16_t depth) const {
  for (size_t index = from; index + 1 < tokens_.size(); ++index) {
    const Token& current = tokens_[index];
    if (current.starts_declaration) return index;
    bool is_own_level = current.depth <= depth;
    if (current.kind == token::BAR && (is_own_level || current.is_first_on_line)) return index;
    if (current.kind == token::ARROW && is_own_level) return index;
    if (current.kind == token::RPAREN && current.depth < depth) return index;
  }
  return tokens_.size() - 1;
}

/// `is_inside`: at a step or statement, so the declaration goes on.
void TokenFeed::resume_at(size_t index, bool is_inside) {
  constexpr size_t resumptions_max = 8; // more than the grammar has levels to recover on
  index = std::min(index, tokens_.size() - 1);
  resumptions_ = index == resumed_ ? resumptions_ + 1 : 0;
  resumed_ = index;
  bool ends_declaration = tokens_[index].starts_declaration || tokens_[index].kind == token::END_OF_TEXT;
  size_t failed = is_misread_declaration(current()) ? current() - 1 : current();
  resyncs_due_ = ends_declaration || !is_inside ? 2 + open_braces_before(failed) : 1;
  cursor_ = index;
  last_step_resumed_ = is_inside ? std::optional(index) : std::nullopt;
  if (resumptions_ > resumptions_max) give_up();
}

void TokenFeed::give_up() {
  cursor_ = tokens_.size(); // bison does not recover from its own end
  resyncs_due_ = 0;
}

void TokenFeed::skip_step(SourceRange words) {
  size_t behind = index_behind(words);
  resume_at(next_step(behind, tokens_[behind - 1].depth), true);
}

void TokenFeed::skip_declaration(SourceRange words) {
  size_t behind = index_behind(words);
  keep_failed_name(behind);
  resume_at(next_declaration(behind), false);
}

void TokenFeed::recover() {
  size_t index = current();
  bool is_again = is_aftermath();
  if (is_misread_declaration(index)) --index;
  std::optional<size_t> bar = step_around(index), block = block_around(index);
  if (bar && !is_again) {
    resume_at(next_step(index, tokens_[*bar].depth), true);
  } else if (block && !is_again) {
    resume_at(next_statement(index, *block), true);
  } else {
    bool is_mistyped_head = tokens_[index].starts_declaration && tokens_[index].kind == token::IDENT;
    size_t from = is_again || is_mistyped_head ? index + 1 : index;
    keep_failed_name(from);
    resume_at(next_declaration(from), false);
  }
}

/// The next statement of the block or, in that of an operator, its next part; else the `}` of the block. What stands in
/// brackets within the block is passed over.
size_t TokenFeed::next_statement(size_t from, size_t block) const {
  for (size_t index = from; index + 1 < tokens_.size(); ++index) {
    const Token& current = tokens_[index];
    if (current.starts_declaration || current.depth <= tokens_[block].depth) return index;
    bool is_own_level = current.depth == tokens_[block].depth + 1;
    if (is_own_level && begins_statement(index, block)) return index;
  }
  return tokens_.size() - 1;
}

bool TokenFeed::begins_statement(size_t index, size_t block) const {
  TokenKind kind = tokens_[index].kind, before = tokens_[index - 1].kind, next = tokens_[index + 1].kind;
  if (!tokens_[index].is_first_on_line && before != token::SEMICOLON && before != token::RBRACE) return false;
  bool is_of_operator = !block_around(block);
  if (is_of_operator) return is_name(next) && (kind == token::ON || kind == token::STATE || kind == token::BROADCAST);
  bool is_assigned = next == token::ASSIGN || (next >= token::ADD_ASSIGN && next <= token::DIVIDE_ASSIGN);
  if (is_name(kind) && (is_assigned || next == token::DOT)) return true;
  return kind == token::LET || kind == token::IF || kind == token::MATCH || kind == token::FOR ||
         kind == token::RETURN || kind == token::EMIT || kind == token::AT || kind == token::AFTER ||
         kind == token::CANCEL || kind == token::CLEAR;
}

/// A `{` behind a complete expression, or behind `else`: no record stands there. A record type may stand behind `->`
/// only, so in an operator this tells.
bool TokenFeed::is_block(size_t index) const {
  if (index == 0 || tokens_[index].kind != token::LBRACE) return false;
  TokenKind before = tokens_[index - 1].kind;
  if (before == token::EMIT || before == token::AT || before == token::AFTER) return false;
  bool ends_literal = before == token::NULL_ || before == token::TRUE_ || before == token::FALSE_ ||
                      (before >= token::INT && before <= token::STRING) || before == token::STR_END;
  return before == token::ELSE || before == token::QUESTION || ends_literal || is_name(before) ||
         (is_closing(before) && before != token::HOLE_END);
}

std::optional<size_t> TokenFeed::block_around(size_t index) const {
  size_t closed = 0;
  for (size_t at = index; at-- > 0;) {
    const Token& current = tokens_[at];
    if (is_closing(current.kind)) {
      ++closed;
    } else if (is_opening(current.kind) && closed-- == 0) {
      closed = 0;
      std::optional<size_t> begin = is_block(at) ? declaration_before(at) : std::nullopt;
      if (begin && tokens_[*begin].kind == token::OPERATOR) return at;
    }
    if (current.starts_declaration) return {};
  }
  return {};
}

/// How many blocks may be open there: each is closed by one RESYNC.
size_t TokenFeed::open_braces_before(size_t index) const {
  size_t open = 0;
  for (std::optional<size_t> at = open_bracket_before(index); at; at = open_bracket_before(*at)) {
    open += tokens_[*at].kind == token::LBRACE ? 1 : 0;
  }
  return open;
}

/// `{ a: i64, source fares: …`: the first word of a declaration was taken for a name, the second does not fit.
bool TokenFeed::is_misread_declaration(size_t index) const {
  return index > 0 && tokens_[index - 1].starts_declaration && is_name(tokens_[index].kind);
}

std::optional<size_t> TokenFeed::declaration_before(size_t index) const {
  for (size_t at = index; at-- > 0;) {
    if (tokens_[at].starts_declaration) return at;
  }
  return {};
}

std::optional<size_t> TokenFeed::open_bracket_before(size_t index) const {
  size_t closed = 0;
  for (size_t at = index; at-- > 0;) {
    if (is_closing(tokens_[at].kind)) ++closed;
    if (is_opening(tokens_[at].kind) && closed-- == 0) return at;
    if (tokens_[at].starts_declaration) return {};
  }
  return {};
}

std::optional<size_t> TokenFeed::step_around(size_t index) const {
  std::optional<size_t> found;
  size_t closed = 0;
  for (size_t at = index; at-- > 0;) {
    const Token& current = tokens_[at];
    if (is_closing(current.kind)) {
      ++closed;
    } else if (is_opening(current.kind)) {
      if (closed > 0) {
        --closed;
      } else {
        found.reset(); // of a pipeline in parentheses, or between the alternatives of a match
      }
    } else if (closed == 0 && !found && current.kind == token::BAR) {
      found = at;
    } else if (closed == 0 && !found && current.kind == token::ARROW) {
      return {}; // in the connector of a sink, or behind the head of a function
    }
    if (!current.starts_declaration) continue;
    bool has_pipeline = current.kind == token::STREAM || current.kind == token::TABLE || current.kind == token::SINK;
    return has_pipeline ? found : std::nullopt;
  }
  return {};
}

/// The name behind the word of the declaration, or behind its two words.
void TokenFeed::keep_failed_name(size_t index) {
  failed_name_ = {};
  std::optional<size_t> begin = declaration_before(index);
  if (!begin || tokens_[*begin].kind == token::SINK || tokens_[*begin].kind == token::TEST) return;
  size_t at = *begin + (tokens_[*begin].kind == token::EXTERN ? 2 : 1);
  if (at >= tokens_.size() || !is_name(tokens_[at].kind)) return;
  failed_name_ = {file_.slice(range_of(at)), range_of(at)};
}

} // namespace flow::lang
