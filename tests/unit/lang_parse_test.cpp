// From text to tree: tokens, precedence, every step and declaration of this version, doc comments.
// Alone: build/bin/tests/lang_test --gtest_filter='Parse*'
#include <gtest/gtest.h>

#include "lang/grammar/scan.h"
#include "tests/unit/lang_fixture.h"

namespace flow::lang {
namespace {

/// The kinds of all tokens but the last, parted by spaces.
std::string scanned(std::string_view text) {
  SourceFiles files;
  Arena arena;
  DiagnosticEmitter emitter;
  Tokens tokens = scan(files.add("job.flow", std::string(text)), arena, emitter);
  std::string out;
  for (const Token& each : tokens.tokens) {
    if (each.kind != token::END_OF_TEXT) out += (out.empty() ? "" : " ") + std::string(text_of(each.kind));
  }
  return out;
}

TEST(ParseTokens, Signs) {
  EXPECT_EQ(scanned("-> => ... .. ..< == != <= >= < > ?? ?. ? = += -= *= /= + - * / %"),
            "-> => ... .. ..< == != <= >= < > ?? ?. ? = += -= *= /= + - * / %");
  EXPECT_EQ(scanned("()[]{},:;.|"), "( ) [ ] { } , : ; . |");
}

TEST(ParseTokens, NumbersBesideDots) {
  EXPECT_EQ(scanned("1..5"), "INT .. INT");
  EXPECT_EQ(scanned("1.5..2.5"), "FLOAT .. FLOAT");
  EXPECT_EQ(scanned("1..<5h"), "INT ..< DURATION");
  EXPECT_EQ(scanned("x.y"), "IDENT . IDENT");
  EXPECT_EQ(scanned("1e5 1e-5 0x1F 1_000"), "FLOAT FLOAT INT INT");
  EXPECT_EQ(scanned("@2020-01-01..@2020-02-01T00:00:00Z"), "INSTANT .. INSTANT");
}

TEST(ParseTokens, CommentsVanish) {
  EXPECT_EQ(scanned("a // b\n/// c\nd //"), "IDENT IDENT");
  EXPECT_EQ(scanned("a / / b"), "IDENT / / IDENT");
}

TEST(ParseTokens, TextsAndHoles) {
  EXPECT_EQ(scanned(R"("plain")"), "STRING");
  EXPECT_EQ(scanned(R"("{a}/b{c}")"), "STR_BEGIN HOLE_BEGIN IDENT HOLE_END STR_TEXT HOLE_BEGIN IDENT HOLE_END STR_END");
  EXPECT_EQ(scanned(R"("{{a}}")"), "STRING");
  EXPECT_EQ(scanned(R"("{ {x: "}"} }" + y)"), "STR_BEGIN HOLE_BEGIN { IDENT : STRING } HOLE_END STR_END + IDENT");
  EXPECT_EQ(scanned(R"(r"\W{x}")"), "STRING");
}

TEST(ParseTokens, BrokenTextLeavesTheRestAlone) {
  EXPECT_EQ(scanned("a \"b {c\nd"), "IDENT STRING IDENT");
  EXPECT_EQ(scanned("\"{\"{\"x\ny"), "STRING IDENT");
}

TEST(ParseTokens, ByteOrderMarkIsSkipped) {
  Parsed parsed = parse_text("\xEF\xBB\xBFlet x = 1\n");
  EXPECT_EQ(parsed.errors(), "");
  EXPECT_EQ(parsed.program->declarations[0]->range.begin, 3u);
}

TEST(ParseExpressions, Precedence) {
  EXPECT_EQ(shape("1 + 2 * 3 - 4"), "(- (+ 1 (* 2 3)) 4)");
  EXPECT_EQ(shape("a or b and not c == d"), "(or a (and b (not (== c d))))");
  EXPECT_EQ(shape("- a.b * c"), "(* (- a.b) c)");
  EXPECT_EQ(shape("a ?? b ?? c"), "(?? a (?? b c))");
  EXPECT_EQ(shape("a ?? b + 1"), "(?? a (+ b 1))");
  EXPECT_EQ(shape("x in 1..5 and y not in 1..<n"), "(and (in x (.. 1 5)) (not in y (..< 1 n)))");
  EXPECT_EQ(shape("not a in b"), "(not (in a b))");
  EXPECT_EQ(shape("a is null or b is not null"), "(or (is-null a) (is-not-null b))");
  EXPECT_EQ(shape("if a then b else c or d"), "(if a b (or c d))");
  EXPECT_EQ(shape("if a then 1 else if b then 2 else 3"), "(if a 1 (if b 2 3))");
  EXPECT_EQ(shape("(a + b) * c"), "(* (+ a b) c)");
  EXPECT_EQ(shape("a - b - c"), "(- (- a b) c)");
  EXPECT_EQ(shape("a + b == c + d"), "(== (+ a b) (+ c d))");
}

TEST(ParseExpressions, ContextualWordsAreNames) {
  EXPECT_EQ(shape("key + time * first"), "(+ key (* time first))");
  EXPECT_EQ(shape("stream.table.emit"), "stream.table.emit");
}

TEST(ParseExpressions, Literals) {
  EXPECT_EQ(expression("18446744073709551615"), "int 18446744073709551615\n");
  EXPECT_EQ(expression("1_0.5_0"), "float 10.50\n");
  EXPECT_EQ(expression("1h30min"), "duration 5400000000us\n");
  EXPECT_EQ(expression("@2020-01-01"), "date 1577836800000000us\n");
  EXPECT_EQ(expression("@2020-01-01T00:00:00Z"), "instant 1577836800000000us\n");
  EXPECT_EQ(expression(R"("a\n\t\"\\\u{e4}{{x}}")"), "string \"a\\n\\t\\\"\\\\ä{x}\"\n");
  EXPECT_EQ(expression(R"(r"\W+")"), "string \"\\\\W+\"\n");
  EXPECT_EQ(expression("\"\""), "string \"\"\n");
  EXPECT_EQ(expression("null"), "null\n");
  EXPECT_EQ(expression("true"), "bool true\n");
}

TEST(ParseExpressions, CallsKeepNamesFilterAndDistinct) {
  EXPECT_EQ(expression("count(distinct x where y)"), "call count distinct\n  name x\n  where\n    name y\n");
  EXPECT_EQ(expression("count(where y)"), "call count\n  where\n    name y\n");
  EXPECT_EQ(expression("f(1, b: 2,)"), "call f\n  int 1\n  argument b\n    int 2\n");
  EXPECT_EQ(expression("m.f(1)"), "call\n  callee\n    member .f\n      name m\n  int 1\n");
  EXPECT_EQ(expression("a[0]?.b"), "member ?.b\n  index\n    name a\n    int 0\n");
}

TEST(ParseExpressions, RecordsListsTemplatesMatches) {
  EXPECT_EQ(expression("{ a, b: 1, c.d, ...e }"),
            "record\n  name a\n  field b\n    int 1\n  member .d\n    name c\n  ...\n    name e\n");
  EXPECT_EQ(expression("[1, 2,]"), "list\n  int 1\n  int 2\n");
  EXPECT_EQ(expression("[]"), "list\n");
  EXPECT_EQ(expression("{}"), "record\n");
  EXPECT_EQ(expression("\"{data}/x\""), "template\n  hole\n    name data\n  text \"/x\"\n");
  EXPECT_EQ(expression("match x { \"a\" | -1 => 1, P.Q => 2, else => 3 }"),
            "match\n  name x\n  case\n    string \"a\"\n    -\n      int 1\n    =>\n      int 1\n"
            "  case\n    member .Q\n      name P\n    =>\n      int 2\n  else\n    =>\n      int 3\n");
}

TEST(ParseExpressions, RangesHoldBrackets) {
  Parsed parsed = parse_text("let x = (a + b)");
  const Expr* value = parsed.program->declarations[0]->as<LetDecl>()->value;
  EXPECT_EQ(parsed.files->get(FileId{0}).slice(value->range), "(a + b)");
  EXPECT_EQ(parsed.files->get(FileId{0}).slice(value->as<Binary>()->op_range), "+");
}

TEST(ParsePipelines, EveryStep) {
  Parsed parsed = parse_text(
      "stream s = a.b\n"
      "  | where x on error skip\n"
      "  | select { x }\n"
      "  | derive y = 1, z = 2 on error to bad\n"
      "  | drop y, z\n"
      "  | rename n = o\n"
      "  | unnest list as item\n"
      "  | union c, (d | where e)\n"
      "  | key { k, l: m }\n"
      "  | window hopping(1h, 5min, offset: 1min) late allow 1min late to late emit every 1s by processing time\n"
      "  | aggregate n = count() expires 1d\n"
      "  | window same\n"
      "  | top 1 by x desc, y with ties as rank unbounded \"few\"\n"
      "  | rebalance | broadcast | forward\n"
      "  | parallelism 4 on error stop\n");
  EXPECT_EQ(parsed.errors(), "");
  EXPECT_EQ(parsed.tree(), R"(program
  stream s
    from a.b
    where
      name x
      on error skip
    select
      record
        name x
    derive
      y
        int 1
      z
        int 2
      on error to bad
    drop
      field y
      field z
    rename
      n = o
    unnest as item
      name list
    union
      from c
      from
        from d
        where
          name e
    key
      record
        name k
        field l
          name m
    window hopping
      duration 3600000000us
      duration 300000000us
      argument offset
        duration 60000000us
      late allow
        duration 60000000us
      late to late
      emit every
        duration 1000000us
      by processing time
    aggregate
      n
        call count
      expires
        duration 86400000000us
    window same
    top with ties
      int 1
      by desc
        name x
      by asc
        name y
      as rank
      unbounded "few"
    rebalance
    broadcast
    forward
    parallelism
      int 4
      on error stop
)");
}

TEST(ParseDeclarations, EveryDeclaration) {
  Parsed parsed = parse_text(
      "import taxi import a.b as c;\n"
      "param n: i64 = 4 where n > 0\n"
      "let limit = 500.0\n"
      "type T = { a: [i64?]?, b: decimal(10, 2) from \"B\" was old = null, }\n"
      "enum E = A | B \"bee\"\n"
      "fn f(x: f64, y: T = null) -> bool? = x\n"
      "extern fn g() -> i64\n"
      "source s was r: T = csv(\"x\", header: true) time a watermark on b idle 1s key k parallelism 2 on error to bad\n"
      "source u = text_lines(t) watermark ascending\n"
      "table t was o = s\n"
      "sink s | where a -> json(\"y\") final parallelism 1 as name\n");
  EXPECT_EQ(parsed.errors(), "");
  EXPECT_EQ(parsed.tree(), R"(program
  import taxi
  import a.b
    as c
  param n
    type i64
    initial
      int 4
    where
      >
        name n
        int 0
  let limit
    float 500.0
  type T
    type record
      field a
        type nullable
          type list
            type nullable
              type i64
      field b from "B" was old
        type decimal(10, 2)
        initial
          null
  enum E
    value A
    value B "bee"
  fn f
    parameter x
      type f64
    parameter y
      type T
      initial
        null
    result
      type nullable
        type bool
    body
      name x
  extern fn g
    result
      type i64
  source s
    was r
    type T
    connector csv
      string "x"
      argument header
        bool true
    time
      name a
    watermark on
      name b
    idle
      duration 1000000us
    key
      name k
    parallelism
      int 2
    on error to bad
  source u
    connector text_lines
      name t
    watermark ascending
  table t
    was o
    from s
  sink final
    from s
    where
      name a
    connector json
      string "y"
    parallelism
      int 1
    as name
)");
}

TEST(ParseDocs, BelongToWhatFollows) {
  Parsed parsed = parse_text("/// The program,\n"
                             "///   in two lines.\n"
                             "\n"
                             "/// Where the data lies.\n"
                             "param data: string\n"
                             "//// a ruler is no doc\n"
                             "type T = {\n"
                             "  /// how much\n"
                             "  tip: f64,\n"
                             "  tolls: f64,\n"
                             "}\n"
                             "enum E =\n"
                             "  /// the first\n"
                             "  A | B\n"
                             "/// far away\n"
                             "let before = 1 /// not a doc of what stands before\n"
                             "let after = 2\n");
  EXPECT_EQ(parsed.errors(), "");
  EXPECT_EQ(parsed.program->doc, "The program,\n  in two lines.");
  EXPECT_EQ(parsed.program->declarations[0]->doc, "Where the data lies.");
  EXPECT_EQ(parsed.program->declarations[1]->doc, "");
  List<Field> fields = parsed.program->declarations[1]->as<TypeDecl>()->type->as<RecordType>()->fields;
  EXPECT_EQ(fields[0].doc, "how much");
  EXPECT_EQ(fields[1].doc, "");
  EXPECT_EQ(parsed.program->declarations[2]->as<EnumDecl>()->values[0].doc, "the first");
  EXPECT_EQ(parsed.program->declarations[3]->doc, "far away");
}

TEST(ParseDocs, DirectlyBeforeADeclarationTheyAreItsOwn) {
  EXPECT_EQ(parse_text("/// a\nparam p: i64\n").program->doc, "");
  EXPECT_EQ(parse_text("/// a\nparam p: i64\n").program->declarations[0]->doc, "a");
  EXPECT_EQ(parse_text("/// a\nimport taxi\n").program->doc, "a");
  EXPECT_EQ(parse_text("/// a\n// b\nparam p: i64\n").program->doc, "a");
  EXPECT_EQ(parse_text("/// only\n").program->doc, "only");
}

TEST(ParseDeclarations, EmptyProgram) {
  for (std::string_view text : {"", "\n\n", "// nothing\n", ";;"}) {
    Parsed parsed = parse_text(text);
    EXPECT_EQ(parsed.errors(), "");
    EXPECT_EQ(parsed.tree(), "program\n");
  }
}

} // namespace
} // namespace flow::lang
