// The generator: numbers instead of bytes. The program makes each event from its number.
//
// Options: `splits` (default 1), `count` (events of all splits together; without it the source never ends). Split i of
// n makes the events i, i + n, i + 2n, …; the core turns a position of the split into the event's number.
#pragma once

#include <memory>

#include "runtime/connectors/source.h"
#include "runtime/formats/options.h"

namespace flow::runtime {

Result<std::unique_ptr<SourceConnector>> make_generate_source(const Options& options);

} // namespace flow::runtime
