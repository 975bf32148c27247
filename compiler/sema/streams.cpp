#include "compiler/sema/streams.h"

#include <algorithm>

#include "compiler/sema/pipeline.h"

namespace flow::sema {

using lang::DiagnosticKind;

namespace {

FlowState unknown_state() { return {.is_unknown = true}; }

void check_stream(Checking& check, Symbol& symbol, const lang::StreamDecl& decl) {
  if (decl.was.is_given()) check.not_yet(decl.was.range, "a stream that was renamed");
  Flow flow = check_pipeline(check, *symbol.module, *symbol.decl, *decl.pipeline, symbol.name, &symbol);
  symbol.index = flow.stream;
  if (flow.state.is_unknown || flow.state.is_wrongly_declared || flow.state.is_table == decl.is_table) return;
  if (symbol.index != no_stream) check.flows[symbol.index].is_wrongly_declared = true;
  if (flow.state.is_table) {
    auto report = check.report(DiagnosticKind::wrong_nature, symbol.range,
                               "`{}` is a table: its rows change as long as the input goes on", symbol.name);
    report.help("declare it so: `table {} = …`", symbol.name);
    if (flow.state.updates) {
      report.help("or leave `late allow` out of its window: then every window gives its rows once");
    } else if (flow.state.has_left_window) {
      report.help("or put `| window same` before its last `aggregate` or `top`, for each window that the rows came out "
                  "of");
    } else {
      report.help("or put a window before its aggregate, as in `| window tumbling(1h)`: then every window gives its "
                  "rows once");
    }
  } else {
    check.report(DiagnosticKind::wrong_nature, symbol.range, "`{}` is a stream: its rows never change", symbol.name)
        .help("declare it so: `stream {} = …`", symbol.name);
  }
}

/// Is the feed, or one inside of it, the stream of that symbol?
bool reads(const Checking& check, const Module& module, const lang::Pipeline& pipeline, const Symbol& symbol) {
  if (pipeline.feed.nested != nullptr) return reads(check, module, *pipeline.feed.nested, symbol);
  const auto& names = pipeline.feed.path.names;
  return !names.empty() && check.modules.find(module, Space::stream, names.back().text).symbol == &symbol;
}

const lang::Pipeline* pipeline_of(const lang::Decl& decl) {
  if (const auto* stream = decl.as<lang::StreamDecl>()) return stream->pipeline;
  if (const auto* sink = decl.as<lang::SinkDecl>()) return sink->pipeline;
  return nullptr;
}

Symbol* symbol_of(const Module& module, const lang::Decl& decl) {
  for (const auto& symbol : module.symbols) {
    bool is_main = symbol->kind == SymbolKind::source || symbol->kind == SymbolKind::stream;
    if (symbol->decl == &decl && is_main) return symbol.get();
  }
  return nullptr;
}

void ensure(Checking& check, Symbol& symbol) {
  if (symbol.progress != Progress::fresh) return;
  symbol.progress = Progress::busy;
  symbol.index = no_stream;
  // Each stream that is not known yet is checked inside of the one that reads it.
  Deeper deeper(check, symbol.range);
  if (!deeper.is_allowed()) {
    symbol.progress = Progress::done;
    return;
  }
  if (const auto* source = symbol.decl->as<lang::SourceDecl>())
    check_source(check, symbol, *source);
  else
    check_stream(check, symbol, *symbol.decl->as<lang::StreamDecl>());
  symbol.progress = Progress::done;
}

/// Checks the declaration whose window names these late rows, and if the window waits beyond its end, those that read
/// it.
void ensure_late(Checking& check, Symbol& symbol) {
  Symbol* owner = symbol_of(*symbol.module, *symbol.decl);
  if (owner == nullptr) {
    if (symbol.module->is_main) check_sink(check, *symbol.module, *symbol.decl);
    return;
  }
  if (owner->progress == Progress::busy) return;
  ensure(check, *owner);
  for (const auto& module : check.modules.all()) {
    for (const lang::Decl* decl : module->tree->declarations) {
      if (symbol.progress == Progress::done) return;
      const lang::Pipeline* pipeline = pipeline_of(*decl);
      if (pipeline == nullptr || !reads(check, *module, *pipeline, *owner)) continue;
      Symbol* reader = symbol_of(*module, *decl);
      if (reader != nullptr)
        ensure(check, *reader);
      else if (module->is_main)
        check_sink(check, *module, *decl);
    }
  }
}

Flow flow_of(Checking& check, Symbol& symbol, lang::SourceRange from) {
  if (symbol.kind == SymbolKind::late_rows && symbol.progress == Progress::fresh) {
    ensure_late(check, symbol);
  } else if (symbol.kind == SymbolKind::bad_records && symbol.owner != nullptr) {
    ensure(check, *symbol.owner);
  } else if (symbol.kind == SymbolKind::source || symbol.kind == SymbolKind::stream) {
    if (symbol.progress == Progress::busy) {
      check.report(DiagnosticKind::definition_cycle, from, "`{}` is made from itself", symbol.name)
          .note(symbol.range, "it is declared here");
      return {no_stream, unknown_state()};
    }
    ensure(check, symbol);
  }
  bool is_there = symbol.progress == Progress::done && symbol.index != no_stream;
  if (is_there) return {symbol.index, check.flows[symbol.index]};
  bool is_own_late = symbol.kind == SymbolKind::late_rows;
  if (is_own_late && !check.emitter.has_errors()) {
    check
        .report(DiagnosticKind::definition_cycle, from,
                "the late rows `{}` would flow into the window they are late for", symbol.name)
        .note(symbol.range, "they are named here");
  }
  return {no_stream, unknown_state()};
}

Flow unknown_stream(Checking& check, const Module& module, lang::Name name) {
  if (module.misses_import) return {no_stream, unknown_state()};
  auto report = check.report(DiagnosticKind::unknown_stream, name.range, "there is no stream `{}`", name.text);
  std::vector<std::string_view> names;
  check.modules.collect(module, Space::stream, names);
  if (suggest(report, name.text, names)) return {no_stream, unknown_state()};
  if (check.modules.find(module, Space::type, name.text).symbol != nullptr) {
    report.help("`{}` is a type; a `source` of that type has a name of its own", name.text);
  } else if (names.empty()) {
    report.help("declare one: `source {}: Row = csv(\"data/{}.csv\")`", name.text, name.text);
  } else if (names.size() <= 12) {
    report.help("there {} {}", names.size() == 1 ? "is" : "are", listed(names));
  }
  return {no_stream, unknown_state()};
}

/// `receipts.unpaid`, where `receipts` is a stream; nothing if the path is no such thing.
std::optional<Flow> output_of(Checking& check, const Module& module, const lang::Feed& feed) {
  const auto& names = feed.path.names;
  if (names.size() < 2 || names.size() > 3) return std::nullopt;
  const Module* other = check.modules.find_module(module, names[0].text);
  if (names.size() == 3 && other == nullptr) return std::nullopt;
  if (names.size() == 2 && other != nullptr && check.modules.find_in(*other, Space::stream, names[1].text) != nullptr)
    return std::nullopt;
  Symbol* symbol = names.size() == 3 ? check.modules.find_in(*other, Space::stream, names[1].text)
                                     : check.modules.find(module, Space::stream, names[0].text).symbol;
  if (symbol == nullptr) return std::nullopt;
  Flow flow =
      symbol->kind == SymbolKind::broken ? Flow{no_stream, unknown_state()} : flow_of(check, *symbol, feed.range);
  const std::vector<NamedOutput>& outputs = check.outputs[symbol];
  auto found = std::ranges::find(outputs, names.back().text, &NamedOutput::name);
  if (found != outputs.end()) return Flow{found->stream, check.flows[found->stream]};
  if (flow.state.is_unknown) return Flow{no_stream, unknown_state()};
  auto report = check.report(DiagnosticKind::unknown_stream, names.back().range, "`{}` has no output `{}`",
                             symbol->name, names.back().text);
  std::vector<std::string_view> known;
  for (const NamedOutput& output : outputs) known.push_back(output.name);
  if (known.empty())
    report.help("only a `process` or a `split` gives such streams; a field is named without its stream: `{}`",
                names.back().text);
  else if (!suggest(report, names.back().text, known))
    report.help("it has {}", listed(known));
  return Flow{no_stream, unknown_state()};
}

} // namespace

uint32_t add_stream(Checking& check, Stream stream, FlowState state, const Symbol* symbol) {
  check.program.streams.push_back(std::move(stream));
  check.flows.push_back(std::move(state));
  check.streams.push_back(symbol);
  return static_cast<uint32_t>(check.program.streams.size() - 1);
}

Flow check_feed(Checking& check, const Module& module, const lang::Decl& decl, const lang::Feed& feed,
                std::string_view name) {
  if (feed.nested != nullptr) return check_pipeline(check, module, decl, *feed.nested, name, nullptr);
  const auto& names = feed.path.names;
  if (names.empty()) return {no_stream, unknown_state()};
  if (std::optional<Flow> output = output_of(check, module, feed)) return std::move(*output);
  Found found;
  if (names.size() == 1) {
    found = check.modules.find(module, Space::stream, names[0].text);
  } else if (const Module* other = check.modules.find_module(module, names[0].text);
             other != nullptr && names.size() == 2) {
    found.symbol = check.modules.find_in(*other, Space::stream, names[1].text);
  }
  if (found.other != nullptr) {
    check.report(DiagnosticKind::ambiguous_name, feed.range, "two imports have a stream `{}`", names[0].text)
        .help("say which: `{}.{}` or `{}.{}`", found.symbol->module->name, names[0].text, found.other->module->name,
              names[0].text);
    return {no_stream, unknown_state()};
  }
  if (found.symbol == nullptr) return unknown_stream(check, module, names.back());
  if (found.symbol->kind == SymbolKind::broken) return {no_stream, unknown_state()};
  Flow flow = flow_of(check, *found.symbol, feed.range);
  if (!flow.state.is_split || flow.state.is_unknown) return flow;
  check
      .report(DiagnosticKind::unknown_stream, feed.range, "`{}` is split, so only its parts can be read",
              found.symbol->name)
      .help("write `{}.{}`", found.symbol->name, check.outputs[found.symbol].front().name);
  return {no_stream, unknown_state()};
}

Flow check_pipeline(Checking& check, const Module& module, const lang::Decl& decl, const lang::Pipeline& pipeline,
                    std::string_view name, Symbol* symbol) {
  std::string inner = std::string(name) + ".in";
  Flow from = check_feed(check, module, decl, pipeline.feed, check.arena.copy(std::string_view(inner)));
  if (pipeline.steps.empty() && symbol == nullptr) return from;
  PipelineChecker checker(check, module, decl, name, std::move(from));
  for (const lang::Step* step : pipeline.steps) checker.step(*step);
  return checker.finish(symbol, symbol != nullptr ? symbol->range : pipeline.range);
}

void check_streams(Checking& check, const Module& module) {
  for (const auto& symbol : module.symbols) {
    if (symbol->kind == SymbolKind::source || symbol->kind == SymbolKind::stream) ensure(check, *symbol);
  }
  if (!module.is_main) return;
  for (const lang::Decl* decl : module.tree->declarations) {
    if (decl->as<lang::SinkDecl>() != nullptr) check_sink(check, module, *decl);
  }
}

} // namespace flow::sema
