#include "codegen/descriptor.h"

#include <algorithm>
#include <bit>

#include "runtime/abi/flow_program.h"

namespace flow::codegen {

namespace {

uint32_t number_of(sema::OnError policy) {
  switch (policy) {
  case sema::OnError::stop: return FLOW_ON_ERROR_STOP;
  case sema::OnError::skip: return FLOW_ON_ERROR_SKIP;
  case sema::OnError::divert: return FLOW_ON_ERROR_TO;
  }
  llvm_unreachable("all policies are listed");
}

/// Makes constants that have the bytes of the C structs. Every struct is checked against its size in C.
class Descriptor {
public:
  Descriptor(ModuleContext& module, const ProgramFunctions& functions)
      : m_(module), functions_(functions), plan_(module.plan), context_(module.context()) {}

  void emit(const TargetChoice& choice, uint64_t cpu_features) {
    const sema::TypedProgram& program = *plan_.program;
    std::vector<llvm::Constant*> layouts, enums, states, chains, edges, connectors, params, sites;
    for (const plan::Layout& layout : plan_.layouts) layouts.push_back(layout_constant(layout));
    for (const sema::EnumType* type : program.enums) enums.push_back(enum_constant(*type));
    for (const plan::State& state : plan_.states) states.push_back(state_constant(state, trigger_of(states.size())));
    for (size_t i = 0; i < plan_.chains.size(); i++)
      chains.push_back(chain_constant(plan_.chains[i], functions_.chains[i]));
    for (size_t i = 0; i < plan_.edges.size(); i++) edges.push_back(edge_constant(plan_.edges[i], functions_.keys[i]));
    for (const plan::Connector& connector : plan_.connectors) connectors.push_back(connector_constant(connector));
    for (const sema::Param& param : program.params) params.push_back(param_constant(param));
    for (const Site& site : m_.sites.all()) sites.push_back(site_constant(site));
    llvm::Constant* whole = record<FlowProgram>({u32(FLOW_ABI_VERSION),
                                                 u32(0),
                                                 text(program.name),
                                                 text(program.doc),
                                                 text(choice.cpu),
                                                 u64(cpu_features),
                                                 u32(choice.optimisation),
                                                 u32(0),
                                                 u64(plan_.fingerprint),
                                                 array("layouts", layouts),
                                                 array("enums", enums),
                                                 array("states", states),
                                                 array("chains", chains),
                                                 array("edges", edges),
                                                 array("connectors", connectors),
                                                 array("params", params),
                                                 array("sites", sites),
                                                 count(layouts),
                                                 count(enums),
                                                 count(states),
                                                 count(chains),
                                                 count(edges),
                                                 count(connectors),
                                                 count(params),
                                                 count(sites),
                                                 functions_.configure});
    auto* global = new llvm::GlobalVariable(m_.module, whole->getType(), true, llvm::GlobalValue::ExternalLinkage,
                                            whole, "flow_program_v1");
    global->setAlignment(llvm::Align(16));
  }

private:
  llvm::Constant* u32(uint64_t value) { return llvm::ConstantInt::get(llvm::Type::getInt32Ty(context_), value); }
  llvm::Constant* u64(uint64_t value) { return llvm::ConstantInt::get(llvm::Type::getInt64Ty(context_), value); }
  llvm::Constant* i64(int64_t value) { return u64(static_cast<uint64_t>(value)); }
  llvm::Constant* null() { return llvm::Constant::getNullValue(llvm::PointerType::getUnqual(context_)); }
  llvm::Constant* count(const std::vector<llvm::Constant*>& items) { return u32(items.size()); }
  llvm::Constant* function(llvm::Function* f) { return f != nullptr ? f : null(); }

  llvm::Constant* text(std::string_view text) {
    auto* data = llvm::ConstantDataArray::getString(context_, llvm::StringRef(text.data(), text.size()));
    return global("text", data);
  }

  llvm::Constant* global(const char* name, llvm::Constant* value) {
    auto* made = new llvm::GlobalVariable(m_.module, value->getType(), true, llvm::GlobalValue::PrivateLinkage, value,
                                          llvm::Twine("program.") + name);
    made->setUnnamedAddr(llvm::GlobalValue::UnnamedAddr::Global);
    return made;
  }

  template <typename Struct> llvm::Constant* record(llvm::ArrayRef<llvm::Constant*> fields) {
    llvm::Constant* made = llvm::ConstantStruct::getAnon(context_, fields);
    if (m_.module.getDataLayout().getTypeAllocSize(made->getType()) != sizeof(Struct)) {
      llvm::report_fatal_error("flowc: a descriptor struct differs from runtime/abi/flow_program.h");
    }
    return made;
  }

  /// Elements may differ in type (cells hold numbers or pointers) but not in size.
  llvm::Constant* array(const char* name, const std::vector<llvm::Constant*>& items) {
    return items.empty() ? null() : global(name, llvm::ConstantStruct::getAnon(context_, items));
  }

  uint32_t enum_number(sema::Type type) {
    const auto& enums = plan_.program->enums;
    for (uint32_t i = 0; i < enums.size(); i++) {
      if (enums[i] == type.enumeration) return i;
    }
    return FLOW_NONE;
  }

  llvm::Constant* layout_constant(const plan::Layout& layout) {
    std::vector<llvm::Constant*> fields;
    for (const plan::Field& field : layout.fields) {
      fields.push_back(record<FlowField>({text(field.name), u32(static_cast<uint32_t>(field.type.kind)),
                                          u32(field.offset), u32(field.null_bit), u32(enum_number(field.type))}));
    }
    llvm::Constant* repeat =
        layout.repeat
            ? record<FlowRepeat>({u32(layout.repeat->count_offset), u32(layout.repeat->offset),
                                  u32(layout.repeat->stride), u32(layout.repeat->max), u32(layout.repeat->row_layout)})
            : record<FlowRepeat>({u32(0), u32(0), u32(0), u32(0), u32(FLOW_NONE)});
    static_assert(plan::list_bytes == FLOW_LIST_BYTES);
    std::vector<llvm::Constant*> lists;
    for (const plan::List& list : layout.lists)
      lists.push_back(record<FlowList>({u32(list.offset), u32(list.row_layout)}));
    return record<FlowLayout>({text(layout.name), u64(layout.fingerprint), u32(layout.stride), u32(fields.size()),
                               array("fields", fields), repeat, count(lists), u32(0), array("lists", lists)});
  }

  llvm::Constant* enum_constant(const sema::EnumType& type) {
    std::vector<llvm::Constant*> texts;
    for (std::string_view name : type.texts) texts.push_back(text(name));
    return record<FlowEnum>({text(type.name), u32(texts.size()), array("enum.texts", texts)});
  }

  /// A chain's fire function is told which of its states it is by position.
  uint32_t trigger_of(size_t state) {
    for (const plan::Chain& chain : plan_.chains) {
      std::vector<uint32_t> states = chain.states();
      auto at = std::find(states.begin(), states.end(), state);
      if (at != states.end()) return static_cast<uint32_t>(at - states.begin());
    }
    llvm_unreachable("every state belongs to a chain");
  }

  llvm::Constant* state_constant(const plan::State& state, uint32_t trigger) {
    const sema::Window& window = state.window;
    uint32_t form = state.keyed ? FLOW_STATE_KEYED : state.is_partial ? FLOW_STATE_PARTIAL : FLOW_STATE_PANES;
    std::vector<llvm::Constant*> cells, timers, keys;
    for (const sema::Column& column : state.key.columns)
      keys.push_back(record<FlowKeyColumn>({text(column.name), u32(static_cast<uint32_t>(column.type.kind)),
                                            u32(column.type.nullable ? 1 : 0), u32(enum_number(column.type)), u32(0)}));
    uint32_t session_start = 0;
    if (state.keyed) {
      const std::vector<plan::Field>& fields = plan_.layouts[state.layout].fields;
      if (state.keyed->session_start != plan::none) session_start = fields[state.keyed->session_start].offset;
      for (size_t i = 0; i < state.keyed->cells.size(); i++)
        cells.push_back(cell_constant(state.keyed->cells[i], fields));
      for (size_t i = 0; i < state.keyed->timers.size(); i++)
        timers.push_back(timer_constant(state.keyed->timers[i], fields));
    }
    const auto interval = state.interval.value_or(plan::Interval{});
    return record<FlowState>({text(state.name),
                              u32(form),
                              u32(window_number(window)),
                              i64(window.size_us),
                              i64(window.slide_us),
                              i64(window.offset_us),
                              i64(state.pane_us),
                              u32(state.layout),
                              u32(state.key.size),
                              u32(state.key.is_bytes ? 1 : 0),
                              u32(trigger),
                              u32(state.running_layout),
                              count(cells),
                              count(timers),
                              u32(session_start),
                              array("cells", cells),
                              array("timers", timers),
                              array("key.columns", keys),
                              count(keys),
                              u32(state.interval ? 1 : 0),
                              i64(interval.judged_us),
                              i64(interval.hold_us),
                              i64(window.late_allow_us),
                              text(state.meaning)});
  }

  llvm::Constant* cell_constant(const plan::KeyedState::Cell& cell, const std::vector<plan::Field>& fields) {
    uint32_t written = cell.written == plan::none ? static_cast<uint32_t>(FLOW_NONE) : fields[cell.written].offset;
    return record<FlowStateCell>({text(cell.name), u32(fields[cell.set].offset), u32(cell.begin), u32(cell.end),
                                  u32(written), i64(cell.expires_us.value_or(0)), text(cell.was)});
  }

  llvm::Constant* timer_constant(const plan::KeyedState::Timer& timer, const std::vector<plan::Field>& fields) {
    return record<FlowStateTimer>({text(timer.name), u32(fields[timer.set].offset), u32(fields[timer.time].offset),
                                   u32(fields[timer.queued].offset), u32(timer.is_processing_time ? 1 : 0)});
  }

  llvm::Constant* chain_constant(const plan::Chain& chain, const ChainFunctions& functions) {
    std::vector<llvm::Constant*> outputs, states;
    for (const plan::Output& output : chain.outputs) {
      bool is_edge = output.kind == plan::OutputKind::edge;
      uint32_t layout = is_edge ? plan_.edges[output.target].layout : static_cast<uint32_t>(FLOW_NONE);
      outputs.push_back(record<FlowOutput>(
          {u32(is_edge ? FLOW_OUTPUT_EDGE : FLOW_OUTPUT_SINK), u32(output.target), u32(layout), u32(0)}));
    }
    for (uint32_t state : chain.states()) states.push_back(u32(state));
    return record<FlowChain>({text(chain.name), text(chain.uid), u32(chain.source), u32(chain.ports.size()),
                              u32(outputs.size()), u32(states.size()), array("outputs", outputs),
                              array("chain.states", states), u32(chain.parallelism), u32(0), function(functions.source),
                              function(functions.process), function(functions.fire)});
  }

  llvm::Constant* edge_constant(const plan::Edge& edge, llvm::Function* keys) {
    uint32_t kind = FLOW_EDGE_FORWARD;
    switch (edge.kind) {
    case plan::EdgeKind::forward: kind = FLOW_EDGE_FORWARD; break;
    case plan::EdgeKind::hash: kind = FLOW_EDGE_HASH; break;
    case plan::EdgeKind::broadcast: kind = FLOW_EDGE_BROADCAST; break;
    case plan::EdgeKind::rebalance: kind = FLOW_EDGE_REBALANCE; break;
    case plan::EdgeKind::single: kind = FLOW_EDGE_SINGLE; break;
    }
    return record<FlowEdge>({u32(kind), u32(edge.from_chain), u32(edge.from_output), u32(edge.to_chain),
                             u32(edge.to_port), u32(edge.layout), function(keys)});
  }

  llvm::Constant* connector_constant(const plan::Connector& connector) {
    std::vector<llvm::Constant*> options, fields;
    auto position_of = [&](std::string_view name) {
      for (uint32_t i = 0; i < connector.options.size(); i++) {
        if (connector.options[i].name == name) return i;
      }
      return static_cast<uint32_t>(FLOW_NONE);
    };
    for (size_t i = 0; i < connector.options.size(); i++) {
      options.push_back(record<FlowOption>(
          {text(connector.options[i].name), u32(static_cast<uint32_t>(connector.option_types[i].kind)), u32(0)}));
    }
    for (size_t i = 0; i < connector.fields.size(); i++) {
      const sema::RecordField& field = connector.fields[i];
      bool is_needed = !connector.is_source || connector.is_needed[i];
      fields.push_back(record<FlowFormatField>({text(field.from), u32(static_cast<uint32_t>(field.type.kind)),
                                                u32(field.type.nullable ? 1 : 0), u32(enum_number(field.type)),
                                                u32(is_needed ? 1 : 0)}));
    }
    uint32_t watermark = FLOW_WATERMARK_NONE;
    if (connector.watermark == sema::WatermarkKind::lag) watermark = FLOW_WATERMARK_LAG;
    if (connector.watermark == sema::WatermarkKind::ascending) watermark = FLOW_WATERMARK_ASCENDING;
    return record<FlowConnector>({text(connector.name), text(connector.type), text(connector.format),
                                  u32(connector.is_source ? 1 : 0), u32(options.size()), array("options", options),
                                  u32(fields.size()), u32(watermark), array("format.fields", fields),
                                  u32(number_of(connector.on_error)),
                                  u32(m_.sites.add(connector.range, connector.on_error)), u32(connector.parallelism),
                                  u32(connector.is_final ? 1 : 0), u32(position_of("rate")), u32(position_of("lag")),
                                  u32(position_of("idle")), u32(0)});
  }

  llvm::Constant* cell_constant(const sema::Expr* value) {
    llvm::Constant* bits = i64(0);
    uint64_t length = 0;
    bool is_null = value == nullptr || value->is_null;
    if (!is_null && value->type.is_text()) {
      bits = text(value->text);
      length = value->text.size();
    } else if (!is_null) {
      bits = value->type.is_float() ? u64(std::bit_cast<uint64_t>(value->float_value)) : i64(value->int_value);
    }
    llvm::Type* byte = llvm::Type::getInt8Ty(context_);
    llvm::Constant* reserved = llvm::Constant::getNullValue(llvm::ArrayType::get(byte, 3));
    return record<FlowCell>({bits, u32(length), llvm::ConstantInt::get(byte, is_null ? 1 : 0), reserved});
  }

  llvm::Constant* param_constant(const sema::Param& param) {
    uint32_t site = param.condition == nullptr ? FLOW_NONE : m_.sites.add(param.condition->range, sema::OnError::stop);
    return record<FlowParam>({text(param.name), text(param.doc), u32(static_cast<uint32_t>(param.type.kind)),
                              u32(param.initial == nullptr ? 1 : 0), u32(enum_number(param.type)), u32(site),
                              cell_constant(param.initial)});
  }

  llvm::Constant* site_constant(const Site& site) {
    if (!m_.files.holds(site.range.file)) {
      return record<FlowSite>({text(""), u32(0), u32(0), text(""), u32(number_of(site.on_error)), u32(0)});
    }
    const lang::SourceFile& file = m_.files.get(site.range.file);
    lang::LineColumn at = file.position(site.range.begin);
    return record<FlowSite>({text(file.path()), u32(at.line), u32(at.column), text(file.slice(site.range)),
                             u32(number_of(site.on_error)), u32(0)});
  }

  ModuleContext& m_;
  const ProgramFunctions& functions_;
  const plan::PhysicalPlan& plan_;
  llvm::LLVMContext& context_;
};

} // namespace

uint32_t window_number(const sema::Window& window) {
  switch (window.kind) {
  case sema::WindowKind::tumbling: return FLOW_WINDOW_TUMBLING;
  // Late rows change the results of each window by itself, so each has a pane of its own.
  case sema::WindowKind::hopping: return window.late_allow_us > 0 ? FLOW_WINDOW_SAME : FLOW_WINDOW_HOPPING;
  case sema::WindowKind::cumulate: return FLOW_WINDOW_CUMULATE;
  case sema::WindowKind::same: return window.is_cumulated ? FLOW_WINDOW_SAME_CUMULATE : FLOW_WINDOW_SAME;
  case sema::WindowKind::session: // a keyed state
  case sema::WindowKind::global: break;
  }
  return FLOW_WINDOW_GLOBAL;
}

void emit_descriptor(ModuleContext& module, const ProgramFunctions& functions, const TargetChoice& choice,
                     uint64_t cpu_features) {
  Descriptor(module, functions).emit(choice, cpu_features);
}

} // namespace flow::codegen
