#include "compiler/sema/finish.h"
#include "lang/base/overloaded.h"

#include <algorithm>
#include <unordered_set>

namespace flow::sema {

using lang::DiagnosticKind;

namespace {

constexpr uint32_t gone = UINT32_MAX;

/// How many steps of each stream something needs; nothing for streams that are not needed at all. Of a stream of which
/// only the late rows are read, the steps behind the window are not needed.
std::vector<std::optional<size_t>> needed_steps(const TypedProgram& program) {
  std::vector<std::optional<size_t>> needed(program.streams.size());
  std::vector<std::pair<uint32_t, size_t>> open;
  auto need = [&](uint32_t stream, size_t steps) {
    if (stream == no_stream || (needed[stream] && *needed[stream] >= steps)) return;
    open.push_back({stream, steps});
  };
  auto need_all = [&](uint32_t stream) {
    if (stream != no_stream) need(stream, program.streams[stream].steps.size());
  };
  for (const Sink& sink : program.sinks) need_all(sink.stream);
  while (!open.empty()) {
    auto [index, steps] = open.back();
    open.pop_back();
    needed[index] = std::max(needed[index].value_or(0), steps);
    const Stream& stream = program.streams[index];
    std::visit(lang::Overloaded{[](const Source&) {}, [&](const ErrorStream& errors) { need(errors.source, 0); },
                                [&](const LateStream& late) { need(late.stream, late.step + 1); },
                                [&](const OutputStream& output) { need(output.stream, output.step + 1); },
                                [&](uint32_t from) { need_all(from); }},
               stream.origin);
    for (size_t i = 0; i < steps; i++) {
      if (const auto* join = std::get_if<Join>(&stream.steps[i].node)) need_all(join->other);
      if (const auto* others = std::get_if<Union>(&stream.steps[i].node)) {
        for (uint32_t other : others->others) need_all(other);
      }
      if (const auto* process = std::get_if<Process>(&stream.steps[i].node)) {
        for (const ProcessInput& input : process->inputs) need_all(input.stream.value_or(no_stream));
      }
    }
  }
  return needed;
}

/// Marks what the kept expressions use: params, functions, externs, enums.
class Uses {
public:
  explicit Uses(const TypedProgram& program)
      : params(program.params.size()), functions(program.functions.size()), externs(program.externs.size()),
        program_(program) {}

  void add(const Expr* root) {
    if (root == nullptr) return;
    add_type(root->type);
    if (root->kind == ExprKind::param) add_param(root->index);
    if (root->kind == ExprKind::call_extern) externs[root->function] = true;
    if (root->kind == ExprKind::call && !functions[root->function]) {
      functions[root->function] = true;
      const Function& function = program_.functions[root->function];
      for (const Column& parameter : function.params) add_type(parameter.type);
      add_type(function.result);
      add(function.body);
    }
    for (const Expr* arg : root->args) add(arg);
  }

  void add_param(uint32_t index) {
    if (params[index]) return;
    params[index] = true;
    add_type(program_.params[index].type);
    add(program_.params[index].condition);
  }

  void add(const Schema& schema) {
    for (const Column& column : schema.columns) add_type(column.type);
  }

  void add_type(Type type) {
    if (type.enumeration == nullptr) return;
    if (std::ranges::find(enums, type.enumeration) == enums.end()) enums.push_back(type.enumeration);
  }

  std::vector<bool> params, functions, externs;
  std::vector<const EnumType*> enums;

private:
  const TypedProgram& program_;
};

void add_uses(Uses& uses, const std::vector<KeyColumn>& keys) {
  for (const KeyColumn& key : keys) uses.add(key.value);
}

void add_uses(Uses& uses, const Process& process) {
  auto add_all = [&](Block block) { visit_exprs(block, [&](const Expr& expr) { uses.add(&expr); }); };
  for (const ProcessInput& input : process.inputs) {
    uses.add(input.schema);
    for (const Expr* key : input.keys) uses.add(key);
    add_all(input.body);
  }
  for (const StateCell& cell : process.cells) uses.add(cell.initial);
  for (const StateField& field : process.fields) uses.add_type(field.type);
  for (const ProcessTimer& timer : process.timers) add_all(timer.body);
  for (const ProcessOutput& output : process.outputs) uses.add(output.schema);
}

void add_uses(Uses& uses, const Step& step) {
  uses.add(step.result);
  std::visit(lang::Overloaded{[&](const Where& where) { uses.add(where.condition); },
                              [&](const Project& project) {
                                for (const Expr* value : project.values) uses.add(value);
                              },
                              [&](const Unnest& unnest) { uses.add(unnest.text), uses.add(unnest.pattern); },
                              [&](const Aggregate& aggregate) {
                                add_uses(uses, aggregate.keys);
                                for (const AggregateCall& call : aggregate.calls)
                                  uses.add(call.argument), uses.add(call.by), uses.add(call.filter);
                              },
                              [&](const Top& top) {
                                add_uses(uses, top.keys);
                                for (const Order& order : top.orders) uses.add(order.value);
                              },
                              [&](const Join& join) {
                                add_uses(uses, join.keys), add_uses(uses, join.other_keys);
                                uses.add(join.condition);
                              },
                              [&](const Process& process) { add_uses(uses, process); }, [](const auto&) {}},
             step.node);
}

void add_uses(Uses& uses, const Stream& stream) {
  uses.add(stream.origin_schema);
  if (const auto* source = std::get_if<Source>(&stream.origin)) {
    for (const Option& option : source->options) uses.add(option.value);
    for (const Expr* value : source->generated) uses.add(value);
    uses.add(source->time);
  }
  for (const Step& step : stream.steps) add_uses(uses, step);
}

class Finisher {
public:
  Finisher(Checking& check, const Module& main, KeepParams params)
      : check_(check), main_(main), kept_params_(params), from_(check.program) {}

  TypedProgram run() {
    keep_streams();
    Uses uses(from_);
    for (const Stream& stream : made_.streams) add_uses(uses, stream);
    for (const Sink& sink : made_.sinks) {
      for (const Option& option : sink.options) uses.add(option.value);
    }
    keep_params(uses);
    std::vector<uint32_t> functions = kept(uses.functions, from_.functions, made_.functions);
    std::vector<uint32_t> externs = kept(uses.externs, from_.externs, made_.externs);
    for (Expr* expr : check_.make.references()) {
      if (expr->kind == ExprKind::param)
        renumber(expr->index, params_);
      else
        renumber(expr->function, expr->kind == ExprKind::call ? functions : externs);
    }
    made_.enums = uses.enums;
    name_streams();
    return std::move(made_);
  }

private:
  void keep_streams() {
    std::vector<std::optional<size_t>> needed = needed_steps(from_);
    std::vector<uint32_t> places(from_.streams.size(), gone);
    for (uint32_t i = 0; i < from_.streams.size(); i++) {
      if (!needed[i]) continue;
      places[i] = static_cast<uint32_t>(made_.streams.size());
      Stream stream = from_.streams[i];
      stream.steps.resize(*needed[i]);
      made_.streams.push_back(std::move(stream));
      symbols_.push_back(check_.streams[i]);
    }
    for (Stream& stream : made_.streams) move_links(stream, places);
    made_.sinks = from_.sinks;
    for (Sink& sink : made_.sinks) sink.stream = places[sink.stream];
  }

  static void move_late(Window& window, const std::vector<uint32_t>& places) {
    if (window.late && places[*window.late] == gone) window.late.reset();
    if (window.late) window.late = places[*window.late];
  }

  static void move_links(Stream& stream, const std::vector<uint32_t>& places) {
    std::visit(lang::Overloaded{[&](Source& source) {
                                  if (source.errors && places[*source.errors] == gone) {
                                    // Nobody reads the bad records: they are counted and left out.
                                    source.errors.reset();
                                    source.on_error = OnError::skip;
                                  }
                                  if (source.errors) source.errors = places[*source.errors];
                                },
                                [&](ErrorStream& errors) { errors.source = places[errors.source]; },
                                [&](LateStream& late) { late.stream = places[late.stream]; },
                                [&](OutputStream& output) { output.stream = places[output.stream]; },
                                [&](uint32_t& from) { from = places[from]; }},
               stream.origin);
    for (Step& step : stream.steps) {
      if (auto* aggregate = std::get_if<Aggregate>(&step.node)) move_late(aggregate->window, places);
      if (auto* top = std::get_if<Top>(&step.node)) move_late(top->window, places);
      if (auto* join = std::get_if<Join>(&step.node)) join->other = places[join->other];
      if (auto* others = std::get_if<Union>(&step.node)) {
        for (uint32_t& other : others->others) other = places[other];
      }
      if (auto* process = std::get_if<Process>(&step.node)) {
        for (ProcessInput& input : process->inputs) {
          if (input.stream) input.stream = places[*input.stream];
        }
      }
    }
  }

  /// In the order of the text.
  void keep_params(Uses& uses) {
    for (const Symbol* symbol : check_.params) {
      if (symbol->module == &main_ && kept_params_ == KeepParams::all) uses.add_param(symbol->index);
    }
    params_.assign(from_.params.size(), gone);
    for (const auto& module : check_.modules.all()) {
      for (const auto& symbol : module->symbols) {
        bool is_kept = symbol->kind == SymbolKind::param && symbol->is_numbered && uses.params[symbol->index];
        if (!is_kept) continue;
        report_clash(*symbol);
        params_[symbol->index] = static_cast<uint32_t>(made_.params.size());
        made_.params.push_back(from_.params[symbol->index]);
      }
    }
  }

  void report_clash(const Symbol& symbol) {
    for (const Param& other : made_.params) {
      if (other.name != symbol.name) continue;
      check_
          .report(DiagnosticKind::duplicate_name, other.range, "two params of this program would both be the flag --{}",
                  symbol.name)
          .note(symbol.range, "the module `{}` declares the other", symbol.module->name)
          .help("give this one another name");
    }
  }

  template <typename T>
  std::vector<uint32_t> kept(const std::vector<bool>& used, const std::vector<T>& all, std::vector<T>& into) {
    std::vector<uint32_t> places(all.size(), gone);
    for (size_t i = 0; i < all.size(); i++) {
      if (!used[i]) continue;
      places[i] = static_cast<uint32_t>(into.size());
      into.push_back(all[i]);
    }
    return places;
  }

  static void renumber(uint32_t& index, const std::vector<uint32_t>& places) {
    if (places[index] != gone) index = places[index];
  }

  /// Streams of the program keep their names; one of a module that clashes gets the module's name before it.
  void name_streams() {
    std::unordered_set<std::string_view> names;
    for (size_t i = 0; i < made_.streams.size(); i++) {
      if (symbols_[i] == nullptr || symbols_[i]->module == &main_) names.insert(made_.streams[i].name);
    }
    for (size_t i = 0; i < made_.streams.size(); i++) {
      const Symbol* symbol = symbols_[i];
      if (symbol == nullptr || symbol->module == &main_ || names.insert(made_.streams[i].name).second) continue;
      std::string name = fmt::format("{}.{}", symbol->module->name, made_.streams[i].name);
      made_.streams[i].name = check_.arena.copy(std::string_view(name));
    }
  }

  Checking& check_;
  const Module& main_;
  KeepParams kept_params_;
  const TypedProgram& from_;
  TypedProgram made_;
  std::vector<const Symbol*> symbols_;
  std::vector<uint32_t> params_;
};

} // namespace

void check_late_rows(Checking& check, const Module& main) {
  if (check.emitter.has_errors()) return; // what is read where is not known for sure
  for (const auto& symbol : main.symbols) {
    if (symbol->kind == SymbolKind::late_rows && symbol->progress != Progress::done) {
      check
          .report(DiagnosticKind::missing_step, symbol->range, "no step uses the window of the late rows `{}`",
                  symbol->name)
          .help("put an `aggregate` or a `top` behind it");
    }
  }
}

void warn_of_unused(Checking& check, const Module& main) {
  if (check.emitter.has_errors()) return; // what an error cut off looks unused, too
  if (check.program.sinks.empty()) {
    lang::SourceRange begin{0, 0, main.tree->file};
    bool is_empty = main.tree->declarations.empty();
    lang::SourceRange range = is_empty ? begin : main.tree->declarations.back()->range;
    check.report(DiagnosticKind::no_sink, range, "this program has no sink: nobody gets its results")
        .help("add one, as in `sink results -> console()`");
    return;
  }
  std::vector<std::optional<size_t>> needed = needed_steps(check.program);
  for (uint32_t i = 0; i < check.streams.size(); i++) {
    const Symbol* symbol = check.streams[i];
    if (needed[i] || symbol == nullptr || symbol->module != &main || check.flows[i].is_unknown) continue;
    std::string_view what = symbol->kind == SymbolKind::source ? "source" : "stream";
    check.report(DiagnosticKind::unused_stream, symbol->range, "no sink needs the {} `{}`", what, symbol->name)
        .help("read it, as in `sink {} -> discard()`, or take it away", symbol->name);
  }
}

TypedProgram finish(Checking& check, const Module& main, KeepParams params) {
  return Finisher(check, main, params).run();
}

} // namespace flow::sema
