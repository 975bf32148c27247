#include "lang/grammar/scanner.h"

#include <algorithm>
#include <utility>

#include "lang/base/utf8.h"
#include "lang/grammar/scan.h"
#include "lang/grammar/token_marks.h"

namespace flow::lang {

namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

/// A character as it can be shown in a message.
std::string shown(std::string_view character) {
  unsigned char first = static_cast<unsigned char>(character[0]);
  if (first < 0x20 || first == 0x7f) return fmt::format("the control character {:#04x}", first);
  return fmt::format("`{}`", character);
}

bool is_blank(std::string_view text) { return text.find_first_not_of(" \t\r\f\v") == std::string_view::npos; }

/// Spaces that look like one but are none to the scanner.
bool is_exotic_space(std::string_view text) {
  for (std::string_view space : {"\u00A0", "\u200B", "\u202F", "\u2009", "\uFEFF"}) {
    if (text.starts_with(space)) return text.size() == space.size() || is_exotic_space(text.substr(space.size()));
  }
  return false;
}

bool holds_curly_quote(std::string_view text) {
  for (std::string_view quote : {"“", "”", "„", "‘", "’", "«", "»"}) {
    if (text.find(quote) != std::string_view::npos) return true;
  }
  return false;
}

} // namespace

Scanner::Scanner(const SourceFile& file, Arena& arena, DiagnosticEmitter& emitter)
    : file_(file), arena_(arena), emitter_(emitter) {
  for (int kind = token::AND; kind < token::IDENT; ++kind) {
    words_.emplace(text_of(static_cast<TokenKind>(kind)), static_cast<TokenKind>(kind));
  }
  if (file.text().starts_with(byte_order_mark)) end_ = byte_order_mark.size();
  if (std::optional<size_t> bad = find_invalid_utf8(file.text())) {
    uint32_t at = static_cast<uint32_t>(*bad);
    has_bad_utf8_ = true;
    emitter.report(DiagnosticKind::invalid_utf8, {at, at + 1, file.id()}, "this byte belongs to no UTF-8 text")
        .help("save the program in the encoding UTF-8");
  }
}

Token& Scanner::push(TokenKind kind) {
  bool is_behind_problem = std::exchange(has_left_out_, false);
  return out_.tokens.emplace_back(
      Token{.kind = kind, .begin = begin_, .end = end_, .is_behind_problem = is_behind_problem});
}

void Scanner::open_bracket() {
  if (++open_brackets_ <= nesting_max) return;
  emitter_.report(DiagnosticKind::nesting_too_deep, range(), "more than {} brackets are open here", nesting_max)
      .help("name a part of it by `let` or `derive`");
  has_given_up_ = true;
}

void Scanner::close_bracket() {
  if (open_brackets_ > 0) --open_brackets_;
}

void Scanner::sign(TokenKind kind) {
  push(kind);
  if (is_closing(kind)) close_bracket();
  if (!is_opening(kind)) return;
  if (kind == token::LBRACE && is_in_hole()) ++open_texts_.back().braces;
  open_bracket();
}

void Scanner::word() {
  auto known = words_.find(found());
  push(known == words_.end() ? token::IDENT : known->second);
}

template <typename T> const T* Scanner::value_of(const Read<T>& read, DiagnosticKind kind) {
  if (!read.value) emitter_.report_text(kind, range(), read.problem);
  return read.value ? &*read.value : nullptr;
}

void Scanner::number() {
  Token& token = push(token::INT);
  Read<uint64_t> read = read_integer(found());
  if (const uint64_t* value = value_of(read, DiagnosticKind::bad_number)) token.integer = *value;
}

void Scanner::floating() {
  Token& token = push(token::FLOAT);
  std::string text(found());
  std::erase(text, '_');
  token.text = arena_.copy(text);
  token.floating = 0;
  Read<double> read = read_float(text);
  if (const double* value = value_of(read, DiagnosticKind::bad_number)) token.floating = *value;
}

void Scanner::duration() {
  Token& token = push(token::DURATION);
  Read<int64_t> read = read_duration(found());
  if (const int64_t* value = value_of(read, DiagnosticKind::bad_duration)) token.micros = *value;
}

void Scanner::number_with_letters() {
  bool has_fraction = found().find('.') != std::string_view::npos;
  auto problem = emitter_.report(DiagnosticKind::bad_number, range(), "`{}` is no number", found());
  if (has_fraction) problem.help("a duration is made of whole numbers: `1h30min`, not `1.5h`");
  push(token::INT);
}

void Scanner::instant() {
  Token& token = push(token::INSTANT);
  token.micros = 0;
  Read<Instant> read = read_instant(found().substr(1));
  if (const Instant* value = value_of(read, DiagnosticKind::bad_instant)) {
    token.micros = value->micros;
    token.is_date = value->is_date;
  }
}

void Scanner::doc_comment() {
  if (found().starts_with("////")) return; // a ruler
  std::vector<DocComment>& docs = out_.docs;
  bool goes_on = false;
  if (!docs.empty()) {
    std::string_view between = file_.slice({docs.back().range.end, begin_, file_.id()});
    goes_on = std::count(between.begin(), between.end(), '\n') == 1 &&
              between.find_first_not_of(" \t\r\n") == std::string_view::npos;
  }
  if (!goes_on) docs.push_back({range(), {}});
  // The lines are joined by finish(), so that a long comment is not copied once a line.
  docs.back().range.end = end_;
}

void Scanner::open_text() {
  open_texts_.push_back({.first_token = out_.tokens.size(), .brackets_before = open_brackets_, .quote = range()});
  push(token::STR_BEGIN);
  open_bracket(); // texts in holes of texts nest like brackets
}

void Scanner::add_text(std::string_view piece) {
  if (piece_.empty()) piece_begin_ = begin_;
  piece_ += piece;
}

void Scanner::add_escape(char c) {
  switch (c) {
  case 'n': return add_text("\n");
  case 'r': return add_text("\r");
  case 't': return add_text("\t");
  case '0': return add_text(std::string_view("\0", 1));
  default: return add_text(std::string_view(&c, 1));
  }
}

void Scanner::add_code_point() {
  std::string_view digits = found().substr(3);
  digits.remove_suffix(1);
  while (digits.size() > 1 && digits.front() == '0') digits.remove_prefix(1);
  uint32_t value = 0;
  for (char c : digits.substr(0, 7)) {
    value = value * 16 + static_cast<uint32_t>(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
  }
  std::string text;
  if (!append_code_point(text, value)) return bad_escape("there is no such code point");
  add_text(text);
}

void Scanner::push_piece() {
  if (piece_.empty()) return;
  Token& token = push(token::STR_TEXT);
  token.begin = piece_begin_;
  token.end = begin_;
  token.text = arena_.copy(piece_);
  piece_.clear();
}

void Scanner::open_hole() {
  push_piece();
  OpenText& text = open_texts_.back();
  text.has_hole = true;
  text.hole = range();
  push(token::HOLE_BEGIN);
  open_bracket();
}

bool Scanner::close_brace() {
  bool ends_hole = is_in_hole() && open_texts_.back().braces == 0;
  if (is_in_hole() && !ends_hole) --open_texts_.back().braces;
  sign(ends_hole ? token::HOLE_END : token::RBRACE);
  if (ends_hole) open_texts_.back().hole = {};
  return ends_hole;
}

/// Puts one STRING in the place of all tokens since the text began.
void Scanner::become_string(const OpenText& text, std::string_view content) {
  out_.tokens.resize(text.first_token, Token{});
  Token& string = push(token::STRING);
  string.begin = text.quote.begin;
  string.text = arena_.copy(content);
}

void Scanner::close_text() {
  OpenText text = open_texts_.back();
  if (text.has_hole) {
    push_piece();
    push(token::STR_END);
  } else {
    become_string(text, piece_);
    piece_.clear();
  }
  open_brackets_ = text.brackets_before;
  open_texts_.pop_back();
  // Back in the hole of the text around it, flex goes on outside of texts, as it does where there is none.
}

void Scanner::raw_text() {
  Token& token = push(token::STRING);
  token.text = found().substr(2, found().size() - 3);
}

void Scanner::break_text() {
  const OpenText text = open_texts_.front();
  bool is_hole_open = text.hole.file != no_file;
  if (is_hole_open) {
    emitter_
        .report(DiagnosticKind::unterminated_string, text.hole, "this `{{` opens a hole that is not closed on its line")
        .help("close the hole by `}}`; a brace that is text is written `{{{{`");
  } else {
    emitter_.report(DiagnosticKind::unterminated_string, text.quote, "this text has no closing `\"` on its line")
        .help("put a `\"` at its end; a line break within a text is written `\\n`");
  }
  become_string(text, {});
  has_left_out_ = true;
  piece_.clear();
  open_brackets_ = text.brackets_before;
  open_texts_.clear();
}

void Scanner::bad_escape(std::string_view problem) {
  auto report = emitter_.report_text(DiagnosticKind::bad_escape, range(), std::string(problem));
  if (found().starts_with('\\'))
    report.help("escapes are \\n \\r \\t \\0 \\\" \\\\ \\u{{1F600}}; a raw text r\"…\" has none");
}

void Scanner::foreign_sign(TokenKind meant) {
  emitter_.report(DiagnosticKind::unexpected_character, range(), "`{}` is no sign of Flow", found())
      .help("write `{}`", text_of(meant));
  sign(meant);
}

void Scanner::foreign_text() {
  emitter_.report(DiagnosticKind::unexpected_character, range(), "a text does not stand between single quotes")
      .help("write it between double quotes: \"{}\"", found().substr(1, found().size() - 2));
  Token& token = push(token::STRING);
  token.text = found().substr(1, found().size() - 2);
}

void Scanner::curly_text() {
  constexpr size_t quote_bytes = 3; // each of the curly quotes
  std::string_view content = found().substr(quote_bytes, found().size() - 2 * quote_bytes);
  emitter_.report(DiagnosticKind::unexpected_character, range(), "a text does not stand between curly quotes")
      .help("write it between plain double quotes: \"{}\"", content);
  Token& token = push(token::STRING);
  token.text = content;
}

void Scanner::foreign_comment() {
  SourceRange sign{begin_, begin_ + (found()[0] == '#' ? 1 : 2), file_.id()};
  emitter_.report(DiagnosticKind::unexpected_character, sign, "`{}` does not begin a comment", file_.slice(sign))
      .help("a comment begins with `//` and ends with its line");
}

void Scanner::endless_comment() {
  emitter_
      .report(DiagnosticKind::unterminated_comment, range(), "this comment does not end, and Flow has no such comments")
      .help("a comment begins with `//` and ends with its line");
}

void Scanner::endless_raw_text() {
  SourceRange quote{begin_, begin_ + 2, file_.id()};
  emitter_.report(DiagnosticKind::unterminated_string, quote, "this text has no closing `\"` on its line")
      .help("put a `\"` at its end");
  push(token::STRING);
  has_left_out_ = true;
}

void Scanner::foreign_word() {
  bool is_space = is_exotic_space(found());
  if (!has_bad_utf8_) {
    if (is_space) {
      emitter_.report(DiagnosticKind::unexpected_character, range(), "this is a special space")
          .help("replace it by a plain one");
    } else if (holds_curly_quote(found())) {
      emitter_.report(DiagnosticKind::unexpected_character, range(), "`{}` holds a curly quote", found())
          .help("a text stands between plain double quotes: \"…\"");
    } else {
      emitter_.report(DiagnosticKind::unexpected_character, range(), "`{}` is no name", found())
          .help("names are made of the letters a to z and A to Z, digits and `_`");
    }
  }
  if (!is_space) push(token::IDENT);
}

void Scanner::unexpected() {
  auto report =
      emitter_.report(DiagnosticKind::unexpected_character, range(), "{} means nothing in Flow", shown(found()));
  has_left_out_ = true;
  char c = found()[0];
  if (c == '&') report.help("conditions are joined by `and`; the bits of numbers by functions");
  if (c == '`') report.help("a name is written without quotes");
  if (c == '$') report.help("an expression within a text stands in braces: \"{{name}}\"");
  if (c == '\'') report.help("a text stands between double quotes: \"…\"");
  if (c == '@') report.help("behind `@` stands a date or a time: @2020-01-31T12:00:00Z");
}

bool Scanner::is_first_on_line() const {
  uint32_t at = begin_;
  while (at > 0 && is_blank(file_.text().substr(at - 1, 1))) --at;
  return at == 0 || file_.text()[at - 1] == '\n';
}

// ------------------------------------------------------------------------------------------------ the end

namespace {

/// The lines of a doc comment without indentation and slashes.
std::string joined_lines(std::string_view comment) {
  std::string joined;
  while (!comment.empty()) {
    size_t end = std::min(comment.find('\n'), comment.size());
    std::string_view line = comment.substr(0, end);
    comment.remove_prefix(std::min(end + 1, comment.size()));
    line.remove_prefix(std::min(line.find("///") + 3, line.size()));
    if (line.starts_with(' ')) line.remove_prefix(1);
    while (!line.empty() && is_blank(line.substr(line.size() - 1))) line.remove_suffix(1);
    if (!joined.empty()) joined += '\n';
    joined += line;
  }
  return joined;
}

/// The first comment is the program's when it stands before everything else, unless it stands directly before a
/// declaration that is documented itself: an import is not.
bool is_of_program(const SourceFile& file, const DocComment& first, const Token& first_token) {
  if (first.range.begin > first_token.begin) return false;
  if (first_token.kind == token::IMPORT || first_token.kind == token::END_OF_TEXT) return true;
  std::string_view between = file.slice({first.range.end, first_token.begin, file.id()});
  return between.find_first_not_of(" \t\r\n") != std::string_view::npos ||
         std::count(between.begin(), between.end(), '\n') > 1;
}

} // namespace

Tokens Scanner::finish() {
  if (has_given_up_) out_.tokens.clear();
  begin_ = end_ = static_cast<uint32_t>(file_.text().size());
  push(token::END_OF_TEXT);
  for (DocComment& doc : out_.docs) doc.text = arena_.copy(joined_lines(file_.slice(doc.range)));
  if (!out_.docs.empty() && is_of_program(file_, out_.docs.front(), out_.tokens.front())) {
    out_.program_doc = out_.docs.front().text;
    out_.docs.erase(out_.docs.begin());
  }
  mark_tokens(out_.tokens, file_);
  return std::move(out_);
}

Tokens scan(const SourceFile& file, Arena& arena, DiagnosticEmitter& emitter) {
  std::string_view text = file.text();
  if (text.size() > program_bytes_max) {
    emitter.report(DiagnosticKind::program_too_large, {0, 0, file.id()},
                   "this program has {} bytes; at most 1 MiB is read", text.size());
    return {.tokens = {Token{.kind = token::END_OF_TEXT, .begin = 0, .end = 0}}, .docs = {}, .program_doc = {}};
  }
  Scanner scanner(file, arena, emitter);
  size_t skipped = text.starts_with(byte_order_mark) ? byte_order_mark.size() : 0;
  run_scanner_rules(scanner, text.substr(skipped));
  return scanner.finish();
}

} // namespace flow::lang
