// Tests of the program: `test "…" { given … watermark … advance … expect … }`.
//
// They are checked with every program. To run them, the program is *staged*: its sources give the rows of the tests,
// its sinks are gone, and in their place each stream that a test expects something of is written to a sink of type
// "capture", and so is, from a source of its own, what is expected of it. So rows, given or expected, are made by
// generated code like those of `generate`, and compared in the one form that an encoder gives them: nothing but the
// connectors differs from the program that `flowc build` makes.
//
//   source `rides` of type "script"               row number n of all rows that tests give to it
//   sink `alerts` of type "capture"               what comes out of the stream `alerts`
//   source, sink `expected alerts`                row number n of all rows that tests expect of it
//
// A test names its rows by number (test_script.h); when they are due, and watermarks, say those who run it.
#pragma once

#include "compiler/sema/checking.h"
#include "compiler/sema/test_script.h"

namespace flow::sema {

/// Values of the columns of a source or stream.
using TestRow = std::vector<const Expr*>;

struct CheckedStep {
  ScriptStep step;             // rows and connector are not known before staging
  uint32_t stream = no_stream; // of given, expect, and of the watermark of one source
  std::vector<TestRow> rows = {};
};
struct CheckedTest {
  const lang::TestDecl* tree;
  lang::SourceRange range;
  bool ends_input;
  std::vector<CheckedStep> steps;
};

/// The tests of the module, which is the main one: those of imported modules stay behind.
std::vector<CheckedTest> check_tests(Checking& check, const Module& main);

/// Changes the program into the one that runs these tests. REQUIRES: no errors were reported.
TestScript stage_tests(Checking& check, const std::vector<CheckedTest>& tests);

} // namespace flow::sema
