#include "lang/grammar/syntax_errors.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "lang/diagnostics/nearest.h"
#include "lang/grammar/foreign_words.h"

namespace flow::lang {

namespace {

constexpr size_t shown_bytes_max = 40;

/// Everything that a mend may look at: the token that does not fit, its surroundings, and what would fit.
class Scene {
 public:
  Scene(const SourceFile& file, const TokenFeed& feed, const std::vector<TokenKind>& expected)
      : file_(file), feed_(feed), expected_(expected), index_(feed.current()) {}

  bool expects(TokenKind kind) const { return std::find(expected_.begin(), expected_.end(), kind) != expected_.end(); }
  bool expects_name() const { return expects(token::IDENT); }
  bool expects_expression() const { return expects_name() && expects(token::INT); }
  bool expects_type() const { return expects_name() && expects(token::LBRACKET) && !expects(token::INT); }
  bool expects_step() const { return !expects_name() && expects(token::SELECT) && expects(token::WHERE); }
  bool expects_declaration() const { return !expects_name() && expects(token::IMPORT) && expects(token::SINK); }
  /// An expression is complete before the token.
  bool is_behind_expression() const { return expects(token::EQ) && expects(token::PLUS); }
  const std::vector<TokenKind>& expected() const { return expected_; }

  size_t index() const { return index_; }
  TokenKind found() const { return kind_at(0); }
  TokenKind before(size_t back = 1) const { return index_ >= back ? kind_at(-static_cast<ptrdiff_t>(back)) : token::END_OF_TEXT; }
  TokenKind behind() const { return index_ + 1 < feed_.tokens().size() ? kind_at(1) : token::END_OF_TEXT; }
  const Token& token_found() const { return feed_.tokens()[index_]; }
  SourceRange range() const { return feed_.range_of(index_); }
  SourceRange range_before(size_t back = 1) const { return feed_.range_of(index_ - back); }
  std::string_view text() const { return file_.slice(range()); }
  std::string_view text_before(size_t back = 1) const { return index_ >= back ? file_.slice(range_before(back)) : ""; }

  std::optional<size_t> open_bracket() const { return feed_.open_bracket_before(index_); }
  bool is_within(TokenKind bracket) const {
    std::optional<size_t> open = open_bracket();
    return open && feed_.tokens()[*open].kind == bracket;
  }
  TokenKind declaration() const {
    std::optional<size_t> begin = feed_.declaration_before(index_);
    return begin ? feed_.tokens()[*begin].kind : token::END_OF_TEXT;
  }
  const TokenFeed& feed() const { return feed_; }

  /// How the token that does not fit is called.
  std::string shown() const { return shown(index_); }
  std::string shown(size_t index) const {
    if (feed_.tokens()[index].kind == token::END_OF_TEXT) return "the end of the program";
    std::string_view text = file_.slice(feed_.range_of(index));
    if (text.size() <= shown_bytes_max) return fmt::format("`{}`", text);
    size_t size = shown_bytes_max;
    while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;
    return fmt::format("`{}…`", text.substr(0, size));
  }

 private:
  TokenKind kind_at(ptrdiff_t offset) const {
    return feed_.tokens()[static_cast<size_t>(static_cast<ptrdiff_t>(index_) + offset)].kind;
  }

  const SourceFile& file_;
  const TokenFeed& feed_;
  const std::vector<TokenKind>& expected_;
  size_t index_;
};

// ------------------------------------------------------------------------------------------------ what was expected

constexpr std::array expression_operators = {
    token::AND, token::OR,    token::NOT,      token::IN,    token::IS,          token::EQ,       token::NE,     token::LT,
    token::GT,  token::LE,    token::GE,       token::RANGE, token::RANGE_BELOW, token::COALESCE, token::PLUS,   token::MINUS,
    token::STAR, token::SLASH, token::PERCENT, token::DOT,   token::SAFE_DOT,    token::FATARROW, token::LPAREN, token::LBRACKET,
};

bool is_operator(TokenKind kind) {
  return std::find(expression_operators.begin(), expression_operators.end(), kind) != expression_operators.end();
}

/// Those that may be listed one by one: no operators behind an expression, no declarations behind a complete one.
std::vector<std::string> single_expectations(const Scene& scene) {
  std::vector<std::string> singles;
  bool may_end = scene.expects(token::IMPORT);
  for (TokenKind kind : scene.expected()) {
    if (scene.is_behind_expression() && is_operator(kind)) continue;
    if (may_end && (kind == token::LET || (kind >= token::IMPORT && kind <= token::TEST))) continue;
    if (kind == token::RESYNC || kind == token::SEMICOLON || kind == token::HOLE_END) continue;
    if (kind == token::END_OF_TEXT || kind == token::STR_TEXT || kind == token::HOLE_BEGIN) continue;
    if (kind == token::STRING || kind == token::STR_BEGIN) {
      if (kind == token::STRING) singles.push_back("a text");
    } else if (kind == token::INT) {
      singles.push_back("a whole number");
    } else {
      singles.push_back(fmt::format("`{}`", text_of(kind)));
    }
  }
  return singles;
}

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) text += i + 1 == parts.size() ? " or " : ", ";
    text += parts[i];
  }
  return text;
}

std::string expectation(const Scene& scene) {
  constexpr size_t listed_max = 6;
  if (scene.expects_step()) return "a step such as `where` or `select`";
  if (scene.expects_declaration() && !scene.is_behind_expression() && !scene.expects(token::BAR) &&
      scene.expects(token::END_OF_TEXT) && scene.expected().size() < 25) {
    return "a declaration such as `stream`";
  }
  if (scene.expects_expression()) return "an expression";
  if (scene.expects_type()) return "a type";
  if (scene.expects_name()) return "a name";
  std::vector<std::string> parts = single_expectations(scene);
  if (parts.size() > listed_max) parts.resize(listed_max);
  if (scene.expects(token::HOLE_END)) parts.push_back("the end of the hole, `}`");
  if (scene.is_behind_expression()) parts.insert(parts.begin(), "an operator");
  if (scene.expects(token::IMPORT)) parts.push_back("the next declaration");
  return joined(parts);
}

// ------------------------------------------------------------------------------------------------ mends

/// A mend looks at the scene and, if it knows what was meant, reports it.
using Mend = bool (*)(const Scene& scene, DiagnosticEmitter& emitter);

TokenKind closing_of(TokenKind opening) {
  if (opening == token::LPAREN) return token::RPAREN;
  return opening == token::LBRACKET ? token::RBRACKET : token::RBRACE;
}

/// A declaration or a step begins, or the program ends, within brackets.
bool bracket_left_open(const Scene& scene, DiagnosticEmitter& emitter) {
  bool is_misread = scene.feed().is_misread_declaration(scene.index());
  size_t stop = is_misread ? scene.index() - 1 : scene.index();
  std::optional<size_t> open = scene.feed().open_bracket_before(stop);
  const Token& stopper = scene.feed().tokens()[stop];
  bool begins_anew = stopper.starts_declaration || stopper.kind == token::END_OF_TEXT ||
                     (stopper.kind == token::BAR && stopper.is_first_on_line);
  if (!open || !begins_anew) return false;
  TokenKind bracket = scene.feed().tokens()[*open].kind;
  emitter
      .report(DiagnosticKind::unclosed_bracket, scene.feed().range_of(*open), "this `{}` is not closed",
              scene.shown(*open).substr(1, 1))
      .note(scene.feed().range_of(stop), "here {} begins, and `{}` was still missing",
            stopper.kind == token::END_OF_TEXT ? "nothing more" : scene.shown(stop), text_of(closing_of(bracket)))
      .help("put `{}` where it ends", text_of(closing_of(bracket)));
  return true;
}

bool bracket_closed_by_another(const Scene& scene, DiagnosticEmitter& emitter) {
  if (!is_closing(scene.found()) || scene.found() == token::HOLE_END) return false;
  std::optional<size_t> open = scene.open_bracket();
  if (!open) {
    emitter.report(DiagnosticKind::syntax, scene.range(), "this {} closes nothing", scene.shown()).help("remove it");
    return true;
  }
  TokenKind bracket = scene.feed().tokens()[*open].kind;
  if (closing_of(bracket) == scene.found() || bracket == token::HOLE_BEGIN) return false;
  emitter
      .report(DiagnosticKind::unclosed_bracket, scene.range(), "{} was opened, but {} closes it", scene.shown(*open),
              scene.shown())
      .note(scene.feed().range_of(*open), "it is opened here")
      .help("write `{}`", text_of(closing_of(bracket)));
  return true;
}

/// A condition with `=`, a record with `=`, a binding with `:`.
bool wrong_equals(const Scene& scene, DiagnosticEmitter& emitter) {
  if (scene.found() == token::ASSIGN && scene.is_within(token::LBRACE) && scene.is_behind_expression()) {
    emitter.report(DiagnosticKind::syntax, scene.range(), "in a record the value of a field stands behind `:`, not `=`")
        .help("write `{}: …`", scene.text_before());
    return true;
  }
  if (scene.found() == token::ASSIGN && scene.is_behind_expression()) {
    emitter.report(DiagnosticKind::syntax, scene.range(), "`=` gives a name to a value; it compares nothing")
        .help("two values are compared by `==`");
    return true;
  }
  if (scene.found() == token::COLON && scene.expects(token::ASSIGN) && is_name(scene.before())) {
    emitter.report(DiagnosticKind::syntax, scene.range(), "expected `=` here, found `:`")
        .help("write `{} = …`", scene.text_before());
    return true;
  }
  return false;
}

bool equality_of_equality(const Scene& scene, DiagnosticEmitter& emitter) {
  bool is_comparison = scene.found() == token::EQ || scene.found() == token::NE || scene.found() == token::LT ||
                       scene.found() == token::GT || scene.found() == token::LE || scene.found() == token::GE ||
                       scene.found() == token::IN || scene.found() == token::IS;
  if (!is_comparison || scene.expects_expression() || !scene.expects(token::AND)) return false;
  emitter.report(DiagnosticKind::syntax, scene.range(), "comparisons cannot be chained")
      .help("write `a < b and b < c`, or `b in a..c`");
  return true;
}

bool unknown_step(const Scene& scene, DiagnosticEmitter& emitter) {
  if (!scene.expects_step()) return false;
  bool is_word_like = scene.found() == token::IDENT || is_word(scene.found());
  if (!is_word_like || scene.token_found().starts_declaration) {
    emitter.report(DiagnosticKind::syntax, scene.range(), "behind `|` a step is due, but here stands {}", scene.shown())
        .help("a step begins with its name: `| where price > 100`");
    return true;
  }
  auto report = emitter.report(DiagnosticKind::unknown_step, scene.range(), "there is no step `{}`", scene.text());
  std::string_view foreign = help_for_foreign_step(scene.text());
  if (!foreign.empty()) {
    report.help("{}", foreign);
    return true;
  }
  std::vector<std::string_view> steps;
  for (TokenKind kind : scene.expected()) steps.push_back(text_of(kind));
  std::string_view near = nearest(scene.text(), steps);
  if (!near.empty()) report.help("did you mean `{}`?", near);
  return true;
}

bool is_step_word(TokenKind kind) {
  return kind == token::WHERE || kind == token::AGGREGATE || kind == token::UNION ||
         (kind >= token::SELECT && kind <= token::ANTI);
}

/// `stream x = orders where …`
bool missing_bar(const Scene& scene, DiagnosticEmitter& emitter) {
  if (!scene.expects(token::BAR) || scene.is_within(token::LBRACE) || !is_step_word(scene.found())) return false;
  emitter.report(DiagnosticKind::syntax, scene.range(), "before the step `{}` stands no `|`", scene.text())
      .help("write `| {}`", scene.text());
  return true;
}

/// `stream x = select a from orders`
bool pipeline_without_stream(const Scene& scene, DiagnosticEmitter& emitter) {
  bool is_head = scene.before(2) == token::ASSIGN || scene.before(2) == token::SINK;
  bool has_stream = scene.declaration() == token::STREAM || scene.declaration() == token::TABLE;
  bool is_query = is_head && has_stream && scene.expects(token::BAR) && is_step_word(scene.before());
  bool is_query_from = is_head && has_stream && scene.expects(token::BAR) && scene.before() == token::FROM;
  bool is_reserved = scene.found() == token::WHERE && scene.before() == token::ASSIGN && has_stream;
  if (!is_query && !is_query_from && !is_reserved && !(scene.found() == token::BAR && scene.before() == token::ASSIGN)) return false;
  emitter.report(DiagnosticKind::syntax, is_query || is_query_from ? scene.range_before() : scene.range(),
                 "a pipeline begins with a stream, not with a step")
      .help("write `orders | where price > 100 | select {{ id, price }}`");
  return true;
}

bool unknown_declaration(const Scene& scene, DiagnosticEmitter& emitter) {
  bool is_due = scene.expects_declaration() && scene.expects(token::END_OF_TEXT);
  bool is_word_like = scene.found() == token::IDENT || is_word(scene.found());
  if (!is_due || !is_word_like || !scene.token_found().is_first_on_line || scene.open_bracket()) return false;
  auto report = emitter.report(DiagnosticKind::unknown_declaration, scene.range(), "there is no declaration `{}`", scene.text());
  std::string_view foreign = help_for_foreign_declaration(scene.text());
  if (foreign.empty() && is_step_word(scene.found())) foreign = "a step of a pipeline begins with `|`";
  if (!foreign.empty()) {
    report.help("{}", foreign);
    return true;
  }
  std::vector<std::string_view> words{"let"};
  for (int kind = token::IMPORT; kind <= token::TEST; ++kind) words.push_back(text_of(static_cast<TokenKind>(kind)));
  std::string_view near = nearest(scene.text(), words);
  if (near.empty()) {
    report.help("a program is made of `type`, `enum`, `param`, `let`, `import`, `fn`, `source`, `stream`, `table` and `sink`");
  } else {
    report.help("did you mean `{}`?", near);
  }
  return true;
}

bool step_without_pipeline(const Scene& scene, DiagnosticEmitter& emitter) {
  bool is_at_start = scene.expects_declaration() && !scene.expects(token::BAR) && scene.expects(token::END_OF_TEXT);
  if (scene.found() != token::BAR || !is_at_start) return false;
  bool is_cut = scene.before() == token::SEMICOLON;
  emitter.report(DiagnosticKind::syntax, scene.range(), "this step belongs to no pipeline")
      .help("{}", is_cut ? "remove the `;` before it" : "a pipeline stands in a declaration: `stream NAME = orders | where …`");
  return true;
}

/// `sink x csv(…)`, `sink x = csv(…)`, `stream x -> csv(…)`
bool wrong_arrow(const Scene& scene, DiagnosticEmitter& emitter) {
  bool is_sink = scene.declaration() == token::SINK && scene.expects(token::ARROW) && !scene.open_bracket();
  if (is_sink && (is_name(scene.found()) || scene.found() == token::ASSIGN || scene.found() == token::STRING ||
                  scene.found() == token::FATARROW || scene.found() == token::LPAREN)) {
    emitter.report(DiagnosticKind::syntax, scene.range(), "expected `->` before where the stream goes, found {}", scene.shown())
        .help("a sink is written `sink NAME -> csv(\"out\")`");
    return true;
  }
  bool is_stream = scene.declaration() == token::STREAM || scene.declaration() == token::TABLE;
  if (scene.found() != token::ARROW || !is_stream) return false;
  emitter.report(DiagnosticKind::syntax, scene.range(), "only a sink is written somewhere by `->`")
      .help("name the stream, then write `sink NAME -> csv(\"out\")`");
  return true;
}

bool missing_result_type(const Scene& scene, DiagnosticEmitter& emitter) {
  if (scene.declaration() != token::FN || scene.expected().size() != 1 || !scene.expects(token::ARROW)) return false;
  emitter.report(DiagnosticKind::syntax, scene.range(), "expected `->` and the type of the result, found {}", scene.shown())
      .help("a function is written `fn twice(x: i64) -> i64 = x * 2`");
  return true;
}

/// `type Fare { … }`, `stream x orders`
bool missing_assign(const Scene& scene, DiagnosticEmitter& emitter) {
  if (!scene.expects(token::ASSIGN) || scene.is_behind_expression() || scene.open_bracket()) return false;
  bool is_head = scene.feed().declaration_before(scene.index()) == scene.index() - 2;
  if (!is_head || scene.index() < 2) return false;
  emitter.report(DiagnosticKind::syntax, scene.range(), "expected `=` behind the name `{}`, found {}", scene.text_before(),
                 scene.shown())
      .help("write `{} {} = …`", scene.text_before(2), scene.text_before());
  return true;
}

bool reserved_word(const Scene& scene, DiagnosticEmitter& emitter) {
  if (!is_reserved_word(scene.found()) || !scene.expects_name() || scene.expects_expression()) return false;
  emitter.report(DiagnosticKind::reserved_word, scene.range(), "`{}` is a word of the language and cannot be a name", scene.text())
      .help("choose another name, such as `{}_`", scene.text());
  return true;
}

/// `select a, b`, `key a, b`
bool missing_braces(const Scene& scene, DiagnosticEmitter& emitter) {
  if (scene.found() != token::COMMA || scene.open_bracket()) return false;
  std::optional<size_t> bar = scene.feed().step_around(scene.index());
  if (!bar) return false;
  TokenKind step = scene.feed().tokens()[*bar + 1].kind;
  if (step != token::SELECT && step != token::KEY) return false;
  emitter.report(DiagnosticKind::syntax, scene.range(), "several fields of `{}` stand in braces", text_of(step))
      .help("write `{} {{ a, b: expression }}`", text_of(step));
  return true;
}

/// `derive { … }`, `aggregate { … }`
bool needless_braces(const Scene& scene, DiagnosticEmitter& emitter) {
  bool has_bindings = scene.before() == token::DERIVE || scene.before() == token::AGGREGATE ||
                      scene.before() == token::RENAME || scene.before() == token::DROP;
  bool is_bracket = scene.found() == token::LBRACE || scene.found() == token::LPAREN;
  if (!has_bindings || !is_bracket || !scene.expects_name() || scene.before(2) != token::BAR) return false;
  emitter.report(DiagnosticKind::syntax, scene.range(), "`{}` takes no brackets", scene.text_before())
      .help("write `{} {}`", scene.text_before(), scene.before() == token::DROP ? "a, b" : "a = expression, b = expression");
  return true;
}

/// `select { a as b }`, `aggregate sum(x) as s`
bool misplaced_as(const Scene& scene, DiagnosticEmitter& emitter) {
  if (scene.found() != token::AS) return false;
  emitter.report(DiagnosticKind::syntax, scene.range(), "a value does not get its name by `as` here")
      .help("the name comes first: `{}`", scene.is_within(token::LBRACE) ? "{ name: value }" : "name = value");
  return true;
}

/// `aggregate count()`: the name of the result is missing.
bool missing_binding_name(const Scene& scene, DiagnosticEmitter& emitter) {
  std::optional<size_t> bar = scene.feed().step_around(scene.index());
  if (!bar || scene.open_bracket() || scene.expected().size() != 1 || !scene.expects(token::ASSIGN)) return false;
  std::string_view step = text_of(scene.feed().tokens()[*bar + 1].kind);
  emitter.report(DiagnosticKind::syntax, scene.range(), "`{}` needs a name for its result: expected `=`, found {}", step, scene.shown())
      .help("write `{} name = {}{}`", step, scene.text_before(), scene.found() == token::LPAREN ? "(…)" : "");
  return true;
}

bool trailing_comma(const Scene& scene, DiagnosticEmitter& emitter) {
  if (scene.before() != token::COMMA || scene.open_bracket() || !scene.expects_name()) return false;
  emitter.report(DiagnosticKind::syntax, scene.range_before(), "behind this `,` nothing follows")
      .help("remove it, or write what was to follow");
  return true;
}

bool begins_operand(TokenKind kind) {
  return is_name(kind) || kind == token::INT || kind == token::FLOAT || kind == token::STRING || kind == token::STR_BEGIN ||
         kind == token::DURATION || kind == token::INSTANT || kind == token::DOTS || kind == token::TRUE_ ||
         kind == token::FALSE_ || kind == token::NULL_ || kind == token::LBRACE;
}

/// The next word was mistyped or is in capitals: `x AND y`.
bool mistyped_word(const Scene& scene, DiagnosticEmitter& emitter) {
  if (scene.found() != token::IDENT || scene.expects_name()) return false;
  std::vector<std::string_view> words;
  for (TokenKind kind : scene.expected()) {
    if (is_word(kind)) words.push_back(text_of(kind));
  }
  std::string_view near = nearest(scene.text(), words);
  if (near.empty()) return false;
  emitter.report(DiagnosticKind::syntax, scene.range(), "`{}` does not belong here", scene.text()).help("did you mean `{}`?", near);
  return true;
}

bool missing_comma(const Scene& scene, DiagnosticEmitter& emitter) {
  if (!scene.open_bracket() || !scene.expects(token::COMMA) || !begins_operand(scene.found())) return false;
  emitter.report(DiagnosticKind::syntax, scene.range(), "expected `,` before {}", scene.shown())
      .help("the parts of a list are parted by `,`");
  return true;
}

bool missing_parentheses(const Scene& scene, DiagnosticEmitter& emitter) {
  if (scene.expected().size() != 1 || !scene.expects(token::LPAREN) || scene.before(2) != token::ARROW) return false;
  emitter.report(DiagnosticKind::syntax, scene.range(), "expected `(` behind the connector `{}`, found {}", scene.text_before(), scene.shown())
      .help("write `{}(…)`", scene.text_before());
  return true;
}

bool else_missing(const Scene& scene, DiagnosticEmitter& emitter) {
  if (!scene.expects(token::ELSE) || !scene.is_behind_expression()) return false;
  emitter.report(DiagnosticKind::syntax, scene.range(), "expected `else` before {}: an `if` gives a value in both cases", scene.shown())
      .help("write `if condition then a else b`; where there is no value, `else null`");
  return true;
}

bool found_and_expected(const Scene& scene, DiagnosticEmitter& emitter) {
  std::string expected = expectation(scene);
  if (expected.empty()) {
    emitter.report(DiagnosticKind::syntax, scene.range(), "{} does not belong here", scene.shown());
  } else {
    emitter.report(DiagnosticKind::syntax, scene.range(), "found {}, expected {}", scene.shown(), expected);
  }
  return true;
}

constexpr std::array<Mend, 23> mends = {
    bracket_left_open,
    bracket_closed_by_another,
    wrong_equals,
    equality_of_equality,
    unknown_step,
    pipeline_without_stream,
    missing_bar,
    wrong_arrow,
    step_without_pipeline,
    missing_result_type,
    missing_assign,
    missing_parentheses,
    reserved_word,
    missing_braces,
    needless_braces,
    misplaced_as,
    missing_binding_name,
    trailing_comma,
    else_missing,
    mistyped_word,
    missing_comma,
    unknown_declaration,
    found_and_expected,
};

std::vector<TokenKind> expected_kinds(const GeneratedParser::context& where) {
  using Symbols = GeneratedParser::symbol_kind;
  std::vector<GeneratedParser::symbol_kind_type> symbols(Symbols::YYNTOKENS);
  int count = where.expected_tokens(symbols.data(), static_cast<int>(symbols.size()));
  std::vector<TokenKind> kinds;
  for (int i = 0; i < count; ++i) kinds.push_back(static_cast<TokenKind>(symbols[static_cast<size_t>(i)]));
  return kinds;
}

}  // namespace

void SyntaxErrors::report(const GeneratedParser::context& where) {
  if (!feed_.is_aftermath()) {
    std::vector<TokenKind> expected = expected_kinds(where);
    Scene scene(file_, feed_, expected);
    for (Mend mend : mends) {
      if (mend(scene, emitter_)) break;
    }
  }
  feed_.recover();
}

void SyntaxErrors::report_other(SourceRange range, std::string_view text) {
  emitter_.report(DiagnosticKind::syntax, range, "{}", text);
}

}  // namespace flow::lang
