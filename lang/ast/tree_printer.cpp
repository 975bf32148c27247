#include "lang/ast/tree_printer.h"

namespace flow::lang {

/// A text as a literal, on one line.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    switch (c) {
    case '"': out += "\\\""; break;
    case '\\': out += "\\\\"; break;
    case '\n': out += "\\n"; break;
    case '\r': out += "\\r"; break;
    case '\t': out += "\\t"; break;
    default:
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
        fmt::format_to(std::back_inserter(out), "\\u{{{:x}}}", static_cast<unsigned>(c));
      } else {
        out += c;
      }
    }
  }
  return out + '"';
}

std::string dotted(const Path& path) {
  std::string out;
  for (const Name& name : path.names) {
    if (!out.empty()) out += '.';
    out += name.text;
  }
  return out;
}

static std::string type_arguments(const NamedType& node) {
  return node.arguments.empty() ? "" : fmt::format("({})", fmt::join(node.arguments, ", "));
}

// ---- expressions

void TreePrinter::expr(const Expr& expr) {
  visit(
      expr, [&](const ErrorExpr&) { line("error"); }, [&](const NullLiteral&) { line("null"); },
      [&](const BoolLiteral& node) { line("bool {}", node.value); },
      [&](const IntLiteral& node) { line("int {}", node.value); },
      [&](const FloatLiteral& node) { line("float {}", node.text); },
      [&](const DurationLiteral& node) { line("duration {}us", node.micros); },
      [&](const InstantLiteral& node) { line("{} {}us", node.is_date ? "date" : "instant", node.micros); },
      [&](const StringLiteral& node) { line("string {}", quoted(node.text)); },
      [&](const Template& node) { template_parts(node); }, [&](const NameExpr& node) { line("name {}", node.name); },
      [&](const Member& node) {
        line("member {}{}", node.is_safe ? "?." : ".", node.name.text);
        child(*node.object);
      },
      [&](const Index& node) {
        line("index");
        child(*node.object);
        child(*node.index);
      },
      [&](const Call& node) { call(node); },
      [&](const Unary& node) {
        line("{}", text_of(node.op));
        child(*node.operand);
      },
      [&](const Binary& node) {
        line("{}", text_of(node.op));
        child(*node.left);
        child(*node.right);
      },
      [&](const IsNull& node) {
        line("{}", node.is_negated ? "is not null" : "is null");
        child(*node.operand);
      },
      [&](const If& node) {
        line("if");
        child(*node.condition);
        labelled("then", *node.then_value);
        labelled("else", *node.else_value);
      },
      [&](const Match& node) { match(node); },
      [&](const ListExpr& node) {
        line("list");
        for (const Expr* item : node.items) child(*item);
      },
      [&](const RecordExpr& node) { record(node); });
}

void TreePrinter::doc(std::string_view text) {
  if (!text.empty()) line("doc {}", quoted(text));
}
void TreePrinter::child(const Expr& node) {
  Indent indent(*this);
  expr(node);
}
void TreePrinter::labelled(std::string_view label, const Expr& node) {
  Indent indent(*this);
  line("{}", label);
  child(node);
}
void TreePrinter::labelled_if_given(std::string_view label, const Expr* node) {
  if (node != nullptr) labelled(label, *node);
}
void TreePrinter::named(std::string_view label, const Name& name) {
  if (!name.is_given()) return;
  Indent indent(*this);
  line("{} {}", label, name.text);
}

void TreePrinter::template_parts(const Template& node) {
  line("template");
  Indent indent(*this);
  for (const TemplatePart& part : node.parts) {
    if (part.hole != nullptr) {
      line("hole");
      child(*part.hole);
    } else {
      line("text {}", quoted(part.text));
    }
  }
}

void TreePrinter::argument(const Argument& argument) {
  if (argument.name.is_given()) {
    labelled(fmt::format("argument {}", argument.name.text), *argument.value);
  } else {
    child(*argument.value);
  }
}

void TreePrinter::call(const Call& node) {
  const NameExpr* function = node.callee->as<NameExpr>();
  std::string_view distinct = node.is_distinct ? " distinct" : "";
  if (function != nullptr) {
    line("call {}{}", function->name, distinct);
  } else {
    line("call{}", distinct);
    labelled("callee", *node.callee);
  }
  for (const Argument& given : node.arguments) argument(given);
  labelled_if_given("where", node.filter);
}

void TreePrinter::match(const Match& node) {
  line("match");
  child(*node.subject);
  Indent indent(*this);
  for (const MatchArm& arm : node.arms) {
    line("{}", arm.patterns.empty() ? "else" : "case");
    for (const Expr* pattern : arm.patterns) child(*pattern);
    labelled("=>", *arm.value);
  }
}

void TreePrinter::record(const RecordExpr& node) {
  line("record");
  for (const RecordMember& member : node.members) {
    if (member.is_spread) {
      labelled("...", *member.value);
    } else if (member.name.is_given()) {
      labelled(fmt::format("field {}", member.name.text), *member.value);
    } else {
      child(*member.value);
    }
  }
}

// ---- types

void TreePrinter::type(const TypeExpr& type_expr) {
  Indent indent(*this);
  visit(
      type_expr, [&](const ErrorType&) { line("type error"); },
      [&](const NamedType& node) { line("type {}{}", dotted(node.path), type_arguments(node)); },
      [&](const NullableType& node) {
        line("type nullable");
        type(*node.inner);
      },
      [&](const ListType& node) {
        line("type list");
        type(*node.element);
      },
      [&](const RecordType& node) {
        line("type record");
        for (const Field& given : node.fields) field(given);
      });
}

void TreePrinter::field(const Field& field) {
  Indent indent(*this);
  line("field {}{}{}", field.name.text, field.from.is_given ? " from " + quoted(field.from.text) : "",
       field.was.is_given() ? fmt::format(" was {}", field.was.text) : "");
  type(*field.type);
  labelled_if_given("initial", field.initial);
  Indent deeper(*this);
  doc(field.doc);
}

} // namespace flow::lang
