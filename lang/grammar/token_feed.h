// Gives the parser its tokens, and after an error the place where it can go on.
//
// Bison recovers by throwing tokens away until one fits. That alone is blind: `stream` may be a field, `|` may stand
// in an enum. So the grammar waits for RESYNC after every `error`, and the feed, which sees all tokens, decides where
// to give it: at the next step of the same pipeline if the error lies in a step, at the next statement of the same
// block if it lies in one, else at the next declaration.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "lang/ast/ast.h"
#include "lang/grammar/token.h"
#include "lang/source/source_file.h"

namespace flow::lang {

class TokenFeed {
public:
  TokenFeed(const SourceFile& file, const Tokens& tokens) : file_(file), tokens_(tokens.tokens) {}

  GeneratedParser::symbol_type next();
  SourceRange begin_of_text() const { return {0, 0, file_.id()}; }

  /// The grammar is not interested in what follows the words at `words`; RESYNC comes next.
  void skip_step(SourceRange words);
  void skip_declaration(SourceRange words);

  /// The parser refused the last token: RESYNC comes next.
  void recover();
  /// No more tokens: enough errors were told.
  void give_up();
  /// The last token is where a skipped step ended: that it does not fit follows from what was told of the step.
  bool is_aftermath() const { return last_step_resumed_ == current() && !has_given_resync_; }
  /// The name of the declaration that was given up last, if it got that far.
  Name failed_name() const { return failed_name_; }

  // What messages look at.
  std::span<const Token> tokens() const { return tokens_; }
  /// Index of the last token given; where an error was found. Behind RESYNC it is the token that follows.
  size_t current() const { return has_given_resync_ || cursor_ == 0 ? cursor_ : cursor_ - 1; }
  SourceRange range_of(size_t index) const { return {tokens_[index].begin, tokens_[index].end, file_.id()}; }
  /// Where the last declaration before a token begins, if that can be told.
  std::optional<size_t> declaration_before(size_t index) const;
  bool is_misread_declaration(size_t index) const;
  /// The innermost bracket of the same declaration that is open before a token.
  std::optional<size_t> open_bracket_before(size_t index) const;
  /// The `|` of the step around a token, a step of a pipeline that is not in parentheses.
  std::optional<size_t> step_around(size_t index) const;
  /// The `{` of the innermost block around a token: that of an operator, a handler or an `if`.
  std::optional<size_t> block_around(size_t index) const;

private:
  size_t index_behind(SourceRange range) const;
  size_t next_step(size_t from, uint16_t depth) const;
  size_t next_declaration(size_t from) const;
  size_t next_statement(size_t from, size_t block) const;
  bool begins_statement(size_t index, size_t block) const;
  bool is_block(size_t index) const;
  size_t open_braces_before(size_t index) const;
  void resume_at(size_t index, bool is_inside);
  void keep_failed_name(size_t index);

  const SourceFile& file_;
  std::span<const Token> tokens_;
  size_t cursor_ = 0;
  size_t resyncs_due_ = 0;
  bool has_given_resync_ = false;
  size_t resumed_ = 0;                      // where it went on last,
  size_t resumptions_ = 0;                  // and how often without coming any further
  std::optional<size_t> last_step_resumed_; // to notice that going on there did not help
  Name failed_name_;
};

} // namespace flow::lang
