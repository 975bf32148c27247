#include "compiler/plan/explain.h"

#include <fmt/core.h>

#include "compiler/graph/print.h"
#include "compiler/plan/print.h"

namespace flow::plan {

namespace {

std::string parallelism_text(const Chain& chain) {
  if (chain.parallelism == 0) return "as many tasks as --parallelism says";
  return chain.parallelism == 1 ? "one task" : fmt::format("{} tasks", chain.parallelism);
}

std::string state_text(const PhysicalPlan& plan, const State& state) {
  const Layout& entry = plan.layouts[state.layout];
  std::string keys;
  for (const sema::Column& column : state.key.columns) keys += (keys.empty() ? "" : ", ") + std::string(column.name);
  std::string window = state.window.kind == sema::WindowKind::global ? "until the input ends" : "per window " + graph::print_window(state.window);
  return fmt::format("state {}: {}, {}, {} bytes an entry", state.name, keys.empty() ? "one entry" : "an entry per " + keys, window, entry.stride);
}

/// "fares (file, csv), of it driver_id, tip".
std::string source_text(const Connector& source) {
  std::string fields;
  bool is_part = false;
  for (size_t i = 0; i < source.fields.size(); i++) {
    if (source.is_needed[i]) fields += (fields.empty() ? "" : ", ") + std::string(source.fields[i].name);
    else is_part = true;
  }
  std::string text = fmt::format("{} ({}{}{})", source.name, source.type, source.format.empty() ? "" : ", ", source.format);
  if (!is_part) return text;
  return text + (fields.empty() ? ", of it no field" : ", of it " + fields);
}

std::string escaped(const std::string& text) {
  std::string made;
  for (char c : text) {
    if (std::string_view("\"\\{}|<>").find(c) != std::string_view::npos) made += '\\';
    made += c;
  }
  return made;
}

bool is_worth_telling(const PlanOp& op) {
  const auto* origin = std::get_if<Origin>(&op.op);
  return origin == nullptr || (origin->kind != OriginKind::source && origin->kind != OriginKind::ports);
}

}  // namespace

std::string explain_text(const PhysicalPlan& plan) {
  std::string text;
  for (size_t i = 0; i < plan.chains.size(); i++) {
    const Chain& chain = plan.chains[i];
    text += fmt::format("{}. {} ({})\n", i + 1, chain.uid, parallelism_text(chain));
    if (chain.source != none) {
      text += "   reads " + source_text(plan.connectors[chain.source]) + "\n";
    }
    for (uint32_t port : chain.ports) {
      const Edge& edge = plan.edges[port];
      text += fmt::format("   gets rows of {} bytes from {}, {}\n", plan.layouts[edge.layout].stride, plan.chains[edge.from_chain].uid,
                          describe_edge(plan, edge));
    }
    if (chain.state != none) text += "   keeps " + state_text(plan, plan.states[chain.state]) + "\n";
    text += "   in one loop:\n";
    for (uint32_t op = 0; op < chain.ops.size(); op++) {
      if (is_worth_telling(chain.ops[op])) text += "     " + describe_op(plan, chain, op) + "\n";
    }
  }
  return text;
}

std::string explain_dot(const PhysicalPlan& plan) {
  std::string text = "digraph flow {\n  rankdir=LR;\n  node [shape=box, fontname=\"sans-serif\", fontsize=10];\n  edge [fontname=\"sans-serif\", fontsize=9];\n";
  for (size_t i = 0; i < plan.chains.size(); i++) {
    const Chain& chain = plan.chains[i];
    text += fmt::format("  c{} [label=\"{} ({})\\n", i, escaped(chain.uid), parallelism_text(chain));
    if (chain.state != none) text += escaped(state_text(plan, plan.states[chain.state])) + "\\l";
    for (uint32_t op = 0; op < chain.ops.size(); op++) {
      if (is_worth_telling(chain.ops[op]) && !std::holds_alternative<Emit>(chain.ops[op].op)) text += escaped(describe_op(plan, chain, op)) + "\\l";
    }
    text += "\"];\n";
  }
  for (const Edge& edge : plan.edges) {
    text += fmt::format("  c{} -> c{} [label=\"{}\"];\n", edge.from_chain, edge.to_chain, escaped(describe_edge(plan, edge)));
  }
  return text + "}\n";
}

}  // namespace flow::plan
