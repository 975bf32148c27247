// TestScript: what the tests of a program do, as plain data for those who run them. The rows themselves are in the
// staged program (tests.h), numbered by the connector that makes them; the script names them by number.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace flow::sema {

struct ScriptStep {
  enum class Kind : uint8_t { given, watermark, advance, expect };
  Kind kind;
  uint32_t line = 0;
  std::string connector = {}; // given, watermark: the source, empty: all; expect: the stream
  int64_t first_row = 0;      // given: of the source's rows; expect: of those expected of the stream
  int64_t rows = 0;
  int64_t micros = 0;                   // watermark: since 1970; advance: how long
  bool in_order = false;                // expect
  std::vector<std::string> fields = {}; // expect: those that the rows name; only they are compared
};

struct ScriptTest {
  std::string name;
  std::string file;
  uint32_t line = 0;
  /// Its input ends before the last `expect`s: it says nothing of time itself.
  bool ends_input = false;
  std::vector<ScriptStep> steps;
};

using TestScript = std::vector<ScriptTest>;

/// The script as text, in the form that runtime/testing/script.h reads.
std::string text_of(const TestScript& script);

} // namespace flow::sema
