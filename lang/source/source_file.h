// The text of a program and places in it.
//
// A SourceRange is twelve bytes: two offsets in UTF-8 bytes and the file they belong to. Lines and columns are made
// only when somebody wants to read them. Files are never changed once added, so they may be read by any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace flow::lang {

/// Which file of a SourceFiles; `no_file` where there is none, as for the command line.
enum class FileId : uint32_t {};
inline constexpr FileId no_file{UINT32_MAX};

/// The bytes from `begin` up to, but without, `end`.
struct SourceRange {
  uint32_t begin = 0;
  uint32_t end = 0;
  FileId file = no_file;

  bool operator==(const SourceRange&) const = default;
  bool is_empty() const { return begin == end; }
};

/// The smallest range that holds both. REQUIRES: both lie in the same file, or one of them in none.
SourceRange cover(SourceRange first, SourceRange last);

/// Both count from 1; a column is a Unicode code point, not a byte.
struct LineColumn {
  uint32_t line = 1;
  uint32_t column = 1;
  bool operator==(const LineColumn&) const = default;
};

class SourceFile {
public:
  SourceFile(FileId id, std::string path, std::string text);

  FileId id() const { return id_; }
  /// As the user wrote it; what messages print.
  const std::string& path() const { return path_; }
  std::string_view text() const { return text_; }

  std::string_view slice(SourceRange range) const;
  LineColumn position(uint32_t offset) const;

  uint32_t line_count() const { return static_cast<uint32_t>(line_begins_.size()); }
  /// Without the line's end. REQUIRES: 1 <= line <= line_count().
  std::string_view line_text(uint32_t line) const;
  uint32_t line_begin(uint32_t line) const { return line_begins_[line - 1]; }

private:
  FileId id_;
  std::string path_;
  std::string text_;
  std::vector<uint32_t> line_begins_;
};

/// All files of one compilation: the program and what it imports.
class SourceFiles {
public:
  const SourceFile& add(std::string path, std::string text);
  const SourceFile& get(FileId id) const { return *files_[static_cast<size_t>(id)]; }
  bool holds(FileId id) const { return static_cast<size_t>(id) < files_.size(); }
  size_t size() const { return files_.size(); }

private:
  std::vector<std::unique_ptr<SourceFile>> files_; // by pointer: a SourceFile& stays valid when another is added
};

} // namespace flow::lang
