#include "runtime/formats/json_reader.h"

#include <array>

#include "runtime/formats/utf8.h"

namespace flow::runtime {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  c = static_cast<char>(c | 0x20);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// Bytes that end the plain part of a string: the quote, the backslash, control characters.
constexpr std::array<bool, 256> make_stops() {
  std::array<bool, 256> stops{};
  for (size_t i = 0; i < 0x20; ++i) stops[i] = true;
  stops['"'] = stops['\\'] = true;
  return stops;
}
constexpr std::array<bool, 256> stops = make_stops();

uint32_t code_unit(std::string_view raw, size_t at) {
  uint32_t unit = 0;
  for (size_t i = at; i < at + 4; ++i) unit = unit << 4 | static_cast<uint32_t>(hex_digit(raw[i]));
  return unit;
}

char simple_escape(char letter) {
  switch (letter) {
  case 'b': return '\b';
  case 'f': return '\f';
  case 'n': return '\n';
  case 'r': return '\r';
  case 't': return '\t';
  default: return letter;
  }
}

} // namespace

char JsonReader::peek() {
  while (at_ < end_ && (*at_ == ' ' || *at_ == '\t' || *at_ == '\r' || *at_ == '\n')) ++at_;
  return at_ < end_ ? *at_ : '\0';
}

bool JsonReader::is_at_end() {
  peek();
  return at_ == end_;
}

bool JsonReader::accept(char wanted) {
  if (peek() != wanted || at_ == end_) return false;
  ++at_;
  return true;
}

bool JsonReader::expect(char wanted, std::string_view reason) { return accept(wanted) || fail(reason); }

bool JsonReader::text(JsonText* text) {
  if (!expect('"', "a string is expected here")) return false;
  const char* begin = at_;
  text->has_escapes = false;
  while (true) {
    while (at_ < end_ && !stops[static_cast<uint8_t>(*at_)]) ++at_;
    if (at_ == end_) return fail_at(begin - 1, "the string is not closed");
    if (*at_ == '"') break;
    if (*at_ != '\\') return fail("control characters must be escaped in a string");
    text->has_escapes = true;
    if (!escape()) return false;
  }
  text->raw = {begin, static_cast<size_t>(at_ - begin)};
  ++at_;
  return true;
}

bool JsonReader::escape() {
  constexpr std::string_view letters = "\"\\/bfnrt";
  const char* backslash = at_++;
  if (at_ == end_) return fail_at(backslash, "the string is not closed");
  char letter = *at_++;
  if (letters.find(letter) != std::string_view::npos) return true;
  if (letter != 'u') return fail_at(backslash, "there is no such escape in JSON");
  for (int i = 0; i < 4; ++i, ++at_) {
    if (at_ == end_ || hex_digit(*at_) < 0) return fail_at(backslash, "\\u takes four hexadecimal digits");
  }
  return true;
}

bool JsonReader::digits() {
  if (at_ == end_ || !is_digit(*at_)) return fail("a digit is expected here");
  while (at_ < end_ && is_digit(*at_)) ++at_;
  return true;
}

bool JsonReader::number(std::string_view* number) {
  peek();
  const char* begin = at_;
  if (at_ < end_ && *at_ == '-') ++at_;
  const char* whole = at_;
  if (!digits()) return false;
  if (*whole == '0' && at_ - whole > 1) return fail_at(begin, "a number does not start with 0");
  if (at_ < end_ && *at_ == '.') {
    ++at_;
    if (!digits()) return false;
  }
  if (at_ < end_ && (*at_ | 0x20) == 'e') {
    ++at_;
    if (at_ < end_ && (*at_ == '+' || *at_ == '-')) ++at_;
    if (!digits()) return false;
  }
  *number = {begin, static_cast<size_t>(at_ - begin)};
  return true;
}

bool JsonReader::word(std::string_view word) {
  peek();
  std::string_view rest(at_, static_cast<size_t>(end_ - at_));
  if (!rest.starts_with(word)) return fail("this is not a JSON value");
  at_ += word.size();
  return true;
}

bool JsonReader::name(JsonText* name) { return text(name) && expect(':', "':' is expected after a name"); }

bool JsonReader::skip(int depth) {
  JsonText ignored_text;
  std::string_view ignored_number;
  switch (peek()) {
  case '{': return skip_members(depth + 1);
  case '[': return skip_elements(depth + 1);
  case '"': return text(&ignored_text);
  case 't': return word("true");
  case 'f': return word("false");
  case 'n': return word("null");
  case '-':
  case '0':
  case '1':
  case '2':
  case '3':
  case '4':
  case '5':
  case '6':
  case '7':
  case '8':
  case '9': return number(&ignored_number);
  default: return fail(at_ == end_ ? "the record ends too early" : "a value is expected here");
  }
}

bool JsonReader::skip_members(int depth) {
  if (depth > json_depth_max) return fail("values are nested too deeply");
  accept('{');
  if (accept('}')) return true;
  do {
    JsonText ignored;
    if (!name(&ignored) || !skip(depth)) return false;
  } while (accept(','));
  return expect('}', "',' or '}' is expected here");
}

bool JsonReader::skip_elements(int depth) {
  if (depth > json_depth_max) return fail("values are nested too deeply");
  accept('[');
  if (accept(']')) return true;
  do {
    if (!skip(depth)) return false;
  } while (accept(','));
  return expect(']', "',' or ']' is expected here");
}

bool JsonReader::fail_at(const char* where, std::string_view reason) {
  if (fault_ == nullptr) {
    fault_ = where;
    reason_ = reason;
  }
  return false;
}

bool json_unescape(std::string_view raw, char* to, std::string_view* text) {
  char* end = to;
  for (size_t at = 0; at < raw.size();) {
    if (raw[at] != '\\') {
      *end++ = raw[at++];
      continue;
    }
    char letter = raw[at + 1];
    at += 2;
    if (letter != 'u') {
      *end++ = simple_escape(letter);
      continue;
    }
    uint32_t code = code_unit(raw, at);
    at += 4;
    if (code >= 0xd800 && code < 0xe000) {
      bool has_low = code < 0xdc00 && at + 6 <= raw.size() && raw[at] == '\\' && raw[at + 1] == 'u';
      uint32_t low = has_low ? code_unit(raw, at + 2) : 0;
      if (low < 0xdc00 || low >= 0xe000) return false;
      code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
      at += 6;
    }
    end = utf8_write(end, code);
  }
  *text = {to, static_cast<size_t>(end - to)};
  return true;
}

} // namespace flow::runtime
