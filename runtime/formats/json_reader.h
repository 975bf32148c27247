// JSON (RFC 8259) from one piece of memory, value by value, without building anything. The caller says what it expects;
// the first mistake sticks, with its place. Nothing is allocated.
#pragma once

#include <cstdint>
#include <string_view>

namespace flow::runtime {

constexpr int json_depth_max = 256;

struct JsonText {
  std::string_view raw; // between the quotes
  bool has_escapes = false;
};

class JsonReader {
public:
  explicit JsonReader(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

  // The next byte behind white space, not taken; 0 at the end.
  char peek();
  bool is_at_end(); // nothing but white space follows
  bool accept(char wanted);
  // Takes it, or fails with "… expected".
  bool expect(char wanted, std::string_view reason);

  // Each takes one value of its type. False: there is none, and the reader has failed.
  bool text(JsonText* text);
  bool number(std::string_view* number);
  bool word(std::string_view word); // true, false, null
  bool skip_value() { return skip(0); }

  // A member's name and the colon. REQUIRES: peek() == '"'.
  bool name(JsonText* name);

  bool fail(std::string_view reason) { return fail_at(at_, reason); }
  bool fail_at(const char* where, std::string_view reason);

  bool has_failed() const { return fault_ != nullptr; }
  const char* fault() const { return fault_; }
  std::string_view reason() const { return reason_; }
  const char* at() const { return at_; }

private:
  bool skip(int depth);
  bool skip_members(int depth);
  bool skip_elements(int depth);
  bool escape();
  bool digits();

  const char* at_;
  const char* end_;
  const char* fault_ = nullptr;
  std::string_view reason_;
};

// Writes what the escapes stand for; `to` has room for raw.size() bytes. False: a surrogate stands alone.
// REQUIRES: `raw` was read by JsonReader.
bool json_unescape(std::string_view raw, char* to, std::string_view* text);

} // namespace flow::runtime
