// Reads one file, packed or not, through a window that moves over its unpacked bytes.
//
// Opened at a cursor, a packed file is unpacked from its beginning up to there, some megabytes a call of fill(). The
// file may grow behind the cursor, it must not shrink or change before it.
#pragma once

#include <memory>
#include <string>

#include "runtime/connectors/source.h"

namespace flow::runtime {

Result<std::unique_ptr<SplitReader>> open_file_reader(Env& env, const std::string& path, int64_t cursor,
                                                      const SplitFingerprint* expected);

} // namespace flow::runtime
