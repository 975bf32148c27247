#include "lang/grammar/tree_builder.h"

#include <algorithm>

#include "lang/grammar/token.h"

namespace flow::lang {

namespace {

// ---- the height of a node's highest child

uint32_t height(const Expr* expr) { return expr == nullptr ? 0 : expr->height; }

template <typename T, typename HeightOf> uint32_t highest(List<T> items, HeightOf height_of) {
  uint32_t found = 0;
  for (const T& item : items) found = std::max(found, height_of(item));
  return found;
}

uint32_t height_below(const Expr& parent) {
  auto of_argument = [](const Argument& argument) { return height(argument.value); };
  auto of_member = [](const RecordMember& member) { return height(member.value); };
  auto of_part = [](const TemplatePart& part) { return height(part.hole); };
  auto of_arm = [](const MatchArm& arm) { return std::max(height(arm.value), highest(arm.patterns, height)); };
  return visit(
      parent, [](const Member& node) { return height(node.object); },
      [](const Index& node) { return std::max(height(node.object), height(node.index)); },
      [&](const Call& node) {
        return std::max({height(node.callee), height(node.filter), highest(node.arguments, of_argument)});
      },
      [](const Unary& node) { return height(node.operand); },
      [](const Binary& node) { return std::max(height(node.left), height(node.right)); },
      [](const IsNull& node) { return height(node.operand); },
      [](const If& node) {
        return std::max({height(node.condition), height(node.then_value), height(node.else_value)});
      },
      [&](const Match& node) { return std::max(height(node.subject), highest(node.arms, of_arm)); },
      [](const ListExpr& node) { return highest(node.items, height); },
      [&](const RecordExpr& node) { return highest(node.members, of_member); },
      [&](const Template& node) { return highest(node.parts, of_part); }, [](const auto&) { return 0u; });
}

uint32_t height_below(const Statement& parent) {
  auto of_statement = [](const Statement* statement) { return statement->height; };
  auto of_block = [&](const Block& block) { return highest(block.statements, of_statement); };
  return visit(
      parent, [](const LetStatement& node) { return height(node.value); },
      [](const Assign& node) { return std::max(height(node.place), height(node.value)); },
      [](const Emit& node) { return height(node.value); }, [](const SetTimer& node) { return height(node.when); },
      [](const Clear& node) { return height(node.place); },
      [&](const IfStatement& node) {
        return std::max({height(node.condition), of_block(node.then_block), of_block(node.else_block)});
      },
      [](const auto&) { return 0u; });
}

uint32_t height_below(const TypeExpr& parent) {
  auto of_field = [](const Field& field) { return field.type->height; };
  return visit(
      parent, [](const NullableType& node) { return node.inner->height; },
      [](const ListType& node) { return node.element->height; },
      [&](const RecordType& node) { return highest(node.fields, of_field); }, [](const auto&) { return 0u; });
}

} // namespace

std::string_view TreeBuilder::doc_before(SourceRange range) const {
  const std::vector<DocComment>& docs = tokens_.docs;
  auto after = std::upper_bound(docs.begin(), docs.end(), range.begin,
                                [](uint32_t begin, const DocComment& doc) { return begin < doc.range.begin; });
  if (after == docs.begin()) return {};
  const DocComment& doc = *(after - 1);
  std::string_view between = file_.slice({doc.range.end, range.begin, file_.id()});
  return between.find_first_not_of(" \t\r\n") == std::string_view::npos ? doc.text : std::string_view{};
}

// ---- expressions and types

void TreeBuilder::too_high(SourceRange range) {
  if (has_told_of_height_) return;
  has_told_of_height_ = true;
  emitter_.report(DiagnosticKind::nesting_too_deep, range, "this is more than {} levels deep", nesting_max)
      .help("name a part of it by `let`, `derive` or `type`; many values are tested by `x in [a, b]`");
}

Expr* TreeBuilder::checked(Expr* expr) {
  expr->height = 1 + height_below(*expr);
  if (expr->height <= nesting_max) return expr;
  too_high(expr->range);
  return arena_.make<Expr>(expr->range, ErrorExpr{});
}

TypeExpr* TreeBuilder::checked(TypeExpr* type) {
  type->height = 1 + height_below(*type);
  if (type->height <= nesting_max) return type;
  too_high(type->range);
  return arena_.make<TypeExpr>(type->range, ErrorType{});
}

Statement* TreeBuilder::checked(Statement* statement) {
  statement->height = 1 + height_below(*statement);
  if (statement->height <= nesting_max) return statement;
  too_high(statement->range);
  return arena_.make<Statement>(statement->range, ErrorStatement{});
}

/// `else if …`: a block without braces.
Block TreeBuilder::block_of(Statement* only) { return {list(std::vector<Statement*>{only}), only->range}; }

Expr* TreeBuilder::binary(SourceRange op_range, BinaryOperator op, Expr* left, Expr* right) {
  return expr(cover(left->range, right->range), Binary{op, op_range, left, right});
}

Expr* TreeBuilder::bracketed(SourceRange range, Expr* inner) {
  inner->range = range;
  return inner;
}

Expr* TreeBuilder::call(SourceRange range, Expr* callee, const CallParts& parts) {
  return expr(range, Call{callee, list(parts.arguments), parts.filter, parts.is_distinct});
}

Expr* TreeBuilder::lambda(SourceRange range) {
  not_yet(range, "a function without a name, `x => …`,");
  return expr(range, ErrorExpr{});
}

Expr* TreeBuilder::map(SourceRange range) {
  not_yet(range, "a map `[key: value]`");
  return expr(range, ErrorExpr{});
}

// ---- pipelines

Step* TreeBuilder::with_on_error(Step* step, const OnError& on_error) {
  step->on_error = on_error;
  step->range = cover(step->range, on_error.range);
  return step;
}

Pipeline* TreeBuilder::pipeline(SourceRange range, const PipelineParts& parts) {
  return arena_.make<Pipeline>(parts.feed, list(parts.steps), range);
}

List<Argument> TreeBuilder::plain_arguments(const CallParts& parts) {
  if (parts.filter != nullptr) {
    emitter_.report(DiagnosticKind::syntax, parts.filter->range, "only an aggregate such as `count` takes a `where`");
  } else if (parts.is_distinct) {
    emitter_.report(DiagnosticKind::syntax, parts.arguments.front().value->range,
                    "only an aggregate such as `count` takes `distinct`");
  }
  return list(parts.arguments);
}

Connector TreeBuilder::connector(SourceRange range, Name name, const CallParts& parts) {
  return {name, plain_arguments(parts), range};
}

// ---- clauses

void TreeBuilder::given_twice(SourceRange again, SourceRange first, std::string_view clause) {
  emitter_.report(DiagnosticKind::duplicate_clause, again, "`{}` is given twice", clause)
      .note(first, "it is given here already")
      .help("keep one of them");
}

void TreeBuilder::set_watermark(SourceDecl& source, WatermarkKind kind, Expr* value, SourceRange range) {
  if (source.watermark != WatermarkKind::unsaid) return given_twice(range, source.watermark_range, "watermark");
  source.watermark = kind;
  source.watermark_value = value;
  source.watermark_range = range;
}

void TreeBuilder::set_mode(SinkDecl& sink, SinkMode mode, SourceRange range) {
  if (sink.mode != SinkMode::unsaid) return given_twice(range, sink.mode_range, file_.slice(sink.mode_range));
  sink.mode = mode;
  sink.mode_range = range;
}

void TreeBuilder::set_emit(Window& window, EmitKind kind, Expr* every, SourceRange range) {
  if (window.emit != EmitKind::unsaid) return given_twice(range, window.emit_range, "emit");
  window.emit = kind;
  window.emit_every = every;
  window.emit_range = range;
}

/// What was wrong may also stand behind a complete declaration: then the name is that of the one before.
void TreeBuilder::declare_failed(SourceRange range, Name name) {
  bool is_taken = !declarations_.empty() && declarations_.back()->range.end > name.range.begin;
  declare(range, ErrorDecl{is_taken ? Name{} : name});
}

// ---- what comes later

void TreeBuilder::not_yet(SourceRange range, std::string_view what) {
  emitter_.report(DiagnosticKind::not_yet, range,
                  "{} is part of the language, but this version of flowc cannot compile it yet", what);
}

void TreeBuilder::not_yet(SourceRange range) { not_yet(range, fmt::format("`{}`", file_.slice(range))); }

Program* TreeBuilder::finish() { return arena_.make<Program>(file_.id(), tokens_.program_doc, list(declarations_)); }

} // namespace flow::lang
