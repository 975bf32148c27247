#include "compiler/sema/checking.h"

#include "lang/diagnostics/nearest.h"

namespace flow::sema {

std::string Checking::written(lang::SourceRange range) const {
  constexpr size_t longest = 40;
  if (!files.holds(range.file)) return "…";
  std::string_view text = files.get(range.file).slice(range);
  size_t length = std::min(text.find('\n'), text.size());
  if (length == text.size() && length <= longest) return std::string(text);
  length = std::min(length, longest);
  while (length > 0 && (static_cast<unsigned char>(text[length]) & 0xC0) == 0x80) length--;
  return std::string(text.substr(0, length)) + "…";
}

Deeper::Deeper(Checking& check, lang::SourceRange range) : check_(check) {
  check_.depth++;
  if (is_allowed()) return;
  check
      .report(lang::DiagnosticKind::nesting_too_deep, range, "more than {} declarations need one another in a row",
              depth_max)
      .help("declare them in the order in which they are used");
}

bool suggest(lang::DiagnosticBuilder& report, std::string_view word, std::span<const std::string_view> names) {
  std::string_view near = lang::nearest(word, names);
  if (near.empty()) return false;
  report.help("did you mean `{}`?", near);
  return true;
}

std::string listed(std::span<const std::string_view> names) {
  std::string text;
  for (size_t i = 0; i < names.size(); i++) {
    if (i > 0) text += i + 1 == names.size() ? " and " : ", ";
    text += "`" + std::string(names[i]) + "`";
  }
  return text;
}

} // namespace flow::sema
