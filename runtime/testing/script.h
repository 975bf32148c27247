// What the tests of a program do, read from the text that flowc put beside the program (flow_test_script_v1). One line
// a test or step, its fields parted by tabs; in texts stand \t \n \\ for tab, newline and backslash:
//
//   test       line  file       ends_input  name
//   given      line  source     first_row   rows
//   watermark  line  source     micros                  source empty: all of them
//   advance    line  micros
//   expect     line  stream     first_row   rows  in_order  field …
//
// Rows are numbers: the program's source gives row n when it is asked for event n (compiler/sema/tests.h).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace flow::runtime {

struct ScriptStep {
  enum class Kind : uint8_t { given, watermark, advance, expect };
  Kind kind;
  uint32_t line = 0;
  std::string connector = {};
  int64_t first_row = 0;
  int64_t rows = 0;
  int64_t micros = 0;
  bool in_order = false;
  std::vector<std::string> fields = {}; // that are compared
};

struct TestScript {
  std::string name;
  std::string file;
  uint32_t line = 0;
  bool ends_input = false; // before the last `expect`s
  std::vector<ScriptStep> steps;

  // Where the `expect`s begin behind which nothing else comes.
  size_t first_of_last_expects() const;
};

// The text is made by flowc: a mistake in it is ours.
std::vector<TestScript> read_script(std::string_view text);

} // namespace flow::runtime
