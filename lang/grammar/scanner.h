// What the rules of flow.l do: one verb for each kind of thing found. Not to be used from elsewhere; see scan.h.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "lang/base/arena.h"
#include "lang/diagnostics/diagnostics.h"
#include "lang/grammar/literals.h"
#include "lang/grammar/token.h"
#include "lang/source/source_file.h"

namespace flow::lang {

class Scanner {
public:
  Scanner(const SourceFile& file, Arena& arena, DiagnosticEmitter& emitter);

  /// Called by flex before each action: the next `size` bytes are what was found.
  void advance(size_t size) {
    begin_ = end_;
    end_ += static_cast<uint32_t>(size);
  }
  /// Called when a rule takes back all but the first `size` bytes of what was found.
  void take_back(size_t size) { end_ = begin_ + static_cast<uint32_t>(size); }

  void sign(TokenKind kind);
  void word();
  void number();
  void duration();
  void floating();
  void number_with_letters();
  void instant();
  void doc_comment();

  // Texts. The scanner is within a text, outside, or in a hole: outside, but with a text open around it.
  void open_text();
  void add_text(std::string_view piece);
  void add_escape(char c);
  void add_code_point();
  void open_hole();
  /// True when the text ended here as well, because it was broken.
  bool close_brace();
  void close_text();
  void raw_text();
  bool is_in_hole() const { return !open_texts_.empty(); }
  /// A line or the program ends while a text is open. REQUIRES: within a text or in a hole.
  void break_text();

  // What does not belong in a Flow program.
  void bad_escape(std::string_view problem);
  void foreign_sign(TokenKind meant);
  void foreign_text();
  void curly_text();
  void foreign_comment();
  void endless_comment();
  void endless_raw_text();
  void foreign_word();
  void unexpected();
  bool is_first_on_line() const;

  /// Nested deeper than the parser takes: the rules stop.
  bool has_given_up() const { return has_given_up_; }

  Tokens finish();

private:
  struct OpenText {
    size_t first_token; // its STR_BEGIN
    size_t brackets_before;
    SourceRange quote;
    size_t braces = 0; // open in its current hole
    SourceRange hole;  // its current hole's `{`
    bool has_hole = false;
  };

  SourceRange range() const { return {begin_, end_, file_.id()}; }
  std::string_view found() const { return file_.slice(range()); }
  Token& push(TokenKind kind);
  void push_piece();
  void open_bracket();
  void close_bracket();
  void become_string(const OpenText& text, std::string_view content);
  template <typename T> const T* value_of(const Read<T>& read, DiagnosticKind kind);

  const SourceFile& file_;
  Arena& arena_;
  DiagnosticEmitter& emitter_;
  std::unordered_map<std::string_view, TokenKind> words_;
  Tokens out_;
  uint32_t begin_ = 0;
  uint32_t end_ = 0;
  uint32_t piece_begin_ = 0;
  std::string piece_; // of the open text, not yet a token
  std::vector<OpenText> open_texts_;
  size_t open_brackets_ = 0;
  bool has_given_up_ = false;
  bool has_left_out_ = false; // something before the next token
  bool has_bad_utf8_ = false;
};

/// Defined by the rules in flow.l: runs them over `text`.
void run_scanner_rules(Scanner& scanner, std::string_view text);

} // namespace flow::lang
