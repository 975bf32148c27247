#include "runtime/connectors/find_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <optional>

#include "runtime/base/text.h"
#include "runtime/env/files.h"
#include "runtime/formats/nearest.h"

namespace flow::runtime {
namespace {

bool is_pattern(std::string_view text) { return text.find_first_of("*?[") != std::string_view::npos; }

bool is_absence(const Status& status) { return status.os_error() == ENOENT || status.os_error() == ENOTDIR; }

Status missing(std::string text) { return Status(ExitCode::input_missing, std::move(text)); }

// Nothing if there is nothing of that name.
Result<std::optional<FileStat>> look_at(Env& env, const std::string& path) {
  Result<FileStat> stat = env.stat(path);
  if (stat.is_ok()) return std::optional(*stat);
  if (is_absence(stat.status())) return std::optional<FileStat>();
  return std::move(stat).status().as(ExitCode::input_missing);
}

Result<bool> is_file(Env& env, const std::string& path, FileKind kind) {
  if (kind == FileKind::file) return true;
  if (kind != FileKind::link) return false;
  FLOW_TRY_ASSIGN(std::optional<FileStat> stat, look_at(env, path));
  return stat && stat->kind == FileKind::file;
}

// The name as far as a path of the user keeps it: "data/*.csv" gives "data/a.csv", "*.csv" gives "a.csv".
std::string below(const std::string& folder, const std::string& name) {
  return folder.empty() ? name : join_path(folder, name);
}

// Takes the first part of `pattern` off; the last one leaves it empty.
std::string_view take_part(std::string_view& pattern) {
  size_t slash = pattern.find('/');
  std::string_view part = pattern.substr(0, slash);
  pattern = slash == std::string_view::npos ? std::string_view() : pattern.substr(slash + 1);
  while (pattern.starts_with('/')) pattern.remove_prefix(1);
  return part;
}

Status expand(Env& env, const std::string& folder, std::string_view pattern, std::vector<std::string>& found) {
  std::string_view part = take_part(pattern);
  Result<std::vector<FolderEntry>> entries = env.read_folder(folder.empty() ? "." : folder);
  if (!entries.is_ok()) {
    return is_absence(entries.status()) ? Status() : std::move(entries).status().as(ExitCode::input_missing);
  }
  bool is_plain = !is_pattern(part);
  if (is_plain && !pattern.empty()) return expand(env, below(folder, std::string(part)), pattern, found);
  for (const FolderEntry& entry : *entries) {
    if (!(is_plain ? entry.name == part : fits_pattern(entry.name, part))) continue;
    std::string path = below(folder, entry.name);
    if (!pattern.empty()) {
      if (entry.kind == FileKind::folder || entry.kind == FileKind::link) FLOW_TRY(expand(env, path, pattern, found));
      continue;
    }
    FLOW_TRY_ASSIGN(bool is_one, is_file(env, path, entry.kind));
    if (is_one) found.push_back(std::move(path));
  }
  return Status();
}

Result<std::vector<std::string>> files_of_folder(Env& env, const std::string& path) {
  Result<std::vector<FolderEntry>> entries = env.read_folder(path);
  if (!entries.is_ok()) return std::move(entries).status().as(ExitCode::input_missing);
  std::vector<std::string> found;
  for (const FolderEntry& entry : *entries) {
    if (entry.name.starts_with('.') || entry.name.starts_with('_')) continue;
    std::string file = join_path(path, entry.name);
    FLOW_TRY_ASSIGN(bool is_one, is_file(env, file, entry.kind));
    if (is_one) found.push_back(std::move(file));
  }
  if (found.empty()) return missing(fmt::format("the folder {} holds no files", quoted(path)));
  return found;
}

Status absence(Env& env, const std::string& path) {
  std::string text = fmt::format("there is no file or folder {}", quoted(path, 1000));
  Result<std::vector<FolderEntry>> entries = env.read_folder(parent_of(path));
  if (!entries.is_ok()) return missing(std::move(text));
  std::vector<std::string_view> names;
  for (const FolderEntry& entry : *entries) names.push_back(entry.name);
  std::string_view nearest = nearest_name(base_name(path), names);
  if (!nearest.empty()) text += fmt::format("; did you mean {}?", quoted(nearest));
  return missing(std::move(text));
}

// Whether the class "[a-z…]" at the start of the pattern holds c; takes it off. A '[' without ']' is itself.
bool take_class(std::string_view& pattern, char c) {
  size_t close = pattern.find(']', 2);
  if (close == std::string_view::npos) {
    pattern.remove_prefix(1);
    return c == '[';
  }
  std::string_view set = pattern.substr(1, close - 1);
  pattern.remove_prefix(close + 1);
  bool is_negated = set.starts_with('!') || set.starts_with('^');
  if (is_negated) set.remove_prefix(1);
  bool is_in = false;
  for (size_t i = 0; i < set.size(); ++i) {
    bool is_range = i + 2 < set.size() && set[i + 1] == '-';
    is_in = is_in || (is_range ? set[i] <= c && c <= set[i + 2] : set[i] == c);
    if (is_range) i += 2;
  }
  return is_in != is_negated;
}

} // namespace

bool fits_pattern(std::string_view name, std::string_view pattern) {
  if (name.starts_with('.') && !pattern.starts_with('.')) return false;
  // After a mismatch the last '*' takes one byte more, and matching goes on from there.
  bool has_star = false;
  std::string_view after_star, star_rest;
  while (!name.empty()) {
    if (pattern.starts_with('*')) {
      pattern.remove_prefix(1);
      has_star = true;
      after_star = pattern;
      star_rest = name;
      continue;
    }
    bool fits = false;
    if (pattern.starts_with('[')) {
      fits = take_class(pattern, name[0]);
    } else if (!pattern.empty()) {
      fits = pattern[0] == '?' || pattern[0] == name[0];
      pattern.remove_prefix(1);
    }
    if (fits) {
      name.remove_prefix(1);
      continue;
    }
    if (!has_star) return false;
    star_rest.remove_prefix(1);
    name = star_rest;
    pattern = after_star;
  }
  return pattern.find_first_not_of('*') == std::string_view::npos;
}

Result<std::vector<std::string>> find_files(Env& env, const std::string& path) {
  if (path.empty()) return missing("the path of the files is empty");
  FLOW_TRY_ASSIGN(std::optional<FileStat> stat, look_at(env, path));
  if (stat && stat->kind == FileKind::file) return std::vector<std::string>{path};
  if (stat && stat->kind == FileKind::folder) return files_of_folder(env, path);
  if (stat) return missing(fmt::format("{} is neither a file nor a folder", quoted(path, 1000)));
  if (!is_pattern(path)) return absence(env, path);
  std::vector<std::string> found;
  std::string_view pattern = path;
  bool is_absolute = pattern.starts_with('/');
  while (pattern.starts_with('/')) pattern.remove_prefix(1);
  FLOW_TRY(expand(env, is_absolute ? "/" : "", pattern, found));
  if (found.empty()) return missing(fmt::format("no file fits the pattern {}", quoted(path, 1000)));
  std::sort(found.begin(), found.end());
  return found;
}

} // namespace flow::runtime
