#include "lang/grammar/operator_mends.h"

#include <optional>
#include <vector>

#include "lang/diagnostics/nearest.h"

namespace flow::lang {

namespace {

constexpr TokenKind statement_words[] = {token::LET,   token::EMIT, token::AT,     token::AFTER, token::CANCEL,
                                         token::CLEAR, token::IF,   token::RETURN, token::MATCH, token::FOR};

/// A name and perhaps fields of it were read where a statement begins, and nothing says what becomes of it.
bool is_behind_place(const Scene& scene) { return scene.expects(token::ADD_ASSIGN) && scene.index() > 0; }

/// What other languages call a statement that Flow has by another name, or has not.
std::string_view help_for_foreign_statement(std::string_view word) {
  if (word == "elif" || word == "elsif" || word == "elseif") return "write `if … { … } else if … { … }`";
  if (word == "while" || word == "loop" || word == "do" || word == "repeat")
    return "a handler has an end, so it has no such loop: what comes later is done in the handler of a timer";
  if (word == "switch" || word == "case") return "write `if … { … } else if … { … }`";
  if (word == "print" || word == "println" || word == "yield" || word == "out") return "rows go out by `emit { … }`";
  if (word == "throw" || word == "raise")
    return "a row that is not wanted goes to an output of its own: `emit … to NAME`";
  return {};
}

std::string_view nearest_statement(std::string_view word) {
  std::vector<std::string_view> words;
  for (TokenKind kind : statement_words) words.push_back(text_of(kind));
  return nearest(word, words);
}

} // namespace

bool block_without_braces(const Scene& scene, DiagnosticEmitter& emitter) {
  if (scene.found() != token::THEN || !scene.expects(token::LBRACE)) return false;
  emitter.report(DiagnosticKind::syntax, scene.range(), "the statements of an `if` stand in braces, without `then`")
      .help("write `if condition {{ … }} else {{ … }}`");
  return true;
}

bool wrong_statement(const Scene& scene, DiagnosticEmitter& emitter) {
  if (!is_behind_place(scene) || scene.before(2) == token::RETURN) return false;
  if (scene.found() == token::EQ) {
    emitter.report(DiagnosticKind::syntax, scene.range(), "`==` compares two values; it changes nothing")
        .help("write `{} = …`", scene.text_before());
    return true;
  }
  if (scene.found() == token::PLUS || scene.found() == token::MINUS) {
    emitter.report(DiagnosticKind::syntax, scene.range(), "a statement does not go on like this")
        .help("write `{} {}= 1`", scene.text_before(), scene.text());
    return true;
  }
  std::optional<size_t> block = scene.open_bracket();
  if (scene.before() == token::ON && block) {
    emitter.report(DiagnosticKind::unclosed_bracket, scene.feed().range_of(*block), "this `{{` is not closed")
        .note(scene.range_before(), "`}}` is still missing where `on` begins")
        .help("put `}}` where it belongs");
    return true;
  }
  if (scene.found() == token::SAFE_DOT) {
    emitter
        .report(DiagnosticKind::syntax, scene.range(), "`?.` reads a field; to change it, `{}` must be there",
                scene.text_before())
        .help("write `if {} is not null {{ {}.field = … }}`", scene.text_before(), scene.text_before());
    return true;
  }
  auto report =
      emitter.report(DiagnosticKind::syntax, scene.range_before(), "`{}` begins no statement", scene.text_before());
  std::string_view foreign = help_for_foreign_statement(scene.text_before());
  std::string_view near = nearest_statement(scene.text_before());
  if (!foreign.empty()) {
    report.help("{}", foreign);
  } else if (!near.empty()) {
    report.help("did you mean `{}`?", near);
  } else if (is_name(scene.found())) {
    report.help("a value gets a name by `let {} = …`, a state is changed by `{} = …`", scene.text(), scene.text());
  } else {
    report.help(
        "statements are `let`, `name = value`, `emit`, `at … as`, `after … as`, `cancel`, `clear`, `if`, `return`");
  }
  return true;
}

bool timer_without_name(const Scene& scene, DiagnosticEmitter& emitter) {
  bool is_timer = scene.expects(token::AS) && scene.is_behind_expression() && scene.is_within_block();
  if (!is_timer || scene.declaration() != token::OPERATOR) return false;
  emitter.report(DiagnosticKind::syntax, scene.place(), "this timer has no name")
      .help("write `at time as NAME` or `after duration as NAME`, and what it does in `on NAME {{ … }}`");
  return true;
}

bool initial_behind_bound(const Scene& scene, DiagnosticEmitter& emitter) {
  bool is_due = scene.expects(token::STATE) && scene.is_within_block();
  if (scene.found() == token::WAS && is_due) {
    emitter.report(DiagnosticKind::syntax, scene.range(), "the former name of a state stands before what ends it")
        .help("write `state NAME: TYPE was OLD expires 1h`");
    return true;
  }
  if (scene.found() != token::ASSIGN || !scene.expects(token::STATE) || !scene.is_within_block()) return false;
  emitter.report(DiagnosticKind::syntax, scene.range(), "what a state holds at first stands behind its type")
      .help("write `state NAME: TYPE = value expires 1h`");
  return true;
}

bool wrong_part_of_operator(const Scene& scene, DiagnosticEmitter& emitter) {
  bool is_due = scene.is_within_block() && scene.expects(token::STATE) && scene.expects(token::ON);
  if (!is_due || scene.expects_name() || !is_name(scene.found())) return false;
  auto report = emitter.report(DiagnosticKind::syntax, scene.range(), "`{}` is no part of an operator", scene.text());
  std::vector<std::string_view> words{"state", "on"};
  std::string_view near = nearest(scene.text(), words);
  if (!near.empty())
    report.help("did you mean `{}`?", near);
  else
    report.help("an operator has `state NAME: TYPE` and `on INPUT {{ … }}`, in which statements stand");
  return true;
}

bool statement_word_as_name(const Scene& scene, DiagnosticEmitter& emitter) {
  TokenKind word = scene.found();
  bool is_of_statement = word == token::TO || word == token::EMIT || word == token::AT || word == token::AFTER ||
                         word == token::CANCEL || word == token::CLEAR;
  if (!is_of_statement || !scene.expects_name() || scene.expects(word)) return false;
  emitter
      .report(DiagnosticKind::reserved_word, scene.range(), "`{}` begins a statement, so it cannot name a state",
              scene.text())
      .help("choose another name, such as `{}_`", scene.text());
  return true;
}

bool value_of_return(const Scene& scene, DiagnosticEmitter& emitter) {
  bool is_behind_name = is_behind_place(scene) && scene.before(2) == token::RETURN;
  bool is_behind_word = scene.before() == token::RETURN && scene.is_within_block();
  if (!is_behind_name && !is_behind_word) return false;
  emitter
      .report(DiagnosticKind::syntax, is_behind_name ? scene.range_before() : scene.range(),
              "a handler gives no value back: `return` ends it, and nothing stands behind it")
      .help("rows go out by `emit`");
  return true;
}

} // namespace flow::lang
