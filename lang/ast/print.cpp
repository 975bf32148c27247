#include "lang/ast/print.h"

#include "lang/ast/tree_printer.h"

namespace flow::lang {

namespace {

class Printer : public TreePrinter {
public:
  void program(const Program& program) {
    line("program");
    Indent indent(*this);
    doc(program.doc);
    for (const Decl* decl : program.declarations) declaration(*decl);
  }

private:
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
    {
      Indent indent(*this);
      feed(node.other);
    }
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
        [&](const Split& node) {
          line("split");
          for (const Branch& branch : node.branches) {
            if (branch.condition != nullptr)
              labelled(branch.name.text, *branch.condition);
            else
              named("rest", branch.name);
          }
        },
        [&](const Dedup& node) {
          line("dedup keep first");
          bound(node.bound);
        },
        [&](const Process& node) {
          line("process {}", dotted(node.op));
          for (const Argument& given : node.arguments) argument(given);
        },
        [&](const Changes&) { line("changes"); }, [&](const Rebalance&) { line("rebalance"); },
        [&](const Broadcast&) { line("broadcast"); }, [&](const Forward&) { line("forward"); },
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

  // ---- operators

  void block(const Block& block) {
    Indent indent(*this);
    for (const Statement* given : block.statements) statement(*given);
  }

  void statement(const Statement& given) {
    visit(
        given, [&](const ErrorStatement&) { line("error"); },
        [&](const LetStatement& node) { with_child(fmt::format("let {}", node.name.text), *node.value); },
        [&](const Assign& node) {
          line("assign{}", node.op ? fmt::format(" {}", text_of(*node.op)) : "");
          child(*node.place);
          child(*node.value);
        },
        [&](const Emit& node) {
          with_child("emit", *node.value);
          named("to", node.to);
        },
        [&](const SetTimer& node) {
          with_child(fmt::format("{} as {}", node.is_processing_time ? "after" : "at", node.timer.text), *node.when);
        },
        [&](const Cancel& node) { line("cancel {}", node.timer.text); },
        [&](const Clear& node) { with_child("clear", *node.place); },
        [&](const IfStatement& node) {
          with_child("if", *node.condition);
          block(node.then_block);
          if (node.else_block.statements.empty()) return;
          line("else");
          block(node.else_block);
        },
        [&](const Return&) { line("return"); });
  }

  void operator_input(const OperatorInput& input) {
    Indent indent(*this);
    line("input {}", input.name.text);
    type(*input.type);
    labelled_if_given("initial", input.initial);
    labelled_if_given("keyed", input.key);
  }

  void state(const StateDecl& state) {
    line("state {}", state.name.text);
    type(*state.type);
    labelled_if_given("initial", state.initial);
    named("was", state.was);
    bound(state.bound);
    Indent deeper(*this);
    doc(state.doc);
  }

  void operator_decl(const OperatorDecl& node) {
    line("operator {}", node.name.text);
    named("was", node.was);
    for (const OperatorInput& input : node.inputs) operator_input(input);
    Indent indent(*this);
    for (const OperatorOutput& output : node.outputs) {
      line("output{}{}", output.name.is_given() ? " " : "", output.name.text);
      type(*output.type);
    }
    for (const StateDecl& given : node.states) state(given);
    for (const Handler& handler : node.handlers) {
      line("on {}{}", handler.on.text, handler.time.is_given() ? fmt::format("({})", handler.time.text) : "");
      block(handler.block);
    }
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

  void test(const TestDecl& node) {
    line("test {}", quoted(node.name.text));
    Indent indent(*this);
    for (const TestStep& step : node.steps) {
      std::visit(Overloaded{
                     [&](const Given& given) { with_child("given " + dotted(given.source), *given.rows); },
                     [&](const MoveWatermark& moved) {
                       bool is_of_all = moved.source.names.empty();
                       with_child(is_of_all ? "watermark" : "watermark " + dotted(moved.source), *moved.time);
                     },
                     [&](const Advance& advance) { with_child("advance", *advance.by); },
                     [&](const Expect& expect) {
                       std::string order = expect.order.is_given() ? fmt::format(" in {}", expect.order.text) : "";
                       with_child("expect " + dotted(expect.stream) + order, *expect.rows);
                     },
                 },
                 step.node);
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
        [&](const OperatorDecl& node) { operator_decl(node); }, [&](const SourceDecl& node) { source(node); },
        [&](const StreamDecl& node) {
          line("{} {}", node.is_table ? "table" : "stream", node.name.text);
          named("was", node.was);
          pipeline(*node.pipeline);
        },
        [&](const SinkDecl& node) { sink(node); }, [&](const TestDecl& node) { test(node); });
    Indent indent(*this);
    doc(decl.doc);
  }
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
