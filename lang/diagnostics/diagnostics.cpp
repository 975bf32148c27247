#include "lang/diagnostics/diagnostics.h"

#include <algorithm>
#include <array>

namespace flow::lang {

namespace {

struct Entry {
  Severity severity;
  std::string_view about;
};

constexpr std::array catalogue = {
#define DIAGNOSTIC(kind, severity, about) Entry{Severity::severity, about},
#include "lang/diagnostics/diagnostics.def"
#undef DIAGNOSTIC
};

constexpr std::array kinds = {
#define DIAGNOSTIC(kind, severity, about) DiagnosticKind::kind,
#include "lang/diagnostics/diagnostics.def"
#undef DIAGNOSTIC
};

/// A word with `-` in the place of `_`, made when the compiler is compiled.
template <size_t size> struct Slug {
  char text[size]{};
  consteval Slug(const char (&word)[size]) {
    for (size_t i = 0; i < size; ++i) text[i] = word[i] == '_' ? '-' : word[i];
  }
};

template <Slug slug> constexpr std::string_view slug_text() { return slug.text; }

constexpr std::array slugs = {
#define DIAGNOSTIC(kind, severity, about) slug_text<#kind>(),
#include "lang/diagnostics/diagnostics.def"
#undef DIAGNOSTIC
};

} // namespace

std::span<const DiagnosticKind> all_diagnostic_kinds() { return kinds; }
Severity severity_of(DiagnosticKind kind) { return catalogue[static_cast<size_t>(kind)].severity; }
std::string_view slug_of(DiagnosticKind kind) { return slugs[static_cast<size_t>(kind)]; }
std::string_view explanation_of(DiagnosticKind kind) { return catalogue[static_cast<size_t>(kind)].about; }

void DiagnosticBuilder::add_note(SourceRange range, std::string text) {
  emitter_.diagnostics_.back().notes.push_back({range, std::move(text)});
}

void DiagnosticBuilder::add_help(std::string text) { emitter_.diagnostics_.back().helps.push_back(std::move(text)); }

bool DiagnosticEmitter::is_repeated(DiagnosticKind kind, SourceRange range) const {
  auto same = [&](const Diagnostic& other) { return other.kind == kind && other.range == range; };
  return range.file != no_file && std::any_of(diagnostics_.begin(), diagnostics_.end(), same);
}

DiagnosticBuilder DiagnosticEmitter::report_text(DiagnosticKind kind, SourceRange range, std::string text) {
  if (is_repeated(kind, range)) return {*this, false};
  bool is_error = severity_of(kind) == Severity::error;
  size_t& count = is_error ? error_count_ : warning_count_;
  count += 1;
  if (count > error_limit) return {*this, false}; // a flood of warnings helps no more than one of errors
  diagnostics_.push_back({kind, range, std::move(text), {}, {}});
  return {*this, true};
}

} // namespace flow::lang
