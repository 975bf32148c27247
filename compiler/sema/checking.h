// What all parts of the check share while it runs: the owner of nodes, the names, and the program as made so far.
//
// The parts are free functions over a Checking; they call each other as names are resolved on demand. Indices in
// `program` are those of the order in which things were first needed; finish.h numbers them anew.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "compiler/sema/expr_factory.h"
#include "compiler/sema/operator_info.h"
#include "compiler/sema/symbols.h"

namespace flow::sema {

/// A `window` that waits for its stateful step, and who gets its late rows.
struct PendingWindow {
  Window window;
  Symbol* late = nullptr;
  lang::SourceRange range;
};

/// Of a table whose changes flow: an insert, or what a row was (update_before) and what it is now (update_after). All
/// changes of a row come in order from one task.
struct Updates {
  bool deletes = false;                     // a row may go: an update_before without its update_after
  std::optional<std::vector<uint32_t>> key; // columns that tell a row from all others; none: not all are there any more
};

/// What is known of the rows that flow, after each step.
struct FlowState {
  Schema schema;
  /// Something before was wrong: there may be fields that nobody knows of. Nothing that follows from it is reported.
  bool is_unknown = false;
  bool is_table = false;
  std::optional<Updates> updates;   // of a table that changes on the way; else its rows come at the end
  bool is_wrongly_declared = false; // as stream or table: reported, and nothing that follows from it
  bool is_split = false;            // only its parts can be read
  bool is_endless = false;          // from a source that is known to have no end
  bool may_idle = false;            // from a source that says `idle`
  std::optional<Window> out_of;     // the window of the last windowed step
  bool has_left_window = false;     // a table of rows that came out of a window
  std::vector<KeyColumn> keys;      // that wait for the next stateful step, over the columns of `schema`
  std::optional<lang::SourceRange> key_range;
  std::optional<PendingWindow> window;
};

inline constexpr uint32_t no_stream = UINT32_MAX;

/// `receipts.unpaid`: what an operator gives besides its first output.
struct NamedOutput {
  std::string_view name;
  uint32_t stream;
};

struct Checking {
  lang::Arena& arena;
  lang::DiagnosticEmitter& emitter;
  lang::SourceFiles& files;
  Modules modules;
  ExprFactory make;
  TypedProgram program;
  std::deque<FlowState> flows;            // per stream of the program: after its last step
  std::vector<const Symbol*> streams;     // per stream of the program: that declares it, or null
  std::vector<Symbol*> functions;         // per function of the program
  std::vector<Symbol*> params;            // per param of the program
  std::vector<const RecordType*> records; // that the program names
  std::map<const Symbol*, OperatorInfo> operators;
  std::map<const Symbol*, std::vector<NamedOutput>> outputs; // of the streams with a `process` or a `split`
  std::set<const lang::Decl*> sinks_seen;
  std::set<std::string_view> hidden_params; // warned of already
  uint32_t depth = 0;                       // see Deeper

  Checking(lang::SourceFiles& files, ModuleLoader& loader, lang::Arena& arena, lang::DiagnosticEmitter& emitter)
      : arena(arena), emitter(emitter), files(files), modules(files, loader, arena, emitter), make(arena) {}

  template <typename... Arguments>
  lang::DiagnosticBuilder report(lang::DiagnosticKind kind, lang::SourceRange range,
                                 fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    return emitter.report(kind, range, format, std::forward<Arguments>(arguments)...);
  }

  /// "… is part of the language, but not compiled yet"; `what` in the user's words.
  lang::DiagnosticBuilder not_yet(lang::SourceRange range, std::string_view what) {
    return report(lang::DiagnosticKind::not_yet, range, "this version of flowc cannot compile {} yet", what);
  }

  /// What the user wrote there, cut short when it is long or of several lines.
  std::string written(lang::SourceRange range) const;
};

/// One declaration is being resolved inside of another. Programs that would do so without end are refused.
class Deeper {
public:
  Deeper(Checking& check, lang::SourceRange range);
  ~Deeper() { check_.depth--; }
  Deeper(const Deeper&) = delete;
  bool is_allowed() const { return check_.depth <= depth_max; }

private:
  static constexpr uint32_t depth_max = 500;
  Checking& check_;
};

/// "; did you mean `x`?" as a help, when one of the names is near.
bool suggest(lang::DiagnosticBuilder& report, std::string_view word, std::span<const std::string_view> names);
/// `a`, `b` and `c`
std::string listed(std::span<const std::string_view> names);

} // namespace flow::sema
