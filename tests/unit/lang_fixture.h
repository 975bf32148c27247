// A text parsed, with everything that must outlive its tree.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lang/ast/print.h"
#include "lang/diagnostics/render.h"
#include "lang/grammar/parse.h"

namespace flow::lang {

struct Parsed {
  std::unique_ptr<SourceFiles> files = std::make_unique<SourceFiles>();
  std::unique_ptr<Arena> arena = std::make_unique<Arena>();
  std::unique_ptr<DiagnosticEmitter> emitter = std::make_unique<DiagnosticEmitter>();
  const Program* program = nullptr;

  std::string errors() const { return render_all(*emitter, *files); }
  std::string tree() const { return print(*program); }
  /// `line:column slug`, in the order of reporting.
  std::vector<std::string> places() const {
    std::vector<std::string> out;
    for (const Diagnostic& diagnostic : emitter->diagnostics()) {
      LineColumn at = files->get(diagnostic.range.file).position(diagnostic.range.begin);
      out.push_back(fmt::format("{}:{} {}", at.line, at.column, slug_of(diagnostic.kind)));
    }
    return out;
  }
};

inline Parsed parse_text(std::string_view text) {
  Parsed parsed;
  const SourceFile& file = parsed.files->add("job.flow", std::string(text));
  parsed.program = parse(file, *parsed.arena, *parsed.emitter);
  return parsed;
}

/// The tree of an expression that has no errors, or the errors.
inline std::string expression(std::string_view text) {
  Parsed parsed = parse_text("let x = " + std::string(text));
  if (parsed.emitter->has_errors()) return parsed.errors();
  return print(*parsed.program->declarations.front()->as<LetDecl>()->value);
}

/// The same on one line with parentheses, to read precedence: (+ 1 (* 2 3)).
inline std::string shape(const Expr& expr) {
  if (const Binary* node = expr.as<Binary>()) {
    return fmt::format("({} {} {})", text_of(node->op), shape(*node->left), shape(*node->right));
  }
  if (const Unary* node = expr.as<Unary>()) return fmt::format("({} {})", text_of(node->op), shape(*node->operand));
  if (const IsNull* node = expr.as<IsNull>()) {
    return fmt::format("({} {})", node->is_negated ? "is-not-null" : "is-null", shape(*node->operand));
  }
  if (const If* node = expr.as<If>()) {
    return fmt::format("(if {} {} {})", shape(*node->condition), shape(*node->then_value), shape(*node->else_value));
  }
  if (const Member* node = expr.as<Member>()) return fmt::format("{}.{}", shape(*node->object), node->name.text);
  if (const NameExpr* node = expr.as<NameExpr>()) return std::string(node->name);
  if (const IntLiteral* node = expr.as<IntLiteral>()) return fmt::format("{}", node->value);
  return "?";
}

inline std::string shape(std::string_view text) {
  Parsed parsed = parse_text("let x = " + std::string(text));
  if (parsed.emitter->has_errors()) return parsed.errors();
  return shape(*parsed.program->declarations.front()->as<LetDecl>()->value);
}

} // namespace flow::lang
