#include "compiler/driver/compile.h"

#include <chrono>
#include <cstdio>

#include <fmt/core.h>
#include <unistd.h>

#include "codegen/codegen.h"
#include "codegen/finish_module.h"
#include "compiler/driver/exit_codes.h"
#include "compiler/driver/link.h"
#include "compiler/driver/modules.h"
#include "compiler/driver/plan_schema.h"
#include "compiler/driver/run.h"
#include "compiler/driver/run_tests.h"
#include "compiler/driver/state.h"
#include "compiler/graph/build.h"
#include "compiler/graph/distinct.h"
#include "compiler/graph/print.h"
#include "compiler/graph/verify.h"
#include "compiler/optimize/pipeline.h"
#include "compiler/plan/explain.h"
#include "compiler/plan/lower.h"
#include "compiler/plan/print.h"
#include "compiler/plan/verify.h"
#include "compiler/sema/check.h"
#include "compiler/sema/print.h"
#include "lang/ast/print.h"
#include "lang/diagnostics/render.h"
#include "lang/grammar/parse.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

namespace flow::driver {

namespace {

class Compilation {
public:
  explicit Compilation(const Options& options) : options_(options) {}

  int run() {
    int exit_code = stages();
    if (options_.times) print_times();
    if (exit_code == exit_ok && options_.command == Command::run) return start_job();
    if (exit_code == exit_ok && options_.command == Command::test) return run_tests(executable_, options_);
    return exit_code;
  }

private:
  using Clock = std::chrono::steady_clock;

  int stages() {
    if (!read_program()) return exit_no_file;
    const lang::Program* tree = lang::parse(*file_, arena_, diagnostics_);
    lap("parse");
    if (options_.emit == Emit::ast) return show_tree(*tree);
    Modules modules(llvm::sys::path::parent_path(options_.program).str());
    sema::TypedProgram program = is_test()
                                     ? sema::check_for_tests(*tree, files_, modules, arena_, diagnostics_, script_)
                                     : sema::check(*tree, files_, modules, arena_, diagnostics_);
    lap("check");
    bool is_wrong = diagnostics_.has_errors();
    show_diagnostics();
    if (is_wrong) return exit_wrong_program;
    if (options_.command == Command::check && options_.against.empty()) return exit_ok;
    if (is_test() && script_.empty()) return no_tests();
    if (options_.emit == Emit::typed) return show(sema::print(program));
    return lower(program);
  }

  bool is_test() const { return options_.command == Command::test; }
  bool is_temporary() const { return is_test() || options_.command == Command::run; }

  int no_tests() {
    if (options_.is_one_of_many) return exit_no_tests;
    fmt::print(stderr,
               "flowc: {} declares no test; one looks like this:\n  test \"what holds\" {{\n    given SOURCE = [{{ "
               "field: value }}]\n    expect STREAM == [{{ field: value }}]\n  }}\n",
               options_.program);
    return exit_no_tests;
  }

  bool read_program() {
    std::string text, problem;
    if (!read_text(options_.program, text, problem)) {
      fmt::print(stderr, "flowc: {}\n", problem);
      return false;
    }
    file_ = &files_.add(options_.program, std::move(text));
    lap("read");
    return true;
  }

  /// The tree is shown also when it has holes: it is what was understood.
  int show_tree(const lang::Program& tree) {
    show_diagnostics();
    int shown = show(lang::print(tree));
    return diagnostics_.has_errors() ? exit_wrong_program : shown;
  }

  int lower(const sema::TypedProgram& program) {
    graph::DataflowGraph graph = graph::build_graph(program);
    graph::expand_distinct(graph, arena_);
    if (auto broken = graph::verify(graph)) return internal_error("graph", *broken);
    optimize::Options passes{.disabled = options_.disabled_passes};
    if (auto unknown = optimize::unknown_pass(passes)) {
      fmt::print(stderr, "flowc: no pass is called `{}`; the passes are: {}\n", *unknown, optimize::pass_names());
      return exit_usage;
    }
    if (auto broken = optimize::run(graph, passes, arena_)) return internal_error("graph", *broken);
    lap("graph and passes");
    if (options_.emit == Emit::graph) return show(graph::print(graph));
    plan::PhysicalPlan plan = plan::lower(graph, arena_);
    if (auto broken = plan::verify(plan)) return internal_error("plan", *broken);
    lap("plan");
    if (options_.emit == Emit::plan) return show(plan::print_plan(plan));
    if (options_.emit == Emit::layout) return show(plan::print_layouts(plan));
    if (options_.command == Command::explain) return explain(plan);
    if (options_.command == Command::check) return check_against(schema_of(plan), options_.against);
    return generate(plan);
  }

  int explain(const plan::PhysicalPlan& plan) {
    if (options_.shows_state) return show(plan::explain_state(plan));
    if (options_.format == GraphFormat::text) return show(plan::explain_text(plan));
    std::string dot = plan::explain_dot(plan);
    if (options_.format == GraphFormat::dot) return show(dot);
    std::string svg, problem = draw_svg(dot, svg);
    if (problem.empty()) return show(svg);
    fmt::print(stderr, "flowc: {}\n", problem);
    return exit_no_file;
  }

  int generate(const plan::PhysicalPlan& plan) {
    std::string problem;
    codegen::TargetChoice choice{.cpu = options_.target_cpu, .optimisation = options_.optimisation};
    std::unique_ptr<llvm::TargetMachine> target = codegen::make_target(choice, problem);
    if (target == nullptr) {
      fmt::print(stderr, "flowc: --target-cpu: {}\n", problem);
      return exit_usage;
    }
    llvm::LLVMContext context;
    std::unique_ptr<llvm::Module> module = codegen::generate(plan, files_, choice, *target, context);
    lap("generate");
    problem = codegen::link_vocabulary(*module, *target);
    if (!problem.empty()) return internal_error("generated code", problem);
    if (is_test()) codegen::add_text(*module, "flow_test_script_v1", sema::text_of(script_));
    lap("link vocabulary");
    codegen::optimise(*module, *target, options_.optimisation);
    lap("optimise");
    if (options_.emit == Emit::llvm) return show(codegen::print_module(*module));
    if (options_.emit == Emit::assembly) return show(codegen::emit_file(*module, *target, codegen::FileKind::assembly));
    std::string object = codegen::emit_file(*module, *target, codegen::FileKind::object);
    lap("object");
    if (options_.emit == Emit::object) return write(output_path(".o"), object);
    return link_object(object);
  }

  int link_object(const std::string& object) {
    llvm::SmallString<128> object_path;
    if (is_temporary()) {
      llvm::SmallString<128> temporary;
      if (llvm::sys::fs::createTemporaryFile("flow-job", "", temporary)) return no_temporary();
      executable_ = temporary.str();
    } else {
      executable_ = output_path(options_.shared ? ".so" : "");
      int refused = check_output(executable_);
      if (refused != exit_ok) return refused;
    }
    if (llvm::sys::fs::createTemporaryFile("flow", "o", object_path)) return no_temporary();
    int written = write(object_path.str().str(), object);
    if (written != exit_ok) {
      llvm::sys::fs::remove(object_path);
      return written;
    }
    LinkJob job{.object = object_path.str().str(),
                .output = executable_,
                .inputs = link_inputs_folder(),
                .shared = options_.shared,
                .runs_tests = is_test(),
                .keep_debug_info = options_.keep_debug_info};
    std::string problem = link(job);
    llvm::sys::fs::remove(object_path);
    lap("link");
    if (problem.empty()) return exit_ok;
    if (is_temporary()) llvm::sys::fs::remove(executable_);
    fmt::print(stderr, "flowc: cannot link {}:\n{}\n", executable_, problem);
    return exit_no_file;
  }

  int check_output(const std::string& path) {
    if (llvm::sys::fs::equivalent(path, options_.program)) {
      fmt::print(stderr, "flowc: the result would overwrite the program {}: give another name with -o\n", path);
      return exit_usage;
    }
    if (llvm::sys::fs::is_directory(path)) {
      fmt::print(stderr, "flowc: {} is a folder: give another name with -o\n", path);
      return exit_usage;
    }
    return exit_ok;
  }

  int start_job() {
    std::string name = llvm::sys::path::stem(options_.program).str();
    fmt::print(stderr, "flowc: {}\n", become(executable_, name, options_.job_arguments));
    return exit_internal;
  }

  std::string output_path(const std::string& suffix) const {
    return options_.output.empty() ? llvm::sys::path::stem(options_.program).str() + suffix : options_.output;
  }

  void show_diagnostics() {
    lang::RenderOptions options{.colour = lang::is_colour_terminal(STDERR_FILENO)};
    std::string text = lang::render_all(diagnostics_, files_, options);
    std::fwrite(text.data(), 1, text.size(), stderr);
  }

  int show(const std::string& text) {
    if (!options_.output.empty()) return write(options_.output, text);
    std::fwrite(text.data(), 1, text.size(), stdout);
    return std::fflush(stdout) == 0 ? exit_ok : exit_no_file;
  }

  int write(const std::string& path, const std::string& bytes) {
    std::error_code failure;
    llvm::raw_fd_ostream out(path, failure);
    if (!failure) {
      out << bytes;
      out.close();
      failure = out.error();
      out.clear_error();
    }
    if (!failure) return exit_ok;
    fmt::print(stderr, "flowc: cannot write {}: {}\n", path, failure.message());
    return exit_no_file;
  }

  int no_temporary() {
    fmt::print(stderr, "flowc: cannot make a temporary file\n");
    return exit_no_file;
  }

  int internal_error(const char* where, const std::string& what) {
    fmt::print(stderr, "flowc: internal error in the {}: {}\nThis is a mistake of flowc, not of {}.\n", where, what,
               options_.program);
    return exit_internal;
  }

  void lap(const char* stage) {
    Clock::time_point now = Clock::now();
    times_.emplace_back(stage, std::chrono::duration<double, std::milli>(now - last_).count());
    last_ = now;
  }

  void print_times() const {
    double total = 0;
    for (const auto& [stage, ms] : times_) {
      fmt::print(stderr, "{:<18}{:9.2f} ms\n", stage, ms);
      total += ms;
    }
    fmt::print(stderr, "{:<18}{:9.2f} ms\n", "total", total);
  }

  const Options& options_;
  lang::SourceFiles files_;
  lang::Arena arena_;
  lang::DiagnosticEmitter diagnostics_;
  const lang::SourceFile* file_ = nullptr;
  std::string executable_;
  sema::TestScript script_; // of `test`
  Clock::time_point last_ = Clock::now();
  std::vector<std::pair<const char*, double>> times_;
};

} // namespace

int run_command(const Options& options) {
  bool is_folder = options.command == Command::test && llvm::sys::fs::is_directory(options.program);
  if (is_folder) return test_folder(options, [](const Options& one) { return Compilation(one).run(); });
  return Compilation(options).run();
}

} // namespace flow::driver
