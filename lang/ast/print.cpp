#include "lang/ast/print.h"

#include <iterator>
#include <utility>

#include <fmt/format.h>

namespace flow::lang {

namespace {

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

class Printer {
public:
  std::string take() { return std::move(out_); }

  void program(const Program& program) {
    line("program");
    Indent indent(*this);
    doc(program.doc);
    for (const Decl* decl : program.declarations) declaration(*decl);
  }

  // ---- expressions

  void expr(const Expr& expr) {
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

private:
  /// What is printed while it lives stands one level deeper.
  struct Indent {
    explicit Indent(Printer& printer) : printer_(printer) { ++printer_.level_; }
    ~Indent() { --printer_.level_; }
    Indent(const Indent&) = delete;
    Indent& operator=(const Indent&) = delete;
    Printer& printer_;
  };

  template <typename... Arguments> void line(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    out_.append(level_ * 2, ' ');
    fmt::format_to(std::back_inserter(out_), format, std::forward<Arguments>(arguments)...);
    out_ += '\n';
  }

  void doc(std::string_view text) {
    if (!text.empty()) line("doc {}", quoted(text));
  }
  void child(const Expr& node) {
    Indent indent(*this);
    expr(node);
  }
  /// A child with a line of its own that says what it is for.
  void labelled(std::string_view label, const Expr& node) {
    Indent indent(*this);
    line("{}", label);
    child(node);
  }
  void labelled_if_given(std::string_view label, const Expr* node) {
    if (node != nullptr) labelled(label, *node);
  }
  void named(std::string_view label, const Name& name) {
    if (!name.is_given()) return;
    Indent indent(*this);
    line("{} {}", label, name.text);
  }

  void template_parts(const Template& node) {
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

  void argument(const Argument& argument) {
    if (argument.name.is_given()) {
      labelled(fmt::format("argument {}", argument.name.text), *argument.value);
    } else {
      child(*argument.value);
    }
  }

  void call(const Call& node) {
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

  void match(const Match& node) {
    line("match");
    child(*node.subject);
    Indent indent(*this);
    for (const MatchArm& arm : node.arms) {
      line("{}", arm.patterns.empty() ? "else" : "case");
      for (const Expr* pattern : arm.patterns) child(*pattern);
      labelled("=>", *arm.value);
    }
  }

  void record(const RecordExpr& node) {
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

  void type(const TypeExpr& type_expr) {
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

  static std::string type_arguments(const NamedType& node) {
    return node.arguments.empty() ? "" : fmt::format("({})", fmt::join(node.arguments, ", "));
  }

  void field(const Field& field) {
    Indent indent(*this);
    line("field {}{}{}", field.name.text, field.from.is_given ? " from " + quoted(field.from.text) : "",
         field.was.is_given() ? fmt::format(" was {}", field.was.text) : "");
    type(*field.type);
    labelled_if_given("initial", field.initial);
    Indent deeper(*this);
    doc(field.doc);
  }

  // ---- pipelines

  void pipeline(const Pipeline& pipeline) {
    Indent indent(*this);
    feed(pipeline.feed);
    for (const Step* given : pipeline.steps) step(*given);
  }

  void feed(const Feed& feed) {
    if (feed.nested == nullptr) {
      line("from {}", dotted(feed.path));
      return;
    }
    line("from");
    pipeline(*feed.nested);
  }

  void bindings(List<Binding> bindings) {
    for (const Binding& binding : bindings) labelled(binding.name.text, *binding.value);
  }

  void bound(const StateBound& bound) {
    if (bound.kind == BoundKind::expires) labelled("expires", *bound.expires);
    if (bound.kind != BoundKind::unbounded) return;
    Indent indent(*this);
    line("unbounded {}", quoted(bound.why.text));
  }

  void on_error(const OnError& on_error) {
    Indent indent(*this);
    switch (on_error.policy) {
    case ErrorPolicy::unsaid: break;
    case ErrorPolicy::stop: line("on error stop"); break;
    case ErrorPolicy::skip: line("on error skip"); break;
    case ErrorPolicy::divert: line("on error to {}", on_error.to.text); break;
    }
  }

  void with_child(std::string_view word, const Expr& node) {
    line("{}", word);
    child(node);
  }

  void window(const Window& node) {
    line("window {}", node.kind.text);
    for (const Argument& given : node.arguments) argument(given);
    labelled_if_given("late allow", node.late_allow);
    named("late to", node.late_to);
    Indent indent(*this);
    if (node.emit == EmitKind::on_close) line("emit on close");
    if (node.emit == EmitKind::on_update) line("emit on update");
    if (node.emit == EmitKind::every) with_child("emit every", *node.emit_every);
    if (node.by_processing_time) line("by processing time");
  }

  void top(const Top& node) {
    line("top{}", node.with_ties ? " with ties" : "");
    child(*node.count);
    for (const Order& order : node.orders) {
      labelled(order.direction == Direction::descending ? "by desc" : "by asc", *order.value);
    }
    named("as", node.rank);
    bound(node.bound);
  }

  void join(const Join& node) {
    constexpr std::string_view words[] = {"join", "left join", "right join", "full join", "semi join", "anti join"};
    line("{}", words[static_cast<size_t>(node.kind)]);
    Indent indent(*this);
    feed(node.other);
    named("as", node.as);
    labelled("on", *node.on);
    labelled_if_given("within", node.within);
    labelled_if_given("as of", node.as_of);
    bound(node.bound);
  }

  void step(const Step& step) {
    visit(
        step, [&](const ErrorStep&) { line("error"); },
        [&](const Where& node) { with_child("where", *node.condition); },
        [&](const Select& node) { with_child("select", *node.value); },
        [&](const Derive& node) {
          line("derive");
          bindings(node.bindings);
        },
        [&](const Drop& node) {
          line("drop");
          for (const Name& name : node.names) named("field", name);
        },
        [&](const Rename& node) {
          line("rename");
          Indent indent(*this);
          for (const Renaming& each : node.renamings) line("{} = {}", each.new_name.text, each.old_name.text);
        },
        [&](const Unnest& node) { with_child(fmt::format("unnest as {}", node.as.text), *node.list); },
        [&](const Union& node) {
          line("union");
          Indent indent(*this);
          for (const Feed& other : node.others) feed(other);
        },
        [&](const Key& node) { with_child("key", *node.key); }, [&](const Window& node) { window(node); },
        [&](const Aggregate& node) {
          line("aggregate");
          bindings(node.bindings);
          bound(node.bound);
        },
        [&](const Top& node) { top(node); }, [&](const Join& node) { join(node); },
        [&](const Rebalance&) { line("rebalance"); }, [&](const Broadcast&) { line("broadcast"); },
        [&](const Forward&) { line("forward"); },
        [&](const Parallelism& node) { with_child("parallelism", *node.count); });
    on_error(step.on_error);
  }

  // ---- declarations

  void connector(const Connector& connector) {
    Indent indent(*this);
    line("connector {}", connector.name.text);
    for (const Argument& given : connector.arguments) argument(given);
  }

  void source(const SourceDecl& node) {
    line("source {}", node.name.text);
    named("was", node.was);
    if (node.type != nullptr) type(*node.type);
    connector(node.connector);
    labelled_if_given("time", node.time);
    watermark(node);
    labelled_if_given("idle", node.idle);
    labelled_if_given("key", node.key);
    labelled_if_given("parallelism", node.parallelism);
    on_error(node.on_error);
  }

  void watermark(const SourceDecl& node) {
    switch (node.watermark) {
    case WatermarkKind::unsaid: return;
    case WatermarkKind::lag: return labelled("watermark lag", *node.watermark_value);
    case WatermarkKind::on: return labelled("watermark on", *node.watermark_value);
    case WatermarkKind::ascending: break;
    }
    Indent indent(*this);
    line("watermark ascending");
  }

  void sink(const SinkDecl& node) {
    constexpr std::string_view modes[] = {"", " upsert", " changes", " final"};
    line("sink{}", modes[static_cast<size_t>(node.mode)]);
    pipeline(*node.pipeline);
    connector(node.connector);
    labelled_if_given("parallelism", node.parallelism);
    named("as", node.as);
  }

  void function(const FnDecl& node) {
    line("{} {}", node.body == nullptr ? "extern fn" : "fn", node.name.text);
    for (const Parameter& parameter : node.parameters) {
      Indent indent(*this);
      line("parameter {}", parameter.name.text);
      type(*parameter.type);
      labelled_if_given("initial", parameter.initial);
    }
    {
      Indent indent(*this);
      line("result");
      type(*node.result);
    }
    labelled_if_given("body", node.body);
  }

  void enumeration(const EnumDecl& node) {
    line("enum {}", node.name.text);
    for (const EnumValue& value : node.values) {
      Indent indent(*this);
      line("value {}{}", value.name.text, value.text.is_given ? " " + quoted(value.text.text) : "");
      Indent deeper(*this);
      doc(value.doc);
    }
  }

  void declaration(const Decl& decl) {
    visit(
        decl, [&](const ErrorDecl& node) { line("error{}{}", node.name.is_given() ? " " : "", node.name.text); },
        [&](const ImportDecl& node) {
          line("import {}", dotted(node.path));
          named("as", node.as);
        },
        [&](const ParamDecl& node) {
          line("param {}", node.name.text);
          type(*node.type);
          labelled_if_given("initial", node.initial);
          labelled_if_given("where", node.where);
        },
        [&](const LetDecl& node) { with_child(fmt::format("let {}", node.name.text), *node.value); },
        [&](const TypeDecl& node) {
          line("type {}", node.name.text);
          type(*node.type);
        },
        [&](const EnumDecl& node) { enumeration(node); }, [&](const FnDecl& node) { function(node); },
        [&](const SourceDecl& node) { source(node); },
        [&](const StreamDecl& node) {
          line("{} {}", node.is_table ? "table" : "stream", node.name.text);
          named("was", node.was);
          pipeline(*node.pipeline);
        },
        [&](const SinkDecl& node) { sink(node); });
    Indent indent(*this);
    doc(decl.doc);
  }

  std::string out_;
  size_t level_ = 0;
};

} // namespace

std::string print(const Program& program) {
  Printer printer;
  printer.program(program);
  return printer.take();
}

std::string print(const Expr& expr) {
  Printer printer;
  printer.expr(expr);
  return printer.take();
}

} // namespace flow::lang
