// What can be seen at a syntax error: the token that does not fit, what stands around it, and what would fit.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lang/grammar/token_feed.h"
#include "lang/source/source_file.h"

namespace flow::lang {

class Scene {
public:
  Scene(const SourceFile& file, const TokenFeed& feed, std::vector<TokenKind> expected);

  // What would fit.
  bool expects(TokenKind kind) const;
  bool expects_only(TokenKind kind) const { return expected_.size() == 1 && expected_.front() == kind; }
  bool expects_name() const { return expects(token::IDENT); }
  bool expects_expression() const { return expects_name() && expects(token::INT); }
  bool expects_type() const { return expects_name() && expects(token::LBRACKET) && !expects(token::INT); }
  bool expects_step() const { return !expects_name() && expects(token::SELECT) && expects(token::WHERE); }
  /// Perhaps among other things.
  bool expects_declaration() const { return !expects_name() && expects(token::IMPORT) && expects(token::SINK); }
  bool expects_only_declaration() const;
  /// An expression is complete before the token.
  bool is_behind_expression() const { return expects(token::EQ) && expects(token::PLUS); }
  const std::vector<TokenKind>& expected() const { return expected_; }
  /// All of it in words, such as "an expression"; empty where nothing can be said.
  std::string expectation() const;

  // The token, and its neighbours. Before the first one there is END_OF_TEXT.
  size_t index() const { return index_; }
  const Token& token_found() const { return feed_.tokens()[index_]; }
  TokenKind found() const { return token_found().kind; }
  TokenKind before(size_t back = 1) const {
    return index_ >= back ? feed_.tokens()[index_ - back].kind : token::END_OF_TEXT;
  }
  std::string_view text() const { return file_.slice(feed_.range_of(index_)); }
  std::string_view text_before(size_t back = 1) const;
  SourceRange range() const;
  SourceRange range_before(size_t back = 1) const { return feed_.range_of(index_ - back); }
  /// Where something is missing: at the token, or behind the one before if the token stands on another line.
  SourceRange place() const;
  bool is_on_margin() const;
  /// The token is the `;` of no length that mark_tokens put before something like a declaration.
  bool is_before_mistyped_head() const { return found() == token::SEMICOLON && range().is_empty(); }
  /// How the token is called in a message.
  std::string shown() const { return shown(index_); }
  std::string shown(size_t index) const;

  // What it stands in.
  std::optional<size_t> open_bracket() const { return feed_.open_bracket_before(index_); }
  bool is_within(TokenKind bracket) const;
  bool is_within_record() const { return is_within(token::LBRACE) && !is_within_block(); }
  /// Of statements, or of the parts of an operator; in no other bracket.
  bool is_within_block() const;
  /// The word of the declaration, or END_OF_TEXT.
  TokenKind declaration() const;
  /// The word of the step, or END_OF_TEXT.
  TokenKind step() const;
  const TokenFeed& feed() const { return feed_; }

private:
  std::vector<std::string> single_expectations() const;

  const SourceFile& file_;
  const TokenFeed& feed_;
  std::vector<TokenKind> expected_;
  size_t index_;
};

} // namespace flow::lang
