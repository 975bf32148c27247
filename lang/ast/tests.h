// The part of the tree (ast.h) that says tests: `test "…" { given … watermark … advance … expect … }`.
#pragma once

#include "lang/ast/expressions.h"

namespace flow::lang {

/// `given rides = [{ … }]`: rows that come out of a source.
struct Given {
  Path source;
  Expr* rows;
};
/// `watermark rides time`, or of all sources `watermark @2020-01-01`.
struct MoveWatermark {
  Path source; // without names: all of them
  Expr* time;
};
/// `advance 1min`: processing time goes on.
struct Advance {
  Expr* by;
};
/// `expect alerts == [{ … }]`, `expect alerts in order == […]`: what has come out since the last one.
struct Expect {
  Path stream;
  Name order; // the word behind `in`, if there is one
  Expr* rows;
};

struct TestStep {
  SourceRange range;
  std::variant<Given, MoveWatermark, Advance, Expect> node;
};

struct TestDecl {
  Text name;
  List<TestStep> steps;
};

} // namespace flow::lang
