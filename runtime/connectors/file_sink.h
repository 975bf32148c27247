// A folder of files, exactly once per epoch.
//
//   path/part-<epoch>-<task>[-<suffix>].<extension>                      committed: whole, durable, never changed again
//   path/.staging/<attempt>-<epoch>-<task>-<number>[-<suffix>].<extension>   written, perhaps listed by a manifest
//   path/.flow/commit[-<suffix>]                                         the marker
//
// Names begin with '.' where a reader of the folder shall not look. A file gets its final name by a hard link, and
// loses the staged one only after the folder is durable with it: on a disk that makes names durable folder by folder,
// a rename could otherwise lose both. Where there are no hard links it is a rename. An epoch in which a task wrote
// nothing makes no file.
//
// Option `path`: the folder; it is made if need be.
#pragma once

#include <memory>
#include <string>

#include "runtime/connectors/sink.h"
#include "runtime/formats/options.h"

namespace flow::runtime {

Result<std::unique_ptr<Sink>> make_file_sink(const Options& options, std::string extension, std::string header,
                                             SinkJob job);

} // namespace flow::runtime
