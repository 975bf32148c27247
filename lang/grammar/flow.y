/* The grammar of Flow: tokens to tree. Plain LALR(1), no conflict.
 *
 * Every keyword has its own token. The contextual ones are listed again in `contextual_word`, so that they may be the
 * name of a field, a stream, a function, a parameter. That stays free of conflicts because of four rules of the syntax:
 *   1. where an operand is due, a contextual word is a name; after a complete expression it opens a clause;
 *   2. a declaration never begins with an expression;
 *   3. `{` never follows an operand as a suffix, so a block and a record literal cannot meet;
 *   4. `|`, `->` and `as` are no operators of expressions (or-ing bits and casting are functions).
 *
 * Recovery. There are three places of it: a step, a statement or another part of an operator, and a declaration. After
 * an error the feed of tokens (token_feed.h) looks for the next one and gives RESYNC there; `error` swallows what lies
 * between. Bison always goes back to the nearest place, so before a declaration RESYNC comes several times: for the step,
 * should one be open, for each block, which it closes, and for the declaration around it. A pipeline in parentheses is
 * no place of its own: its errors are those of the step around it.
 * Parts of the language that this version cannot compile are skipped the same way: a mid-rule action asks the feed to
 * skip, RESYNC is what it then gives. Such an action must stand where bison needs no lookahead, directly behind the
 * first word.
 *
 * The words below are the only list of keywords: the scanner makes its table from the names given here.
 */
%require "3.8"
%language "c++"
%skeleton "lalr1.cc"
%define api.namespace {flow::lang}
%define api.parser.class {GeneratedParser}
%define api.value.type variant
%define api.value.automove
%define api.token.constructor
%define api.token.raw
%define api.location.type {SourceRange}
%define parse.error custom
%define parse.lac full
%locations
%expect 0

%code requires {
  #include "lang/ast/ast.h"
  #include "lang/grammar/tree_builder.h"

  namespace flow::lang {
  class TokenFeed;
  class SyntaxErrors;
  }

  #define YYLLOC_DEFAULT(Current, Rhs, N)                                                           \
    ((Current) = (N) != 0 ? SourceRange{YYRHSLOC(Rhs, 1).begin, YYRHSLOC(Rhs, N).end, YYRHSLOC(Rhs, N).file} \
                          : SourceRange{YYRHSLOC(Rhs, 0).end, YYRHSLOC(Rhs, 0).end, YYRHSLOC(Rhs, 0).file})
}
%parse-param { TreeBuilder& tree } { TokenFeed& feed } { SyntaxErrors& errors }
%lex-param { TokenFeed& feed }
%initial-action { @$ = feed.begin_of_text(); }

%code {
  #include "lang/grammar/syntax_errors.h"
  #include "lang/grammar/token_feed.h"

  namespace flow::lang {
  static GeneratedParser::symbol_type yylex(TokenFeed& feed) { return feed.next(); }
  }
}

/* reserved words: never a name */
%token AND "and" OR "or" NOT "not" IN "in" IS "is" AS "as" NULL_ "null" TRUE_ "true" FALSE_ "false"
%token IF "if" THEN "then" ELSE "else" MATCH "match" LET "let" FOR "for" RETURN "return" WHERE "where" DISTINCT "distinct"
/* contextual: declarations */
%token IMPORT "import" PARAM "param" TYPE "type" ENUM "enum" UNION "union" SOURCE "source" STREAM "stream" TABLE "table"
%token SINK "sink" FN "fn" EXTERN "extern" AGGREGATE "aggregate" OPERATOR "operator" PATTERN "pattern" TEST "test"
/* contextual: steps */
%token SELECT "select" DERIVE "derive" DROP "drop" RENAME "rename" UNNEST "unnest" ONLY "only" SPLIT "split"
%token KEY "key" REBALANCE "rebalance" BROADCAST "broadcast" FORWARD "forward" PARTITION "partition" PARALLELISM "parallelism"
%token WINDOW "window" TOP "top" DEDUP "dedup" OVER "over" JOIN "join" LOOKUP "lookup" PROCESS "process" DETECT "detect"
%token CHANGES "changes" LEFT "left" RIGHT "right" FULL "full" SEMI "semi" ANTI "anti"
/* contextual: clauses and bodies, those of later parts of the language included */
%token ON "on" BY "by" TO "to" OF "of" FROM "from" WAS "was" WITH "with" WITHIN "within" KEEP "keep" FIRST "first" LAST "last"
%token TIES "ties" ASC "asc" DESC "desc" LATE "late" ALLOW "allow" EMIT "emit" CLOSE "close" UPDATE "update" EVERY "every"
%token PROCESSING "processing" TIME "time" WATERMARK "watermark" LAG "lag" ASCENDING "ascending" IDLE "idle" ERROR_ "error"
%token SKIP "skip" STOP "stop" EXPIRES "expires" UNBOUNDED "unbounded" KEYED "keyed" STATE "state" ADD "add" RETRACT "retract"
%token MERGE "merge" RESULT "result" AT "at" AFTER "after" CANCEL "cancel" CLEAR "clear" GIVEN "given" EXPECT "expect"
%token ADVANCE "advance" FOLLOWED "followed" ANY "any" PAST "past" NEXT "next" NONE "none" UPSERT "upsert" FINAL "final"

%token IDENT
%token <uint64_t> INT
%token <FloatLiteral> FLOAT
%token <int64_t> DURATION
%token <InstantLiteral> INSTANT
%token <std::string_view> STRING STR_TEXT
%token STR_BEGIN STR_END HOLE_BEGIN HOLE_END
%token ARROW "->" FATARROW "=>" DOTS "..." RANGE ".." RANGE_BELOW "..<" EQ "==" NE "!=" LT "<" GT ">" LE "<=" GE ">="
%token COALESCE "??" SAFE_DOT "?." ASSIGN "=" PLUS "+" MINUS "-" STAR "*" SLASH "/" PERCENT "%"
%token LPAREN "(" RPAREN ")" LBRACKET "[" RBRACKET "]" LBRACE "{" RBRACE "}" COMMA "," COLON ":" SEMICOLON ";" DOT "."
%token QUESTION "?" BAR "|"
%token ADD_ASSIGN "+=" SUBTRACT_ASSIGN "-=" MULTIPLY_ASSIGN "*=" DIVIDE_ASSIGN "/="
%token RESYNC           /* never in a text: the feed gives it where parsing goes on after a skipped part */
%token END_OF_TEXT      /* before bison's own end, which cannot be recovered from */

%precedence FATARROW
%precedence ELSE
%left OR
%left AND
%right NOT
%nonassoc EQ NE LT GT LE GE IN IS
%nonassoc RANGE RANGE_BELOW
%right COALESCE
%left PLUS MINUS
%left STAR SLASH PERCENT
%precedence UMINUS

%type <Name> name plain_name opt_as opt_was
%type <std::vector<Name>> names path_names
%type <Path> path
%type <TypeExpr*> type opt_type
%type <std::vector<uint64_t>> type_arguments
%type <Field> field field_clauses
%type <std::vector<Field>> fields
%type <EnumValue> enum_value
%type <std::vector<EnumValue>> enum_values
%type <Parameter> parameter
%type <std::vector<Parameter>> parameters parameter_list
%type <FnDecl> fn_head
%type <OperatorInput> input
%type <std::vector<OperatorInput>> inputs
%type <std::vector<OperatorOutput>> outputs
%type <OperatorParts> operator_items
%type <StateDecl> state
%type <std::vector<StateDecl>> states
%type <Handler> handler
%type <Block> block
%type <std::vector<Statement*>> statements
%type <Statement*> statement if_statement
%type <Expr*> place
%type <Connector> connector
%type <SourceDecl> source_clauses
%type <SinkDecl> sink_clauses
%type <OnError> on_error
%type <PipelineParts> pipeline_parts nested_parts
%type <Pipeline*> pipeline nested_pipeline
%type <Feed> feed
%type <std::vector<Feed>> feeds
%type <Step*> step sound_step
%type <Binding> binding
%type <std::vector<Binding>> bindings
%type <Renaming> renaming
%type <std::vector<Renaming>> renamings
%type <Window> window_clauses
%type <Order> order
%type <std::vector<Order>> orders
%type <bool> opt_ties
%type <StateBound> opt_bound bound
%type <Branch> branch
%type <std::vector<Branch>> branches
%type <JoinKind> join_kind
%type <Join> join_clauses
%type <Expr*> expr operand literal number opt_initial opt_where alternative
%type <std::vector<TemplatePart>> template_parts
%type <std::vector<Expr*>> items item_list alternatives case_pattern
%type <RecordMember> member
%type <std::vector<RecordMember>> members member_list
%type <CallParts> arguments argument_list
%type <Argument> argument
%type <MatchArm> arm
%type <std::vector<MatchArm>> arms
%type <TestStep> test_step
%type <std::vector<TestStep>> test_steps

%%
program: declarations END_OF_TEXT ;
declarations: %empty | declarations declaration | declarations ";" | declarations RESYNC ;

/* ------------------------------------------------------------------ declarations */
declaration:
    "import" path                       { tree.declare(@$, ImportDecl{$2, {}}); }
  | "import" path "as" name             { tree.declare(@$, ImportDecl{$2, $4}); }
  | "param" name ":" type opt_initial opt_where
                                        { tree.declare(@$, ParamDecl{$2, $4, $5, $6}); }
  | "let" name "=" expr                 { tree.declare(@$, LetDecl{$2, $4}); }
  | "type" name "=" type                { tree.declare(@$, TypeDecl{$2, $4}); }
  | "enum" name "=" enum_values         { tree.declare(@$, EnumDecl{$2, tree.list($4)}); }
  | "source" name opt_was opt_type "=" connector source_clauses
                                        { SourceDecl source = $7;
                                          source.name = $2; source.was = $3; source.type = $4; source.connector = $6;
                                          tree.declare(@$, source); }
  | "stream" name opt_was "=" pipeline  { tree.declare(@$, StreamDecl{$2, $3, $5, false}); }
  | "table" name opt_was "=" pipeline   { tree.declare(@$, StreamDecl{$2, $3, $5, true}); }
  | "sink" pipeline "->" connector sink_clauses
                                        { SinkDecl sink = $5;
                                          sink.pipeline = $2; sink.connector = $4;
                                          tree.declare(@$, sink); }
  | "sink" pipeline RESYNC              { tree.declare_failed(@1, {}); }
  | fn_head "=" expr                    { FnDecl function = $1; function.body = $3; tree.declare(@$, function); }
  | fn_head "{"                         { tree.not_yet(@2, "a function with a block of statements");
                                          feed.skip_declaration(@2); }
    RESYNC                              { FnDecl function = $1; tree.declare_failed(@1, function.name); }
  | "operator" name opt_was "(" inputs ")" "->" outputs "{" operator_items operator_end
                                        { OperatorParts parts = $10;
                                          tree.declare(@$, OperatorDecl{$2, $3, tree.list($5), tree.list($8),
                                                                        tree.list(parts.states),
                                                                        tree.list(parts.handlers),
                                                                        parts.is_partial}); }
  | "extern" fn_head                    { tree.declare(@$, $2); }
  | "test" STRING "{" test_steps "}"    { tree.declare(@$, TestDecl{Text{$2, @2, true}, tree.list($4)}); }
  | later_declaration                   { tree.not_yet(@1); feed.skip_declaration(@1); }
    RESYNC                              { tree.declare_failed(@1, feed.failed_name()); }
  | error RESYNC                        { yyerrok; tree.declare_failed(@1, feed.failed_name()); } ;

later_declaration: "union" | "aggregate" | "pattern" ;

fn_head: "fn" name "(" parameters ")" "->" type
                                        { $$ = FnDecl{$2, tree.list($4), $7, nullptr}; } ;

opt_initial: %empty { $$ = nullptr; } | "=" expr { $$ = $2; } ;
opt_where: %empty { $$ = nullptr; } | "where" expr { $$ = $2; } ;
opt_was: %empty { $$ = Name{}; } | "was" name { $$ = $2; } ;
opt_type: %empty { $$ = nullptr; } | ":" type { $$ = $2; } ;

enum_values: enum_value                 { $$.push_back($1); }
  | enum_values "|" enum_value          { $$ = $1; $$.push_back($3); } ;
enum_value: name                        { $$ = EnumValue{$1, {}, tree.doc_before(@1)}; }
  | name STRING                         { $$ = EnumValue{$1, Text{$2, @2, true}, tree.doc_before(@1)}; } ;

parameters: %empty {} | parameter_list { $$ = $1; } | parameter_list "," { $$ = $1; } ;
parameter_list: parameter               { $$.push_back($1); }
  | parameter_list "," parameter        { $$ = $1; $$.push_back($3); } ;
parameter: name ":" type opt_initial    { $$ = Parameter{$1, $3, $4}; } ;

/* ------------------------------------------------------------------ operators */
inputs: input                           { $$.push_back($1); }
  | inputs "," input                    { $$ = $1; $$.push_back($3); }
  | inputs ","                          { $$ = $1; } ;
input: name ":" type opt_initial        { $$ = OperatorInput{$1, $3, $4, nullptr, @$}; }
  | name ":" type "keyed" expr          { $$ = OperatorInput{$1, $3, nullptr, $5, @$}; }
  | name ":" type "broadcast"           { tree.not_yet(@4, "an input that all tasks get (`broadcast`)");
                                          $$ = OperatorInput{$1, tree.type(@$, ErrorType{}), nullptr, nullptr, @$}; } ;
outputs: type                           { $$.push_back(OperatorOutput{{}, $1}); }
  | outputs "," name ":" type           { $$ = $1; $$.push_back(OperatorOutput{$3, $5}); } ;

operator_items: %empty                  {}
  | operator_items "state" states       { std::vector<StateDecl> states = $3;
                                          states.front().doc = tree.doc_before(@2);
                                          $$ = $1; tree.append($$.states, states); }
  | operator_items "broadcast" "state" states
                                        { $$ = $1; tree.not_yet(cover(@2, @3)); tree.append($$.states, $4); }
  | operator_items handler              { $$ = $1; $$.handlers.push_back($2); }
  | operator_items ";"                  { $$ = $1; }
  | operator_items error RESYNC         { yyerrok; $$ = $1; $$.is_partial = true; } ;
operator_end: "}" | RESYNC ;
states: state                           { $$.push_back($1); }
  | states "," state                    { $$ = $1; $$.push_back($3); } ;
state: plain_name ":" type opt_initial opt_was opt_bound
                                        { $$ = StateDecl{$1, $3, $4, $5, $6, @$, tree.doc_before(@1)}; } ;
handler: "on" name block                { $$ = Handler{$2, {}, $3, @$}; }
  | "on" name "(" name ")" block        { $$ = Handler{$2, $4, $6, @$}; } ;

block: "{" statements block_end         { $$ = Block{tree.list($2), @$}; } ;
block_end: "}" | RESYNC ;
statements: %empty                      {}
  | statements statement                { $$ = $1; $$.push_back($2); }
  | statements ";"                      { $$ = $1; } ;
statement:
    "let" name "=" expr                 { $$ = tree.statement(@$, LetStatement{$2, $4}); }
  | place "=" expr                      { $$ = tree.statement(@$, Assign{$1, {}, @2, $3}); }
  | place "+=" expr                     { $$ = tree.statement(@$, Assign{$1, BinaryOperator::add, @2, $3}); }
  | place "-=" expr                     { $$ = tree.statement(@$, Assign{$1, BinaryOperator::subtract, @2, $3}); }
  | place "*=" expr                     { $$ = tree.statement(@$, Assign{$1, BinaryOperator::multiply, @2, $3}); }
  | place "/=" expr                     { $$ = tree.statement(@$, Assign{$1, BinaryOperator::divide, @2, $3}); }
  | place "(" arguments ")"             { tree.not_yet(@$, "changing a list or map by a call");
                                          $$ = tree.statement(@$, ErrorStatement{}); }
  | "emit" expr                         { $$ = tree.statement(@$, Emit{$2, {}}); }
  | "emit" expr "to" name               { $$ = tree.statement(@$, Emit{$2, $4}); }
  | "at" expr "as" name                 { $$ = tree.statement(@$, SetTimer{$2, $4, false}); }
  | "after" expr "as" name              { $$ = tree.statement(@$, SetTimer{$2, $4, true}); }
  | "cancel" name                       { $$ = tree.statement(@$, Cancel{$2}); }
  | "clear" place                       { $$ = tree.statement(@$, Clear{$2}); }
  | if_statement
  | "match" expr "{" cases "}"          { tree.not_yet(@1, "`match` between statements");
                                          $$ = tree.statement(@$, ErrorStatement{}); }
  | "for" name "in" expr block          { tree.not_yet(@1); $$ = tree.statement(@$, ErrorStatement{}); }
  | "for" name "," name "in" expr block { tree.not_yet(@1); $$ = tree.statement(@$, ErrorStatement{}); }
  | "return"                            { $$ = tree.statement(@$, Return{}); }
  | error RESYNC                        { yyerrok; $$ = tree.statement(@1, ErrorStatement{}); } ;
if_statement: "if" expr block           { $$ = tree.statement(@$, IfStatement{$2, $3, {}}); }
  | "if" expr block "else" block        { $$ = tree.statement(@$, IfStatement{$2, $3, $5}); }
  | "if" expr block "else" if_statement { $$ = tree.statement(@$, IfStatement{$2, $3, tree.block_of($5)}); } ;
cases: case | cases case | cases "," ;
case: case_pattern "=>" block ;
place: plain_name                       { $$ = tree.name_expr($1); }
  | place "." name                      { $$ = tree.expr(@$, Member{$1, $3, false}); }
  | place "[" expr "]"                  { $$ = tree.expr(@$, Index{$1, $3}); } ;

type: path                              { $$ = tree.type(@$, NamedType{$1, {}}); }
  | path "(" type_arguments ")"         { $$ = tree.type(@$, NamedType{$1, tree.list($3)}); }
  | "[" type "]"                        { $$ = tree.type(@$, ListType{$2}); }
  | "[" type ":" type "]"               { tree.not_yet(@$, "the type of a map `[K: V]`"); $$ = tree.type(@$, ErrorType{}); }
  | "{" fields "}"                      { $$ = tree.type(@$, RecordType{tree.list($2)}); }
  | type "?"                            { $$ = tree.type(@$, NullableType{$1}); } ;
type_arguments: INT                     { $$.push_back($1); }
  | type_arguments "," INT              { $$ = $1; $$.push_back($3); } ;
fields: field                           { $$.push_back($1); }
  | fields "," field                    { $$ = $1; $$.push_back($3); }
  | fields ","                          { $$ = $1; } ;
field: name ":" type field_clauses      { $$ = $4;
                                          $$.name = $1; $$.type = $3; $$.range = @$; $$.doc = tree.doc_before(@1); } ;
field_clauses: %empty                   { $$ = Field{}; }
  | field_clauses "from" STRING         { $$ = $1; tree.set_once($$.from, Text{$3, @3, true}, "from"); }
  | field_clauses "was" name            { $$ = $1; tree.set_once($$.was, $3, "was"); }
  | field_clauses "=" expr              { $$ = $1; tree.set_once($$.initial, $3, "="); } ;

connector: name "(" arguments ")"       { CallParts parts = $3;
                                          $$ = tree.connector(@$, $1, parts); } ;
source_clauses: %empty                  { $$ = SourceDecl{}; }
  | source_clauses "time" expr          { $$ = $1; tree.set_once($$.time, $3, "time"); }
  | source_clauses "watermark" "lag" expr
                                        { $$ = $1; tree.set_watermark($$, WatermarkKind::lag, $4, cover(@2, @4)); }
  | source_clauses "watermark" "ascending"
                                        { $$ = $1; tree.set_watermark($$, WatermarkKind::ascending, nullptr, cover(@2, @3)); }
  | source_clauses "watermark" "on" expr
                                        { $$ = $1; tree.set_watermark($$, WatermarkKind::on, $4, cover(@2, @4)); }
  | source_clauses "idle" expr          { $$ = $1; tree.set_once($$.idle, $3, "idle"); }
  | source_clauses "key" expr           { $$ = $1; tree.set_once($$.key, $3, "key"); }
  | source_clauses "parallelism" expr   { $$ = $1; tree.set_once($$.parallelism, $3, "parallelism"); }
  | source_clauses on_error             { $$ = $1; tree.set_once($$.on_error, $2, "on error"); } ;
sink_clauses: %empty                    { $$ = SinkDecl{}; }
  | sink_clauses "upsert"               { $$ = $1; tree.set_mode($$, SinkMode::upsert, @2); }
  | sink_clauses "changes"              { $$ = $1; tree.set_mode($$, SinkMode::changes, @2); }
  | sink_clauses "final"                { $$ = $1; tree.set_mode($$, SinkMode::final, @2); }
  | sink_clauses "parallelism" expr     { $$ = $1; tree.set_once($$.parallelism, $3, "parallelism"); }
  | sink_clauses "as" name              { $$ = $1; tree.set_once($$.as, $3, "as"); } ;
on_error: "on" "error" "skip"           { $$ = OnError{ErrorPolicy::skip, {}, @$}; }
  | "on" "error" "stop"                 { $$ = OnError{ErrorPolicy::stop, {}, @$}; }
  | "on" "error" "to" name              { $$ = OnError{ErrorPolicy::divert, $4, @$}; } ;

/* ------------------------------------------------------------------ pipelines */
pipeline: pipeline_parts                { PipelineParts parts = $1; $$ = tree.pipeline(@$, parts); } ;
pipeline_parts: feed                    { $$.feed = $1; }
  | pipeline_parts "|" step             { $$ = $1; $$.steps.push_back($3); }
  | pipeline_parts "|" step on_error    { $$ = $1; $$.steps.push_back(tree.with_on_error($3, $4)); } ;
feed: path                              { $$ = Feed{$1, nullptr, @$}; }
  | "(" nested_pipeline ")"             { $$ = Feed{{}, $2, @$}; } ;
nested_pipeline: nested_parts           { PipelineParts parts = $1; $$ = tree.pipeline(@$, parts); } ;
nested_parts: feed                      { $$.feed = $1; }
  | nested_parts "|" sound_step         { $$ = $1; $$.steps.push_back($3); }
  | nested_parts "|" sound_step on_error
                                        { $$ = $1; $$.steps.push_back(tree.with_on_error($3, $4)); } ;
feeds: feed                             { $$.push_back($1); }
  | feeds "," feed                      { $$ = $1; $$.push_back($3); } ;

step: sound_step
  | error RESYNC                        { yyerrok; $$ = tree.step(@1, ErrorStep{}); } ;
sound_step:
    "where" expr                        { $$ = tree.step(@$, Where{$2}); }
  | "select" expr                       { $$ = tree.step(@$, Select{$2}); }
  | "derive" bindings                   { $$ = tree.step(@$, Derive{tree.list($2)}); }
  | "drop" names                        { $$ = tree.step(@$, Drop{tree.list($2)}); }
  | "rename" renamings                  { $$ = tree.step(@$, Rename{tree.list($2)}); }
  | "unnest" expr "as" name             { $$ = tree.step(@$, Unnest{$2, $4}); }
  | "unnest" expr "as" name "," name    { tree.not_yet(@$, "unnesting a map `as k, v`");
                                          $$ = tree.step(@$, ErrorStep{}); }
  | "union" feeds                       { $$ = tree.step(@$, Union{tree.list($2)}); }
  | "key" expr                          { $$ = tree.step(@$, Key{$2}); }
  | "window" name window_clauses        { Window window = $3; window.kind = $2;
                                          $$ = tree.step(@$, window); }
  | "window" name "(" arguments ")" window_clauses
                                        { Window window = $6; window.kind = $2;
                                          CallParts parts = $4;
                                          window.arguments = tree.plain_arguments(parts);
                                          $$ = tree.step(@$, window); }
  | "aggregate" bindings opt_bound      { $$ = tree.step(@$, Aggregate{tree.list($2), $3}); }
  | "top" expr "by" orders opt_ties opt_as opt_bound
                                        { $$ = tree.step(@$, Top{$2, tree.list($4), $5, $6, $7}); }
  | join_kind feed opt_as "on" expr join_clauses
                                        { Join join = $6; join.kind = $1; join.other = $2; join.as = $3; join.on = $5;
                                          $$ = tree.step(@$, join); }
  | "split" "{" branches "}"            { $$ = tree.step(@$, Split{tree.list($3)}); }
  | "split" "{" branches "," "}"        { $$ = tree.step(@$, Split{tree.list($3)}); }
  | "dedup" "keep" "first" opt_bound    { $$ = tree.step(@$, Dedup{$4}); }
  | "dedup" "keep" "first" "by" expr opt_bound
                                        { tree.not_yet(@$, "`dedup keep first by`"); $$ = tree.step(@$, ErrorStep{}); }
  | "dedup" "keep" "last" opt_dedup_by opt_bound
                                        { tree.not_yet(@$, "`dedup keep last`"); $$ = tree.step(@$, ErrorStep{}); }
  | "process" path                      { $$ = tree.step(@$, Process{$2, {}}); }
  | "process" path "(" arguments ")"    { CallParts parts = $4;
                                          $$ = tree.step(@$, Process{$2, tree.plain_arguments(parts)}); }
  | "changes"                           { $$ = tree.step(@$, Changes{}); }
  | "rebalance"                         { $$ = tree.step(@$, Rebalance{}); }
  | "broadcast"                         { $$ = tree.step(@$, Broadcast{}); }
  | "forward"                           { $$ = tree.step(@$, Forward{}); }
  | "parallelism" expr                  { $$ = tree.step(@$, Parallelism{$2}); }
  | later_step                          { tree.not_yet(@1); feed.skip_step(@1); }
    RESYNC                              { $$ = tree.step(@1, ErrorStep{}); } ;

later_step: "only" | "partition" | "over" | "lookup" | "detect"
  | "left" "lookup" ;

branches: branch                        { $$.push_back($1); }
  | branches "," branch                 { $$ = $1; $$.push_back($3); } ;
branch: name ":" expr                   { $$ = Branch{$1, $3}; }
  | name                                { $$ = Branch{$1, nullptr}; } ;

join_kind: "join"                       { $$ = JoinKind::inner; }
  | "left" "join"                       { $$ = JoinKind::left; }
  | "right" "join"                      { $$ = JoinKind::right; }
  | "full" "join"                       { $$ = JoinKind::full; }
  | "semi" "join"                       { $$ = JoinKind::semi; }
  | "anti" "join"                       { $$ = JoinKind::anti; } ;
join_clauses: %empty                    { $$ = Join{}; }
  | join_clauses "within" expr          { $$ = $1; tree.set_once($$.within, $3, "within"); }
  | join_clauses "as" "of" expr         { $$ = $1; tree.set_once($$.as_of, $4, "as of"); }
  | join_clauses bound                  { $$ = $1; tree.set_once($$.bound, $2, "expires or unbounded"); } ;

bindings: binding                       { $$.push_back($1); }
  | bindings "," binding                { $$ = $1; $$.push_back($3); } ;
binding: name "=" expr                  { $$ = Binding{$1, $3}; } ;
names: name                             { $$.push_back($1); }
  | names "," name                      { $$ = $1; $$.push_back($3); } ;
renamings: renaming                     { $$.push_back($1); }
  | renamings "," renaming              { $$ = $1; $$.push_back($3); } ;
renaming: name "=" name                 { $$ = Renaming{$1, $3}; } ;

window_clauses: %empty                  { $$ = Window{}; }
  | window_clauses "late" "allow" expr  { $$ = $1; tree.set_once($$.late_allow, $4, "late allow"); }
  | window_clauses "late" "to" name     { $$ = $1; tree.set_once($$.late_to, $4, "late to"); }
  | window_clauses "emit" "on" "close"  { $$ = $1; tree.set_emit($$, EmitKind::on_close, nullptr, cover(@2, @4)); }
  | window_clauses "emit" "on" "update" { $$ = $1; tree.set_emit($$, EmitKind::on_update, nullptr, cover(@2, @4)); }
  | window_clauses "emit" "every" expr  { $$ = $1; tree.set_emit($$, EmitKind::every, $4, cover(@2, @4)); }
  | window_clauses "by" "processing" "time"
                                        { $$ = $1; $$.by_processing_time = true; $$.processing_time_range = cover(@2, @4); } ;
orders: order                           { $$.push_back($1); }
  | orders "," order                    { $$ = $1; $$.push_back($3); } ;
order: expr                             { $$ = Order{$1, Direction::ascending}; }
  | expr "asc"                          { $$ = Order{$1, Direction::ascending}; }
  | expr "desc"                         { $$ = Order{$1, Direction::descending}; } ;
opt_ties: %empty { $$ = false; } | "with" "ties" { $$ = true; } ;
opt_as: %empty { $$ = Name{}; } | "as" name { $$ = $2; } ;
opt_dedup_by: %empty | "by" expr ;
opt_bound: %empty { $$ = StateBound{}; } | bound { $$ = $1; } ;
bound: "expires" expr                   { $$ = StateBound{BoundKind::expires, $2, {}, @$}; }
  | "unbounded" STRING                  { $$ = StateBound{BoundKind::unbounded, nullptr, Text{$2, @2, true}, @$}; } ;

/* ------------------------------------------------------------------ tests */
test_steps: %empty                      {}
  | test_steps test_step                { $$ = $1; $$.push_back($2); }
  | test_steps ";"                      { $$ = $1; } ;
test_step:
    "given" path "=" expr               { $$ = TestStep{@$, Given{$2, $4}}; }
  | "watermark" path expr               { $$ = TestStep{@$, MoveWatermark{$2, $3}}; }
  | "watermark" INSTANT                 { $$ = TestStep{@$, MoveWatermark{Path{}, tree.expr(@2, $2)}}; }
  | "advance" expr                      { $$ = TestStep{@$, Advance{$2}}; }
  | "expect" path "==" expr             { $$ = TestStep{@$, Expect{$2, {}, $4}}; }
  | "expect" path "in" name "==" expr   { $$ = TestStep{@$, Expect{$2, $4, $6}}; } ;

/* ------------------------------------------------------------------ expressions */
expr: operand
  | expr "or" expr            { $$ = tree.binary(@2, BinaryOperator::logical_or, $1, $3); }
  | expr "and" expr           { $$ = tree.binary(@2, BinaryOperator::logical_and, $1, $3); }
  | "not" expr                { $$ = tree.expr(@$, Unary{UnaryOperator::logical_not, $2}); }
  | expr "==" expr            { $$ = tree.binary(@2, BinaryOperator::equal, $1, $3); }
  | expr "!=" expr            { $$ = tree.binary(@2, BinaryOperator::not_equal, $1, $3); }
  | expr "<" expr             { $$ = tree.binary(@2, BinaryOperator::less, $1, $3); }
  | expr ">" expr             { $$ = tree.binary(@2, BinaryOperator::greater, $1, $3); }
  | expr "<=" expr            { $$ = tree.binary(@2, BinaryOperator::less_equal, $1, $3); }
  | expr ">=" expr            { $$ = tree.binary(@2, BinaryOperator::greater_equal, $1, $3); }
  | expr "in" expr            { $$ = tree.binary(@2, BinaryOperator::in, $1, $3); }
  | expr "not" "in" expr %prec IN
                              { $$ = tree.binary(cover(@2, @3), BinaryOperator::not_in, $1, $4); }
  | expr "is" "null"          { $$ = tree.expr(@$, IsNull{$1, false}); }
  | expr "is" "not" "null"    { $$ = tree.expr(@$, IsNull{$1, true}); }
  | expr "is" name            { tree.not_yet(cover(@2, @3), "testing for a variant of a union by `is`");
                                $$ = tree.expr(@$, ErrorExpr{}); }
  | expr ".." expr            { $$ = tree.binary(@2, BinaryOperator::range, $1, $3); }
  | expr "..<" expr           { $$ = tree.binary(@2, BinaryOperator::range_below, $1, $3); }
  | expr "??" expr            { $$ = tree.binary(@2, BinaryOperator::coalesce, $1, $3); }
  | expr "+" expr             { $$ = tree.binary(@2, BinaryOperator::add, $1, $3); }
  | expr "-" expr             { $$ = tree.binary(@2, BinaryOperator::subtract, $1, $3); }
  | expr "*" expr             { $$ = tree.binary(@2, BinaryOperator::multiply, $1, $3); }
  | expr "/" expr             { $$ = tree.binary(@2, BinaryOperator::divide, $1, $3); }
  | expr "%" expr             { $$ = tree.binary(@2, BinaryOperator::remainder, $1, $3); }
  | "-" expr %prec UMINUS     { $$ = tree.expr(@$, Unary{UnaryOperator::negate, $2}); }
  | "if" expr "then" expr "else" expr
                              { $$ = tree.expr(@$, If{$2, $4, $6}); }
  | name "=>" expr            { $$ = tree.lambda(@$); }
  | "(" name "," names ")" "=>" expr
                              { $$ = tree.lambda(@$); } ;

operand: literal
  | name                      { $$ = tree.name_expr($1); }
  | "(" expr ")"              { $$ = tree.bracketed(@$, $2); }
  | "[" items "]"             { $$ = tree.expr(@$, ListExpr{tree.list($2)}); }
  | "[" ":" "]"               { $$ = tree.map(@$); }
  | "[" entries "]"           { $$ = tree.map(@$); }
  | "{" members "}"           { $$ = tree.expr(@$, RecordExpr{tree.list($2)}); }
  | operand "." name          { $$ = tree.expr(@$, Member{$1, $3, false}); }
  | operand "?." name         { $$ = tree.expr(@$, Member{$1, $3, true}); }
  | operand "[" expr "]"      { $$ = tree.expr(@$, Index{$1, $3}); }
  | operand "(" arguments ")" { CallParts parts = $3;
                                $$ = tree.call(@$, $1, parts); }
  | "match" expr "{" arms "}" { $$ = tree.expr(@$, Match{$2, tree.list($4)}); } ;

literal: number
  | STRING                    { $$ = tree.expr(@$, StringLiteral{$1}); }
  | STR_BEGIN template_parts STR_END
                              { $$ = tree.expr(@$, Template{tree.list($2)}); }
  | INSTANT                   { $$ = tree.expr(@$, $1); }
  | "true"                    { $$ = tree.expr(@$, BoolLiteral{true}); }
  | "false"                   { $$ = tree.expr(@$, BoolLiteral{false}); }
  | "null"                    { $$ = tree.expr(@$, NullLiteral{}); } ;
number: INT                   { $$ = tree.expr(@$, IntLiteral{$1}); }
  | FLOAT                     { $$ = tree.expr(@$, $1); }
  | DURATION                  { $$ = tree.expr(@$, DurationLiteral{$1}); } ;
template_parts: %empty        {}
  | template_parts STR_TEXT   { $$ = $1; $$.push_back(TemplatePart{$2, nullptr}); }
  | template_parts HOLE_BEGIN expr HOLE_END
                              { $$ = $1; $$.push_back(TemplatePart{{}, $3}); } ;

items: %empty {} | item_list { $$ = $1; } | item_list "," { $$ = $1; } ;
item_list: expr               { $$.push_back($1); }
  | item_list "," expr        { $$ = $1; $$.push_back($3); } ;
entries: entry | entries "," entry | entries "," ;
entry: expr ":" expr ;
members: %empty {} | member_list { $$ = $1; } | member_list "," { $$ = $1; } ;
member_list: member           { $$.push_back($1); }
  | member_list "," member    { $$ = $1; $$.push_back($3); } ;
member: name ":" expr         { $$ = RecordMember{$1, $3, false}; }
  | expr                      { $$ = RecordMember{{}, $1, false}; }
  | "..." expr                { $$ = RecordMember{{}, $2, true}; } ;

arguments: %empty             { $$ = CallParts{}; }
  | argument_list             { $$ = $1; }
  | argument_list ","         { $$ = $1; }
  | argument_list "where" expr
                              { $$ = $1; $$.filter = $3; }
  | "where" expr              { $$.filter = $2; }
  | "distinct" expr           { $$.arguments.push_back(Argument{{}, $2}); $$.is_distinct = true; }
  | "distinct" expr "where" expr
                              { $$.arguments.push_back(Argument{{}, $2}); $$.is_distinct = true; $$.filter = $4; } ;
argument_list: argument       { $$.arguments.push_back($1); }
  | argument_list "," argument
                              { $$ = $1; $$.arguments.push_back($3); } ;
argument: expr                { $$ = Argument{{}, $1}; }
  | name ":" expr             { $$ = Argument{$1, $3}; }
  | "null" ":" expr           { $$ = Argument{tree.name_at(@1), $3}; } ;   /* csv(…, null: "-") */

arms: arm                     { $$.push_back($1); }
  | arms "," arm              { $$ = $1; $$.push_back($3); }
  | arms ","                  { $$ = $1; } ;
arm: case_pattern "=>" expr   { $$ = MatchArm{tree.list($1), $3, @$}; } ;
case_pattern: "else"          {}
  | alternatives              { $$ = $1; }
  | name name                 { tree.not_yet(@$, "matching a variant of a union");
                                $$.push_back(tree.expr(@$, ErrorExpr{})); } ;
alternatives: alternative     { $$.push_back($1); }
  | alternatives "|" alternative
                              { $$ = $1; $$.push_back($3); } ;
alternative: name             { $$ = tree.name_expr($1); }
  | name "." name             { $$ = tree.expr(@$, Member{tree.name_expr($1), $3, false}); }
  | STRING                    { $$ = tree.expr(@$, StringLiteral{$1}); }
  | number
  | "-" number                { $$ = tree.expr(@$, Unary{UnaryOperator::negate, $2}); }
  | INSTANT                   { $$ = tree.expr(@$, $1); }
  | "true"                    { $$ = tree.expr(@$, BoolLiteral{true}); }
  | "false"                   { $$ = tree.expr(@$, BoolLiteral{false}); }
  | "null"                    { $$ = tree.expr(@$, NullLiteral{}); } ;

/* ------------------------------------------------------------------ names */
path: path_names              { $$ = Path{tree.list($1), @$}; } ;
path_names: name              { $$.push_back($1); }
  | path_names "." name       { $$ = $1; $$.push_back($3); } ;
name: plain_name
  | statement_word            { $$ = tree.name_at(@1); } ;
plain_name: IDENT             { $$ = tree.name_at(@1); }
  | contextual_word           { $$ = tree.name_at(@1); } ;
statement_word: EMIT | AT | AFTER | CANCEL | CLEAR | TO ;   /* which name no state */
contextual_word: IMPORT | PARAM | TYPE | ENUM | UNION | SOURCE | STREAM | TABLE | SINK | FN | EXTERN | AGGREGATE
  | OPERATOR | PATTERN | TEST | SELECT | DERIVE | DROP | RENAME | UNNEST | ONLY | SPLIT | KEY | REBALANCE | BROADCAST
  | FORWARD | PARTITION | PARALLELISM | WINDOW | TOP | DEDUP | OVER | JOIN | LOOKUP | PROCESS | DETECT | CHANGES | LEFT
  | RIGHT | FULL | SEMI | ANTI | ON | BY | OF | FROM | WAS | WITH | WITHIN | KEEP | FIRST | LAST | TIES | ASC | DESC
  | LATE | ALLOW | CLOSE | UPDATE | EVERY | PROCESSING | TIME | WATERMARK | LAG | ASCENDING | IDLE | ERROR_ | SKIP | STOP
  | EXPIRES | UNBOUNDED | KEYED | STATE | ADD | RETRACT | MERGE | RESULT | GIVEN | EXPECT | ADVANCE | FOLLOWED | ANY
  | PAST | NEXT | NONE | UPSERT | FINAL ;

%%
namespace flow::lang {

void GeneratedParser::report_syntax_error(const context& where) const { errors.report(where); }

/// REQUIRED by the skeleton; only called if memory for the parser's own stack cannot be had.
void GeneratedParser::error(const SourceRange& range, const std::string& text) { errors.report_other(range, text); }

}  // namespace flow::lang
