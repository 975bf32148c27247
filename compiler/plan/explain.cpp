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

/// "first for 1d, timer overdue, ".
std::string cells_text(const sema::Process& op) {
  std::string text;
  for (const sema::StateCell& cell : op.cells) {
    text += std::string(cell.name);
    if (cell.expires_us) text += fmt::format(" for {}", graph::print_duration(*cell.expires_us));
    text += ", ";
  }
  for (const sema::ProcessTimer& timer : op.timers) text += fmt::format("timer {}, ", timer.timer.name);
  return text;
}

std::string state_text(const PhysicalPlan& plan, const State& state) {
  const Layout& entry = plan.layouts[state.layout];
  std::string keys;
  for (const sema::Column& column : state.key.columns) keys += (keys.empty() ? "" : ", ") + std::string(column.name);
  std::string per_key = keys.empty() ? "one entry" : "an entry per " + keys;
  if (state.keyed && state.keyed->op != nullptr) {
    return fmt::format("state {}: {}, {}{} bytes an entry", state.name, per_key, cells_text(*state.keyed->op),
                       entry.stride);
  }
  std::string window =
      state.interval ? interval_text(state)
      : state.window.kind == sema::WindowKind::global
          ? "until the input ends"
          : "per window " + graph::print_window(state.window) + (state.running_layout != none ? " kept running" : "");
  std::string lists;
  for (const List& list : entry.lists)
    lists += fmt::format("{}{}", lists.empty() ? " and its rows of " : " and ", plan.layouts[list.row_layout].stride);
  if (!lists.empty()) lists += " bytes";
  return fmt::format("{} {}: {}, {}, {} bytes an entry{}", state.is_partial ? "partial results" : "state", state.name,
                     per_key, window, entry.stride, lists);
}

/// "fares (file, csv), of it driver_id, tip".
std::string source_text(const Connector& source) {
  std::string fields;
  bool is_part = false;
  for (size_t i = 0; i < source.fields.size(); i++) {
    if (source.is_needed[i])
      fields += (fields.empty() ? "" : ", ") + std::string(source.fields[i].name);
    else
      is_part = true;
  }
  std::string text =
      fmt::format("{} ({}{}{})", source.name, source.type, source.format.empty() ? "" : ", ", source.format);
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

/// A chain's operators as lines: one below the other where rows go straight on, further in where they part.
class Tree {
public:
  Tree(const PhysicalPlan& plan, const Chain& chain) : plan_(plan), chain_(chain) {
    for (uint32_t op = 0; op < chain_.ops.size(); op++) {
      if (chain_.ops[op].input == none) walk(op, 0);
    }
  }
  std::vector<std::string> lines() && { return std::move(lines_); }

private:
  void walk(uint32_t op, size_t indent) {
    const auto* origin = std::get_if<Origin>(&chain_.ops[op].op);
    bool is_told = origin == nullptr || (origin->kind != OriginKind::source && origin->kind != OriginKind::ports);
    if (is_told) lines_.push_back(std::string(indent, ' ') + describe_op(plan_, chain_, op));
    std::vector<uint32_t> readers;
    for (uint32_t i = op + 1; i < chain_.ops.size(); i++) {
      if (chain_.ops[i].input == op) readers.push_back(i);
    }
    bool goes_in = is_told && (readers.size() > 1 || origin != nullptr);
    for (uint32_t reader : readers) walk(reader, goes_in ? indent + 2 : indent);
  }

  const PhysicalPlan& plan_;
  const Chain& chain_;
  std::vector<std::string> lines_;
};

} // namespace

std::string explain_text(const PhysicalPlan& plan) {
  std::string text;
  for (size_t i = 0; i < plan.chains.size(); i++) {
    const Chain& chain = plan.chains[i];
    text += fmt::format("{}. {} ({})\n", i + 1, chain.uid, parallelism_text(chain));
    if (chain.source != none) {
      text += "   reads " + source_text(plan.connectors[chain.source]) + "\n";
    }
    for (const Port& port : chain.ports) {
      const Edge& edge = plan.edges[port.edge];
      text += fmt::format("   gets rows of {} bytes from {}, {}\n", plan.layouts[edge.layout].stride,
                          plan.chains[edge.from_chain].uid, describe_edge(plan, edge));
    }
    for (uint32_t state : chain.states()) text += "   keeps " + state_text(plan, plan.states[state]) + "\n";
    text += "   in one loop:\n";
    for (const std::string& line : Tree(plan, chain).lines()) text += "     " + line + "\n";
  }
  return text;
}

std::string explain_dot(const PhysicalPlan& plan) {
  std::string text = "digraph flow {\n  rankdir=LR;\n  node [shape=box, fontname=\"sans-serif\", fontsize=10];\n  edge "
                     "[fontname=\"sans-serif\", fontsize=9];\n";
  for (size_t i = 0; i < plan.chains.size(); i++) {
    const Chain& chain = plan.chains[i];
    text += fmt::format("  c{} [label=\"{} ({})\\n", i, escaped(chain.uid), parallelism_text(chain));
    for (uint32_t state : chain.states()) text += escaped(state_text(plan, plan.states[state])) + "\\l";
    if (chain.source != none) text += "reads " + escaped(source_text(plan.connectors[chain.source])) + "\\l";
    for (const std::string& line : Tree(plan, chain).lines()) text += escaped(line) + "\\l";
    text += "\"];\n";
  }
  for (const Edge& edge : plan.edges) {
    text += fmt::format("  c{} -> c{} [label=\"{}\"];\n", edge.from_chain, edge.to_chain,
                        escaped(describe_edge(plan, edge)));
  }
  return text + "}\n";
}

} // namespace flow::plan
