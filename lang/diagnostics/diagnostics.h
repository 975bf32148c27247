// What the compiler has to say to the user.
//
//   emitter.report(DiagnosticKind::unknown_name, range, "no field `{}` in this row", name)
//       .note(declared, "the row is made here")
//       .help("did you mean `{}`?", nearest);
//
// A report carries on: it is kept, not thrown, and shown at the end with all others (render.h), so that one run tells
// of all independent errors. After `error_limit` errors further ones are only counted. The same kind at the same place
// is kept once. Whoever reports must then use an error value (ErrorExpr, an error type) so that nothing follows from
// it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "lang/source/source_file.h"

namespace flow::lang {

enum class Severity : uint8_t { error, warning };

enum class DiagnosticKind : uint8_t {
#define DIAGNOSTIC(kind, severity, about) kind,
#include "lang/diagnostics/diagnostics.def"
#undef DIAGNOSTIC
};

/// All kinds, in the order of the catalogue.
std::span<const DiagnosticKind> all_diagnostic_kinds();
Severity severity_of(DiagnosticKind kind);
/// `unknown-name` for unknown_name: stable, for tests and searches.
std::string_view slug_of(DiagnosticKind kind);
std::string_view explanation_of(DiagnosticKind kind);

struct DiagnosticNote {
  SourceRange range;
  std::string text;
};

struct Diagnostic {
  DiagnosticKind kind;
  SourceRange range;
  std::string text;                  // a sentence in the user's terms, without full stop
  std::vector<DiagnosticNote> notes; // other places that matter
  std::vector<std::string> helps;    // the likely mend
};

class DiagnosticEmitter;

/// Adds to the diagnostic just reported; does nothing when that one was not kept.
class DiagnosticBuilder {
public:
  template <typename... Arguments>
  DiagnosticBuilder& note(SourceRange range, fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    if (kept_) add_note(range, fmt::format(format, std::forward<Arguments>(arguments)...));
    return *this;
  }

  template <typename... Arguments>
  DiagnosticBuilder& help(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    if (kept_) add_help(fmt::format(format, std::forward<Arguments>(arguments)...));
    return *this;
  }

private:
  friend class DiagnosticEmitter;
  DiagnosticBuilder(DiagnosticEmitter& emitter, bool kept) : emitter_(emitter), kept_(kept) {}
  void add_note(SourceRange range, std::string text);
  void add_help(std::string text);

  DiagnosticEmitter& emitter_;
  bool kept_;
};

/// Collects the diagnostics of one compilation. One thread at a time.
class DiagnosticEmitter {
public:
  static constexpr size_t error_limit = 50;

  template <typename... Arguments>
  DiagnosticBuilder report(DiagnosticKind kind, SourceRange range, fmt::format_string<Arguments...> format,
                           Arguments&&... arguments) {
    return report_text(kind, range, fmt::format(format, std::forward<Arguments>(arguments)...));
  }

  DiagnosticBuilder report_text(DiagnosticKind kind, SourceRange range, std::string text);

  bool has_errors() const { return error_count_ != 0; }
  /// All errors, also those beyond the limit that were not kept.
  size_t error_count() const { return error_count_; }
  size_t warning_count() const { return warning_count_; }
  bool is_full() const { return error_count_ >= error_limit; }
  /// In the order in which they were reported.
  const std::vector<Diagnostic>& diagnostics() const { return diagnostics_; }

private:
  friend class DiagnosticBuilder;
  bool is_repeated(DiagnosticKind kind, SourceRange range) const;

  std::vector<Diagnostic> diagnostics_;
  size_t error_count_ = 0;
  size_t warning_count_ = 0;
};

} // namespace flow::lang
