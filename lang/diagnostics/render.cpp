#include "lang/diagnostics/render.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <tuple>
#include <unistd.h>
#include <vector>

#include "lang/base/utf8.h"

namespace flow::lang {

namespace {

constexpr size_t columns_max = 120;   // of a source line that are shown
constexpr size_t columns_before = 60; // of them before the place, where a longer line has to be cut
constexpr size_t tab_columns = 2;

struct Palette {
  std::string_view bold, red, yellow, blue, green, plain;
};
constexpr Palette colours{"\x1b[1m", "\x1b[1;31m", "\x1b[1;35m", "\x1b[1;36m", "\x1b[1;32m", "\x1b[0m"};
constexpr Palette no_colours{};

const Palette& palette_of(RenderOptions options) { return options.colour ? colours : no_colours; }

bool continues_code_point(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

/// A source line as columns of a terminal: tabs opened, control characters made visible, and where each byte came to.
struct ShownLine {
  std::vector<std::string> columns;
  std::vector<size_t> column_of_byte; // one more than bytes: the end
};

ShownLine show(std::string_view line) {
  ShownLine shown;
  for (char c : line) {
    if (continues_code_point(c) && !shown.columns.empty()) {
      shown.column_of_byte.push_back(shown.columns.size() - 1);
      shown.columns.back() += c;
      continue;
    }
    shown.column_of_byte.push_back(shown.columns.size());
    if (c == '\t') {
      shown.columns.insert(shown.columns.end(), tab_columns, " ");
    } else {
      bool is_control = static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
      shown.columns.push_back(is_control ? "?" : std::string(1, c));
    }
  }
  shown.column_of_byte.push_back(shown.columns.size());
  return shown;
}

/// Replaces bytes that are no code point, so that a terminal always gets UTF-8.
void mend_columns(ShownLine& shown) {
  for (std::string& column : shown.columns) {
    if (find_invalid_utf8(column)) column = "?";
  }
}

/// A message may quote any bytes of a program.
std::string printable(std::string_view text) {
  ShownLine shown = show(text);
  mend_columns(shown);
  std::string out;
  for (const std::string& column : shown.columns) out += column;
  return out;
}

void append_source_line(std::string& out, const SourceFile& file, SourceRange range, const Palette& palette) {
  uint32_t line = file.position(range.begin).line;
  std::string_view text = file.line_text(line);
  ShownLine shown = show(text);
  mend_columns(shown);
  size_t begin_byte = std::min<size_t>(range.begin - file.line_begin(line), text.size());
  size_t end_byte = std::clamp<size_t>(range.end - file.line_begin(line), begin_byte, text.size());
  size_t begin = shown.column_of_byte[begin_byte];
  size_t end = std::max(shown.column_of_byte[end_byte], begin + 1);

  bool is_cut = shown.columns.size() > columns_max;
  size_t first = is_cut && begin > columns_before ? begin - columns_before : 0;
  size_t last = std::min(shown.columns.size(), first + columns_max);
  end = std::min(end, std::max(last, begin + 1));

  out += "  ";
  if (first > 0) out += "...";
  for (size_t i = first; i < last; ++i) out += shown.columns[i];
  if (last < shown.columns.size()) out += "...";
  while (out.back() == ' ') out.pop_back();
  out += "\n  ";
  out.append(begin - first + (first > 0 ? 3 : 0), ' ');
  out += palette.green;
  out += '^';
  out.append(end - begin - 1, '~');
  out += palette.plain;
  out += '\n';
}

void append_message(std::string& out, const SourceFiles& files, SourceRange range, std::string_view label,
                    std::string_view label_colour, std::string_view text, std::string_view slug,
                    const Palette& palette) {
  const SourceFile* file = files.holds(range.file) ? &files.get(range.file) : nullptr;
  out += palette.bold;
  if (file != nullptr) {
    LineColumn at = file->position(range.begin);
    fmt::format_to(std::back_inserter(out), "{}:{}:{}: ", file->path(), at.line, at.column);
  } else {
    out += "flowc: ";
  }
  fmt::format_to(std::back_inserter(out), "{}{}{}: {}{}{}{}", palette.plain, label_colour, label, palette.plain,
                 palette.bold, printable(text), palette.plain);
  if (!slug.empty()) fmt::format_to(std::back_inserter(out), " [{}]", slug);
  out += '\n';
  if (file != nullptr) append_source_line(out, *file, range, palette);
}

void append_diagnostic(std::string& out, const Diagnostic& diagnostic, const SourceFiles& files,
                       const Palette& palette) {
  bool is_error = severity_of(diagnostic.kind) == Severity::error;
  append_message(out, files, diagnostic.range, is_error ? "error" : "warning", is_error ? palette.red : palette.yellow,
                 diagnostic.text, slug_of(diagnostic.kind), palette);
  for (const DiagnosticNote& note : diagnostic.notes) {
    append_message(out, files, note.range, "note", palette.blue, note.text, {}, palette);
  }
  for (const std::string& help : diagnostic.helps) {
    fmt::format_to(std::back_inserter(out), "{}help{}: {}\n", palette.green, palette.plain, printable(help));
  }
}

std::vector<const Diagnostic*> in_order_of_place(const DiagnosticEmitter& emitter) {
  std::vector<const Diagnostic*> ordered;
  for (const Diagnostic& diagnostic : emitter.diagnostics()) ordered.push_back(&diagnostic);
  // The pointers go up in the order of reporting, which decides at one place.
  std::sort(ordered.begin(), ordered.end(), [](const Diagnostic* a, const Diagnostic* b) {
    return std::tuple(a->range.file, a->range.begin, a) < std::tuple(b->range.file, b->range.begin, b);
  });
  return ordered;
}

} // namespace

std::string render(const Diagnostic& diagnostic, const SourceFiles& files, RenderOptions options) {
  std::string out;
  append_diagnostic(out, diagnostic, files, palette_of(options));
  return out;
}

std::string render_all(const DiagnosticEmitter& emitter, const SourceFiles& files, RenderOptions options) {
  std::string out;
  for (const Diagnostic* diagnostic : in_order_of_place(emitter)) {
    append_diagnostic(out, *diagnostic, files, palette_of(options));
  }
  if (emitter.is_full()) {
    fmt::format_to(std::back_inserter(out), "flowc: only the first {} errors are shown\n",
                   DiagnosticEmitter::error_limit);
  }
  return out;
}

bool is_colour_terminal(int file_descriptor) {
  const char* refused = std::getenv("NO_COLOR");
  return (refused == nullptr || *refused == '\0') && isatty(file_descriptor) == 1;
}

} // namespace flow::lang
