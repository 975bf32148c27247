// Files: each is one split, named by its path, with the cursor in its unpacked bytes.
//
// Option `path`: a file, a folder or a pattern (find_files.h).
#pragma once

#include <memory>

#include "runtime/connectors/source.h"
#include "runtime/formats/options.h"

namespace flow::runtime {

Result<std::unique_ptr<SourceConnector>> make_file_source(const Options& options);

} // namespace flow::runtime
