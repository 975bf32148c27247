// What is done with files again and again, on top of Env.
#pragma once

#include <string>
#include <string_view>

#include "runtime/env/env.h"

namespace flow::runtime {

std::string join_path(std::string_view folder, std::string_view name);
std::string parent_of(std::string_view path); // "." of a bare name, "/" of the root
std::string base_name(std::string_view path);

// Whether a name is a plain one: not empty, no slash, no zero byte, neither "." nor "..". Names read from a manifest
// must be, before they are opened.
bool is_plain_name(std::string_view name);

// Whether something is there (a failure other than its absence is a failure).
Result<bool> exists(Env& env, const std::string& path);

// The whole file; a failure if it is larger than bytes_max.
Result<std::string> read_file(Env& env, const std::string& path, Access access, uint64_t bytes_max);

// Fills `into` from `offset`; gives fewer bytes only where the file ends.
Result<size_t> read_fully(File& file, std::span<char> into, uint64_t offset);

// Puts the file there whole and durable or not at all: written beside as ".NAME.new", fsync, rename, sync_folder. One
// writer per path at a time.
Status write_file_durably(Env& env, const std::string& path, std::string_view bytes, Access access);

// Makes the folder and those above it that are missing, each name durable in its parent. A folder that exists is fine.
Status make_folders(Env& env, const std::string& path, Access access);

// Removes a file, or a folder with all in it; links are removed, not followed. Absence is fine. Not made durable.
Status remove_tree(Env& env, const std::string& path);

} // namespace flow::runtime
