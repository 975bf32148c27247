#include "lang/grammar/syntax_scene.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

namespace flow::lang {

namespace {

constexpr size_t shown_bytes_max = 40;
constexpr size_t listed_max = 6;

constexpr std::array expression_operators = {
    token::AND,         token::OR,     token::NOT,   token::IN,      token::IS,       token::EQ,
    token::NE,          token::LT,     token::GT,    token::LE,      token::GE,       token::RANGE,
    token::COALESCE,    token::PLUS,   token::MINUS, token::STAR,    token::DOT,      token::SAFE_DOT,
    token::RANGE_BELOW, token::LPAREN, token::SLASH, token::PERCENT, token::FATARROW, token::LBRACKET,
};

bool is_operator(TokenKind kind) {
  return std::find(expression_operators.begin(), expression_operators.end(), kind) != expression_operators.end();
}

bool begins_declaration(TokenKind kind) { return kind == token::LET || (kind >= token::IMPORT && kind <= token::TEST); }

/// What is no use to a reader: inner signs, and the `;` that may stand everywhere.
bool is_unsaid(TokenKind kind) {
  return kind == token::RESYNC || kind == token::SEMICOLON || kind == token::END_OF_TEXT || kind == token::HOLE_END ||
         kind == token::HOLE_BEGIN || kind == token::STR_TEXT || kind == token::STR_BEGIN;
}

std::string listed(TokenKind kind) {
  if (kind == token::STRING) return "a text";
  if (kind == token::INT) return "a whole number";
  return fmt::format("`{}`", text_of(kind));
}

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) text += i + 1 == parts.size() ? " or " : ", ";
    text += parts[i];
  }
  return text;
}

} // namespace

Scene::Scene(const SourceFile& file, const TokenFeed& feed, std::vector<TokenKind> expected)
    : file_(file), feed_(feed), expected_(std::move(expected)), index_(feed.current()) {}

bool Scene::expects(TokenKind kind) const {
  return std::find(expected_.begin(), expected_.end(), kind) != expected_.end();
}

bool Scene::expects_only_declaration() const {
  auto fits = [](TokenKind kind) { return begins_declaration(kind) || is_unsaid(kind); };
  return expects_declaration() && std::all_of(expected_.begin(), expected_.end(), fits);
}

/// Those that may be listed one by one: no operators behind an expression, no declarations behind a complete one.
std::vector<std::string> Scene::single_expectations() const {
  std::vector<std::string> singles;
  bool may_end = expects(token::IMPORT);
  for (TokenKind kind : expected_) {
    if (is_unsaid(kind) || (is_behind_expression() && is_operator(kind))) continue;
    if (may_end && begins_declaration(kind)) continue;
    singles.push_back(listed(kind));
  }
  if (singles.size() > listed_max) singles.resize(listed_max);
  return singles;
}

std::string Scene::expectation() const {
  if (expects_step()) return "a step such as `where` or `select`";
  if (expects_only_declaration()) return "a declaration such as `stream`";
  if (expects_expression()) return "an expression";
  if (expects_type()) return "a type";
  if (expects_name()) return "a name";
  std::vector<std::string> parts = single_expectations();
  if (expects(token::HOLE_END)) parts.push_back("the end of the hole, `}`");
  if (is_behind_expression()) parts.insert(parts.begin(), "an operator");
  if (expects(token::IMPORT)) parts.push_back("the next declaration");
  return joined(parts);
}

std::string_view Scene::text_before(size_t back) const {
  return index_ >= back ? file_.slice(range_before(back)) : std::string_view{};
}

SourceRange Scene::range() const {
  if (found() != token::END_OF_TEXT || index_ == 0) return feed_.range_of(index_);
  uint32_t end = range_before().end; // not on the empty line behind the program
  return {end, end, file_.id()};
}

SourceRange Scene::place() const {
  if (index_ == 0 || !token_found().is_first_on_line) return range();
  uint32_t end = range_before().end;
  return {end, end, file_.id()};
}

bool Scene::is_on_margin() const {
  uint32_t begin = token_found().begin;
  return begin == 0 || file_.text()[begin - 1] == '\n';
}

std::string Scene::shown(size_t index) const {
  if (feed_.tokens()[index].kind == token::END_OF_TEXT) return "the end of the program";
  std::string_view text = file_.slice(feed_.range_of(index));
  if (text.size() <= shown_bytes_max) return fmt::format("`{}`", text);
  size_t size = shown_bytes_max;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;
  return fmt::format("`{}…`", text.substr(0, size));
}

bool Scene::is_within(TokenKind bracket) const {
  std::optional<size_t> open = open_bracket();
  return open && feed_.tokens()[*open].kind == bracket;
}

bool Scene::is_within_block() const {
  std::optional<size_t> open = open_bracket();
  return open && open == feed_.block_around(index_);
}

TokenKind Scene::declaration() const {
  std::optional<size_t> begin = feed_.declaration_before(index_);
  return begin ? feed_.tokens()[*begin].kind : token::END_OF_TEXT;
}

TokenKind Scene::step() const {
  std::optional<size_t> bar = feed_.step_around(index_);
  return bar ? feed_.tokens()[*bar + 1].kind : token::END_OF_TEXT;
}

} // namespace flow::lang
