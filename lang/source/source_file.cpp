#include "lang/source/source_file.h"

#include <algorithm>
#include <utility>

namespace flow::lang {

SourceRange cover(SourceRange first, SourceRange last) {
  if (first.file == no_file) return last;
  if (last.file == no_file) return first;
  return {std::min(first.begin, last.begin), std::max(first.end, last.end), first.file};
}

SourceFile::SourceFile(FileId id, std::string path, std::string text)
    : id_(id), path_(std::move(path)), text_(std::move(text)) {
  line_begins_.push_back(0);
  for (size_t at = text_.find('\n'); at != std::string::npos; at = text_.find('\n', at + 1)) {
    line_begins_.push_back(static_cast<uint32_t>(at + 1));
  }
}

std::string_view SourceFile::slice(SourceRange range) const {
  size_t begin = std::min<size_t>(range.begin, text_.size());
  size_t end = std::clamp<size_t>(range.end, begin, text_.size());
  return std::string_view(text_).substr(begin, end - begin);
}

static uint32_t count_code_points(std::string_view text) {
  auto starts = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; };
  return static_cast<uint32_t>(std::count_if(text.begin(), text.end(), starts));
}

LineColumn SourceFile::position(uint32_t offset) const {
  offset = std::min<uint32_t>(offset, static_cast<uint32_t>(text_.size()));
  auto after = std::upper_bound(line_begins_.begin(), line_begins_.end(), offset);
  uint32_t line = static_cast<uint32_t>(after - line_begins_.begin());
  uint32_t begin = line_begins_[line - 1];
  return {line, 1 + count_code_points(std::string_view(text_).substr(begin, offset - begin))};
}

std::string_view SourceFile::line_text(uint32_t line) const {
  uint32_t begin = line_begins_[line - 1];
  size_t end = line < line_count() ? line_begins_[line] - 1 : text_.size();
  if (end > begin && text_[end - 1] == '\r') --end;
  return std::string_view(text_).substr(begin, end - begin);
}

const SourceFile& SourceFiles::add(std::string path, std::string text) {
  FileId id{static_cast<uint32_t>(files_.size())};
  files_.push_back(std::make_unique<SourceFile>(id, std::move(path), std::move(text)));
  return *files_.back();
}

} // namespace flow::lang
