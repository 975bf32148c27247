#include "lang/grammar/syntax_errors.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "lang/diagnostics/nearest.h"
#include "lang/grammar/foreign_words.h"
#include "lang/grammar/operator_mends.h"
#include "lang/grammar/syntax_scene.h"

namespace flow::lang {

namespace {

/// A mend looks at the scene and, if it knows what was meant, reports it.
using Mend = bool (*)(const Scene& scene, DiagnosticEmitter& emitter);

TokenKind closing_of(TokenKind opening) {
  if (opening == token::LPAREN) return token::RPAREN;
  return opening == token::LBRACKET ? token::RBRACKET : token::RBRACE;
}

/// A declaration or a step begins, or the program ends, within brackets.
bool bracket_left_open(const Scene& scene, DiagnosticEmitter& emitter) {
  size_t stop = scene.index();
  if (scene.feed().is_misread_declaration(stop)) --stop;
  if (scene.is_before_mistyped_head()) ++stop;
  std::optional<size_t> open = scene.feed().open_bracket_before(stop);
  const Token& stopper = scene.feed().tokens()[stop];
  bool begins_anew = stopper.starts_declaration || stopper.kind == token::END_OF_TEXT ||
                     (stopper.kind == token::BAR && stopper.is_first_on_line);
  if (!open || !begins_anew) return false;
  TokenKind bracket = scene.feed().tokens()[*open].kind;
  bool is_end = stopper.kind == token::END_OF_TEXT;
  emitter
      .report(DiagnosticKind::unclosed_bracket, scene.feed().range_of(*open), "this `{}` is not closed",
              scene.shown(*open).substr(1, 1))
      .note(is_end ? scene.range() : scene.feed().range_of(stop), "`{}` is still missing where {} {}",
            text_of(closing_of(bracket)), is_end ? "the program" : scene.shown(stop), is_end ? "ends" : "begins")
      .help("put `{}` where it belongs", text_of(closing_of(bracket)));
  return true;
}

/// `| key` or `| drop a,` and then the next declaration, whose first word was taken for the name that was due.
bool declaration_incomplete(const Scene& scene, DiagnosticEmitter& emitter) {
  bool is_misread = scene.feed().is_misread_declaration(scene.index());
  size_t back = is_misread ? 2 : 1;
  if ((!is_misread && !scene.is_before_mistyped_head()) || scene.index() < back) return false;
  uint32_t end = scene.range_before(back).end;
  emitter
      .report(DiagnosticKind::syntax, {end, end, scene.range().file}, "behind `{}` something is missing",
              scene.text_before(back))
      .note(is_misread ? scene.range_before() : scene.feed().range_of(scene.index() + 1),
            "here the next declaration begins");
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
  if (scene.found() == token::ASSIGN && scene.is_within_record() && scene.is_behind_expression()) {
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
  if (!is_query && !is_query_from && !is_reserved && !(scene.found() == token::BAR && scene.before() == token::ASSIGN))
    return false;
  emitter
      .report(DiagnosticKind::syntax, is_query || is_query_from ? scene.range_before() : scene.range(),
              "a pipeline begins with a stream, not with a step")
      .help("write `orders | where price > 100 | select {{ id, price }}`");
  return true;
}

bool unknown_declaration(const Scene& scene, DiagnosticEmitter& emitter) {
  bool is_word_like = scene.found() == token::IDENT || is_word(scene.found());
  bool is_place = scene.is_on_margin() || scene.expects_only_declaration();
  if (!scene.expects_declaration() || !is_word_like || !is_place || scene.open_bracket()) return false;
  auto report =
      emitter.report(DiagnosticKind::unknown_declaration, scene.range(), "there is no declaration `{}`", scene.text());
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
    report.help(
        "a program is made of `type`, `enum`, `param`, `let`, `import`, `fn`, `source`, `stream`, `table` and `sink`");
  } else {
    report.help("did you mean `{}`?", near);
  }
  return true;
}

bool step_without_pipeline(const Scene& scene, DiagnosticEmitter& emitter) {
  if (scene.found() != token::BAR || !scene.expects_only_declaration()) return false;
  bool is_cut = scene.before() == token::SEMICOLON;
  emitter.report(DiagnosticKind::syntax, scene.range(), "this step belongs to no pipeline")
      .help("{}", is_cut ? "remove the `;` before it"
                         : "a pipeline stands in a declaration: `stream NAME = orders | where …`");
  return true;
}

/// `sink x csv(…)`, `sink x = csv(…)`, `stream x -> csv(…)`
bool wrong_arrow(const Scene& scene, DiagnosticEmitter& emitter) {
  bool is_sink = scene.declaration() == token::SINK && scene.expects(token::ARROW) && !scene.open_bracket();
  bool is_connector = scene.index() + 2 < scene.feed().tokens().size() &&
                      scene.feed().tokens()[scene.index() + 2].kind == token::LPAREN;
  if (is_sink && scene.found() == token::ASSIGN && scene.before(2) == token::SINK && !is_connector) {
    emitter
        .report(DiagnosticKind::syntax, scene.range(),
                "a sink has no name before `=`: behind `sink` stands the stream that it writes")
        .help("write `sink STREAM -> csv(\"out\")`; `as NAME` behind it names the sink");
    return true;
  }
  if (is_sink && (is_name(scene.found()) || scene.found() == token::ASSIGN || scene.found() == token::STRING ||
                  scene.found() == token::FATARROW || scene.found() == token::LPAREN)) {
    emitter
        .report(DiagnosticKind::syntax, scene.range(), "expected `->` before where the stream goes, found {}",
                scene.shown())
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
  if (scene.declaration() != token::FN || !scene.expects_only(token::ARROW)) return false;
  emitter
      .report(DiagnosticKind::syntax, scene.range(), "expected `->` and the type of the result, found {}",
              scene.shown())
      .help("a function is written `fn twice(x: i64) -> i64 = x * 2`");
  return true;
}

/// `type Fare { … }`, `stream x orders`
bool missing_assign(const Scene& scene, DiagnosticEmitter& emitter) {
  if (!scene.expects(token::ASSIGN) || scene.is_behind_expression() || scene.open_bracket()) return false;
  bool is_head = scene.feed().declaration_before(scene.index()) == scene.index() - 2;
  if (!is_head || scene.index() < 2) return false;
  emitter
      .report(DiagnosticKind::syntax, scene.range(), "expected `=` behind the name `{}`, found {}", scene.text_before(),
              scene.shown())
      .help("write `{} {} = …`", scene.text_before(2), scene.text_before());
  return true;
}

bool reserved_word(const Scene& scene, DiagnosticEmitter& emitter) {
  if (!is_reserved_word(scene.found()) || !scene.expects_name() || scene.expects_expression()) return false;
  emitter
      .report(DiagnosticKind::reserved_word, scene.range(), "`{}` is a word of the language and cannot be a name",
              scene.text())
      .help("choose another name, such as `{}_`", scene.text());
  return true;
}

/// `select a, b`, `key a, b`
bool missing_braces(const Scene& scene, DiagnosticEmitter& emitter) {
  if (scene.found() != token::COMMA || scene.open_bracket()) return false;
  TokenKind step = scene.step();
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
      .help("write `{} {}`", scene.text_before(),
            scene.before() == token::DROP ? "a, b" : "a = expression, b = expression");
  return true;
}

/// `select { a as b }`, `aggregate sum(x) as s`
bool misplaced_as(const Scene& scene, DiagnosticEmitter& emitter) {
  if (scene.found() != token::AS) return false;
  emitter.report(DiagnosticKind::syntax, scene.range(), "a value does not get its name by `as` here")
      .help("the name comes first: `{}`", scene.is_within_record() ? "{ name: value }" : "name = value");
  return true;
}

/// `aggregate count()`: the name of the result is missing.
bool missing_binding_name(const Scene& scene, DiagnosticEmitter& emitter) {
  if (scene.step() == token::END_OF_TEXT || scene.open_bracket() || !scene.expects_only(token::ASSIGN)) return false;
  std::string_view step = text_of(scene.step());
  emitter
      .report(DiagnosticKind::syntax, scene.place(),
              "in `{}` a name and `=` stand before each value, but there is only `{}`", step, scene.text_before())
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
  return is_name(kind) || kind == token::INT || kind == token::FLOAT || kind == token::STRING ||
         kind == token::STR_BEGIN || kind == token::DURATION || kind == token::INSTANT || kind == token::DOTS ||
         kind == token::TRUE_ || kind == token::FALSE_ || kind == token::NULL_ || kind == token::LBRACE;
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
  emitter.report(DiagnosticKind::syntax, scene.range(), "`{}` does not belong here", scene.text())
      .help("did you mean `{}`?", near);
  return true;
}

bool missing_comma(const Scene& scene, DiagnosticEmitter& emitter) {
  if (!scene.open_bracket() || !scene.expects(token::COMMA) || !begins_operand(scene.found())) return false;
  emitter.report(DiagnosticKind::syntax, scene.range(), "expected `,` before {}", scene.shown())
      .help("the parts of a list are parted by `,`");
  return true;
}

bool missing_parentheses(const Scene& scene, DiagnosticEmitter& emitter) {
  bool is_connector = scene.before(2) == token::ARROW || scene.declaration() == token::SOURCE;
  if (!scene.expects_only(token::LPAREN) || !is_connector) return false;
  emitter
      .report(DiagnosticKind::syntax, scene.place(), "expected `(` behind the connector `{}`, found {}",
              scene.text_before(), scene.shown())
      .help("write `{}(…)`", scene.text_before());
  return true;
}

/// `source rows = csv("rows") of Row`
bool type_behind_source(const Scene& scene, DiagnosticEmitter& emitter) {
  bool is_type = scene.found() == token::OF || scene.found() == token::AS || scene.found() == token::COLON;
  if (!is_type || scene.declaration() != token::SOURCE || !scene.expects(token::WATERMARK)) return false;
  emitter.report(DiagnosticKind::syntax, scene.range(), "the type of the rows stands behind the name of the source")
      .help("write `source NAME: Type = csv(\"rows\")`");
  return true;
}

/// `sink x -> "out.csv"`, `import "taxi"`
bool text_for_name(const Scene& scene, DiagnosticEmitter& emitter) {
  if (scene.found() != token::STRING || !scene.expects_name() || scene.expects_expression()) return false;
  bool is_connector =
      scene.before() == token::ARROW || (scene.before() == token::ASSIGN && scene.declaration() == token::SOURCE);
  auto report = emitter.report(DiagnosticKind::syntax, scene.range(), "here a {} is due, not a text",
                               is_connector ? "connector" : "name");
  if (is_connector) {
    report.help("write what it is: `csv({})`", scene.text());
  } else {
    report.help("write it without quotes");
  }
  return true;
}

/// `param n = 5`, `{ a i64 }`, `fn f(x)`
bool missing_type(const Scene& scene, DiagnosticEmitter& emitter) {
  if (!scene.expects_only(token::COLON) || !is_name(scene.before())) return false;
  emitter
      .report(DiagnosticKind::syntax, scene.place(), "expected `:` and a type behind the name `{}`",
              scene.text_before())
      .help("write `{}: i64`", scene.text_before());
  return true;
}

bool window_without_kind(const Scene& scene, DiagnosticEmitter& emitter) {
  if (scene.before() != token::WINDOW || scene.before(2) != token::BAR) return false;
  emitter.report(DiagnosticKind::syntax, scene.place(), "behind `window` its kind is due")
      .help("write `window tumbling(1h)`, `window hopping(1h, 5min)` or `window same`");
  return true;
}

/// `enum E = A, B`
bool enum_with_commas(const Scene& scene, DiagnosticEmitter& emitter) {
  bool is_wrong = scene.found() == token::COMMA || scene.found() == token::LBRACE;
  if (scene.declaration() != token::ENUM || !is_wrong) return false;
  emitter.report(DiagnosticKind::syntax, scene.range(), "the values of an enum are parted by `|`")
      .help("write `enum Payment = CASH | CARD`");
  return true;
}

bool else_missing(const Scene& scene, DiagnosticEmitter& emitter) {
  if (!scene.expects(token::ELSE) || !scene.is_behind_expression()) return false;
  emitter
      .report(DiagnosticKind::syntax, scene.place(), "expected `else` before {}: an `if` gives a value in both cases",
              scene.shown())
      .help("write `if condition then a else b`; where there is no value, `else null`");
  return true;
}

bool found_and_expected(const Scene& scene, DiagnosticEmitter& emitter) {
  std::string expected = scene.expectation();
  if (expected.empty()) {
    emitter.report(DiagnosticKind::syntax, scene.range(), "{} does not belong here", scene.shown());
  } else if (scene.place() != scene.range()) {
    emitter.report(DiagnosticKind::syntax, scene.place(), "expected {} behind `{}`", expected, scene.text_before());
  } else {
    emitter.report(DiagnosticKind::syntax, scene.range(), "found {}, expected {}", scene.shown(), expected);
  }
  return true;
}

constexpr std::array<Mend, 36> mends = {
    bracket_left_open,
    declaration_incomplete,
    bracket_closed_by_another,
    block_without_braces,
    wrong_statement,
    initial_behind_bound,
    timer_without_name,
    wrong_part_of_operator,
    statement_word_as_name,
    value_of_return,
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
    type_behind_source,
    text_for_name,
    missing_type,
    window_without_kind,
    enum_with_commas,
    reserved_word,
    missing_braces,
    needless_braces,
    misplaced_as,
    missing_binding_name,
    trailing_comma,
    else_missing,
    unknown_declaration,
    mistyped_word,
    missing_comma,
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

} // namespace

void SyntaxErrors::report(const GeneratedParser::context& where) {
  if (emitter_.is_full()) return feed_.give_up();
  bool is_told = feed_.is_aftermath() || feed_.tokens()[feed_.current()].is_behind_problem;
  if (!is_told) {
    Scene scene(file_, feed_, expected_kinds(where));
    for (Mend mend : mends) {
      if (mend(scene, emitter_)) break;
    }
  }
  feed_.recover();
}

void SyntaxErrors::report_other(SourceRange range, std::string_view text) {
  emitter_.report(DiagnosticKind::syntax, range, "{}", text);
}

} // namespace flow::lang
