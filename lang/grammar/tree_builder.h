// Makes the nodes of the tree while the grammar recognises them (flow.y), in the arena.
//
// Here too: what a rule cannot say by its shape. A clause is given once; an expression is at most nesting_max levels
// high; parts of the language that come later are told of and become Error… nodes.
#pragma once

#include <string_view>
#include <vector>

#include "lang/ast/ast.h"
#include "lang/base/arena.h"
#include "lang/diagnostics/diagnostics.h"
#include "lang/source/source_file.h"

namespace flow::lang {

struct Tokens;

/// A pipeline while it grows.
struct PipelineParts {
  Feed feed{};
  std::vector<Step*> steps;
};

/// What stands between the braces of an operator.
struct OperatorParts {
  std::vector<StateDecl> states;
  std::vector<Handler> handlers;
  bool is_partial = false;
};

/// What stands between the parentheses of a call.
struct CallParts {
  std::vector<Argument> arguments;
  Expr* filter = nullptr;
  bool is_distinct = false;
};

class TreeBuilder {
public:
  TreeBuilder(const SourceFile& file, const Tokens& tokens, Arena& arena, DiagnosticEmitter& emitter)
      : file_(file), tokens_(tokens), arena_(arena), emitter_(emitter) {}

  Name name_at(SourceRange range) const { return {file_.slice(range), range}; }
  /// The text of the `///` lines directly before a declaration, field or enum value.
  std::string_view doc_before(SourceRange range) const;

  template <typename T> List<T> list(const std::vector<T>& items) { return arena_.copy(items); }

  // ---- expressions and types
  template <typename Node> Expr* expr(SourceRange range, Node node) { return checked(arena_.make<Expr>(range, node)); }
  template <typename Node> TypeExpr* type(SourceRange range, Node node) {
    return checked(arena_.make<TypeExpr>(range, node));
  }
  Expr* name_expr(Name name) { return expr(name.range, NameExpr{name.text}); }
  Expr* binary(SourceRange op_range, BinaryOperator op, Expr* left, Expr* right);
  Expr* bracketed(SourceRange range, Expr* inner);
  Expr* call(SourceRange range, Expr* callee, const CallParts& parts);
  Expr* lambda(SourceRange range);
  Expr* map(SourceRange range);

  // ---- pipelines
  template <typename Node> Step* step(SourceRange range, Node node) {
    return arena_.make<Step>(range, node, OnError{});
  }
  Step* with_on_error(Step* step, const OnError& on_error);
  Pipeline* pipeline(SourceRange range, const PipelineParts& parts);
  Connector connector(SourceRange range, Name name, const CallParts& parts);
  /// The arguments of what is no aggregate: `where` and `distinct` do not belong there.
  List<Argument> plain_arguments(const CallParts& parts);

  // ---- statements
  template <typename Node> Statement* statement(SourceRange range, Node node) {
    return checked(arena_.make<Statement>(range, node));
  }
  Block block_of(Statement* only);
  template <typename T> static void append(std::vector<T>& to, const std::vector<T>& more) {
    to.insert(to.end(), more.begin(), more.end());
  }

  // ---- clauses, which are given once
  template <typename T> void set_once(T& place, const T& value, std::string_view clause) {
    if (is_set(place)) return given_twice(range_of(value), range_of(place), clause);
    place = value;
  }
  void set_watermark(SourceDecl& source, WatermarkKind kind, Expr* value, SourceRange range);
  void set_mode(SinkDecl& sink, SinkMode mode, SourceRange range);
  void set_emit(Window& window, EmitKind kind, Expr* every, SourceRange range);

  // ---- declarations
  template <typename Node> void declare(SourceRange range, const Node& node) {
    declarations_.push_back(arena_.make<Decl>(range, node, doc_before(range)));
  }
  void declare_failed(SourceRange range, Name name);

  /// A part of the language that this version cannot compile; `what` is how a user calls it.
  void not_yet(SourceRange range, std::string_view what);
  /// The same of the words at `range`.
  void not_yet(SourceRange range);

  Program* finish();

private:
  static bool is_set(Expr* expr) { return expr != nullptr; }
  static bool is_set(const Name& name) { return name.is_given(); }
  static bool is_set(const Text& text) { return text.is_given; }
  static bool is_set(const StateBound& bound) { return bound.kind != BoundKind::unsaid; }
  static bool is_set(const OnError& on_error) { return on_error.policy != ErrorPolicy::unsaid; }
  static SourceRange range_of(Expr* expr) { return expr->range; }
  template <typename T> static SourceRange range_of(const T& value) { return value.range; }
  void given_twice(SourceRange again, SourceRange first, std::string_view clause);

  Expr* checked(Expr* expr);
  TypeExpr* checked(TypeExpr* type);
  Statement* checked(Statement* statement);
  void too_high(SourceRange range);

  const SourceFile& file_;
  const Tokens& tokens_;
  Arena& arena_;
  DiagnosticEmitter& emitter_;
  std::vector<Decl*> declarations_;
  bool has_told_of_height_ = false;
};

} // namespace flow::lang
