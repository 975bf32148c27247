// What a path in a program stands for: one file, the files of a folder, or those that fit a pattern.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/env/env.h"

namespace flow::runtime {

// The files, sorted by path. A folder gives the files directly in it, without those whose names begin with '.' or '_'
// (the marks of files that are not finished or not data). A path with * ? [a-z] that is not itself a name is a pattern,
// where no wildcard fits a '/' or a leading '.'. Nothing found is a failure with exit code `input_missing`.
Result<std::vector<std::string>> find_files(Env& env, const std::string& path);

// Whether one name fits one part of a pattern.
bool fits_pattern(std::string_view name, std::string_view pattern);

} // namespace flow::runtime
