#include "compiler/driver/options.h"

#include <cstdio>
#include <map>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "compiler/driver/exit_codes.h"

namespace flow::driver {

namespace {

const std::map<std::string, Emit> emits = {{"ast", Emit::ast},      {"typed", Emit::typed},   {"graph", Emit::graph},
                                           {"plan", Emit::plan},    {"layout", Emit::layout}, {"llvm", Emit::llvm},
                                           {"asm", Emit::assembly}, {"obj", Emit::object}};
const std::map<std::string, GraphFormat> formats = {
    {"text", GraphFormat::text}, {"dot", GraphFormat::dot}, {"svg", GraphFormat::svg}};

/// An option that takes one of some names.
template <typename Value>
void add_choice(CLI::App& command, const char* name, const std::map<std::string, Value>& values, Value& to,
                const char* value_name, const char* help) {
  auto choose = [name, &values, &to](const std::string& word) {
    auto found = values.find(word);
    if (found != values.end()) {
      to = found->second;
      return;
    }
    std::string names;
    for (const auto& [known, value] : values) names += (names.empty() ? "" : ", ") + known;
    throw CLI::ValidationError(name, fmt::format("there is no `{}`; give one of {}", word, names));
  };
  command.add_option_function<std::string>(name, choose, help)->type_name(value_name);
}

void add_program(CLI::App& command, Options& options) {
  command.add_option("program", options.program, "The .flow file")->required()->type_name("FILE");
}

void add_code_options(CLI::App& command, Options& options) {
  command.add_option("-O", options.optimisation, "Optimisation level, 0 to 3")
      ->check(CLI::Range(0, 3))
      ->capture_default_str();
  command.add_flag("-g", options.keep_debug_info,
                   "Keep debug information: lines of the .flow file in debuggers and profilers");
  command.add_option("--target-cpu", options.target_cpu, "CPU to compile for: x86-64-v2, x86-64-v3, native, …")
      ->type_name("CPU")
      ->capture_default_str();
  command.add_option("--disable-pass", options.disabled_passes, "Switch a pass of the optimiser off (may be repeated)")
      ->allow_extra_args(false) // one name each time: the program comes behind it
      ->type_name("NAME");
  command.add_flag("--time", options.times, "Print how long each stage took");
}

void add_build(CLI::App& app, Options& options) {
  CLI::App* build = app.add_subcommand("build", "Compile a program to a native executable");
  build->callback([&] { options.command = Command::build; });
  add_program(*build, options);
  build->add_option("-o", options.output, "Where to write the result")->type_name("FILE");
  add_choice(*build, "--emit", emits, options.emit, "STAGE",
             "Print a stage instead: ast, typed, graph, plan, layout, llvm, asm; or write obj");
  build->add_flag("--shared", options.shared, "Make a shared object for a host of its own (runtime/abi/flow_host.h)");
  add_code_options(*build, options);
}

void add_run(CLI::App& app, Options& options) {
  CLI::App* run = app.add_subcommand("run", "Compile a program and run it at once; flags of the job come after --");
  run->callback([&] { options.command = Command::run; });
  add_program(*run, options);
  add_code_options(*run, options);
  run->add_option("arguments", options.job_arguments, "Flags of the job, after --")->type_name("");
}

void add_check(CLI::App& app, Options& options) {
  CLI::App* check = app.add_subcommand("check", "Find the mistakes in a program without compiling it");
  check->callback([&] { options.command = Command::check; });
  add_program(*check, options);
  check->add_option("--against", options.against, "Does the state of this checkpoint or savepoint fit the program?")
      ->type_name("DIR");
}

void add_test(CLI::App& app, Options& options) {
  CLI::App* test =
      app.add_subcommand("test", "Run the tests that a program declares; values of its params come after --");
  test->callback([&] { options.command = Command::test; });
  test->add_option("program", options.program, "The .flow file, or a folder of them")
      ->required()
      ->type_name("FILE|FOLDER");
  test->add_option("--filter", options.filter, "Only tests in whose name this stands")->type_name("TEXT");
  CLI::Option* seeds =
      test->add_option("--seeds", options.seeds,
                       "Run each test so many times more: in random order, on several tasks, with crashes and restores")
          ->check(CLI::Range(1, 1'000'000))
          ->type_name("N");
  test->add_option("--seed", options.seed, "Run each test once more, with this seed")
      ->check(CLI::Range(uint64_t{1}, UINT64_MAX))
      ->excludes(seeds)
      ->type_name("S");
  add_code_options(*test, options);
  test->add_option("arguments", options.job_arguments, "Values of params, after --")->type_name("");
}

void add_explain(CLI::App& app, Options& options) {
  CLI::App* explain = app.add_subcommand("explain", "Show what will run: chains, edges, state, what is fused");
  explain->callback([&] { options.command = Command::explain; });
  add_program(*explain, options);
  add_choice(*explain, "--format", formats, options.format, "FORMAT", "text, dot, or svg (needs graphviz)");
  explain->add_flag("--state", options.shows_state,
                    "Only what is kept: every state, its cells, their bytes, what ends it");
  explain->add_option("-o", options.output, "Where to write it; else standard output")->type_name("FILE");
  explain->add_option("--disable-pass", options.disabled_passes, "Switch a pass of the optimiser off (may be repeated)")
      ->allow_extra_args(false)
      ->type_name("NAME");
}

void add_state(CLI::App& app, Options& options) {
  CLI::App* state = app.add_subcommand("state", "Show what checkpoints and savepoints hold");
  state->require_subcommand(1);
  CLI::App* list = state->add_subcommand("list", "What there is: checkpoints, their states, cells and timers");
  list->callback([&] { options.command = Command::state_list; });
  CLI::App* show = state->add_subcommand("show", "The entries of a state, or of a cell or timer of it");
  show->callback([&] { options.command = Command::state_show; });
  for (CLI::App* command : {list, show}) {
    command->add_option("folder", options.folder, "A job's --checkpoint-dir, one epoch in it, or a savepoint")
        ->required()
        ->type_name("DIR");
  }
  show->add_option("cell", options.cell, "As `state list` names it: alerts.process, alerts.process.first, or first")
      ->required()
      ->type_name("CELL");
  static const std::map<std::string, bool> show_formats = {{"csv", false}, {"json", true}};
  add_choice(*show, "--format", show_formats, options.as_json, "FORMAT", "csv, with a header (default), or json");
}

/// What the library's own message leaves open.
void add_hint(const CLI::App& app, int argc, char** argv) {
  if (argc > 1 && argv[1][0] != '-' && app.get_subcommands().empty()) {
    fmt::print(stderr, "flowc: there is no command `{}`: give build, run, test, check, explain or state\n", argv[1]);
  }
  if (app.got_subcommand("run"))
    fmt::print(stderr, "Flags of the job come after --: flowc run program.flow -- --flag value\n");
}

} // namespace

bool parse_options(int argc, char** argv, Options& options, int& exit_code) {
  CLI::App app{"flowc compiles stream processing programs to native executables"};
  app.set_version_flag("--version", "flowc " FLOW_VERSION);
  app.require_subcommand(1);
  app.footer("`flowc COMMAND --help` tells of each command.");
  add_build(app, options);
  add_run(app, options);
  add_check(app, options);
  add_explain(app, options);
  add_state(app, options);
  add_test(app, options);
  try {
    app.parse(argc, argv);
    return true;
  } catch (const CLI::ParseError& end) {
    exit_code = app.exit(end) == 0 ? exit_ok : exit_usage;
    if (exit_code != exit_ok) add_hint(app, argc, argv);
    return false;
  }
}

} // namespace flow::driver
