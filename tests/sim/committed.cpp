#include "tests/sim/committed.h"

#include <fmt/format.h>

#include <algorithm>

#include "runtime/env/files.h"

namespace flow::sim {
namespace {

using runtime::FileKind;
using runtime::FolderEntry;
using runtime::SimEnv;

constexpr uint64_t file_bytes_max = 64 << 20;

void walk(SimEnv& env, const std::string& folder, Committed& found) {
  auto entries = env.read_folder(folder);
  if (!entries.is_ok()) return;
  for (const FolderEntry& entry : *entries) {
    std::string path = runtime::join_path(folder, entry.name);
    if (entry.kind == FileKind::folder && !entry.name.starts_with(".")) walk(env, path, found);
    if (entry.kind != FileKind::file || !entry.name.starts_with("part-")) continue;
    auto bytes = runtime::read_file(env, path, runtime::Access::shared, file_bytes_max);
    if (bytes.is_ok()) found[path] = *bytes;
  }
}

void find_staged(SimEnv& env, const std::string& folder, std::string& problem) {
  auto entries = env.read_folder(folder);
  if (!entries.is_ok()) return;
  for (const FolderEntry& entry : *entries) {
    std::string path = runtime::join_path(folder, entry.name);
    if (entry.kind == FileKind::folder) find_staged(env, path, problem);
    if (entry.kind == FileKind::file && runtime::base_name(folder) == ".staging") {
      problem = fmt::format("'{}' was left behind", path);
    }
  }
}

} // namespace

Committed read_committed(runtime::SimMachine& machine) {
  SimEnv reader(machine);
  Committed found;
  walk(reader, "/", found);
  return found;
}

// Without the header that begins a file of csv.
Lines lines_of(const Committed& committed) {
  Lines lines;
  for (const auto& [path, bytes] : committed) {
    std::string folder = runtime::parent_of(path);
    std::string_view rest = bytes;
    bool is_header = path.ends_with(".csv");
    while (!rest.empty()) {
      size_t end = std::min(rest.find('\n'), rest.size());
      if (!is_header) lines.push_back(fmt::format("{}: {}", folder, rest.substr(0, end)));
      is_header = false;
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

std::string Observer::look(const Committed& now) {
  for (const auto& [path, bytes] : seen_) {
    auto there = now.find(path);
    if (there == now.end()) return fmt::format("'{}' was committed and is gone", path);
    if (there->second != bytes) return fmt::format("'{}' was committed and has changed", path);
  }
  seen_ = now;
  return {};
}

std::string left_overs(runtime::SimMachine& machine, const std::string& checkpoints) {
  SimEnv reader(machine);
  std::string problem;
  find_staged(reader, "/", problem);
  if (!problem.empty()) return problem;
  auto entries = reader.read_folder(checkpoints);
  if (!entries.is_ok()) return entries.status().message();
  size_t epochs = 0;
  for (const FolderEntry& entry : *entries) {
    if (!entry.name.starts_with("epoch-")) continue;
    ++epochs;
    std::string manifest = runtime::join_path(runtime::join_path(checkpoints, entry.name), "manifest");
    if (!*runtime::exists(reader, manifest)) return fmt::format("'{}' never completed and was left behind", entry.name);
  }
  return epochs <= 2 ? "" : fmt::format("{} checkpoints were kept", epochs);
}

} // namespace flow::sim
