#include "runtime/program/describe.h"

#include <fmt/format.h>

#include "runtime/base/text.h"
#include "runtime/formats/value.h"
#include "runtime/program/cpu.h"

namespace flow::runtime {
namespace {

constexpr std::string_view edge_kinds[] = {"forward", "by key", "broadcast", "rebalance", "to one task"};
constexpr std::string_view window_kinds[] = {"tumbling", "hopping", "same", "all of the input", "cumulate", "same"};
constexpr std::string_view watermark_kinds[] = {"no event time", "event time with a lag", "ascending event time"};
constexpr std::string_view policies[] = {"stop", "skip", "to a stream"};

template <size_t n> std::string_view name_of(const std::string_view (&names)[n], uint32_t kind) {
  return kind < n ? names[kind] : "?";
}

std::string field_list(const FlowConnector& connector) {
  std::string text;
  for (uint32_t i = 0; i < connector.field_count; ++i) {
    const FlowFormatField& field = connector.fields[i];
    text += fmt::format("{}{}: {}{}", i == 0 ? "" : ", ", field.name, kind_name(static_cast<FlowKind>(field.kind)),
                        field.nullable != 0 ? "?" : "");
  }
  return text;
}

void append_connector(std::string& out, const FlowConnector& connector) {
  std::string_view format = connector.format;
  out += fmt::format("  {} {}: {}{}{}\n", connector.is_source != 0 ? "source" : "sink", connector.name, connector.type,
                     format.empty() ? "" : ", ", format);
  if (connector.field_count > 0) out += fmt::format("    fields: {}\n", field_list(connector));
  if (connector.is_source == 0) return;
  out += fmt::format("    time: {}; bad records: {}\n", name_of(watermark_kinds, connector.watermark),
                     name_of(policies, connector.on_error));
}

std::string window_text(const FlowState& state) {
  std::string text(name_of(window_kinds, state.window));
  if (state.window == FLOW_WINDOW_TUMBLING || state.window == FLOW_WINDOW_HOPPING) {
    text += " " + format_duration(state.size);
  }
  if (state.window == FLOW_WINDOW_CUMULATE) {
    text += " up to " + format_duration(state.size) + " by " + format_duration(state.slide);
  }
  if (state.window == FLOW_WINDOW_HOPPING) text += " each " + format_duration(state.slide);
  if (state.late_allow > 0) text += " kept " + format_duration(state.late_allow) + " for late rows";
  return text;
}

// What an operator keeps, and what ends it.
void append_keyed(std::string& out, const FlowState& state, uint32_t stride) {
  out += fmt::format("     keeps {}: {}, {} bytes an entry\n", state.name,
                     state.key_size == 0 ? "one entry" : "an entry per key", stride);
  for (uint32_t i = 0; i < state.cell_count; ++i) {
    const FlowStateCell& cell = state.cells[i];
    std::string expiry = cell.written_offset == FLOW_NONE ? "" : ", expires after " + format_duration(cell.expires);
    out += fmt::format("       state {}: {} bytes{}\n", cell.name, cell.end - cell.begin, expiry);
  }
  for (uint32_t i = 0; i < state.timer_count; ++i) {
    out += fmt::format("       timer {} in {} time\n", state.timers[i].name,
                       state.timers[i].is_processing_time != 0 ? "processing" : "event");
  }
}

void append_chain(std::string& out, const FlowProgram& program, uint32_t number, uint32_t parallelism) {
  const FlowChain& chain = program.chains[number];
  uint32_t tasks = chain.parallelism == 0 ? parallelism : chain.parallelism;
  out += fmt::format("  {}. {}, {} task{}\n", number, chain.name, tasks, tasks == 1 ? "" : "s");
  if (chain.source != FLOW_NONE) out += fmt::format("     reads {}\n", program.connectors[chain.source].name);
  for (uint32_t i = 0; i < chain.state_count; ++i) {
    const FlowState& state = program.states[chain.states[i]];
    if (state.kind == FLOW_STATE_KEYED) {
      append_keyed(out, state, program.layouts[state.layout].stride);
      continue;
    }
    std::string_view what = state.kind == FLOW_STATE_PARTIAL ? "combines" : "keeps";
    out += fmt::format("     {} {}: window {}, {} bytes an entry\n", what, state.name, window_text(state),
                       program.layouts[state.layout].stride);
  }
  for (uint32_t i = 0; i < chain.output_count; ++i) {
    const FlowOutput& output = chain.outputs[i];
    if (output.kind == FLOW_OUTPUT_SINK) {
      out += fmt::format("     writes {}\n", program.connectors[output.target].name);
    } else {
      const FlowEdge& edge = program.edges[output.target];
      out += fmt::format("     sends to {} {}\n", edge.to_chain, name_of(edge_kinds, edge.kind));
    }
  }
}

} // namespace

std::string describe(const FlowProgram& program, uint32_t parallelism) {
  std::string out = fmt::format("{}\n", program.name);
  if (program.doc[0] != '\0') out += fmt::format("{}\n", program.doc);
  out += fmt::format("for {}; states and sources {:016x}\n", target_text(program), program.fingerprint);
  out += "\nsources and sinks\n";
  for (uint32_t i = 0; i < program.connector_count; ++i) append_connector(out, program.connectors[i]);
  out += "\nchains\n";
  for (uint32_t i = 0; i < program.chain_count; ++i) append_chain(out, program, i, parallelism);
  if (program.param_count > 0) out += "\nparams\n";
  for (uint32_t i = 0; i < program.param_count; ++i) {
    const FlowParam& param = program.params[i];
    out += fmt::format("  {}: {}{}\n", param.name, kind_name(static_cast<FlowKind>(param.kind)),
                       param.is_required != 0 ? ", has to be given" : "");
  }
  return out;
}

} // namespace flow::runtime
